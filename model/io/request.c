/*
 * Requests of user-mode threads to a driver's dispatch routines: create, device control, cleanup and close. wdm/nc-wdm-driver_dispatch,
 * wdm/nf-wdm-iocompleterequest, bug-check-0x44, bug-check-0xc9.
 *
 * Simplified: one stack location; no cancellation; METHOD_IN_DIRECT and METHOD_OUT_DIRECT have a system buffer for input and no MDL; a request
 * is gone when IoCompleteRequest returns, where Windows may let it live on for a moment.
 */
#include "../events.h"
#include "../ex/pool.h"
#include "../mm/bugcheck_codes.h"
#include "../mm/mm.h"
#include "../verifier/verifier.h"
#include "ddi_callbacks.gen.h"
#include "io_internal.h"

#define IO_TYPE_IRP 6
#define IO_TYPE_FILE_OBJECT 5

/* ---- the IRP ---- */

static PIRP irp_create(PDEVICE_OBJECT device, PFILE_OBJECT file, UCHAR major) {
  PIRP irp = ex_pool_allocate_system(POOL_NONPAGED_NX, sizeof(IRP) + sizeof(IO_STACK_LOCATION), IO_TAG_IRP);
  if (irp == NULL)
    return NULL;
  PIO_STACK_LOCATION stack = (PIO_STACK_LOCATION)(irp + 1);
  irp->Type = IO_TYPE_IRP;
  irp->Size = sizeof(IRP) + sizeof(IO_STACK_LOCATION);
  irp->StackCount = 1;
  irp->CurrentLocation = 1;
  irp->RequestorMode = UserMode;
  irp->Tail.Overlay.CurrentStackLocation = stack;
  irp->Tail.Overlay.OriginalFileObject = file;
  irp->Tail.Overlay.Thread = PsGetCurrentThread();
  irp->ThreadListEntry.Flink = irp->ThreadListEntry.Blink = &irp->ThreadListEntry;
  stack->MajorFunction = major;
  stack->DeviceObject = device;
  stack->FileObject = file;
  return irp;
}

static NTSTATUS buffers_create(IoRequest *request, PIRP irp, const IoControl *control) {
  ULONG method = control->code & 3;
  PIO_STACK_LOCATION stack = irp->Tail.Overlay.CurrentStackLocation;
  stack->Parameters.DeviceIoControl.IoControlCode = control->code;
  stack->Parameters.DeviceIoControl.InputBufferLength = control->input_size;
  stack->Parameters.DeviceIoControl.OutputBufferLength = control->output_size;
  if (method == METHOD_NEITHER) {
    stack->Parameters.DeviceIoControl.Type3InputBuffer = (PVOID)control->input;
    irp->UserBuffer = control->output;
    return STATUS_SUCCESS;
  }
  ULONG size = control->input_size;
  if (method == METHOD_BUFFERED && control->output_size > size)
    size = control->output_size;
  if (size == 0)
    return STATUS_SUCCESS;
  PVOID buffer = ex_pool_allocate_system(POOL_NONPAGED_NX, size, IO_TAG_IRP);
  if (buffer == NULL)
    return STATUS_INSUFFICIENT_RESOURCES;
  if (control->input_size != 0)
    memcpy(buffer, control->input, control->input_size);
  irp->AssociatedIrp.SystemBuffer = buffer;
  request->system_buffer = (uint64_t)buffer;
  if (method == METHOD_BUFFERED) {
    request->output = control->output;
    request->output_size = control->output_size;
  }
  return STATUS_SUCCESS;
}

/* ---- completion ---- */

static IoRequest *request_find(uint64_t irp) {
  SimLink *link, *following;
  SIM_LIST_EACH(&MODEL->io.requests, link, following) {
    IoRequest *request = SIM_CONTAINER(link, IoRequest, link);
    if (request->irp == irp && !request->is_completed)
      return request;
  }
  return NULL;
}

static void irp_free(IoRequest *request) {
  if (request->system_buffer != 0)
    ex_pool_free_system((PVOID)request->system_buffer);
  ex_pool_free_system((PVOID)request->irp);
  request->system_buffer = 0;
}

/* <= DISPATCH_LEVEL. The IRP belongs to Windows from here on. */
VOID IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost) {
  IoRequest *request = request_find((uint64_t)Irp);
  if (request == NULL) {
    ke_bugcheck_raise(BUGCHECK_MULTIPLE_IRP_COMPLETE_REQUESTS, (uint64_t)Irp, 0, 0, 0);
    return;
  }
  if (Irp->IoStatus.Status == STATUS_PENDING && verifier_is_on(MODEL_VERIFIER_IO))
    ke_bugcheck_raise(BUGCHECK_DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x6, STATUS_PENDING, (uint64_t)Irp, 0);
  request->is_completed = true;
  request->status = Irp->IoStatus.Status;
  request->information = Irp->IoStatus.Information;
  uint64_t copied = request->information < request->output_size ? request->information : request->output_size;
  if (copied != 0 && !NT_ERROR(request->status))
    memcpy(request->output, (PVOID)request->system_buffer, copied);
  irp_free(request);
  ke_event_set(request->completed, PriorityBoost);
}

VOID IoCompleteRequest(PIRP Irp, CCHAR PriorityBoost) { IofCompleteRequest(Irp, PriorityBoost); }

/* ---- sending ---- */

