/*
 * flt_face.h: what the scenario runner needs of the Filter Manager, for drivers written as steps whose filter and ports irqlab opens. Stdint only.
 */
#pragma once

#include <stdint.h>

/* From a context at PASSIVE_LEVEL: registers and starts a filter for a driver (ordinal of its object; 0: none) and stores its pointer in the
 * guest variable. Returns the filter's address. */
uint64_t flt_driver_filter_open(uint32_t driver, const char *name, uint64_t variable);

/* A server port of that filter under a name; each connection sets the guest variable (a PFLT_PORT) to its client port, and a disconnect sets it to
 * NULL through FltCloseClientPort. Returns an NTSTATUS. */
int32_t flt_driver_port_open(uint64_t filter, const char *name, uint64_t variable);
