/*
 * Device objects: guest-visible structures as Windows fills them; the model keeps its own count of who holds one. wdm/nf-wdm-iocreatedevice.
 */
#include "../ex/pool.h"
#include "../mm/bugcheck_codes.h"
#include "io_internal.h"

#define IO_TYPE_DEVICE_OBJECT 3

/* Any mistake of this kind is told before it bites; the order of kinds says which. */
static ModelContract what_is_there(uint64_t address) {
  const PoolBlock *block = ex_pool_block_at(address);
  if (block != NULL && block->is_free)
    return CONTRACT_OBJECT_FREED;
  if (object_find_among(address, ~(1ULL << OBJECT_POOL_BLOCK)) != NULL)
    return CONTRACT_OBJECT_KIND;
  for (uint32_t ordinal = object_count(); ordinal > 0; ordinal--) {
    if (object_by_ordinal(ordinal)->address == address)
      return CONTRACT_OBJECT_FREED;
  }
  return CONTRACT_OBJECT_NOT_INITIALIZED;
}

void io_contract(uint32_t object, ModelContract contract, uint64_t address) {
  const SimContext *context = sim_machine()->current;
  sim_event(sim_machine(), EVENT_CONTRACT, context != NULL ? context->call : 0, object, 0, contract, address);
}

void io_body_missing(const volatile void *address) {
  io_contract(0, what_is_there((uint64_t)address), (uint64_t)address);
  ke_bugcheck_raise(BUGCHECK_IRQL_NOT_LESS_OR_EQUAL, (uint64_t)address, ke_irql(), SIM_ACCESS_READ, 0);
  __builtin_unreachable();
}

void *io_body_at(const volatile void *address, ObjectKind kind) {
  Object *object = object_find((uint64_t)address, kind);
  if (object != NULL)
    return object->body;
  io_body_missing(address);
}

/* ---- create ---- */

PDEVICE_OBJECT io_device_new(IoDriver *driver, uint32_t extension_size, const uint16_t *name) {
  PDRIVER_OBJECT driver_object = (PDRIVER_OBJECT)driver->driver_object;
  uint64_t size = sizeof(DEVICE_OBJECT) + extension_size;
  PDEVICE_OBJECT device = ex_pool_allocate_system(POOL_NONPAGED_NX, size, IO_TAG_DEVICE);
  if (device == NULL)
    return NULL;
  Object *object = object_create(OBJECT_DEVICE, (uint64_t)device, size, sizeof(IoDevice));
  object->driver = driver->object;
  IoDevice *body = object->body;
  body->object = object->ordinal;
  body->driver = driver->object;
  if (name != NULL)
    memcpy(body->name, name, sizeof body->name);

  device->Type = IO_TYPE_DEVICE_OBJECT;
  device->Size = (USHORT)size;
  device->DriverObject = driver_object;
  device->NextDevice = driver_object->DeviceObject;
  device->Flags = DO_DEVICE_INITIALIZING | (name != NULL ? DO_DEVICE_HAS_NAME : 0);
  device->DeviceExtension = extension_size != 0 ? device + 1 : NULL;
  device->StackSize = 1;
  device->Queue.ListEntry.Flink = device->Queue.ListEntry.Blink = &device->Queue.ListEntry;
  driver_object->DeviceObject = device;
  return device;
}

static bool is_name_taken(const uint16_t *name) {
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->is_alive && object->kind == OBJECT_DEVICE && io_name_equals(((const IoDevice *)object->body)->name, name))
      return true;
  }
  return false;
}

/* <= APC_LEVEL. The extension is zeroed. */
NTSTATUS IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize, PUNICODE_STRING DeviceName, DEVICE_TYPE DeviceType,
                        ULONG DeviceCharacteristics, BOOLEAN Exclusive, PDEVICE_OBJECT *DeviceObject) {
  IoDriver *driver = io_body_at(DriverObject, OBJECT_DRIVER);
  uint16_t name[IO_NAME_SIZE];
  *DeviceObject = NULL;
  if (DeviceName != NULL) {
    io_name_copy(name, DeviceName);
    if (is_name_taken(name))
      return STATUS_OBJECT_NAME_COLLISION;
  }
  if (DeviceExtensionSize > 0xffff - sizeof(DEVICE_OBJECT))
    return STATUS_INSUFFICIENT_RESOURCES;
  PDEVICE_OBJECT device = io_device_new(driver, DeviceExtensionSize, DeviceName != NULL ? name : NULL);
  if (device == NULL)
    return STATUS_INSUFFICIENT_RESOURCES;
  device->DeviceType = DeviceType;
  device->Characteristics = DeviceCharacteristics;
  if (Exclusive)
    device->Flags |= DO_EXCLUSIVE;
  *DeviceObject = device;
  return STATUS_SUCCESS;
}

void io_devices_start(const IoDriver *driver) {
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->is_alive && object->kind == OBJECT_DEVICE && object->driver == driver->object)
      ((PDEVICE_OBJECT)object->address)->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
  }
}

/* ---- delete ---- */

void io_device_hold(IoDevice *device) { device->holds++; }

static void device_free(IoDevice *device) {
  Object *object = object_by_ordinal(device->object);
  ex_pool_free_system((PVOID)object->address);
  object_delete(object);
}

void io_device_release(IoDevice *device) {
  if (--device->holds == 0 && device->is_deleting)
    device_free(device);
}

/* Takes it out of its driver's list, as far as the list is what the driver left of it. */
static void device_unlink(const IoDriver *driver, PDEVICE_OBJECT device) {
  PDRIVER_OBJECT driver_object = (PDRIVER_OBJECT)driver->driver_object;
  PDEVICE_OBJECT *place = &driver_object->DeviceObject;
  while (*place != NULL && *place != device && object_find((uint64_t)*place, OBJECT_DEVICE) != NULL)
    place = &(*place)->NextDevice;
  if (*place != NULL && *place == device)
    *place = device->NextDevice;
}

/* <= APC_LEVEL. A device that work items or requests hold goes when they are done. wdm/nf-wdm-iodeletedevice */
VOID IoDeleteDevice(PDEVICE_OBJECT DeviceObject) {
  IoDevice *device = io_body_at(DeviceObject, OBJECT_DEVICE);
  IoDriver *driver = io_driver_body(device->driver);
  if (device->is_deleting)
    return;
  if (driver->state != IO_DRIVER_GONE)
    device_unlink(driver, DeviceObject);
  device->is_deleting = true;
  if (device->holds == 0)
    device_free(device);
}

uint64_t io_driver_device(uint32_t driver) {
  const IoDriver *body = io_driver_body(driver);
  if (body == NULL || body->state == IO_DRIVER_GONE)
    return 0;
  uint64_t device = (uint64_t)((PDRIVER_OBJECT)body->driver_object)->DeviceObject;
  return object_find(device, OBJECT_DEVICE) != NULL ? device : 0;
}
