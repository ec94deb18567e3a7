#include "step_check_internal.h"

#include "step_name.h"

#include <string.h>

/* ---- nodes ---- */

StepNode *step_node_number(StepCompiler *compiler, uint32_t offset, int64_t value, const StepType *type) {
  StepNode *node = step_node_new(compiler, STEP_NODE_NUMBER, offset);
  if (step_type_is_integer(type))
    value = (int64_t)step_widen((uint64_t)value, step_width_of(type->size, type->is_signed));
  node->value = value;
  node->type = type;
  return node;
}

/* The same representation as another type. */
StepNode *step_node_cast(StepCompiler *compiler, StepNode *node, const StepType *type) {
  if (node->type == type)
    return node;
  if (node->kind == STEP_NODE_NUMBER)
    return step_node_number(compiler, node->offset, node->value, type);
  StepNode *cast = step_node_new(compiler, STEP_NODE_CONVERT, node->offset);
  cast->first = node;
  cast->type = type;
  return cast;
}

/* ---- conversions ---- */

StepNode *step_check_value(StepCompiler *compiler, StepNode *node) {
  node = step_check_any(compiler, node);
  if (node == NULL || (node->type->kind != DDI_TYPE_ARRAY && node->type->kind != DDI_TYPE_FUNCTION))
    return node;
  const StepType *target = node->type->kind == DDI_TYPE_ARRAY ? node->type->target : node->type;
  if (node->kind == STEP_NODE_FUNCTION) {
    node->type = type_pointer(compiler, target);
    return node;
  }
  if (target->kind == DDI_TYPE_FUNCTION)
    return step_fail(compiler, node->offset, "a function is called by its name");
  StepNode *address = step_node_new(compiler, STEP_NODE_ADDRESS, node->offset);
  address->first = node;
  address->type = type_pointer(compiler, target);
  return address;
}

StepNode *step_check_scalar(StepCompiler *compiler, StepNode *node, const char *role) {
  node = step_check_value(compiler, node);
  if (node != NULL && !step_type_is_scalar(node->type))
    return step_fail(compiler, node->offset, "%s must be a number or a pointer, not %s", role, print(compiler, node->type));
  return node;
}

static void *convert_fail(StepCompiler *compiler, const StepNode *value, const StepType *type, const char *role, const char *why) {
  return step_fail(compiler, value->offset, "%s must be %s, not %s%s", role, print(compiler, type), print(compiler, value->type), why);
}

/* A function as a value of a function pointer: says what type it is, if nobody did. */
static StepNode *convert_function(StepCompiler *compiler, StepNode *value, const StepType *type, const char *role) {
  StepFunctionSource *source = value->function->source;
  const StepType *wanted = type->target;
  if (wanted->kind == DDI_TYPE_VOID)
    return step_node_cast(compiler, value, type);
  if (wanted->kind == DDI_TYPE_FUNCTION && !source->is_typed && source->is_inferable) {
    const DdiCallback *callback = ddi_callback_find(wanted->name);
    if (callback == NULL)
      return step_fail(compiler, value->offset, "irqlab calls no function of type %s", wanted->name);
    step_function_type_set(compiler->program, value->function, callback);
  }
  if (step_type_is_compatible(source->type, wanted))
    return step_node_cast(compiler, value, type);
  return step_fail(compiler, value->offset, "%s must be a function of type %s, and %s is %s%s", role, print(compiler, wanted),
                   source->name.text, source->callback != NULL ? "one of type " : "a plain function",
                   source->callback != NULL ? source->callback->name : "");
}

static StepNode *convert_pointer(StepCompiler *compiler, StepNode *value, const StepType *type, const char *role) {
  if (is_null(value))
    return step_node_number(compiler, value->offset, 0, type);
  if (is_integer(value))
    return convert_fail(compiler, value, type, role, ": a number cannot become a pointer, only 0 and NULL can");
  if (!is_pointer(value))
    return convert_fail(compiler, value, type, role, "");
  if (value->kind == STEP_NODE_FUNCTION)
    return convert_function(compiler, value, type, role);
  const StepType *to = type->target, *from = value->type->target;
  if (to->kind != DDI_TYPE_VOID && from->kind != DDI_TYPE_VOID && !step_type_is_compatible(to, from))
    return convert_fail(compiler, value, type, role, "");
  return step_node_cast(compiler, value, type);
}

