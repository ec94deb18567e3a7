/*
 * References to objects. Simplified: an object's structure stays when its last reference goes, so a use of the pointer afterwards is not seen; a
 * release of a reference that nobody took is.
 */
#include <ntifs.h>

#include "../events.h"
#include "../io/io_face.h"
#include "../ke/ke.h"
#include "../mm/bugcheck_codes.h"
#include "../model.h"
#include "../verifier/verifier.h"
#include "ob_face.h"

/* ---- types ---- */

typedef struct TypeName {
  const char *name;
  ObType type;
} TypeName;

static const TypeName type_names[] = {
  { "ExEventObjectType", OB_KIND_EVENT }, { "IoDeviceObjectType", OB_KIND_DEVICE }, { "IoDriverObjectType", OB_KIND_DRIVER },
  { "IoFileObjectType", OB_KIND_FILE },   { "PsProcessType", OB_KIND_PROCESS },     { "PsThreadType", OB_KIND_THREAD },
};

static ObState *types(void) {
  ObState *state = &MODEL->ob;
  if (state->variables != 0)
    return state;
  state->variables = sim_pages_allocate(sim_machine(), 1, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT);
  SIM_ASSERT(state->variables != 0);
  for (unsigned type = 0; type < OB_KIND_COUNT; type++) {
    state->types[type] = state->variables + SIM_PAGE_SIZE / 2 + type * 64;
    ((uint64_t *)state->variables)[type] = state->types[type];
  }
  return state;
}

static bool equals(const char *left, const char *right) {
  for (; *left != 0 && *left == *right; left++)
    right++;
  return *left == *right;
}

uint64_t ob_variable_find(const char *name) {
  for (unsigned at = 0; at < RTL_NUMBER_OF(type_names); at++) {
    if (equals(type_names[at].name, name))
      return types()->variables + type_names[at].type * sizeof(uint64_t);
  }
  return 0;
}

static unsigned type_of(const Object *object) {
  switch (object->kind) {
  case OBJECT_PROCESS: return OB_KIND_PROCESS;
  case OBJECT_THREAD: return OB_KIND_THREAD;
  case OBJECT_EVENT: return OB_KIND_EVENT;
  case OBJECT_DEVICE: return OB_KIND_DEVICE;
  case OBJECT_DRIVER: return OB_KIND_DRIVER;
  default: return OB_KIND_COUNT;
  }
}

/* Is the object of another type than the one asked for? Pointers that are no type of ours are not judged. */
static bool is_other_type(const Object *object, uint64_t asked) {
  const ObState *state = types();
  for (unsigned type = 0; type < OB_KIND_COUNT; type++) {
    if (state->types[type] == asked)
      return type_of(object) != type;
  }
  return false;
}

/* ---- references ---- */

static ObReferences *extension(void **place) {
  if (*place == NULL)
    *place = sim_heap_allocate(sizeof(ObReferences));
  return *place;
}

ObReferences *ob_references(const Object *object) {
  switch (object->kind) {
  case OBJECT_PROCESS: return extension(&((KeProcess *)object->body)->extension);
  case OBJECT_THREAD: return extension(&((KeThread *)object->body)->extension);
  case OBJECT_DEVICE: return &((IoDevice *)object->body)->pointers;
  case OBJECT_DRIVER: return &((IoDriver *)object->body)->pointers;
  default: return NULL;
  }
}

/* The object at a pointer that a driver gave. There is none: EVENT_CONTRACT, and NULL. Windows counts whatever lies before the address. */
static Object *object_at(PVOID pointer) {
  const uint64_t kinds =
      1ULL << OBJECT_PROCESS | 1ULL << OBJECT_THREAD | 1ULL << OBJECT_EVENT | 1ULL << OBJECT_DEVICE | 1ULL << OBJECT_DRIVER;
  Object *object = object_find_among((uint64_t)pointer, kinds);
  const SimContext *context = sim_machine()->current;
  if (object == NULL)
    sim_event(sim_machine(), EVENT_CONTRACT, context != NULL ? context->call : 0, 0, 0, CONTRACT_OBJECT_KIND, (uint64_t)pointer);
  return object;
}

/* PASSIVE_LEVEL. AccessMode KernelMode: DesiredAccess is not checked; Simplified: nor is it for UserMode.
 * wdm/nf-wdm-obreferenceobjectbyhandle */
NTSTATUS ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode,
                                   PVOID *Object_, POBJECT_HANDLE_INFORMATION HandleInformation) {
  UNREFERENCED_PARAMETER(AccessMode);
  *Object_ = NULL;
  Object *object = ob_handle_find((uint64_t)Handle);
  if (object == NULL) {
    verifier_check_handle((uint64_t)Handle);
    return STATUS_INVALID_HANDLE;
  }
  if (ObjectType != NULL && is_other_type(object, (uint64_t)ObjectType))
    return STATUS_OBJECT_TYPE_MISMATCH;
  ObReferences *references = ob_references(object);
  if (references != NULL)
    references->pointer_count++;
  if (HandleInformation != NULL)
    *HandleInformation = (OBJECT_HANDLE_INFORMATION){ .GrantedAccess = DesiredAccess };
  *Object_ = (PVOID)object->address;
  return STATUS_SUCCESS;
}

/* Returns the count after. Simplified: counts start at 1 for what is alive. <= DISPATCH_LEVEL. wdm/nf-wdm-obreferenceobject */
LONG_PTR ObfReferenceObject(PVOID Object_) {
  Object *object = object_at(Object_);
  ObReferences *references = object != NULL ? ob_references(object) : NULL;
  return references != NULL ? 1 + ++references->pointer_count : 1;
}

LONG_PTR ObReferenceObject(PVOID Object_) { return ObfReferenceObject(Object_); }

/* Bug check 0x18 when there is no reference to give back: Windows' own would be the next. <= DISPATCH_LEVEL. wdm/nf-wdm-obdereferenceobject */
LONG_PTR ObfDereferenceObject(PVOID Object_) {
  Object *object = object_at(Object_);
  ObReferences *references = object != NULL ? ob_references(object) : NULL;
  if (references == NULL)
    return 0;
  if (references->pointer_count > 0)
    return 1 + --references->pointer_count;
  sim_event(sim_machine(), EVENT_CONTRACT, sim_machine()->current->call, object->ordinal, 0, CONTRACT_OBJECT_FREED, (uint64_t)Object_);
  verifier_check_reference((uint64_t)Object_, -1);
  uint64_t type = type_of(object) < OB_KIND_COUNT ? types()->types[type_of(object)] : 0;
  ke_bugcheck_raise(BUGCHECK_REFERENCE_BY_POINTER, type, (uint64_t)Object_, 0, 0);
  return 0;
}

LONG_PTR ObDereferenceObject(PVOID Object_) { return ObfDereferenceObject(Object_); }
