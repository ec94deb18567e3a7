/*
 * step_type.h: the types of the step language: those of the DDI's headers, and pointers and arrays made of them. Host side, at load.
 *
 * Each type exists once in a StepTypes, so that equal types are equal pointers. Sizes are Windows' on x64.
 */
#pragma once

#include "model/ddi/ddi.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct StepType StepType;

struct StepType {
  uint8_t kind; /* DdiTypeKind */
  bool is_signed;
  bool is_union;
  uint32_t size;          /* bytes; 0: void, functions, opaque structures */
  uint32_t alignment;     /* bytes */
  uint32_t count;         /* array: elements */
  const char *name;       /* structures, enumerations and functions; "" when it has none */
  DdiTypeIndex index;     /* structure: where its fields are */
  const StepType *target; /* pointer, array */
  StepType *pointer_to_this;
  StepType *arrays_of_this; /* a list through next_array */
  StepType *next_array;
};

typedef struct StepTypes {
  GPtrArray *owned;
  StepType **by_index;      /* [ddi_type_count], made when asked for */
  StepType *integers[4][2]; /* by log2 of the size, then signedness */
  StepType *void_type;
} StepTypes;

void step_types_init(StepTypes *types);
void step_types_finish(StepTypes *types);

const StepType *step_type_of(StepTypes *types, DdiTypeIndex index);
const StepType *step_type_pointer(StepTypes *types, const StepType *target);
const StepType *step_type_array(StepTypes *types, const StepType *element, uint32_t count);
/* The type of a function that no callback type names: itself and nothing else. */
StepType *step_type_function(StepTypes *types, const char *name);

static inline const StepType *step_type_integer(const StepTypes *types, uint32_t size, bool is_signed) {
  return types->integers[size == 8 ? 3 : size == 4 ? 2 : size == 2 ? 1 : 0][is_signed];
}

static inline bool step_type_is_integer(const StepType *type) { return type->kind == DDI_TYPE_INTEGER || type->kind == DDI_TYPE_ENUM; }
static inline bool step_type_is_scalar(const StepType *type) { return step_type_is_integer(type) || type->kind == DDI_TYPE_POINTER; }

/* C's integer promotion and usual arithmetic conversions, with a 32-bit long. */
const StepType *step_type_promoted(const StepTypes *types, const StepType *type);
const StepType *step_type_common(const StepTypes *types, const StepType *left, const StepType *right);

/* What both pointers may point to without a cast: signedness of integers and names of equal structures do not count. */
bool step_type_is_compatible(const StepType *left, const StepType *right);

/* A member of a structure, also of its anonymous members. */
typedef struct StepMember {
  DdiTypeIndex type;
  uint32_t offset;
  uint8_t bit_offset;
  uint8_t bit_size; /* 0: no bit field */
} StepMember;

bool step_type_member(const StepType *structure, const char *name, StepMember *member);

/* "FWPS_CLASSIFY_OUT0 *", "UCHAR[16]": for messages. Returns owned. */
char *step_type_print(const StepType *type);
