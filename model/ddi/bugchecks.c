#include "bugchecks.h"

static int name_compare(const char *a, const char *b) {
  for (; *a != '\0' && *a == *b; a++, b++)
    ;
  return (unsigned char)*a - (unsigned char)*b;
}

const DdiBugcheck *ddi_bugcheck_find(uint32_t code) {
  for (size_t i = 0; i < ddi_bugcheck_count; i++)
    if (ddi_bugchecks[i].code == code)
      return &ddi_bugchecks[i];
  return NULL;
}

const DdiBugcheck *ddi_bugcheck_find_name(const char *name) {
  for (size_t i = 0; i < ddi_bugcheck_count; i++)
    if (name_compare(ddi_bugchecks[i].name, name) == 0)
      return &ddi_bugchecks[i];
  return NULL;
}

const DdiBugcheckCase *ddi_bugcheck_case_find(uint32_t code, uint64_t first) {
  for (size_t i = 0; i < ddi_bugcheck_case_count; i++)
    if (ddi_bugcheck_cases[i].code == code && ddi_bugcheck_cases[i].first == first)
      return &ddi_bugcheck_cases[i];
  return NULL;
}

const char *ddi_status_name(int32_t value) {
  for (size_t i = 0; i < ddi_status_count; i++)
    if (ddi_statuses[i].value == value)
      return ddi_statuses[i].name;
  return NULL;
}

const DdiStatus *ddi_status_find(const char *name) {
  for (size_t i = 0; i < ddi_status_count; i++)
    if (name_compare(ddi_statuses[i].name, name) == 0)
      return &ddi_statuses[i];
  return NULL;
}
