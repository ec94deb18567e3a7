/* io_state.h: what a run changes in model/io: drivers, devices, work items, requests. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include "../../sim/machine.h"
#include "../ob/ob_state.h"

#include <stdbool.h>
#include <stdint.h>

#define IO_NAME_SIZE 64 /* characters of a name that the model keeps, with the terminator */

typedef enum IoDriverState {
  IO_DRIVER_LOADING, /* DriverEntry has not returned */
  IO_DRIVER_LOADED,
  IO_DRIVER_UNLOADING, /* DriverUnload runs, or work items still hold the driver */
  IO_DRIVER_GONE,      /* unloaded, or DriverEntry failed */
} IoDriverState;

/* The model's state of a DRIVER_OBJECT (body of its object). */
typedef struct IoDriver {
  uint32_t object; /* ordinal */
  uint8_t state;   /* IoDriverState */
  bool is_verified;
  bool has_entry;          /* DriverEntry is driver code */
  bool unloads_later;      /* it is to unload when nothing refers to its devices any more */
  uint32_t verifier_flags; /* MODEL_VERIFIER_* */
  int32_t status;          /* DriverEntry's */
  uint32_t holds;          /* work items queued or running: the image stays that long (K-WI-1) */
  uint32_t references;     /* files of its devices that are open, and requests: DriverUnload is not called that long */
  uint64_t entry;          /* DriverEntry */
  uint64_t code_address;   /* of its image or its step functions */
  uint64_t code_size;
  uint64_t driver_object; /* guest address of DRIVER_OBJECT */
  uint64_t registry_path; /* guest address of the UNICODE_STRING, while DriverEntry runs */
  uint64_t lent_device;   /* what work items of stimuli hold when the driver has no device; 0: not made */
  ObReferences pointers;
} IoDriver;

/* The model's state of a DEVICE_OBJECT (body of its object). */
typedef struct IoDevice {
  uint32_t object; /* ordinal */
  uint32_t driver; /* ordinal */
  uint32_t holds;  /* work items and requests: it goes when it is to be deleted and this is 0 */
  bool is_deleting;
  ObReferences pointers;
  uint16_t name[IO_NAME_SIZE];
} IoDevice;

typedef enum IoWorkItemKind {
  IO_WORK_ITEM_IO,    /* IO_WORKITEM: routine(device, context) or routine(object, context, item) */
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
  bool is_single;     /* is no more once it is out of the queue */
  bool is_garbage;    /* its structure was overwritten while queued: the worker that takes it stops with 0x96 */
  uint32_t driver;    /* ordinal of the driver it was queued by */
  uint32_t device;    /* ordinal of the device it holds; 0: none */
  uint64_t io_object; /* address of its device or driver object: what the routine is given */
  uint64_t routine;
  uint64_t context;
  void (*model_routine)(void *argument);
} IoWorkItem;

/* A symbolic link of the object name space. */
typedef struct IoLink {
  bool is_used;
  uint32_t driver; /* ordinal of who made it */
  uint16_t name[IO_NAME_SIZE];
  uint16_t target[IO_NAME_SIZE];
} IoLink;

#define IO_LINK_COUNT_MAX 16

/* A request that has not been completed (on the heap). */
typedef struct IoRequest {
  SimLink link;    /* in IoState.requests */
  uint64_t irp;    /* guest address */
  uint32_t device; /* ordinal */
  bool is_completed;
  int32_t status;
  uint64_t information;
  void *completed; /* KeEvent: set when it is completed */
  void *output;    /* the caller's buffer, and what may be copied to it */
  uint32_t output_size;
  uint64_t system_buffer; /* guest address; 0: none */
} IoRequest;

typedef struct IoState {
  SimLink queue;         /* IoWorkItem.link: first come, first served */
  void *queue_semaphore; /* KeSemaphore: counts the queue */
  SimLink requests;      /* IoRequest.link */
  uint32_t driver_count; /* drivers that are not gone */
  uint32_t driver_last;  /* ordinal of the one loaded last */
  IoLink links[IO_LINK_COUNT_MAX];
  bool is_begun;
  SimLink interrupts; /* of drivers (interrupt.c), also those that are disconnected */
} IoState;
