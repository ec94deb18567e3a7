/*
 * io_face.h: drivers, devices, work items and requests for those outside of the WDK world: the scenario runner, user-mode processes, Verifier.
 * Stdint and sim only.
 */
#pragma once

#include "io_state.h"

#include <stdbool.h>
#include <stdint.h>

struct KeProcess;

/* From model_begin, after ke_begin: worker threads and the queue. */
void io_begin(void);

/* ---- whose code runs ---- */

/* The driver (ordinal) whose code the current context runs, or called the model from; 0: Windows' own. */
uint32_t io_driver_current(void);
/* The current context is about to run code of that driver. Returns the one it ran before: give it back on return. */
uint32_t io_driver_enter(uint32_t driver);
/* The driver of that name that has not failed or been unloaded; 0: none. */
uint32_t io_driver_find(const char *name);
/* May code at this address still run? False when its driver has been unloaded. */
bool io_code_is_loaded(uint64_t address);

/* ---- loading ---- */

typedef struct IoDriverLoad {
  const char *name;      /* "fw": copied; \Driver\fw, ...\Services\fw */
  uint64_t entry;        /* address of DriverEntry; 0: a driver whose set-up is the caller's (io_driver_adopt) */
  uint64_t code_address; /* of its image or its step functions, for what tells drivers apart */
  uint64_t code_size;
  uint64_t unload; /* address of DriverUnload where there is no DriverEntry to set it; 0: none */
} IoDriverLoad;

/* A system thread at PASSIVE_LEVEL creates DRIVER_OBJECT and calls DriverEntry at that virtual time; EVENT_DRIVER_LOAD. Returns the driver's
 * ordinal at once. From the host's own stack or from any context. */
uint32_t io_driver_load(const IoDriverLoad *load, uint64_t time_ns);
/* A driver without DriverEntry: loaded now, and `set_up(argument, ordinal)` is called in a system thread where DriverEntry would be, its code
 * counting as the driver's; its result stands for DriverEntry's. set_up NULL: nothing is called. */
uint32_t io_driver_adopt(const IoDriverLoad *load, uint64_t time_ns, int32_t (*set_up)(void *argument, uint32_t driver), void *argument);
/* A system thread at PASSIVE_LEVEL calls DriverUnload at that virtual time, and looks at what is left; EVENT_DRIVER_UNLOAD. Nothing for a driver
 * that is not loaded or has no DriverUnload. */
void io_driver_unload(uint32_t driver, uint64_t time_ns);

const IoDriver *io_driver(uint32_t driver); /* NULL: no such driver */

/* Guest address of the driver's first DEVICE_OBJECT, the newest; 0: none. */
uint64_t io_driver_device(uint32_t driver);
/* A device made for a driver without DriverEntry: named \Device\NAME with a link \??\NAME. Returns the DEVICE_OBJECT; 0: no memory. */
uint64_t io_device_create(uint32_t driver, const char *name, uint32_t extension_size);

/* ---- stimuli ---- */

/* A work item of the driver's (with a device of Windows' own if it has none) is queued at that time; routine(device, context). */
void io_work_item_at(uint32_t driver, uint64_t routine, uint64_t context, uint64_t time_ns);
/* A system thread of the driver begins at that time: routine(context). cpu -1: any. `irql`: the level it has raised itself to before. */
void io_thread_at(uint32_t driver, uint64_t routine, uint64_t context, int cpu, SimIrql irql, uint64_t time_ns);

/* Windows' own work, done by a system worker thread at PASSIVE_LEVEL: for other parts of the model. <= DISPATCH_LEVEL. */
void io_work_queue(void (*routine)(void *argument), void *argument);

/* ---- requests ---- */

/* DeviceIoControl from a user-mode thread in a system call, at PASSIVE_LEVEL in its context: IRP_MJ_DEVICE_CONTROL to the device; waits until it
 * is completed. `input` and `output` are the caller's buffers, in memory of the model or of the process. Returns the NTSTATUS. */
int32_t io_device_control(uint64_t device, uint32_t code, const void *input, uint32_t input_size, void *output, uint32_t output_size,
                          uint64_t *information);
/* IRP_MJ_CREATE, or IRP_MJ_CLEANUP and IRP_MJ_CLOSE, to the device: what CreateFile and CloseHandle are. */
int32_t io_device_open(uint64_t device);
void io_device_close(uint64_t device);
/* The DEVICE_OBJECT behind a name as user mode writes it: "\\.\fw", "\??\fw", "\Device\fw"; 0: none. */
uint64_t io_device_find(const char *name);

/* ---- for model/ex and model/mm ---- */

/* Guest memory is used for something else: work items in it are no more; a queued one is CONTRACT_WORK_ITEM_QUEUED and leaves the queue. */
void io_range_forget(uint64_t address, uint64_t size);
