/* io_state.h: what a run changes in model/io: drivers, devices, work items. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include "../../sim/machine.h"

#include <stdbool.h>
#include <stdint.h>

struct KeThread;
struct KeSemaphore;

#define IO_NAME_SIZE 64 /* characters of a name that the model keeps, with the terminator */

typedef enum IoDriverState {
  IO_DRIVER_LOADING, /* DriverEntry has not returned */
  IO_DRIVER_LOADED,
  IO_DRIVER_FAILED, /* DriverEntry returned an error; gone */
  IO_DRIVER_UNLOADING,
  IO_DRIVER_UNLOADED,
} IoDriverState;

/* The model's state of a DRIVER_OBJECT (body of its object). */
typedef struct IoDriver {
  uint32_t object; /* ordinal */
  uint8_t state;   /* IoDriverState */
  bool is_verified;
  uint32_t verifier_flags; /* MODEL_VERIFIER_* */
  int32_t status;          /* DriverEntry's */
  uint32_t device_count;
  uint64_t entry;        /* DriverEntry */
  uint64_t code_address; /* of its image or its step functions */
  uint64_t code_size;
  uint64_t driver_object; /* guest address of DRIVER_OBJECT */
  uint64_t registry_path; /* guest address of the UNICODE_STRING */
} IoDriver;

/* The model's state of a DEVICE_OBJECT (body of its object). */
typedef struct IoDevice {
  uint32_t driver;     /* ordinal */
  uint32_t references; /* work items, IRPs, ...; it goes when it is to be deleted and this is 0 */
  bool is_deleting;
  uint32_t irp_count; /* requests it has not completed */
  uint16_t name[IO_NAME_SIZE];
} IoDevice;

typedef enum IoWorkItemKind {
  IO_WORK_ITEM_IO,    /* IO_WORKITEM of IoAllocateWorkItem or IoInitializeWorkItem: routine(device, context[, item]) */
  IO_WORK_ITEM_EX,    /* WORK_QUEUE_ITEM of ExQueueWorkItem: routine(parameter) */
  IO_WORK_ITEM_MODEL, /* of Windows' own: a function of the model */
} IoWorkItemKind;

/* The model's state of a work item (body of its object). */
typedef struct IoWorkItem {
  SimLink link;    /* in IoState.queue */
  uint32_t object; /* ordinal */
  uint8_t kind;    /* IoWorkItemKind */
  bool is_queued;
  bool is_extended;   /* the routine takes the item itself as third parameter */
  bool is_allocated;  /* by IoAllocateWorkItem: its memory is the model's to free */
  uint32_t device;    /* ordinal of the device or driver it holds; 0: none */
  uint64_t io_object; /* its address: what the routine is given */
  uint64_t routine;
  uint64_t context;
  void (*model_routine)(void *argument);
  uint32_t driver; /* ordinal of the driver that queued it */
} IoWorkItem;

#define IO_WORKER_COUNT_MAX 16
#define IO_LINK_COUNT_MAX 16

/* A symbolic link of the object name space. */
typedef struct IoLink {
  bool is_used;
  uint32_t driver; /* ordinal of who made it */
  uint16_t name[IO_NAME_SIZE];
  uint16_t target[IO_NAME_SIZE];
} IoLink;

/* Whose code runs in a context. */
typedef struct IoContextDriver {
  uint32_t context; /* id; 0: none */
  uint32_t driver;  /* ordinal */
} IoContextDriver;

typedef struct IoState {
  SimLink queue; /* IoWorkItem.link: first come, first served */
  uint32_t queue_depth;
  struct KeSemaphore *queue_semaphore;
  uint32_t worker_count;
  uint32_t driver_count; /* drivers that are loading, loaded or unloading */
  uint32_t driver_only;  /* ordinal of that one, if it is one */
  IoLink links[IO_LINK_COUNT_MAX];
  IoContextDriver context_drivers[SIM_CONTEXT_COUNT_MAX + 2]; /* by context slot */
  bool is_begun;
} IoState;
