/* Conditions of filters: read from what a driver gives, weighed, matched. W-FLT-1, W-FLT-2, W-FLT-5, W-FLT-6. */
#include "wfp.h"

#include "../mm/mm.h"
#include "../model.h"

/* ---- the types of fields and values ---- */

static bool text_ends(const char *text, const char *with) {
  unsigned length = 0, size = 0;
  while (text[length] != '\0')
    length++;
  while (with[size] != '\0')
    size++;
  return length >= size && __builtin_memcmp(text + length - size, with, size) == 0;
}

static bool layer_is_v6(const WfpLayer *layer) { return text_ends(layer->name, "_V6") || text_ends(layer->name, "_V6_DISCARD"); }

/* What a field's values are; FWP_EMPTY: not looked at. */
static FWP_DATA_TYPE field_type(const WfpLayer *layer, unsigned field) {
  char name[64];
  if (!wfp_field_name(layer, field, name, sizeof name))
    return FWP_EMPTY;
  if (text_ends(name, "_PORT") && !text_ends(name, "SYSTEM_PORT") && !text_ends(name, "NDIS_PORT"))
    return FWP_UINT16;
  if (text_ends(name, "IP_PROTOCOL"))
    return FWP_UINT8;
  if (text_ends(name, "IP_LOCAL_ADDRESS") || text_ends(name, "IP_REMOTE_ADDRESS"))
    return layer_is_v6(layer) ? FWP_BYTE_ARRAY16_TYPE : FWP_UINT32;
  if (text_ends(name, "FLAGS") || text_ends(name, "DIRECTION") || text_ends(name, "REAUTHORIZE_REASON"))
    return FWP_UINT32;
  return FWP_EMPTY;
}

static bool is_unsigned(unsigned type) { return type >= FWP_UINT8 && type <= FWP_UINT64; }
static bool is_integer(unsigned type) { return type >= FWP_UINT8 && type <= FWP_INT64; }

/* A single value of a type that the field takes? */
static bool type_fits(FWP_DATA_TYPE wanted, unsigned type) {
  if (wanted == FWP_EMPTY || wanted == (FWP_DATA_TYPE)type || type == FWP_EMPTY)
    return true;
  return (wanted == FWP_UINT32 && type == FWP_V4_ADDR_MASK) || (wanted == FWP_BYTE_ARRAY16_TYPE && type == FWP_V6_ADDR_MASK);
}

/* ---- reading ---- */

static uint64_t integer_read(const FWP_VALUE0 *value) {
  switch (value->type) {
  case FWP_UINT8: return value->uint8;
  case FWP_UINT16: return value->uint16;
  case FWP_UINT32: return value->uint32;
  case FWP_UINT64:
  case FWP_INT64: mm_probe_read(value->uint64, sizeof(UINT64)); return *value->uint64;
  case FWP_INT8: return (uint64_t)value->int8;
  case FWP_INT16: return (uint64_t)value->int16;
  case FWP_INT32: return (uint64_t)value->int32;
  default: return 0;
  }
}

static void bytes_read(WfpCondition *condition, const void *from, uint32_t size) {
  mm_probe_read(from, size);
  RtlCopyMemory(condition->bytes, from, size);
}

static void blob_read(WfpCondition *condition, const FWP_BYTE_BLOB *blob) {
  mm_probe_read(blob, sizeof *blob);
  if (blob->size == 0)
    return;
  mm_probe_read(blob->data, blob->size);
  condition->blob = sim_heap_allocate(blob->size);
  condition->blob_size = blob->size;
  RtlCopyMemory(condition->blob, blob->data, blob->size);
}

static NTSTATUS range_read(WfpCondition *condition, const FWP_RANGE0 *range) {
  mm_probe_read(range, sizeof *range);
  if (range->valueLow.type != range->valueHigh.type)
    return STATUS_FWP_TYPE_MISMATCH;
  condition->type = (uint16_t)range->valueLow.type;
  if (!is_integer(condition->type))
    return STATUS_SUCCESS; /* Simplified: matches everything */
  condition->low = integer_read(&range->valueLow);
  condition->high = integer_read(&range->valueHigh);
  return condition->low <= condition->high ? STATUS_SUCCESS : STATUS_FWP_INVALID_RANGE;
}

