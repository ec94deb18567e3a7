/*
 * sandbox.h: a worker whose drivers are steps only needs next to nothing of the kernel once everything is loaded: a filter of system calls keeps it
 * so. Protects the host from a defect of irqlab that a hostile scenario file might use; it is no part of any result.
 */
#pragma once

/* From here on only what running and reporting need (memory, time, reading files, writing to what is open); anything else fails with EPERM. Does
 * nothing where the kernel refuses or the machine is not x86-64. */
void sandbox_enter(void);
