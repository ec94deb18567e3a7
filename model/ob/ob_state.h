/* ob_state.h: what a run changes in model/ob: references and handles. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define OB_HANDLE_COUNT_MAX 512

/* A handle is its index, shifted; kernel handles have the high bits set. */
typedef struct ObHandle {
  uint32_t object;  /* ordinal; 0: free */
  uint32_t process; /* ordinal of the process whose table it is in; 0: the kernel's */
  uint32_t driver;  /* ordinal of the driver that got it */
  uint32_t access;
} ObHandle;

/* References that drivers and handles hold on an object: KeProcess.extension, KeThread.extension and the like. */
typedef struct ObReferences {
  int32_t pointer_count; /* beyond the one that the object's being alive is */
  int32_t handle_count;
} ObReferences;

/* Object types: what PsThreadType and its like point to. */
typedef enum ObType { OB_KIND_PROCESS, OB_KIND_THREAD, OB_KIND_EVENT, OB_KIND_FILE, OB_KIND_DEVICE, OB_KIND_DRIVER, OB_KIND_COUNT } ObType;

typedef struct ObState {
  uint32_t handle_count; /* slots ever used */
  ObHandle handles[OB_HANDLE_COUNT_MAX];
  uint64_t variables;            /* guest address of an array of OB_KIND_COUNT pointers: the kernel's exported variables; 0: not yet */
  uint64_t types[OB_KIND_COUNT]; /* guest addresses that stand for OBJECT_TYPE structures */
} ObState;