/* The union of a condition's value begins like that of a value. */
static NTSTATUS value_read(WfpCondition *condition, const FWP_CONDITION_VALUE0 *value) {
  condition->type = (uint16_t)value->type;
  switch ((unsigned)value->type) {
  case FWP_RANGE_TYPE: return range_read(condition, value->rangeValue);
  case FWP_V4_ADDR_MASK:
    mm_probe_read(value->v4AddrMask, sizeof(FWP_V4_ADDR_AND_MASK));
    condition->high = value->v4AddrMask->mask;
    condition->low = value->v4AddrMask->addr & value->v4AddrMask->mask;
    return STATUS_SUCCESS;
  case FWP_V6_ADDR_MASK:
    mm_probe_read(value->v6AddrMask, sizeof(FWP_V6_ADDR_AND_MASK));
    bytes_read(condition, value->v6AddrMask->addr, 16);
    condition->high = value->v6AddrMask->prefixLength;
    return value->v6AddrMask->prefixLength <= 128 ? STATUS_SUCCESS : STATUS_FWP_INVALID_NET_MASK;
  case FWP_BYTE_ARRAY16_TYPE: bytes_read(condition, value->byteArray16, 16); return STATUS_SUCCESS;
  case FWP_BYTE_BLOB_TYPE: blob_read(condition, value->byteBlob); return STATUS_SUCCESS;
  default: condition->low = integer_read((const FWP_VALUE0 *)value); return STATUS_SUCCESS;
  }
}

static bool match_fits(const WfpCondition *condition, FWP_DATA_TYPE given) {
  switch (condition->match) {
  case FWP_MATCH_GREATER:
  case FWP_MATCH_LESS:
  case FWP_MATCH_GREATER_OR_EQUAL:
  case FWP_MATCH_LESS_OR_EQUAL: return is_integer(condition->type);
  case FWP_MATCH_RANGE: return given == FWP_RANGE_TYPE;
  case FWP_MATCH_FLAGS_ALL_SET:
  case FWP_MATCH_FLAGS_ANY_SET:
  case FWP_MATCH_FLAGS_NONE_SET: return is_unsigned(condition->type);
  default: return given != FWP_RANGE_TYPE;
  }
}

static NTSTATUS condition_read(const WfpLayer *layer, const FWPM_FILTER_CONDITION0 *given, WfpCondition *condition) {
  int field = wfp_field_by_guid(layer, (const uint8_t *)&given->fieldKey);
  if (field < 0)
    return STATUS_FWP_CONDITION_NOT_FOUND;
  if (given->matchType >= FWP_MATCH_TYPE_MAX)
    return STATUS_FWP_INVALID_ENUMERATOR;
  condition->field = (uint8_t)field;
  condition->match = (uint8_t)given->matchType;
  NTSTATUS status = value_read(condition, &given->conditionValue);
  if (status != STATUS_SUCCESS)
    return status;
  if (!match_fits(condition, given->conditionValue.type))
    return STATUS_FWP_MATCH_TYPE_MISMATCH;
  return type_fits(field_type(layer, (unsigned)field), condition->type) ? STATUS_SUCCESS : STATUS_FWP_TYPE_MISMATCH;
}

NTSTATUS wfp_conditions_read(const WfpLayer *layer, const FWPM_FILTER0 *filter, WfpCondition **conditions, uint32_t *count) {
  *conditions = NULL;
  *count = 0;
  if (filter->numFilterConditions == 0)
    return STATUS_SUCCESS;
  if (filter->numFilterConditions > WFP_CONDITION_COUNT_MAX)
    return STATUS_INSUFFICIENT_RESOURCES;
  mm_probe_read(filter->filterCondition, filter->numFilterConditions * sizeof *filter->filterCondition);
  *conditions = sim_heap_allocate(filter->numFilterConditions * sizeof **conditions);
  *count = filter->numFilterConditions;
  for (uint32_t at = 0; at < *count; at++) {
    NTSTATUS status = condition_read(layer, &filter->filterCondition[at], &(*conditions)[at]);
    if (status != STATUS_SUCCESS)
      return status;
  }
  return STATUS_SUCCESS;
}

