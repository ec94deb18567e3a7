/* Drivers and devices: loading, unloading, what is left behind, requests; threads and handles. K-UNL-1, K-OBJ-2, K-APC-3. */
#include <ntifs.h>

#include "../ke/harness.h"

#include "../../model/ex/ex_face.h"
#include "../../model/io/io_face.h"
#include "../../model/ob/ob_face.h"

#define TAG 0x31676154u
#define UNLOAD_AT_NS 1000000

static NTSTATUS (*body)(PDRIVER_OBJECT driver);
static void (*unload_body)(void);
static uint32_t fw;
static PDRIVER_OBJECT driver_object;
static PUNICODE_STRING registry_path;

static VOID unload(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  note("unload");
  if (unload_body != NULL)
    unload_body();
}

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  driver_object = DriverObject;
  registry_path = RegistryPath;
  DriverObject->DriverUnload = unload;
  return body(DriverObject);
}

static void load(NTSTATUS (*what)(PDRIVER_OBJECT driver), void (*at_unload)(void)) {
  body = what;
  unload_body = at_unload;
  fw = io_driver_load(&(IoDriverLoad){ .name = "fw", .entry = (uint64_t)entry }, 0);
  io_driver_unload(fw, UNLOAD_AT_NS);
}

static BOOLEAN is_text(const UNICODE_STRING *string, const WCHAR *text) {
  UNICODE_STRING expected;
  SIZE_T length = 0;
  while (text[length] != 0)
    length++;
  expected = (UNICODE_STRING){ (USHORT)(length * sizeof(WCHAR)), (USHORT)(length * sizeof(WCHAR)), (PWCH)text };
  return expected.Length == string->Length && memcmp(expected.Buffer, string->Buffer, string->Length) == 0;
}

/* ---- DriverEntry: what it is given ---- */

static NTSTATUS given_body(PDRIVER_OBJECT driver) {
  note_number("irql", KeGetCurrentIrql());
  note(driver->Type == 4 && driver->DriverInit == entry && driver->DeviceObject == NULL ? "structure" : "other");
  note(is_text(&driver->DriverName, L"\\Driver\\fw") ? "name" : "other");
  note(is_text(registry_path, L"\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\fw") ? "path" : "other");
  return STATUS_SUCCESS;
}

static void given_setup(void) { load(given_body, NULL); }

static void given_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "irql=0 structure name path unload");
  EXPECT_EQUAL(event_at(run, EVENT_DRIVER_LOAD, 0)->object, fw);
  EXPECT_EQUAL(event_at(run, EVENT_DRIVER_UNLOAD, 0)->object, fw);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 0);
  EXPECT(ex_pool_block_at((uint64_t)registry_path) != NULL); /* and freed: a driver has to copy it */
  SimFault fault;
  EXPECT(!sim_access_judge(sim_machine(), (uint64_t)registry_path, 2, SIM_ACCESS_READ, &fault) && fault.reason == SIM_FAULT_FREED);
}

static NTSTATUS failing_body(PDRIVER_OBJECT driver) {
  UNREFERENCED_PARAMETER(driver);
  return STATUS_DEVICE_DOES_NOT_EXIST;
}

static void failing_setup(void) { load(failing_body, NULL); }

static void failing_check(const HarnessRun *run) {
  EXPECT_NOTES(run, ""); /* no unload */
  EXPECT_EQUAL(event_at(run, EVENT_DRIVER_LOAD, 0)->status, STATUS_DEVICE_DOES_NOT_EXIST);
  EXPECT_EQUAL(io_driver(fw)->state, IO_DRIVER_GONE);
  EXPECT_EQUAL(io_driver_find("fw"), 0);
}

/* ---- K_UNL_1: what is left behind ---- */

static KTIMER *timer;
static KDPC *dpc;
static PDEVICE_OBJECT device;

static VOID timer_routine(PKDPC Dpc, PVOID Context, PVOID A, PVOID B) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(A);
  UNREFERENCED_PARAMETER(B);
}

static VOID endless(PVOID Context) { KeWaitForSingleObject(Context, Executive, KernelMode, FALSE, NULL); }

