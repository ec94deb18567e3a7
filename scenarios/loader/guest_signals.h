/*
 * guest_signals.h: driver code that crashes or never ends: what no hook saw, told by the processor or the clock, is the guest's trouble and costs
 * the run only. A signal that driver code has nothing to do with is irqlab's own defect and takes its usual course.
 */
#pragma once

/* Handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP and SIGALRM, on a stack of their own; those before are called for what is not the guest's.
 * Once a process; again does nothing. */
void guest_signals_install(void);

/* Around sim_machine_run when compiled drivers are loaded: a clock that ends driver code that neither calls nor touches anything once the run's
 * host time is used up. */
void guest_clock_start(void);
void guest_clock_stop(void);
