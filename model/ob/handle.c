/*
 * Handles: one table for the system, each entry saying whose it is. Values are used again in the order they were given back from the low end,
 * as Windows mostly does.
 */
#include "../io/io_face.h"
#include "../ke/ke.h"
#include "../model.h"
#include "ob_face.h"

#include <ntifs.h>

#define KERNEL_HANDLE_BITS 0xffffffff80000000ULL

static uint64_t handle_value(uint32_t index, uint32_t process) {
  uint64_t value = (uint64_t)(index + 1) * 4;
  return process == 0 ? KERNEL_HANDLE_BITS | value : value;
}

uint64_t ob_handle_create(Object *object, uint32_t process, uint32_t access) {
  ObState *state = &MODEL->ob;
  uint32_t index = 0;
  while (index < state->handle_count && state->handles[index].object != 0)
    index++;
  if (index == OB_HANDLE_COUNT_MAX)
    return 0;
  if (index == state->handle_count)
    state->handle_count++;
  state->handles[index] = (ObHandle){ object->ordinal, process, io_driver_current(), access };
  ObReferences *references = ob_references(object);
  if (references != NULL)
    references->handle_count++;
  return handle_value(index, process);
}

/* The low two bits of a handle are the caller's. */
static ObHandle *entry_of(uint64_t handle) {
  ObState *state = &MODEL->ob;
  bool is_kernel = (handle & KERNEL_HANDLE_BITS) == KERNEL_HANDLE_BITS;
  uint64_t index = ((is_kernel ? handle & ~KERNEL_HANDLE_BITS : handle) / 4) - 1;
  if (index >= state->handle_count || state->handles[index].object == 0)
    return NULL;
  uint32_t owner = state->handles[index].process;
  uint32_t current = ke_process_current()->header.object->ordinal;
  return owner == (is_kernel ? 0 : current) ? &state->handles[index] : NULL;
}

Object *ob_handle_find(uint64_t handle) {
  if (handle == (uint64_t)ZwCurrentProcess())
    return ke_process_current()->header.object;
  if (handle == (uint64_t)ZwCurrentThread())
    return ke_thread_current()->header.object;
  const ObHandle *entry = entry_of(handle);
  return entry != NULL ? object_by_ordinal(entry->object) : NULL;
}

int32_t ob_handle_close(uint64_t handle) {
  ObHandle *entry = entry_of(handle);
  if (entry == NULL)
    return STATUS_INVALID_HANDLE;
  ObReferences *references = ob_references(object_by_ordinal(entry->object));
  if (references != NULL)
    references->handle_count--;
  *entry = (ObHandle){ 0 };
  return STATUS_SUCCESS;
}