/* ---- weight: how is not documented; more conditions weigh more, then exact ones more than ranges ([MODEL], W-FLT-2) ---- */

uint64_t wfp_conditions_weight(const WfpCondition *conditions, uint32_t count) {
  uint64_t exact = 0;
  for (uint32_t at = 0; at < count; at++)
    exact += conditions[at].match == FWP_MATCH_EQUAL && conditions[at].type < FWP_V4_ADDR_MASK;
  return (uint64_t)count << 40 | exact << 32;
}

/* ---- matching ---- */

/* The first `bits` of two addresses. */
static bool prefix_equal(const uint8_t *one, const uint8_t *other, uint64_t bits) {
  for (unsigned bit = 0; bit < bits; bit++)
    if ((one[bit / 8] ^ other[bit / 8]) >> (7 - bit % 8) & 1)
      return false;
  return true;
}

static bool value_equal(const WfpCondition *condition, const WfpValue *value) {
  switch (condition->type) {
  case FWP_EMPTY: return value->type == FWP_EMPTY;
  case FWP_V4_ADDR_MASK: return (value->number & condition->high) == condition->low;
  case FWP_V6_ADDR_MASK: return value->bytes != NULL && prefix_equal(value->bytes, condition->bytes, condition->high);
  case FWP_BYTE_ARRAY16_TYPE: return value->bytes != NULL && prefix_equal(value->bytes, condition->bytes, 128);
  case FWP_BYTE_BLOB_TYPE:
    return value->bytes != NULL && value->size == condition->blob_size && __builtin_memcmp(value->bytes, condition->blob, value->size) == 0;
  default: return !is_integer(condition->type) || value->number == condition->low; /* Simplified: security descriptors, tokens match all */
  }
}

static bool condition_matches(const WfpCondition *condition, const WfpValue *value) {
  if (value->type == FWP_EMPTY && condition->type != FWP_EMPTY)
    return condition->match == FWP_MATCH_NOT_EQUAL;
  switch (condition->match) {
  case FWP_MATCH_EQUAL:
  case FWP_MATCH_EQUAL_CASE_INSENSITIVE:
  case FWP_MATCH_PREFIX: return value_equal(condition, value);
  case FWP_MATCH_NOT_EQUAL:
  case FWP_MATCH_NOT_PREFIX: return !value_equal(condition, value);
  case FWP_MATCH_GREATER: return value->number > condition->low;
  case FWP_MATCH_LESS: return value->number < condition->low;
  case FWP_MATCH_GREATER_OR_EQUAL: return value->number >= condition->low;
  case FWP_MATCH_LESS_OR_EQUAL: return value->number <= condition->low;
  case FWP_MATCH_RANGE: return !is_integer(condition->type) || (value->number >= condition->low && value->number <= condition->high);
  case FWP_MATCH_FLAGS_ALL_SET: return (value->number & condition->low) == condition->low;
  case FWP_MATCH_FLAGS_ANY_SET: return (value->number & condition->low) != 0;
  default: return (value->number & condition->low) == 0;
  }
}

/* Conditions on one field that follow one another are ORed, all others ANDed. */
bool wfp_filter_matches(const WfpFilter *filter, const WfpRequest *request) {
  uint32_t at = 0;
  while (at < filter->condition_count) {
    uint8_t field = filter->conditions[at].field;
    bool is_met = false;
    for (; at < filter->condition_count && filter->conditions[at].field == field; at++)
      is_met |= condition_matches(&filter->conditions[at], &request->values[field]);
    if (!is_met)
      return false;
  }
  return true;
}