static KEVENT *never;
static HANDLE thread_handle;

static NTSTATUS leftovers_body(PDRIVER_OBJECT driver) {
  LARGE_INTEGER due = { .QuadPart = -1000000000 };
  timer = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof *timer, TAG);
  dpc = harness_memory(sizeof *dpc);
  never = harness_memory(sizeof *never);
  KeInitializeTimer(timer);
  KeInitializeDpc(dpc, timer_routine, NULL);
  KeInitializeEvent(never, NotificationEvent, FALSE);
  KeSetTimer(timer, due, dpc);
  PsCreateSystemThread(&thread_handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, endless, never);
  return IoCreateDevice(driver, 16, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
}

static void leftovers_setup(void) { load(leftovers_body, NULL); }

static void leftovers_check(const HarnessRun *run) {
  bool has[OBJECT_KIND_COUNT] = { false };
  for (size_t n = 0; event_at(run, EVENT_CONTRACT, n) != NULL; n++) {
    const SimEvent *event = event_at(run, EVENT_CONTRACT, n);
    EXPECT_EQUAL(event->detail, CONTRACT_UNLOAD_RESOURCES);
    has[object_by_ordinal(event->object)->kind] = true;
  }
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 4);
  EXPECT(has[OBJECT_TIMER] && has[OBJECT_THREAD] && has[OBJECT_DEVICE] && has[OBJECT_POOL_BLOCK]);
  EXPECT(run->bugcheck == NULL); /* Windows notices later */
}

static void tidy(void) {
  PVOID thread;
  KeCancelTimer(timer);
  ExFreePoolWithTag(timer, TAG);
  KeSetEvent(never, 0, FALSE);
  ObReferenceObjectByHandle(thread_handle, 0, NULL, KernelMode, &thread, NULL);
  ZwClose(thread_handle);
  KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL); /* K-OBJ-2 */
  ObDereferenceObject(thread);
  IoDeleteDevice(device);
}

static void tidy_setup(void) { load(leftovers_body, tidy); }

static void tidy_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "unload");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 0);
  EXPECT_EQUAL(event_count(run, EVENT_DRIVER_UNLOAD), 1);
  EXPECT(run->bugcheck == NULL);
}

/* A work item holds the image: DriverUnload returns, but the driver goes when the routine has returned. */
static void workers(ModelOptions *options) { options->worker_count = 1; }

static VOID slow(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  LARGE_INTEGER pause = { .QuadPart = -500000 };
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Context);
  KeDelayExecutionThread(KernelMode, FALSE, &pause);
  note(io_driver(fw)->state == IO_DRIVER_UNLOADING ? "still there" : "gone");
}

static NTSTATUS held_body(PDRIVER_OBJECT driver) {
  IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
  io_work_item_at(fw, (uint64_t)slow, 0, 0);
  return STATUS_SUCCESS;
}

static void held_unload(void) { IoDeleteDevice(device); }

static void held_setup(void) { load(held_body, held_unload); }

static void held_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "unload still there");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 0);
  EXPECT(event_at(run, EVENT_WORK_END, 0)->sequence < event_at(run, EVENT_DRIVER_UNLOAD, 0)->sequence);
}

/* ---- devices and names ---- */

static PUNICODE_STRING guest_string(const WCHAR *text) {
  PUNICODE_STRING string = harness_memory(sizeof *string);
  SIZE_T length = 0;
  while (text[length] != 0)
    length++;
  string->Buffer = memcpy(harness_memory((length + 1) * sizeof(WCHAR)), text, (length + 1) * sizeof(WCHAR));
  string->Length = (USHORT)(length * sizeof(WCHAR));
  string->MaximumLength = string->Length + sizeof(WCHAR);
  return string;
}