StepNode *step_convert(StepCompiler *compiler, StepNode *value, const StepType *type, const char *role) {
  if (type->kind == DDI_TYPE_POINTER)
    return convert_pointer(compiler, value, type, role);
  if (step_type_is_integer(type)) {
    if (is_pointer(value))
      return convert_fail(compiler, value, type, role, "; a cast makes a number of a pointer");
    if (is_integer(value))
      return step_node_cast(compiler, value, type);
  }
  if (type->kind == DDI_TYPE_STRUCT && value->type->kind == DDI_TYPE_STRUCT && step_type_is_compatible(type, value->type))
    return value;
  return convert_fail(compiler, value, type, role, "");
}

StepNode *step_check_assigned(StepCompiler *compiler, StepNode *node, const StepType *type, const char *role) {
  node = step_check_value(compiler, node);
  return node != NULL ? step_convert(compiler, node, type, role) : NULL;
}

bool step_check_constant(StepCompiler *compiler, StepNode *node, int64_t *value) {
  node = step_check_value(compiler, node);
  if (node == NULL)
    return false;
  if (node->kind != STEP_NODE_NUMBER || !is_integer(node)) {
    step_fail(compiler, node->offset, "a number known at load is expected here");
    return false;
  }
  *value = node->value;
  return true;
}

/* ---- places ---- */

static StepNode *lvalue(StepCompiler *compiler, StepNode *node, const char *what) {
  StepNode *first = step_check_any(compiler, node->first);
  if (first == NULL)
    return NULL;
  if (!first->is_lvalue)
    return step_fail(compiler, node->offset, "%s needs a variable, a field or what a pointer points to", what);
  if (!step_type_is_scalar(first->type) && (first->type->kind != DDI_TYPE_STRUCT || first->type->size == 0))
    return step_fail(compiler, node->offset, "%s does not work on %s", what, print(compiler, first->type));
  return node->first = first;
}

/* What has an address: also constants of the program, and their fields. */
static bool is_addressable(const StepNode *node) {
  while (node->kind == STEP_NODE_MEMBER && !node->is_lvalue)
    node = node->first;
  return node->is_lvalue || node->kind == STEP_NODE_READ_ONLY;
}

static StepNode *check_address(StepCompiler *compiler, StepNode *node) {
  StepNode *first = step_check_any(compiler, node->first);
  if (first == NULL)
    return NULL;
  if (first->kind == STEP_NODE_FUNCTION) {
    first->type = type_pointer(compiler, first->function->source->type);
    return first;
  }
  if (first->bit_size != 0)
    return step_fail(compiler, node->offset, "a bit field has no address");
  if (first->kind == STEP_NODE_DEREFERENCE)
    return first->first;
  if (!is_addressable(first))
    return step_fail(compiler, node->offset, "\"&\" needs a variable, a field or what a pointer points to");
  node->first = first;
  node->type = type_pointer(compiler, first->type);
  return node;
}

static StepNode *dereference(StepCompiler *compiler, StepNode *node, StepNode *pointer) {
  if (!is_pointer(pointer))
    return step_fail(compiler, node->offset, "%s is no pointer%s", print(compiler, pointer->type),
                     pointer->type->kind == DDI_TYPE_STRUCT ? "; its fields are reached with \".\"" : "");
  const StepType *target = pointer->type->target;
  if (target->kind == DDI_TYPE_FUNCTION)
    return step_fail(compiler, node->offset, "only a function named here can be called");
  if (target->size == 0 && target->kind != DDI_TYPE_ARRAY)
    return step_fail(compiler, node->offset, "what %s points to is not known to drivers", print(compiler, pointer->type));
  node->kind = STEP_NODE_DEREFERENCE;
  node->first = pointer;
  node->second = NULL;
  node->type = target;
  node->is_lvalue = true;
  return node;
}

static StepNode *check_dereference(StepCompiler *compiler, StepNode *node) {
  StepNode *first = step_check_value(compiler, node->first);
  return first != NULL ? dereference(compiler, node, first) : NULL;
}

static StepNode *check_index(StepCompiler *compiler, StepNode *node) {
  StepNode *first = step_check_value(compiler, node->first);
  StepNode *second = first != NULL ? step_check_value(compiler, node->second) : NULL;
  if (second == NULL)
    return NULL;
  if (is_integer(first) && is_pointer(second)) { /* 2[array], as C has it */
    StepNode *index = first;
    first = second;
    second = index;
  }
  if (!is_pointer(first) || !is_integer(second))
    return step_fail(compiler, node->offset, "\"[]\" needs an array or a pointer and a number, not %s and %s", print(compiler, first->type),
                     print(compiler, second->type));
  StepNode *sum = step_operator_scale(compiler, step_node_new(compiler, STEP_NODE_SCALE, node->offset), first, second, false);
  return sum != NULL ? dereference(compiler, node, sum) : NULL;
}

