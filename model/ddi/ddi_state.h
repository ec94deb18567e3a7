/* ddi_state.h: what a run changes in model/ddi: whose code lies where. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

#define DDI_CODE_COUNT_MAX 32

/* A range of driver code: a loaded image, or the addresses that stand for a driver's step functions. */
typedef struct DdiCode {
  uint64_t address;
  uint64_t size;
  uint32_t driver; /* ordinal */
} DdiCode;

typedef struct DdiState {
  uint32_t code_count;
  DdiCode code[DDI_CODE_COUNT_MAX];
} DdiState;

/* Says that [address, address + size) is that driver's code; whoever loads a driver says it before DriverEntry. */
void ddi_code_add(uint64_t address, uint64_t size, uint32_t driver);
/* The driver whose code an address is, for EVENT_CALLBACK.object; 0: nobody's. */
uint32_t ddi_code_driver(uint64_t address);