static NTSTATUS names_body(PDRIVER_OBJECT driver) {
  PDEVICE_OBJECT second = NULL;
  PUNICODE_STRING name = guest_string(L"\\Device\\Fw");
  PUNICODE_STRING link = guest_string(L"\\DosDevices\\Fw");
  note_number("create", IoCreateDevice(driver, 40, name, FILE_DEVICE_NETWORK, 0, TRUE, &device));
  note(device->DeviceExtension == device + 1 && *(PULONG64)device->DeviceExtension == 0 ? "extension" : "other");
  note(device->Flags == (DO_DEVICE_INITIALIZING | DO_DEVICE_HAS_NAME | DO_EXCLUSIVE) ? "flags" : "other");
  note(IoCreateDevice(driver, 0, name, 0, 0, FALSE, &second) == STATUS_OBJECT_NAME_COLLISION ? "collision" : "other");
  note_number("link", IoCreateSymbolicLink(link, name));
  note(IoCreateSymbolicLink(link, name) == STATUS_OBJECT_NAME_COLLISION ? "collision" : "other");
  note(io_device_find("\\\\.\\fw") == (uint64_t)device && io_device_find("\\??\\FW") == (uint64_t)device ? "found" : "other");
  note_number("unlink", IoDeleteSymbolicLink(link));
  note(io_device_find("\\\\.\\fw") == 0 && IoDeleteSymbolicLink(link) == STATUS_OBJECT_NAME_NOT_FOUND ? "gone" : "other");
  note(driver->DeviceObject == device && io_driver_device(fw) == (uint64_t)device ? "listed" : "other");
  return STATUS_SUCCESS;
}

static void delete_device(void) {
  note((device->Flags & DO_DEVICE_INITIALIZING) == 0 ? "started" : "other");
  IoDeleteDevice(device);
  note(driver_object->DeviceObject == NULL ? "deleted" : "other");
}

static void names_setup(void) { load(names_body, delete_device); }

static void names_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "create=0 extension flags collision link=0 collision found unlink=0 gone listed unload started deleted");
}

static NTSTATUS no_device_body(PDRIVER_OBJECT driver) {
  IoDeleteDevice((PDEVICE_OBJECT)driver);
  note("went on");
  return STATUS_SUCCESS;
}

static void no_device_setup(void) { load(no_device_body, NULL); }

static void no_device_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT, 0)->detail, CONTRACT_OBJECT_KIND);
  EXPECT_BUGCHECK(run, 0xa);
}

/* ---- requests ---- */

#define CODE_DOUBLE CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define CODE_PEND CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define CODE_TWICE CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define CODE_LEAK CTL_CODE(FILE_DEVICE_UNKNOWN, 0x803, METHOD_BUFFERED, FILE_ANY_ACCESS)

static PIRP pended;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information) {
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = information;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return status;
}

static NTSTATUS create_close(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  UNREFERENCED_PARAMETER(DeviceObject);
  note_number("major", IoGetCurrentIrpStackLocation(Irp)->MajorFunction);
  return complete(Irp, STATUS_SUCCESS, 0);
}

static VOID completer(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  note("completer");
  complete(pended, STATUS_NO_MORE_FILES, 0);
}

static NTSTATUS control(PDEVICE_OBJECT DeviceObject, PIRP Irp) {
  PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
  PULONG buffer = Irp->AssociatedIrp.SystemBuffer;
  HANDLE thread;
  KIRQL old;
  if (stack->FileObject == NULL || stack->FileObject->DeviceObject != DeviceObject)
    note("no file");
  switch (stack->Parameters.DeviceIoControl.IoControlCode) {
  case CODE_DOUBLE: *buffer *= 2; return complete(Irp, STATUS_SUCCESS, sizeof *buffer);
  case CODE_PEND:
    IoMarkIrpPending(Irp);
    pended = Irp;
    PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, completer, NULL);
    note("pended");
    return STATUS_PENDING;
  case CODE_TWICE: complete(Irp, STATUS_SUCCESS, 0); return complete(Irp, STATUS_SUCCESS, 0);
  case CODE_LEAK: KeRaiseIrql(DISPATCH_LEVEL, &old); return complete(Irp, STATUS_SUCCESS, 0);
  default: return complete(Irp, STATUS_INVALID_PARAMETER, 0);
  }
}

static NTSTATUS requests_body(PDRIVER_OBJECT driver) {
  driver->MajorFunction[IRP_MJ_CREATE] = driver->MajorFunction[IRP_MJ_CLOSE] = create_close;
  driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = control;
  return IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
}