static const char *nearest_field(const StepType *structure, const char *name) {
  if (structure->kind != DDI_TYPE_STRUCT)
    return NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  const DdiType *type = &ddi_types[structure->index];
  for (uint32_t i = 0; i < type->field_count; i++) {
    const DdiField *field = &ddi_fields[type->field_first + i];
    const DdiType *inner = &ddi_types[field->type];
    if (field->name[0] != '\0')
      g_ptr_array_add(names, (char *)field->name);
    for (uint32_t j = 0; field->name[0] == '\0' && inner->kind == DDI_TYPE_STRUCT && j < inner->field_count; j++)
      if (ddi_fields[inner->field_first + j].name[0] != '\0')
        g_ptr_array_add(names, (char *)ddi_fields[inner->field_first + j].name);
  }
  return text_nearest_of(name, (const char *const *)names->pdata, names->len);
}

static StepNode *check_member(StepCompiler *compiler, StepNode *node) {
  StepNode *qualified = step_name_check_qualified(compiler, node);
  if (qualified != NULL || compiler->has_failed)
    return qualified;
  StepNode *first = step_check_any(compiler, node->first);
  if (first == NULL)
    return NULL;
  StepMember member;
  if (first->type->kind != DDI_TYPE_STRUCT)
    return step_fail(compiler, node->offset, "%s has no fields%s", print(compiler, first->type),
                     is_pointer(first) && first->type->target->kind == DDI_TYPE_STRUCT ? "; what it points to has: use ->" : "");
  if (!step_type_member(first->type, node->name, &member))
    return step_fail_suggest(compiler, node->offset, nearest_field(first->type, node->name), "%s has no field \"%s\"",
                             print(compiler, first->type), node->name);
  node->first = first;
  node->value = member.offset;
  node->bit_offset = member.bit_offset;
  node->bit_size = member.bit_size;
  node->type = step_type_of(&compiler->program->types, member.type);
  node->is_lvalue = first->is_lvalue;
  return node;
}

bool step_check_path(StepCompiler *compiler, const StepNode *path, const StepType *type, StepMember *member) {
  uint32_t base = 0;
  if (path->first != NULL) {
    if (!step_check_path(compiler, path->first, type, member))
      return false;
    base = member->offset;
    type = step_type_of(&compiler->program->types, member->type);
  }
  if (!step_type_member(type, path->name, member)) {
    step_fail_suggest(compiler, path->offset, nearest_field(type, path->name), "%s has no field \"%s\"", print(compiler, type), path->name);
    return false;
  }
  member->offset += base;
  return true;
}

/* ---- the rest ---- */

static StepNode *check_string(StepCompiler *compiler, StepNode *node) {
  StepProgram *program = compiler->program;
  if (program->read_only->len + node->bytes->len > STEP_MEMORY_SIZE_MAX)
    return step_fail(compiler, node->offset, "strings and GUIDs have at most %d bytes together", STEP_MEMORY_SIZE_MAX);
  const StepType *unit = step_type_integer(&program->types, node->is_wide ? 2 : 1, !node->is_wide);
  node->kind = STEP_NODE_READ_ONLY;
  node->value = step_read_only_add(program, node->bytes->data, node->bytes->len);
  node->type = step_type_array(&program->types, unit, node->bytes->len / unit->size);
  return node;
}

/* x++ and the like, x += y: computed in a type of their own, then converted back. */
static StepNode *check_assign_with(StepCompiler *compiler, StepNode *node) {
  StepNode *left = node->first;
  StepNode *probe = step_node_new(compiler, STEP_NODE_BINARY, node->offset);
  probe->operator= node->operator;
  probe->first = left;
  probe->second = node->second;
  StepNode *result = step_operator_binary(compiler, probe);
  if (result == NULL)
    return NULL;
  if (result->kind == STEP_NODE_SCALE) {
    if (result->first != left)
      return step_operator_fail(compiler, node, left, node->second);
    node->value = result->value;
    node->second = result->second;
    node->wide = left->type;
  } else if (is_pointer(left) || is_pointer(node->second)) {
    return step_operator_fail(compiler, node, left, node->second);
  } else {
    node->wide = probe->first->type;
    node->second = probe->second;
  }
  node->type = left->type;
  return node;
}

