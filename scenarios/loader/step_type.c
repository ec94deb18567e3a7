#include "step_type.h"

#include <string.h>

static StepType *type_new(StepTypes *types, DdiTypeKind kind, uint32_t size, uint32_t alignment) {
  StepType *type = g_new0(StepType, 1);
  type->kind = (uint8_t)kind;
  type->size = size;
  type->alignment = alignment;
  type->name = "";
  g_ptr_array_add(types->owned, type);
  return type;
}

void step_types_init(StepTypes *types) {
  *types = (StepTypes){ .owned = g_ptr_array_new_with_free_func(g_free), .by_index = g_new0(StepType *, ddi_type_count + 1) };
  types->void_type = type_new(types, DDI_TYPE_VOID, 0, 1);
  for (unsigned log = 0; log < 4; log++) {
    for (unsigned is_signed = 0; is_signed < 2; is_signed++) {
      types->integers[log][is_signed] = type_new(types, DDI_TYPE_INTEGER, 1u << log, 1u << log);
      types->integers[log][is_signed]->is_signed = is_signed;
    }
  }
}

void step_types_finish(StepTypes *types) {
  g_ptr_array_free(types->owned, TRUE);
  g_free(types->by_index);
}

/* ---- types of the table ---- */

/* The largest alignment of the members; bounded, since a type cannot contain itself but through a pointer. */
static uint32_t alignment_of(DdiTypeIndex index) {
  const DdiType *type = &ddi_types[index];
  switch (type->kind) {
  case DDI_TYPE_INTEGER:
  case DDI_TYPE_ENUM:
  case DDI_TYPE_POINTER: return type->size != 0 && type->size <= 16 ? type->size : 1;
  case DDI_TYPE_ARRAY: return alignment_of(type->target);
  case DDI_TYPE_STRUCT: {
    uint32_t alignment = 1;
    for (uint32_t i = 0; i < type->field_count; i++) {
      uint32_t field = alignment_of(ddi_fields[type->field_first + i].type);
      alignment = MAX(alignment, field);
    }
    return alignment;
  }
  default: return 1;
  }
}

/* "_LIST_ENTRY" is LIST_ENTRY to whoever writes drivers. */
static const char *plain_name(const DdiType *type, DdiTypeIndex index) {
  if (type->name[0] == '_' && ddi_type_find(type->name + 1) == index)
    return type->name + 1;
  return type->name;
}

static StepType *type_make(StepTypes *types, DdiTypeIndex index) {
  const DdiType *type = &ddi_types[index];
  /* Integers that reach here have no size of C's: vectors and such, bytes that only move. */
  DdiTypeKind kind = type->kind == DDI_TYPE_INTEGER ? DDI_TYPE_STRUCT : type->kind;
  StepType *made = type_new(types, kind, type->size, alignment_of(index));
  made->is_signed = type->is_signed || kind == DDI_TYPE_ENUM; /* an int, in Windows */
  made->is_union = type->is_union;
  made->name = plain_name(type, index);
  made->index = index;
  made->count = type->count;
  return made;
}

const StepType *step_type_of(StepTypes *types, DdiTypeIndex index) {
  if (index >= ddi_type_count)
    return types->void_type;
  if (types->by_index[index] != NULL)
    return types->by_index[index];
  const DdiType *type = &ddi_types[index];
  const StepType *made;
  switch (type->kind) {
  case DDI_TYPE_VOID: made = types->void_type; break;
  case DDI_TYPE_INTEGER:
    made = type->size == 1 || type->size == 2 || type->size == 4 || type->size == 8 ? step_type_integer(types, type->size, type->is_signed)
                                                                                    : type_make(types, index);
    break;
  case DDI_TYPE_POINTER: made = step_type_pointer(types, step_type_of(types, type->target)); break;
  case DDI_TYPE_ARRAY: made = step_type_array(types, step_type_of(types, type->target), type->count); break;
  default: made = type_make(types, index); break;
  }
  types->by_index[index] = (StepType *)made;
  return made;
}

/* ---- derived types ---- */

const StepType *step_type_pointer(StepTypes *types, const StepType *target) {
  StepType *to = (StepType *)target;
  if (to->pointer_to_this == NULL) {
    to->pointer_to_this = type_new(types, DDI_TYPE_POINTER, 8, 8);
    to->pointer_to_this->target = target;
  }
  return to->pointer_to_this;
}