static ULONG code;
static void (*between)(void); /* the client does so while its file is open */

static void client(void *argument) {
  (void)argument;
  int32_t status;
  ULONG value = 21, result = 0;
  ke_system_call_enter(0, 0x1000);
  uint64_t file = io_file_open((uint64_t)device, &status);
  IoControl request = { .code = code, .input = &value, .input_size = sizeof value, .output = &result, .output_size = sizeof result };
  if (between != NULL)
    between();
  status = io_file_control(file, &request);
  note_number("status", status);
  note_number("result", (long)result);
  if (ke_irql() == PASSIVE_LEVEL)
    io_file_close(file);
  ke_system_call_return(status);
}

static void client_start(ULONG which) {
  code = which;
  between = NULL;
  body = requests_body;
  unload_body = NULL;
  fw = io_driver_load(&(IoDriverLoad){ .name = "fw", .entry = (uint64_t)entry }, 0);
  KeThread *thread = ke_thread_create(ke_process_create("client", true), client, NULL, 8, "client");
  thread->is_user = true;
  ke_thread_ready_at(thread, UNLOAD_AT_NS);
}

static void double_setup(void) { client_start(CODE_DOUBLE); }
static void double_check(const HarnessRun *run) { EXPECT_NOTES(run, "major=0 status=0 result=42 major=2"); }

static void pend_setup(void) { client_start(CODE_PEND); }
static void pend_check(const HarnessRun *run) { EXPECT_NOTES(run, "major=0 pended completer status=-2147483642 result=0 major=2"); }

/* kernel/unload-routine-environment: not while a file is open; nothing is opened meanwhile. */
static VOID unload_between(void) {
  int32_t status;
  io_driver_unload(fw, 0);
  ke_wait(&(KeWait){ .due_ns = ke_due_after_ns(1000000) });
  note(io_file_open((uint64_t)device, &status) == 0 && status == STATUS_NO_SUCH_DEVICE ? "refused" : "opened");
}

static void open_setup(void) {
  client_start(CODE_DOUBLE);
  between = unload_between;
}

static void open_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "major=0 refused status=0 result=42 major=2 unload");
  EXPECT_EQUAL(event_count(run, EVENT_DRIVER_UNLOAD), 1);
}

static void twice_setup(void) { client_start(CODE_TWICE); }
static void twice_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x44);
  EXPECT(run->bugcheck->parameters[0] != 0);
}

/* Seed 4.1 d: the leaked level is noticed when the thread goes back to user mode. */
static void leak_setup(void) { client_start(CODE_LEAK); }
static void leak_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "major=0 status=0 result=0");
  EXPECT_BUGCHECK(run, 0x4a);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0x1000);
  EXPECT_EQUAL(run->bugcheck->parameters[1], DISPATCH_LEVEL);
}

static void io_verified(ModelOptions *options) {
  memcpy(options->verified[0].name, "fw", 3);
  options->verified[0].flags = MODEL_VERIFIER_IO;
}

static void leak_verified_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xc9);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0x12);
  EXPECT_EQUAL(run->bugcheck->parameters[1], (uint64_t)control);
}

/* ---- threads and handles ---- */

static VOID worker(PVOID Context) {
  note(Context == &fw && KeGetCurrentIrql() == PASSIVE_LEVEL ? "thread" : "other");
  note(PsGetCurrentProcess() == (PEPROCESS)ke_address(&MODEL->ke.system_process->header) ? "System" : "other");
  note(KeAreApcsDisabled() ? "critical region" : "no region"); /* K-APC-3 */
  note(io_driver_current() == fw ? "fw" : "other");
  PsTerminateSystemThread(STATUS_SUCCESS);
  note("not reached");
}

