/* Look-ups in the tables of ddi.h: binary searches. Stdint only. */
#include "ddi_find.h"

static int compare(const char *left, const char *right) {
  while (*left != '\0' && *left == *right) {
    left++;
    right++;
  }
  return (unsigned char)*left - (unsigned char)*right;
}

/* Every table begins its rows with the name. Returns the row, or NULL. */
static const void *find(const char *name, const void *rows, uint32_t count, size_t row_size) {
  uint32_t low = 0;
  uint32_t high = count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const void *row = (const char *)rows + middle * row_size;
    int order = compare(name, *(const char *const *)row);
    if (order == 0)
      return row;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

/* The same by another name that the headers give it. */
static const void *find_alias(const char *name, const void *rows, uint32_t count, size_t row_size) {
  const DdiAlias *alias = find(name, ddi_aliases, ddi_alias_count, sizeof *ddi_aliases);
  return find(alias != NULL ? alias->target : name, rows, count, row_size);
}

const DdiConstant *ddi_constant_find(const char *name) { return find(name, ddi_constants, ddi_constant_count, sizeof *ddi_constants); }
const DdiGuid *ddi_guid_find(const char *name) { return find(name, ddi_guids, ddi_guid_count, sizeof *ddi_guids); }

const DdiFunction *ddi_function_find(const char *name) {
  return find_alias(name, ddi_functions, ddi_function_count, sizeof *ddi_functions);
}

const DdiCallback *ddi_callback_find(const char *name) {
  return find_alias(name, ddi_callbacks, ddi_callback_count, sizeof *ddi_callbacks);
}

DdiTypeIndex ddi_type_find(const char *name) {
  const DdiTypeName *row = find_alias(name, ddi_type_names, ddi_type_name_count, sizeof *ddi_type_names);
  return row != NULL ? row->type : UINT32_MAX;
}

const DdiFunction *ddi_function_by_id(uint32_t id) {
  uint32_t low = 0;
  uint32_t high = ddi_function_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const DdiFunction *row = &ddi_functions[ddi_function_order[middle]];
    if (row->id == id)
      return row;
    if (id < row->id)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

const DdiCallback *ddi_callback_by_id(uint32_t id) {
  uint32_t low = 0;
  uint32_t high = ddi_callback_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const DdiCallback *row = &ddi_callbacks[ddi_callback_order[middle]];
    if (row->id == id)
      return row;
    if (id < row->id)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}