static StepNode *check_assign(StepCompiler *compiler, StepNode *node) {
  if (lvalue(compiler, node, node->operator== STEP_OP_NONE ? "\"=\"" : "an assignment") == NULL)
    return NULL;
  node->second = step_check_value(compiler, node->second);
  if (node->second == NULL)
    return NULL;
  if (node->operator!= STEP_OP_NONE)
    return check_assign_with(compiler, node);
  node->type = node->first->type;
  node->second = step_convert(compiler, node->second, node->type, "what is assigned");
  return node->second != NULL ? node : NULL;
}

static StepNode *check_increment(StepCompiler *compiler, StepNode *node) {
  const char *what = node->operator== STEP_OP_INCREMENT ? "\"++\"" : "\"--\"";
  if (lvalue(compiler, node, what) == NULL)
    return NULL;
  StepNode *first = node->first;
  if (!step_type_is_scalar(first->type))
    return step_fail(compiler, node->offset, "%s does not work on %s", what, print(compiler, first->type));
  node->value = 1;
  if (is_pointer(first) && (node->value = step_operator_size(compiler, node, first->type->target)) == 0)
    return NULL;
  if (node->operator== STEP_OP_DECREMENT)
    node->value = -node->value;
  node->type = first->type;
  return node;
}

static StepNode *check_condition(StepCompiler *compiler, StepNode *node) {
  node->first = step_check_scalar(compiler, node->first, "the condition");
  StepNode *second = node->first != NULL ? step_check_value(compiler, node->second) : NULL;
  StepNode *third = second != NULL ? step_check_value(compiler, node->third) : NULL;
  if (third == NULL)
    return NULL;
  const StepType *type;
  if (is_integer(second) && is_integer(third))
    type = step_type_common(types_of(compiler), second->type, third->type);
  else if (is_pointer(second) && !is_null(second))
    type = is_pointer(third) && second->type->target->kind == DDI_TYPE_VOID && !is_null(third) ? third->type : second->type;
  else
    type = third->type;
  if (type->kind == DDI_TYPE_VOID && second->type->kind != DDI_TYPE_VOID)
    return step_fail(compiler, node->offset, "both values must have a type that goes with the other's");
  node->type = type;
  if (type->kind != DDI_TYPE_VOID) {
    node->second = second = step_convert(compiler, second, type, "the first value");
    node->third = third = second != NULL ? step_convert(compiler, third, type, "the second value") : NULL;
    if (third == NULL)
      return NULL;
  } else {
    node->second = second;
    node->third = third;
  }
  if (node->first->kind == STEP_NODE_NUMBER && second->kind == STEP_NODE_NUMBER && third->kind == STEP_NODE_NUMBER)
    return node->first->value != 0 ? second : third;
  return node;
}

static StepNode *check_cast(StepCompiler *compiler, StepNode *node) {
  const StepType *type = node->type;
  StepNode *first = step_check_value(compiler, node->first);
  if (first == NULL)
    return NULL;
  if (type->kind == DDI_TYPE_VOID) {
    node->first = first;
    return node;
  }
  if (type->kind == DDI_TYPE_STRUCT && step_type_is_compatible(type, first->type))
    return first;
  if (!step_type_is_scalar(type) || !step_type_is_scalar(first->type))
    return step_fail(compiler, node->offset, "%s cannot be cast to %s", print(compiler, first->type), print(compiler, type));
  if (type->kind == DDI_TYPE_POINTER && is_integer(first) && !is_null(first) && !(node->is_trusted && first->kind == STEP_NODE_NUMBER))
    return step_fail(compiler, node->offset, "a number cannot become a pointer: only 0 and NULL can");
  if (type->kind == DDI_TYPE_POINTER && first->kind == STEP_NODE_FUNCTION && type->target->kind == DDI_TYPE_FUNCTION &&
      !first->function->source->is_typed)
    return convert_function(compiler, first, type, "what is cast");
  return step_node_cast(compiler, first, type);
}

static StepNode *check_sizeof(StepCompiler *compiler, StepNode *node) {
  const StepType *type = node->type;
  if (node->first != NULL) {
    StepNode *first = step_check_any(compiler, node->first);
    if (first == NULL)
      return NULL;
    if (first->bit_size != 0)
      return step_fail(compiler, node->offset, "a bit field has no size in bytes");
    type = first->type;
  }
  if (type->size == 0)
    return step_fail(compiler, node->offset, "%s has no size", print(compiler, type));
  return step_node_number(compiler, node->offset, type->size, step_type_integer(types_of(compiler), 8, false));
}

