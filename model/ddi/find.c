/* Look-ups in the tables of ddi.h: binary searches. Stdint only. */
#include "ddi.h"

extern const uint16_t ddi_function_order[]; /* positions in the order of ids: generated with the rows */
extern const uint16_t ddi_callback_order[];

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

const DdiFunction *ddi_function_find(const char *name) { return find(name, ddi_functions, ddi_function_count, sizeof *ddi_functions); }
const DdiCallback *ddi_callback_find(const char *name) { return find(name, ddi_callbacks, ddi_callback_count, sizeof *ddi_callbacks); }
const DdiConstant *ddi_constant_find(const char *name) { return find(name, ddi_constants, ddi_constant_count, sizeof *ddi_constants); }
const DdiGuid *ddi_guid_find(const char *name) { return find(name, ddi_guids, ddi_guid_count, sizeof *ddi_guids); }

DdiTypeIndex ddi_type_find(const char *name) {
  const DdiTypeName *row = find(name, ddi_type_names, ddi_type_name_count, sizeof *ddi_type_names);
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
