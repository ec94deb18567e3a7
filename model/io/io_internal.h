/*
 * io_internal.h: what the files of model/io share.
 */
#pragma once

#include <ntifs.h>

#include "../events.h"
#include "../ke/ke.h"
#include "../model.h"
#include "io_face.h"

#define IO_TAG_DRIVER 0x76697244u /* 'Driv' */
#define IO_TAG_DEVICE 0x69766544u /* 'Devi' */
#define IO_TAG_IRP 0x20707249u    /* 'Irp ' */
#define IO_TAG_WORK 0x49576f49u   /* 'IoWI' */

/* What MajorFunction[] holds until a driver sets it: compared and handed back, never called. */
#define IO_INVALID_DEVICE_REQUEST (SIM_STEP_CODE_BASE + SIM_STEP_CODE_SIZE - 16)

/* The body of the object of a kind at an address that a driver gave. There is none: EVENT_CONTRACT, then bug check 0xA for what Windows meets when
 * it follows what is there; does not return. */
void *io_body_at(const volatile void *address, ObjectKind kind);

void io_body_missing(const volatile void *address) __attribute__((noreturn)); /* what io_body_at does there */

/* A documented condition that a driver broke: EVENT_CONTRACT, with the call it was made in. */
void io_contract(uint32_t object, ModelContract contract, uint64_t address);

IoDriver *io_driver_body(uint32_t ordinal); /* NULL: no such driver */

/* ---- names ---- */

/* Copies at most IO_NAME_SIZE - 1 characters of a driver's string, which has been probed; terminates. */
void io_name_copy(uint16_t *name, PCUNICODE_STRING string);
void io_name_set(uint16_t *name, const char *first, const char *second);
bool io_name_equals(const uint16_t *left, const uint16_t *right); /* without case, as the object manager */
/* A string of Windows' own in nonpaged memory: two texts joined. Returns the guest address of the UNICODE_STRING. */
PUNICODE_STRING io_string_create(const char *first, const char *second);
void io_string_free(PUNICODE_STRING string);

/* What Windows itself needs is used up: the run ends with a limit. */
void io_memory_end(void) __attribute__((noreturn));

/* ---- devices ---- */

PDEVICE_OBJECT io_device_new(IoDriver *driver, uint32_t extension_size, const uint16_t *name);
void io_device_hold(IoDevice *device);
void io_device_release(IoDevice *device); /* the last one of a device that is to be deleted frees it */
/* DriverEntry has returned: devices are ready for use. */
void io_devices_start(const IoDriver *driver);

/* ---- drivers ---- */

void io_driver_hold(uint32_t driver);
/* A file of a device, or a request without one, begins and ends. While there is one DriverUnload is not called (kernel/unload-routine-environment).
 * False: the driver is to unload, and nothing new begins. */
bool io_driver_refer(uint32_t driver);
void io_driver_unrefer(uint32_t driver);
/* The last one of a driver whose DriverUnload has returned lets its image go. */
void io_driver_release(uint32_t driver);
/* What of a driver outlives its unload: EVENT_CONTRACT each, and Verifier's bug checks. */
void io_leftovers_check(const IoDriver *driver);
