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

#define DDI_FAULT_COUNT_MAX 40

/* The scenario names a call that fails: the nth of those of a function, all or those within certain driver code. */
typedef struct DdiFault {
  uint32_t function;     /* DdiFunction.id */
  uint32_t failure;      /* with the n-th of its failures, from 1 */
  uint32_t nth;          /* from 1; 0: every one */
  uint32_t met;          /* so far */
  uint64_t code_address; /* within calls of driver code in [code_address, code_address + code_size) */
  uint64_t code_size;    /* 0: wherever it is called */
} DdiFault;

typedef struct DdiState {
  uint32_t code_count;
  DdiCode code[DDI_CODE_COUNT_MAX];
  uint32_t fault_count;
  DdiFault faults[DDI_FAULT_COUNT_MAX];
} DdiState;

/* From now on that call fails. Before drivers are loaded, with `met` 0. */
void ddi_fault_add(const DdiFault *fault);
/* The n-th that was added, as the run left it; NULL: there are fewer. */
const DdiFault *ddi_fault(uint32_t number);

/* Says that [address, address + size) is that driver's code; whoever loads a driver says it before DriverEntry. */
void ddi_code_add(uint64_t address, uint64_t size, uint32_t driver);
/* The driver whose code an address is, for EVENT_CALLBACK.object; 0: nobody's. */
uint32_t ddi_code_driver(uint64_t address);
