/* types.h: the types of an object's debug information, each once, numbered by its key. Host side, for layout_dump only. */
#pragma once

#include "../ddi.h"

#include <elfutils/libdw.h>
#include <stdio.h>

typedef struct LayoutType {
  char *key;
  const char *name;
  DdiTypeKind kind;
  bool is_signed;
  bool is_union;
  bool is_complete; /* a struct whose fields were seen */
  bool is_reached;
  uint32_t size;
  uint32_t count;
  uint32_t field_first, field_count;
  struct LayoutType *target;
  uint32_t index;
  struct LayoutType *next; /* in the hash bucket */
} LayoutType;

typedef struct LayoutField {
  const char *name;
  LayoutType *type;
  uint32_t offset;
  uint8_t bit_offset, bit_size;
} LayoutField;

typedef struct LayoutName {
  const char *name;
  LayoutType *type;
  bool is_typedef;
} LayoutName;

typedef struct LayoutEnumerator {
  const char *name;
  long long value;
  LayoutType *type;
} LayoutEnumerator;

/* Typedefs of ddi_layout.gen.c itself. */
#define LAYOUT_OWN_PREFIX "ddi_type_of_"

/* Reads everything; returns the names of the variables of type GUID (owned by the caller). Ends the program when it cannot. */
const char **layout_read(Dwarf *dwarf, size_t *guid_count);

uint32_t layout_type_count(void);
const LayoutType *layout_type(uint32_t index);
uint32_t layout_field_count(void);
const LayoutField *layout_field(uint32_t index); /* grouped by struct, in the order of the types */
uint32_t layout_name_count(void);
const LayoutName *layout_name(uint32_t index); /* sorted */
bool layout_name_is_ours(const char *name);
uint32_t layout_enumerator_count(void);
const LayoutEnumerator *layout_enumerator(uint32_t index); /* sorted, each name once */
LayoutType *layout_integer(unsigned size, bool is_signed);
