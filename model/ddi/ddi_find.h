/* ddi_find.h: what the look-ups of find.c know beside the tables of ddi.h. Generated; stdint only; for model/ddi alone. */
#pragma once

#include "ddi.h"

/* A macro that is but another name of a function or a type: "FWPS_CALLOUT", "FWPS_CALLOUT1". Sorted by name. */
typedef struct DdiAlias {
  const char *name;
  const char *target;
} DdiAlias;

extern const DdiAlias ddi_aliases[];
extern const uint32_t ddi_alias_count;

extern const uint16_t ddi_function_order[]; /* positions in ddi_functions in the order of ids */
extern const uint16_t ddi_callback_order[];