static NTSTATUS dispatch(IoDevice *device, PDEVICE_OBJECT device_object, PIRP irp, UCHAR major) {
  const IoDriver *driver = io_driver_body(device->driver);
  PDRIVER_DISPATCH routine = ((PDRIVER_OBJECT)driver->driver_object)->MajorFunction[major];
  if ((uint64_t)routine == IO_INVALID_DEVICE_REQUEST) {
    irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    IofCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
  }
  KIRQL before = ke_irql();
  NTSTATUS status = ddi_callback_DRIVER_DISPATCH(routine, device_object, irp);
  if (ke_irql() != before && verifier_is_on_for(device->driver, MODEL_VERIFIER_IO))
    ke_bugcheck_raise(BUGCHECK_DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0x12, (uint64_t)routine, before, ke_irql());
  return status;
}

/* A dispatch routine that neither completes the request nor returns STATUS_PENDING leaves it behind; the caller goes on with what it returned. */
static NTSTATUS request_send(IoRequest *request, IoDevice *device, PDEVICE_OBJECT device_object, UCHAR major) {
  uint32_t driver = device->driver;
  request->device = device->object;
  request->completed = ke_event_create("request", true, false);
  sim_list_push_tail(&MODEL->io.requests, &request->link);
  io_device_hold(device);
  io_driver_hold(driver);
  NTSTATUS status = dispatch(device, device_object, (PIRP)request->irp, major);
  if (status == STATUS_PENDING && !request->is_completed)
    ke_wait_one(request->completed, false, KE_WAIT_FOREVER);
  io_device_release(device);
  io_driver_release(driver);
  return request->is_completed ? request->status : status;
}

static NTSTATUS request_do(PDEVICE_OBJECT device_object, PFILE_OBJECT file, UCHAR major, IoControl *control) {
  const Object *object = object_find((uint64_t)device_object, OBJECT_DEVICE);
  if (object == NULL || ((const IoDevice *)object->body)->is_deleting)
    return STATUS_NO_SUCH_DEVICE;
  PIRP irp = irp_create(device_object, file, major);
  if (irp == NULL)
    return STATUS_INSUFFICIENT_RESOURCES;
  IoRequest *request = sim_heap_allocate(sizeof *request);
  request->irp = (uint64_t)irp;
  NTSTATUS status = control != NULL ? buffers_create(request, irp, control) : STATUS_SUCCESS;
  if (!NT_SUCCESS(status)) {
    irp_free(request);
    sim_heap_free(request, sizeof *request);
    return status;
  }
  status = request_send(request, object->body, device_object, major);
  if (!request->is_completed)
    return status; /* it stays in the list, and may be completed yet */
  if (control != NULL)
    control->information = request->information;
  sim_list_remove(&request->link);
  ke_dispatcher_delete(request->completed);
  sim_heap_free(request, sizeof *request);
  return status;
}

/* ---- what a driver's unload waits for ---- */

/* A file, or a request without one: the device stays, and its driver is not unloaded. NULL: there is no such device, or its driver is to unload. */
static IoDevice *device_refer(uint64_t address) {
  const Object *object = object_find(address, OBJECT_DEVICE);
  IoDevice *device = object != NULL ? object->body : NULL;
  if (device == NULL || !io_driver_refer(device->driver))
    return NULL;
  io_device_hold(device);
  return device;
}

static void device_unrefer(IoDevice *device) {
  uint32_t driver = device->driver;
  io_device_release(device);
  io_driver_unrefer(driver);
}

/* ---- the face ---- */

static uint64_t file_open(uint64_t device, int32_t *status) {
  PFILE_OBJECT file = ex_pool_allocate_system(POOL_NONPAGED_NX, sizeof *file, IO_TAG_DEVICE);
  *status = STATUS_INSUFFICIENT_RESOURCES;
  if (file == NULL)
    return 0;
  file->Type = IO_TYPE_FILE_OBJECT;
  file->Size = sizeof *file;
  file->DeviceObject = (PDEVICE_OBJECT)device;
  *status = request_do((PDEVICE_OBJECT)device, file, IRP_MJ_CREATE, NULL);
  if (NT_SUCCESS(*status))
    return (uint64_t)file;
  ex_pool_free_system(file);
  return 0;
}

uint64_t io_file_open(uint64_t device, int32_t *status) {
  IoDevice *body = device_refer(device);
  *status = STATUS_NO_SUCH_DEVICE;
  uint64_t file = body != NULL ? file_open(device, status) : 0;
  if (file == 0 && body != NULL)
    device_unrefer(body);
  return file;
}

int32_t io_file_control(uint64_t file, IoControl *control) {
  control->information = 0;
  return request_do(((PFILE_OBJECT)file)->DeviceObject, (PFILE_OBJECT)file, IRP_MJ_DEVICE_CONTROL, control);
}

void io_file_close(uint64_t file) {
  PFILE_OBJECT object = (PFILE_OBJECT)file;
  const Object *device = object_find((uint64_t)object->DeviceObject, OBJECT_DEVICE); /* which the file holds; NULL: a driver wrote there */
  request_do(object->DeviceObject, object, IRP_MJ_CLEANUP, NULL);
  request_do(object->DeviceObject, object, IRP_MJ_CLOSE, NULL);
  ex_pool_free_system(object);
  if (device != NULL)
    device_unrefer(device->body);
}

static int32_t control_without_file(uint64_t device, IoControl *control) {
  IoDevice *body = device_refer(device);
  if (body == NULL)
    return STATUS_NO_SUCH_DEVICE;
  int32_t status = request_do((PDEVICE_OBJECT)device, NULL, IRP_MJ_DEVICE_CONTROL, control);
  device_unrefer(body);
  return status;
}

int32_t io_device_control(uint64_t device, IoControl *control) {
  int32_t status;
  uint64_t file = io_file_open(device, &status);
  if (file == 0 && status != STATUS_INVALID_DEVICE_REQUEST)
    return status;
  if (file == 0)
    return control_without_file(device, control);
  status = io_file_control(file, control);
  io_file_close(file);
  return status;
}
