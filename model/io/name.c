/*
 * Names of the object name space: devices and symbolic links. Simplified: one flat space, names are cut at IO_NAME_SIZE.
 */
#include "../ex/pool.h"
#include "io_internal.h"

void io_name_copy(uint16_t *name, PCUNICODE_STRING string) {
  unsigned count = string->Length / sizeof(WCHAR);
  if (count > IO_NAME_SIZE - 1)
    count = IO_NAME_SIZE - 1;
  memset(name, 0, IO_NAME_SIZE * sizeof *name);
  for (unsigned at = 0; at < count; at++)
    name[at] = string->Buffer[at];
}

void io_name_set(uint16_t *name, const char *first, const char *second) {
  unsigned count = 0;
  memset(name, 0, IO_NAME_SIZE * sizeof *name);
  for (; *first != 0 && count < IO_NAME_SIZE - 1; first++)
    name[count++] = (UCHAR)*first;
  for (; *second != 0 && count < IO_NAME_SIZE - 1; second++)
    name[count++] = (UCHAR)*second;
}

bool io_name_equals(const uint16_t *left, const uint16_t *right) {
  while (*left != 0 && RtlUpcaseUnicodeChar(*left) == RtlUpcaseUnicodeChar(*right)) {
    left++;
    right++;
  }
  return *left == *right;
}

/* ---- strings of Windows' own ---- */

void io_memory_end(void) {
  sim_stop(sim_machine(), SIM_STOP_LIMIT_MEMORY, "guest memory");
  sim_assertion_failed("guest memory is used up outside of a run", __FILE__, __LINE__);
}

PUNICODE_STRING io_string_create(const char *first, const char *second) {
  uint16_t name[IO_NAME_SIZE];
  io_name_set(name, first, second);
  USHORT length = 0;
  while (name[length] != 0)
    length++;
  PUNICODE_STRING string = ex_pool_allocate_system(POOL_NONPAGED, sizeof *string, IO_TAG_DRIVER);
  PWCH buffer = ex_pool_allocate_system(POOL_NONPAGED, (length + 1) * sizeof(WCHAR), IO_TAG_DRIVER);
  if (string == NULL || buffer == NULL)
    io_memory_end();
  memcpy(buffer, name, (length + 1) * sizeof(WCHAR));
  string->Buffer = buffer;
  string->Length = length * sizeof(WCHAR);
  string->MaximumLength = (length + 1) * sizeof(WCHAR);
  return string;
}

void io_string_free(PUNICODE_STRING string) {
  ex_pool_free_system(string->Buffer);
  ex_pool_free_system(string);
}

/* ---- symbolic links ---- */

static IoLink *link_find(const uint16_t *name) {
  for (unsigned at = 0; at < IO_LINK_COUNT_MAX; at++) {
    IoLink *link = &MODEL->io.links[at];
    if (link->is_used && io_name_equals(link->name, name))
      return link;
  }
  return NULL;
}

static NTSTATUS link_create(const uint16_t *name, const uint16_t *target, uint32_t driver) {
  if (link_find(name) != NULL)
    return STATUS_OBJECT_NAME_COLLISION;
  for (unsigned at = 0; at < IO_LINK_COUNT_MAX; at++) {
    IoLink *link = &MODEL->io.links[at];
    if (link->is_used)
      continue;
    link->is_used = true;
    link->driver = driver;
    memcpy(link->name, name, sizeof link->name);
    memcpy(link->target, target, sizeof link->target);
    return STATUS_SUCCESS;
  }
  return STATUS_INSUFFICIENT_RESOURCES;
}

/* \DosDevices\x is \??\x. */
static void link_name_copy(uint16_t *name, PCUNICODE_STRING string) {
  uint16_t whole[IO_NAME_SIZE], prefix[IO_NAME_SIZE];
  io_name_copy(whole, string);
  io_name_set(prefix, "\\DosDevices\\", "");
  unsigned length = 12;
  for (unsigned at = 0; at < length; at++) {
    if (RtlUpcaseUnicodeChar(whole[at]) != RtlUpcaseUnicodeChar(prefix[at])) {
      memcpy(name, whole, sizeof whole);
      return;
    }
  }
  io_name_set(name, "\\??\\", "");
  memcpy(name + 4, whole + length, (IO_NAME_SIZE - length) * sizeof *name);
}

/* PASSIVE_LEVEL. The target need not exist. wdm/nf-wdm-iocreatesymboliclink */
NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName) {
  uint16_t name[IO_NAME_SIZE], target[IO_NAME_SIZE];
  link_name_copy(name, SymbolicLinkName);
  io_name_copy(target, DeviceName);
  return link_create(name, target, io_driver_current());
}

/* PASSIVE_LEVEL. wdm/nf-wdm-iodeletesymboliclink */
NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName) {
  uint16_t name[IO_NAME_SIZE];
  link_name_copy(name, SymbolicLinkName);
  IoLink *link = link_find(name);
  if (link == NULL)
    return STATUS_OBJECT_NAME_NOT_FOUND;
  *link = (IoLink){ 0 };
  return STATUS_SUCCESS;
}

/* ---- for the host side ---- */

static uint64_t device_named(const uint16_t *name) {
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->is_alive && object->kind == OBJECT_DEVICE) {
      const IoDevice *device = object->body;
      if (device->name[0] != 0 && !device->is_deleting && io_name_equals(device->name, name))
        return object->address;
    }
  }
  return 0;
}

uint64_t io_device_find(const char *name) {
  uint16_t wide[IO_NAME_SIZE];
  io_name_set(wide, name, "");
  if (name[0] == '\\' && name[1] == '\\' && name[2] == '.' && name[3] == '\\')
    io_name_set(wide, "\\??\\", name + 4);
  const IoLink *link = link_find(wide);
  return device_named(link != NULL ? link->target : wide);
}

uint64_t io_device_create(uint32_t driver, const char *name, uint32_t extension_size) {
  uint16_t device_name[IO_NAME_SIZE], link_name[IO_NAME_SIZE];
  io_name_set(device_name, "\\Device\\", name);
  io_name_set(link_name, "\\??\\", name);
  PDEVICE_OBJECT device = io_device_new(io_driver_body(driver), extension_size, device_name);
  if (device == NULL)
    return 0;
  device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
  link_create(link_name, device_name, driver);
  return (uint64_t)device;
}
