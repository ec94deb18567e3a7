/*
 * irql.h: the interrupt request levels of x64 Windows. All that sim/ knows of Windows.
 * Names, values and order: wdm.h's AMD64 block; kernel/managing-hardware-priorities (K-IRQL-1).
 */
#pragma once

#include <stdint.h>

typedef uint8_t SimIrql;

enum {
  SIM_IRQL_PASSIVE = 0,
  SIM_IRQL_APC = 1,
  SIM_IRQL_DISPATCH = 2,
  SIM_IRQL_DEVICE_LOWEST = 3,
  SIM_IRQL_DEVICE_HIGHEST = 12,
  SIM_IRQL_CLOCK = 13,
  SIM_IRQL_IPI = 14,
  SIM_IRQL_HIGH = 15,
  SIM_IRQL_COUNT = 16,
};

/* "DISPATCH_LEVEL", "DIRQL 5", ...: as a person writes it. Constant strings. */
const char *sim_irql_name(SimIrql irql);
