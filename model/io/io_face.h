/*
 * io_face.h: drivers, devices, work items and requests for those outside of the WDK world: the scenario runner, user-mode processes, Verifier.
 * What happens at a time of the scenario is in stimulus.h. Stdint and sim only.
 */
#pragma once

#include "io_state.h"

#include <stdbool.h>
#include <stdint.h>

/* From model_begin, after ke_begin: worker threads and their queue. */
void io_begin(void);

/* ---- whose code runs ---- */

/* The driver (ordinal) whose code the current context runs, or called the model from; 0: Windows' own. */
uint32_t io_driver_current(void);
/* The current context is about to run code of that driver. Returns the one it ran before: give it back on return. */
uint32_t io_driver_enter(uint32_t driver);
/* May code at this address run? False when it was an unloaded driver's. */
bool io_code_is_loaded(uint64_t address);

/* ---- drivers ---- */

typedef struct IoDriverLoad {
  const char *name;      /* "fw": copied; \Driver\fw, ...\Services\fw, the name in reports */
  uint64_t entry;        /* address of DriverEntry; 0 for io_driver_adopt */
  uint64_t unload;       /* without DriverEntry: address of DriverUnload; 0: none */
  uint64_t code_address; /* of its image or its step functions: what tells drivers apart */
  uint64_t code_size;
} IoDriverLoad;

/* At that virtual time a system thread at PASSIVE_LEVEL calls DriverEntry; EVENT_DRIVER_LOAD. DRIVER_OBJECT exists when this returns: its ordinal.
 * From the host's own stack or from any context. */
uint32_t io_driver_load(const IoDriverLoad *load, uint64_t time_ns);
/* A driver without DriverEntry: set_up(argument, ordinal) is called instead, counting as the driver's code; its result stands for DriverEntry's.
 * NULL: there is nothing to set up. */
uint32_t io_driver_adopt(const IoDriverLoad *load, uint64_t time_ns, int32_t (*set_up)(void *argument, uint32_t driver), void *argument);
/* At that virtual time a system thread at PASSIVE_LEVEL calls DriverUnload, then looks at what is left; EVENT_DRIVER_UNLOAD. Where a file of one of
 * its devices is open it is called when the last one has been closed, and none is opened until then. Nothing happens to a driver that is not loaded
 * or has no DriverUnload. */
void io_driver_unload(uint32_t driver, uint64_t time_ns);

const IoDriver *io_driver(uint32_t driver); /* NULL: no such driver */
uint32_t io_driver_find(const char *name);  /* ordinal of the driver of that name that is not gone; 0: none */

/* ---- devices ---- */

/* The driver's first DEVICE_OBJECT, as its DRIVER_OBJECT says: guest address; 0: none. */
uint64_t io_driver_device(uint32_t driver);
/* A device of a driver without DriverEntry: \Device\NAME with the link \??\NAME. Guest address of the DEVICE_OBJECT; 0: no memory. */
uint64_t io_device_create(uint32_t driver, const char *name, uint32_t extension_size);
/* The DEVICE_OBJECT behind a name as user mode writes it ("\\.\fw") or the kernel ("\??\fw", "\Device\fw"); 0: none. */
uint64_t io_device_find(const char *name);

/* ---- requests of user mode: in a thread, in a system call, at PASSIVE_LEVEL. They wait until the request is completed. ---- */

typedef struct IoControl {
  uint32_t code;
  const void *input; /* in memory of the model or of the process */
  uint32_t input_size;
  void *output;
  uint32_t output_size;
  uint64_t information; /* out: IoStatus.Information */
} IoControl;

/* CreateFile: IRP_MJ_CREATE to the device. Returns the FILE_OBJECT; 0 with *status (NTSTATUS). */
uint64_t io_file_open(uint64_t device, int32_t *status);
/* DeviceIoControl: IRP_MJ_DEVICE_CONTROL. Returns its NTSTATUS. */
int32_t io_file_control(uint64_t file, IoControl *control);
/* CloseHandle: IRP_MJ_CLEANUP, then IRP_MJ_CLOSE. */
void io_file_close(uint64_t file);

/* The three in one: opens the device, sends the code, closes it. A driver without IRP_MJ_CREATE, which nobody can open, gets the code all the
 * same. */
int32_t io_device_control(uint64_t device, IoControl *control);

/* ---- work ---- */

/* Runs routine(device, context) of the driver as a work item, queued by a system thread at that time; a driver without a device is lent one. */
void io_work_item_at(uint32_t driver, uint64_t routine, uint64_t context, uint64_t time_ns);
/* Runs routine(context) of the driver in a system thread that begins at that time; cpu -1: any. `irql`: what it has raised itself to before. */
void io_thread_at(uint32_t driver, uint64_t routine, uint64_t context, int cpu, SimIrql irql, uint64_t time_ns);

/* Windows' own work, done by a system worker thread at PASSIVE_LEVEL. For other parts of the model. <= DISPATCH_LEVEL. */
void io_work_queue(void (*routine)(void *argument), void *argument);

/* Guest memory is used for something else: work items in it are no more. A queued one is CONTRACT_WORK_ITEM_QUEUED, and is garbage to the worker
 * that takes it (bug check 0x96). */
void io_range_forget(uint64_t address, uint64_t size);
