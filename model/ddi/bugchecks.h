/*
 * bugchecks.h: bug checks and NTSTATUS codes as data: names, codes, the meaning of parameters, what Windows does.
 * Generated from model/ddi/table/bugchecks.toml and status.toml; constant. Stdint only: model, scenarios and reports read it.
 */
#pragma once

#include "windows.h"

#include <stddef.h>
#include <stdint.h>

typedef struct DdiBugcheck {
  uint32_t code;
  const char *name;          /* "INVALID_PROCESS_ATTACH_ATTEMPT" */
  DdiWindows since;          /* first version that can stop with it */
  const char *parameters[4]; /* what each means: "the process to attach to"; "" where reserved */
  const char *meaning;       /* one sentence: when Windows stops with it */
  const char *page;          /* "bug-check-0x5" */
} DdiBugcheck;

/* What a code means for one value of its first parameter: 0xC4 and 0xC7 are many bug checks in one. */
typedef struct DdiBugcheckCase {
  uint32_t code;
  uint64_t first;            /* parameter 1 */
  const char *parameters[4]; /* parameters[0]: what the value stands for */
  const char *meaning;
} DdiBugcheckCase;

extern const DdiBugcheck ddi_bugchecks[]; /* sorted by code */
extern const size_t ddi_bugcheck_count;
extern const DdiBugcheckCase ddi_bugcheck_cases[]; /* sorted by code, then first */
extern const size_t ddi_bugcheck_case_count;

const DdiBugcheck *ddi_bugcheck_find(uint32_t code);                          /* NULL: not in the table */
const DdiBugcheck *ddi_bugcheck_find_name(const char *name);                  /* NULL: none */
const DdiBugcheckCase *ddi_bugcheck_case_find(uint32_t code, uint64_t first); /* NULL: none */

typedef struct DdiStatus {
  int32_t value;
  const char *name;    /* "STATUS_TIMEOUT" */
  const char *meaning; /* one phrase */
} DdiStatus;

extern const DdiStatus ddi_statuses[]; /* sorted by value as unsigned */
extern const size_t ddi_status_count;

const char *ddi_status_name(int32_t value);         /* NULL: not in the table */
const DdiStatus *ddi_status_find(const char *name); /* NULL: none */
