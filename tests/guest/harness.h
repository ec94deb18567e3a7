/*
 * harness.h: small drivers, built, loaded and run on a machine whose DDI is a handful of functions of the test: what model/guest and the guest_*
 * files of scenarios/loader do, without Windows.
 */
#pragma once

#include "scenarios/loader/guest_image.h"
#include "sim/machine.h"

#include <stdbool.h>
#include <stdint.h>

/* The test's DDI (fakes.c), as a driver declares it:
 *   ULONG64 TestTen(ULONG64 a, ..., ULONG64 j)     logs its arguments, returns their sum
 *   VOID TestLog(ULONG64 value)                    logs a number
 *   PVOID TestAllocate(ULONG64 size)               guest memory; its end is exact
 *   VOID TestFree(PVOID block)
 *   VOID TestPoint(VOID)                           a scheduling point
 *   ULONG64 TestCallback(PVOID function, ULONG64 argument)   calls driver code
 *   VOID DbgPrint(PCSTR format, ...)               logs two of its variadic arguments
 */

/* What a run came to. */
typedef struct Outcome {
  SimStop stop;
  char stop_text[64];
  bool has_fault;
  SimFault fault;     /* the first */
  uint32_t exception; /* 0: none */
  uint64_t result;    /* of the first function */
  uint64_t accesses;
  unsigned frame_count; /* of the guest's call stack when it stopped */
  SimFrame frames[SIM_FRAME_COUNT_MAX];
  char log[1024];
} Outcome;

/* Where harness_source puts a driver: a folder of its own; removed by harness_finish. */
const char *harness_folder(void);
void harness_begin(void);
void harness_finish(void);

/* Writes a file there. */
void harness_write(const char *name, const char *text);

/* Builds driver.c of the folder. NULL with *error (owned) when it cannot be built. */
GuestBuild *harness_build_files(const char *compiler, const char *const *files, size_t count, char **error);

/* Writes driver.c: the test DDI's declarations in line 1, then `text` from line 2; builds and loads it. Asserts that both work. */
GuestImage *harness_load(const char *compiler, const char *text);

/* The function `first` of the driver on cpu 0, `second` (NULL: none) on cpu 1. */
Outcome harness_run(GuestImage *image, const char *first, const char *second, const SimLimits *limits);

/* "driver.c:12 function" of a site; owned. */
char *harness_place(GuestImage *image, uint32_t site);

/* fakes.c */
extern Outcome *harness_outcome;
void harness_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fakes_begin(SimMachine *machine);

#define HARNESS_DECLARATIONS                                                                                                               \
  "#include <ntddk.h>\n#include <stdio.h>\n"                                                                                               \
  "#line 1 \"driver.c\"\n"                                                                                                                 \
  "ULONG64 TestTen(ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64); VOID TestLog(ULONG64); "     \
  "PVOID TestAllocate(ULONG64); VOID TestFree(PVOID); VOID TestPoint(VOID); ULONG64 TestCallback(PVOID, ULONG64);\n"