static NTSTATUS thread_body(PDRIVER_OBJECT driver) {
  UNREFERENCED_PARAMETER(driver);
  OBJECT_ATTRIBUTES attributes;
  HANDLE handle;
  PVOID thread;
  POBJECT_TYPE thread_type = *(POBJECT_TYPE *)ob_variable_find("PsThreadType");
  POBJECT_TYPE process_type = *(POBJECT_TYPE *)ob_variable_find("PsProcessType");
  InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
  note_number("create", PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, &attributes, NULL, NULL, worker, &fw));
  note(((ULONG64)handle & 0x80000000) != 0 ? "kernel handle" : "other");
  note(ObReferenceObjectByHandle(handle, 0, process_type, KernelMode, &thread, NULL) == STATUS_OBJECT_TYPE_MISMATCH ? "mismatch" : "other");
  note_number("reference", ObReferenceObjectByHandle(handle, 0, thread_type, KernelMode, &thread, NULL));
  note_number("close", ZwClose(handle));
  KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
  note("ended");
  ObDereferenceObject(thread);
  return STATUS_SUCCESS;
}

static void thread_setup(void) { load(thread_body, NULL); }

static void thread_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "create=0 kernel handle mismatch reference=0 close=0 thread System critical region fw ended unload");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 0);
}

static NTSTATUS dereference_body(PDRIVER_OBJECT driver) {
  ObReferenceObject(driver);
  ObDereferenceObject(driver);
  note("balanced");
  ObDereferenceObject(driver);
  note("not reached");
  return STATUS_SUCCESS;
}

static void dereference_setup(void) { load(dereference_body, NULL); }

static void dereference_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "balanced");
  EXPECT_BUGCHECK(run, 0x18);
  EXPECT_EQUAL(run->bugcheck->parameters[1], (uint64_t)driver_object);
}

static NTSTATUS close_body(PDRIVER_OBJECT driver) {
  UNREFERENCED_PARAMETER(driver);
  ZwClose((HANDLE)0xffffffff80000444ULL);
  return STATUS_SUCCESS;
}

static void close_setup(void) { load(close_body, NULL); }
static void close_check(const HarnessRun *run) { EXPECT_BUGCHECK(run, 0x93); }

static NTSTATUS lookup_body(PDRIVER_OBJECT driver) {
  UNREFERENCED_PARAMETER(driver);
  PEPROCESS process;
  KeProcess *agent = ke_process_create("agent", true);
  note_number("lookup", PsLookupProcessByProcessId((HANDLE)(ULONG64)agent->process_id, &process));
  note((uint64_t)process == ke_address(&agent->header) && PsGetProcessId(process) == (HANDLE)(ULONG64)agent->process_id ? "agent"
                                                                                                                        : "other");
  ObDereferenceObject(process);
  note(PsLookupProcessByProcessId((HANDLE)0x7777, &process) == STATUS_INVALID_PARAMETER ? "none" : "other");
  return STATUS_SUCCESS;
}

static void lookup_setup(void) { load(lookup_body, NULL); }
static void lookup_check(const HarnessRun *run) { EXPECT_NOTES(run, "lookup=0 agent none unload"); }

#define CASE(text, prefix) .name = text, .setup = prefix##_setup, .check = prefix##_check

static const HarnessCase cases[] = {
  { CASE("DriverEntry: what it is given", given) },
  { CASE("DriverEntry fails", failing) },
  { CASE("K_UNL_1 what is left behind", leftovers) },
  { CASE("K_UNL_1 nothing is left behind", tidy) },
  { CASE("K_UNL_1 a work item holds the driver", held), .options = workers },
  { CASE("devices and names", names) },
  { CASE("IoDeleteDevice of no device", no_device) },
  { CASE("a buffered request", double) },
  { CASE("no unload while a file is open", open) },
  { CASE("a pended request", pend) },
  { CASE("a request completed twice", twice) },
  { CASE("K_IRQL_8 a request that leaks the IRQL: 0x4A", leak) },
  { .name = "K_IRQL_8 a request that leaks the IRQL, I/O Verifier",
    .setup = leak_setup,
    .check = leak_verified_check,
    .options = io_verified },
  { CASE("K_APC_3 PsCreateSystemThread", thread) },
  { CASE("one dereference too many", dereference) },
  { CASE("ZwClose of no handle", close) },
  { CASE("PsLookupProcessByProcessId", lookup) },
};

int main(void) { return harness_main("drivers", cases, RTL_NUMBER_OF(cases)); }
