/*
 * step.h: the step language: drivers written as data, each step a line that reads like the line of driver code it stands for.
 *
 *   "status = FwpsPendOperation0(inMetaValues->completionHandle, &context)"          an assignment, a call, ++ or --
 *   {"if": "EXPR", "then": [...], "else": [...]}    {"while": "EXPR", "do": [...]}
 *   {"for ever": [...]}    {"repeat": 3, "do": [...]}    "break"    "continue"    "return"    "return EXPR"
 *
 * Variables are "TYPE" or "TYPE = INITIAL VALUE" with Windows' types, pointers and arrays of them: "PFLT_PORT", "UCHAR[16]",
 * "ULONG = sizeof(verdict)", "LARGE_INTEGER = {0}", "FWPS_CALLOUT1 = {.classifyFn = classify}". A function that Windows calls has the
 * parameters of its callback type, by their documented names (inFixedValues, classifyOut, ...). A function without type, parameters and
 * result that is only handed to Windows (`KeInitializeDpc(&gDpc, OnDpc, NULL)`) is of the type wanted there.
 *
 * Expressions are C's, with Windows' sizes (LONG is 32 bits, pointers 64): all operators but casts from numbers to pointers, which only the
 * literal 0 and NULL become; structures are assigned whole; "..." and L"..." and 'Tag1'; sizeof; the constants and GUIDs of the
 * headers; functions of the DDI table; the driver's own functions and globals, and those of others as `driver.name`. The macros of the
 * headers that driver code uses most are there (step_macro.c): NT_SUCCESS, FIELD_OFFSET, CONTAINING_RECORD, IsListEmpty, ...
 *
 * All is resolved and type checked when loaded; a run looks up, allocates and formats nothing. Locals live on the context's guest stack, globals
 * in guest pages, and every touch of either passes sim_access, so that a step can be preempted, raced and faulted like compiled code. Locals
 * begin as 0xCC bytes. Recursion ends with the guest's stack overflow. Each step costs STEP_COST_NS of virtual time; each turn of a loop is a
 * scheduling point, so that polling ends when another CPU gives what is waited for, and an endless loop ends with a limit.
 */
#pragma once

#include "json.h"
#include "text.h"

#include "model/ddi/ddi.h"
#include "sim/machine.h"

typedef struct Scenario Scenario;

typedef struct StepProgram StepProgram;   /* all drivers of a scenario that are written as steps: immutable once compiled; host memory */
typedef struct StepDriver StepDriver;     /* one of them */
typedef struct StepFunction StepFunction; /* one function of a driver */
typedef struct StepGlobal StepGlobal;     /* one global of a driver */
typedef struct StepInstance StepInstance; /* a program installed in a machine: its memory; in the arena */

#define STEP_COST_NS 10

/* ---- building: host side, once a scenario ---- */

/* Everything that is wrong with the user's text is an error of SCENARIO_ERROR with its place. NULL with error. Returns owned; borrows the
 * scenario, which must outlive it. */
StepProgram *step_program_create(const Scenario *scenario, GError **error);
void step_program_free(StepProgram *program);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StepProgram, step_program_free)

/* The parts of step_program_create, for tests and for whoever has no Scenario. `file` is the name in messages; texts are borrowed. Nothing is
 * checked until step_program_compile, which must come last. */
StepProgram *step_program_new(const char *file);
StepDriver *step_driver_add(StepProgram *program, Text name);
void step_global_add(StepDriver *driver, Text name, Text declaration);
/* `callback` NULL: a plain function. `body`: the list of steps; NULL: none. */
StepFunction *step_function_add(StepDriver *driver, Text name, const DdiCallback *callback, const JsonValue *body);
void step_parameter_add(StepFunction *function, Text name, Text declaration);
void step_local_add(StepFunction *function, Text name, Text declaration);
void step_returns_set(StepFunction *function, Text type);
bool step_program_compile(StepProgram *program, GError **error);

/* ---- what a compiled program says: borrowed ---- */

StepFunction *step_program_find(const StepProgram *program, const char *driver, const char *function); /* NULL: none */
StepFunction *step_program_find_by_address(const StepProgram *program, uint64_t address);              /* NULL: none begins there */
StepGlobal *step_global_find(const StepProgram *program, const char *driver, const char *name);        /* NULL: none */

/* What driver code holds as the function's address: in [SIM_STEP_CODE_BASE, + SIM_STEP_CODE_SIZE), fixed by the order in the file. */
uint64_t step_function_address(const StepFunction *function);
const DdiCallback *step_function_callback(const StepFunction *function); /* as declared or inferred; NULL: a plain function */
unsigned step_function_parameter_count(const StepFunction *function);

/* A place in steps: what a SIM_SITE_STEP number stands for. Strings are the program's. */
typedef struct StepSite {
  const char *driver;   /* "fw" */
  const char *function; /* "classify" */
  uint32_t step;        /* from 1, as a person counts the strings and braces in reading order; 0: the function's entry and its locals */
  const char *text;     /* the step as written: `status = ...`, `while (EXPR)`; the function's name for its entry */
  const char *file;
  TextPosition position;
} StepSite;

/* False when the site is none of this program's. */
bool step_site_describe(const StepProgram *program, uint32_t site, StepSite *description);

/* ---- running ---- */

/* Gives the program its memory in a machine: nonpaged writable pages with the globals' initial values for each driver, read-only pages with
 * strings and GUIDs. Once a run, after sim_machine_begin, before any step; at the same point of every run, for addresses to be the same. Borrows
 * the program until the next sim_arena_reset. */
StepInstance *step_program_install(StepProgram *program, SimMachine *machine);

const StepProgram *step_instance_program(const StepInstance *instance);

/* Guest memory of one driver's globals, whole pages: for its image's range. Returns the address; *size may be 0 (then the address is, too). */
uint64_t step_driver_memory(const StepInstance *instance, const char *driver, uint64_t *size);

uint64_t step_global_address(const StepInstance *instance, const StepGlobal *global);
uint32_t step_global_size(const StepGlobal *global);
/* What is in it at that offset, of that size (0: the first thing that begins there): ".Entries[3].Count", " + 4" where no member is, "" for all of it.
 * Returns owned. */
char *step_global_part(const StepGlobal *global, uint32_t offset, uint32_t size);

/* The value of an integer, enumeration or pointer global, sign extended as its type says; false: it is an array or a structure. Looks without
 * being an access: for expectations. */
bool step_global_read(const StepInstance *instance, const StepGlobal *global, int64_t *value);

/* Runs the function in the current context, at its IRQL, to its end; the result widened to 64 bits. `count` arguments, widened; those that the
 * function has beyond them are 0. Frames of the guest's call stack are pushed and popped here. Allocates nothing. */
uint64_t step_function_run(const StepInstance *instance, const StepFunction *function, const uint64_t *arguments, unsigned count);

/* The same for an address in the step-code region: what guest_step_program_set takes (`instance` is a StepInstance). An address that is no
 * function's entry is an execution of memory that is none: a fault of the guest. */
uint64_t step_instance_call(void *instance, uint64_t address, const uint64_t *arguments, unsigned count);
