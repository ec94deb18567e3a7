/*
 * coverage_internal.h: reading a coverage document: what coverage.c and coverage_print.c share.
 */
#pragma once

#include "coverage.h"

/* The object under that key; NULL: there is none. `json` may be NULL. Borrowed. */
json_object *coverage_part(json_object *json, const char *key);
uint64_t coverage_count(json_object *json, const char *key);

int coverage_by_name(gconstpointer a, gconstpointer b);
int coverage_by_number(gconstpointer a, gconstpointer b);
/* The keys of an object, sorted. The array is owned by the caller, its strings are borrowed. */
GPtrArray *coverage_keys(json_object *json, GCompareFunc compare);
