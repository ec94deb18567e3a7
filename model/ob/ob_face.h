/*
 * ob_face.h: objects and handles for those outside of the WDK world. Stdint only.
 */
#pragma once

#include "ob_state.h"

#include <stdint.h>

struct Object;

/* Guest address of a variable that ntoskrnl exports (PsThreadType, PsProcessType, ExEventObjectType, IoFileObjectType, IoDeviceObjectType,
 * IoDriverObjectType): a POBJECT_TYPE. 0: there is none of that name. For the imports of compiled drivers and for steps. */
uint64_t ob_variable_find(const char *name);

/* A handle to an object, in the kernel's table or (process: ordinal) a process' own. 0: the table is full. */
uint64_t ob_handle_create(struct Object *object, uint32_t process, uint32_t access);
/* The object of a handle as the current thread means it; NULL: none. */
struct Object *ob_handle_find(uint64_t handle);
/* STATUS_SUCCESS or STATUS_INVALID_HANDLE. */
int32_t ob_handle_close(uint64_t handle);

/* References beyond an object's own life; NULL for kinds that have none. */
ObReferences *ob_references(const struct Object *object);