const StepType *step_type_array(StepTypes *types, const StepType *element, uint32_t count) {
  StepType *of = (StepType *)element;
  for (StepType *array = of->arrays_of_this; array != NULL; array = array->next_array)
    if (array->count == count)
      return array;
  StepType *array = type_new(types, DDI_TYPE_ARRAY, element->size * count, element->alignment);
  array->target = element;
  array->count = count;
  array->next_array = of->arrays_of_this;
  of->arrays_of_this = array;
  return array;
}

StepType *step_type_function(StepTypes *types, const char *name) {
  StepType *type = type_new(types, DDI_TYPE_FUNCTION, 0, 1);
  type->name = name;
  return type;
}

/* ---- C's rules ---- */

const StepType *step_type_promoted(const StepTypes *types, const StepType *type) {
  if (type->kind == DDI_TYPE_ENUM || type->size < 4)
    return step_type_integer(types, 4, true);
  return type;
}

const StepType *step_type_common(const StepTypes *types, const StepType *left, const StepType *right) {
  left = step_type_promoted(types, left);
  right = step_type_promoted(types, right);
  if (left->size != right->size)
    return left->size > right->size ? left : right;
  return left->is_signed ? right : left;
}

bool step_type_is_compatible(const StepType *left, const StepType *right) {
  for (;;) {
    if (left == right)
      return true;
    if (step_type_is_integer(left) && step_type_is_integer(right))
      return left->size == right->size;
    if (left->kind != right->kind)
      return false;
    if (left->kind == DDI_TYPE_STRUCT || left->kind == DDI_TYPE_FUNCTION)
      return left->name[0] != '\0' && strcmp(left->name, right->name) == 0;
    if (left->kind == DDI_TYPE_ARRAY && left->count != right->count && left->count != 0 && right->count != 0)
      return false;
    if (left->kind != DDI_TYPE_POINTER && left->kind != DDI_TYPE_ARRAY)
      return false;
    left = left->target;
    right = right->target;
  }
}

static bool member_find(const DdiType *structure, const char *name, uint32_t base, StepMember *member) {
  for (uint32_t i = 0; i < structure->field_count; i++) {
    const DdiField *field = &ddi_fields[structure->field_first + i];
    if (field->name[0] == '\0') {
      if (ddi_types[field->type].kind == DDI_TYPE_STRUCT && member_find(&ddi_types[field->type], name, base + field->offset, member))
        return true;
    } else if (strcmp(field->name, name) == 0) {
      *member = (StepMember){ field->type, base + field->offset, field->bit_offset, field->bit_size };
      return true;
    }
  }
  return false;
}

bool step_type_member(const StepType *structure, const char *name, StepMember *member) {
  return structure->kind == DDI_TYPE_STRUCT && member_find(&ddi_types[structure->index], name, 0, member);
}

/* ---- names ---- */

static const char *integer_name(const StepType *type) {
  static const char *const names[4][2] = { { "UCHAR", "CHAR" }, { "USHORT", "SHORT" }, { "ULONG", "LONG" }, { "ULONG64", "LONG64" } };
  return names[type->size == 8 ? 3 : type->size == 4 ? 2 : type->size == 2 ? 1 : 0][type->is_signed];
}

char *step_type_print(const StepType *type) {
  switch (type->kind) {
  case DDI_TYPE_VOID: return g_strdup("VOID");
  case DDI_TYPE_INTEGER: return g_strdup(type->name[0] != '\0' ? type->name : integer_name(type));
  case DDI_TYPE_POINTER: {
    if (type->target->kind == DDI_TYPE_VOID)
      return g_strdup("PVOID");
    g_autofree char *target = step_type_print(type->target);
    return g_strdup_printf("%s%s*", target, g_str_has_suffix(target, "*") ? "" : " ");
  }
  case DDI_TYPE_ARRAY: {
    g_autofree char *element = step_type_print(type->target);
    return g_strdup_printf("%s[%u]", element, type->count);
  }
  default: return g_strdup(type->name[0] != '\0' ? type->name : type->is_union ? "union" : type->kind == DDI_TYPE_ENUM ? "enum" : "struct");
  }
}
