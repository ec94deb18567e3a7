/* The test's DDI, and what model/guest needs of the rest of the model. */
#include "harness.h"

#include "model/ddi/ddi.h"
#include "model/guest/guest.h"
#include "model/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

Outcome *harness_outcome;

void harness_log(const char *format, ...) {
  size_t length = strlen(harness_outcome->log);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(harness_outcome->log + length, sizeof harness_outcome->log - length, format, arguments);
  va_end(arguments);
}

/* ---- the DDI ---- */

typedef unsigned long long u64;

static u64 TestTen(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f, u64 g, u64 h, u64 i, u64 j) {
  harness_log("ten(%llu %llu %llu %llu %llu %llu %llu %llu %llu %llu) ", a, b, c, d, e, f, g, h, i, j);
  return a + b + c + d + e + f + g + h + i + j;
}

static void TestLog(u64 value) { harness_log("%llx ", value); }

static void *TestAllocate(u64 size) {
  SimMachine *machine = sim_machine();
  u64 pages = (size + SIM_PAGE_SIZE - 1) / SIM_PAGE_SIZE;
  u64 block = sim_pages_allocate(machine, pages, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE | SIM_PAGE_SHADOWED);
  sim_granules_open(machine, block, size);
  return (void *)(uintptr_t)block;
}

static void TestFree(void *block) { sim_granules_close(sim_machine(), (u64)(uintptr_t)block, SIM_PAGE_SIZE, SIM_GRANULE_FREED); }

static void TestPoint(void) { sim_point(sim_machine(), SIM_POINT_CALL, 1, 0, 100); }

static u64 TestCallback(u64 function, u64 argument) {
  u64 arguments[16] = { argument, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
  return guest_call(function, (const uint64_t *)arguments, 10);
}

static void DbgPrint(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  u64 first = va_arg(arguments, u64), second = va_arg(arguments, u64);
  va_end(arguments);
  harness_log("print(%s %llu %llu) ", format, first, second);
}

#define ROW(function, ...)                                                                                                                 \
  { .name = #function, .id = 1, .entry = (void (*)(void))(function), __VA_ARGS__ }
const DdiFunction ddi_functions[] = { ROW(DbgPrint, .is_variadic = true),      ROW(TestAllocate, .parameter_count = 1),
                                      ROW(TestCallback, .parameter_count = 2), ROW(TestFree, .parameter_count = 1),
                                      ROW(TestLog, .parameter_count = 1),      ROW(TestPoint, .parameter_count = 0),
                                      ROW(TestTen, .parameter_count = 10) };
const uint32_t ddi_function_count = sizeof ddi_functions / sizeof ddi_functions[0];

const DdiGuid ddi_guids[] = { { .name = "GUID_TEST", .bytes = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } } };
const uint32_t ddi_guid_count = 1;

const DdiFunction *ddi_function_find(const char *name) {
  for (uint32_t i = 0; i < ddi_function_count; i++)
    if (strcmp(ddi_functions[i].name, name) == 0)
      return &ddi_functions[i];
  return NULL;
}

const DdiGuid *ddi_guid_find(const char *name) { return strcmp(name, ddi_guids[0].name) == 0 ? ddi_guids : NULL; }

/* ---- of the model ---- */

void ddi_not_modelled(const char *name);
void ddi_not_modelled(const char *name) { sim_stop(sim_machine(), SIM_STOP_NOT_MODELLED, name); }

bool io_code_is_loaded(uint64_t address);
bool io_code_is_loaded(uint64_t address) { return address != 0; }

void mm_exception(int32_t status, uint64_t instruction, uint64_t information0, uint64_t information1);
void mm_exception(int32_t status, uint64_t instruction, uint64_t information0, uint64_t information1) {
  (void)instruction, (void)information0, (void)information1;
  harness_outcome->exception = (uint32_t)status;
  sim_stop(sim_machine(), SIM_STOP_BUGCHECK, "exception");
  __builtin_unreachable();
}

static void fault_note(SimMachine *machine, const SimFault *fault) {
  harness_outcome->has_fault = true;
  harness_outcome->fault = *fault;
  harness_outcome->frame_count = machine->current->frame_count;
  memcpy(harness_outcome->frames, machine->current->frames, sizeof harness_outcome->frames);
  sim_stop(machine, SIM_STOP_BUGCHECK, "fault");
}

void fakes_begin(SimMachine *machine) {
  machine->fault_handler = fault_note;
  memset((void *)SIM_MODEL_BASE, 0, sizeof(ModelState));
}
