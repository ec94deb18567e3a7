/*
 * interrupt.h: interrupts that drivers connected, for stimuli and the checked calls. Stdint only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The device interrupts: the service routine runs on that cpu, or on another that its connection allows. False: no driver ever connected the routine. */
bool io_interrupt_raise(uint64_t routine, uint8_t cpu);

/* SynchronizeIrql of the interrupt object at that address; `unknown` where there is none. */
uint8_t io_interrupt_irql(const volatile void *address, uint8_t unknown);