static StepNode *check_offset(StepCompiler *compiler, StepNode *node) {
  StepMember member;
  if (!step_check_path(compiler, node->first, node->type, &member))
    return NULL;
  return step_node_number(compiler, node->offset, member.offset, type_long(compiler));
}

static StepNode *check_container(StepCompiler *compiler, StepNode *node) {
  StepMember member;
  StepNode *address = step_check_value(compiler, node->first);
  if (address == NULL || !step_check_path(compiler, node->second, node->type, &member))
    return NULL;
  if (!is_pointer(address))
    return step_fail(compiler, node->offset, "CONTAINING_RECORD takes a pointer, not %s", print(compiler, address->type));
  const StepType *type = type_pointer(compiler, node->type);
  node->kind = STEP_NODE_SCALE;
  node->first = address;
  node->second = step_node_number(compiler, node->offset, 1, step_type_integer(types_of(compiler), 8, true));
  node->value = -(int64_t)member.offset;
  node->type = type;
  return node;
}

static StepNode *check_comma(StepCompiler *compiler, StepNode *node) {
  node->first = step_check_value(compiler, node->first);
  node->second = node->first != NULL ? step_check_value(compiler, node->second) : NULL;
  if (node->second == NULL)
    return NULL;
  node->type = node->second->type;
  return node;
}

StepNode *step_check_any(StepCompiler *compiler, StepNode *node) {
  if (node == NULL || compiler->has_failed)
    return NULL;
  switch (node->kind) {
  case STEP_NODE_NUMBER:
  case STEP_NODE_VARIABLE:
  case STEP_NODE_READ_ONLY:
  case STEP_NODE_FUNCTION:
  case STEP_NODE_SCALE:
  case STEP_NODE_DIFFERENCE:
  case STEP_NODE_CONVERT: return node;
  case STEP_NODE_STRING: return check_string(compiler, node);
  case STEP_NODE_NAME: return step_name_check(compiler, node);
  case STEP_NODE_MEMBER: return check_member(compiler, node);
  case STEP_NODE_INDEX: return check_index(compiler, node);
  case STEP_NODE_CALL: return step_call_check(compiler, node);
  case STEP_NODE_UNARY: return step_operator_check_unary(compiler, node);
  case STEP_NODE_ADDRESS: return check_address(compiler, node);
  case STEP_NODE_DEREFERENCE: return check_dereference(compiler, node);
  case STEP_NODE_INCREMENT: return check_increment(compiler, node);
  case STEP_NODE_BINARY: return step_operator_check_binary(compiler, node);
  case STEP_NODE_ASSIGN: return check_assign(compiler, node);
  case STEP_NODE_CONDITION: return check_condition(compiler, node);
  case STEP_NODE_CAST: return check_cast(compiler, node);
  case STEP_NODE_SIZEOF: return check_sizeof(compiler, node);
  case STEP_NODE_OFFSET: return check_offset(compiler, node);
  case STEP_NODE_CONTAINER: return check_container(compiler, node);
  case STEP_NODE_COMMA: return check_comma(compiler, node);
  case STEP_NODE_LIST: return step_fail(compiler, node->offset, "a list in braces is only an initial value");
  }
  return NULL;
}

/* ---- steps ---- */

bool step_node_has_effect(const StepNode *node) {
  switch (node->kind) {
  case STEP_NODE_ASSIGN:
  case STEP_NODE_INCREMENT:
  case STEP_NODE_CALL: return true;
  case STEP_NODE_CAST: return node->type->kind == DDI_TYPE_VOID;
  case STEP_NODE_CONVERT: return step_node_has_effect(node->first);
  case STEP_NODE_COMMA: return step_node_has_effect(node->first) && step_node_has_effect(node->second);
  case STEP_NODE_CONDITION: return step_node_has_effect(node->second) || step_node_has_effect(node->third);
  case STEP_NODE_BINARY: return is_logical(node->operator) && step_node_has_effect(node->second);
  default: return false;
  }
}

StepNode *step_check_effect(StepCompiler *compiler, StepNode *node) {
  bool is_equal = node->kind == STEP_NODE_BINARY && node->operator== STEP_OP_EQUAL;
  uint32_t offset = node->offset;
  node = step_check_value(compiler, node);
  if (node == NULL || step_node_has_effect(node))
    return node;
  return step_fail_suggest(compiler, offset, is_equal ? "=" : NULL, "this does nothing: it neither assigns nor calls");
}
