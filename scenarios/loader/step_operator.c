#include "step_check_internal.h"

StepOperation step_operation_of(StepOperator operator) {
  static const uint8_t table[STEP_OP_BINARY_END] = { [STEP_OP_MULTIPLY] = STEP_MULTIPLY,
                                                     [STEP_OP_DIVIDE] = STEP_DIVIDE,
                                                     [STEP_OP_MODULO] = STEP_MODULO,
                                                     [STEP_OP_ADD] = STEP_ADD,
                                                     [STEP_OP_SUBTRACT] = STEP_SUBTRACT,
                                                     [STEP_OP_SHIFT_LEFT] = STEP_SHIFT_LEFT,
                                                     [STEP_OP_SHIFT_RIGHT] = STEP_SHIFT_RIGHT,
                                                     [STEP_OP_LESS] = STEP_LESS,
                                                     [STEP_OP_GREATER] = STEP_GREATER,
                                                     [STEP_OP_LESS_EQUAL] = STEP_LESS_EQUAL,
                                                     [STEP_OP_GREATER_EQUAL] = STEP_GREATER_EQUAL,
                                                     [STEP_OP_EQUAL] = STEP_EQUAL,
                                                     [STEP_OP_NOT_EQUAL] = STEP_NOT_EQUAL,
                                                     [STEP_OP_AND] = STEP_AND,
                                                     [STEP_OP_XOR] = STEP_XOR,
                                                     [STEP_OP_OR] = STEP_OR };
  return table[operator];
}

static bool is_shift(StepOperator operator) { return operator== STEP_OP_SHIFT_LEFT || operator== STEP_OP_SHIFT_RIGHT; }
static bool is_comparison(StepOperator operator) { return operator>= STEP_OP_LESS && operator<= STEP_OP_NOT_EQUAL; }

/* A binary node whose operands are known is their result, but for a division that traps. */
static StepNode *fold(StepCompiler *compiler, StepNode *node) {
  const StepNode *left = node->first, *right = node->second;
  if (left->kind != STEP_NODE_NUMBER || right->kind != STEP_NODE_NUMBER)
    return node;
  uint64_t value;
  if (is_logical(node->operator))
    value = node->operator== STEP_OP_LOGICAL_AND ? left->value != 0 && right->value != 0 : left->value != 0 || right->value != 0;
  else if (!step_compute(step_operation_of(node->operator), step_width_of(left->type->size, left->type->is_signed), (uint64_t)left->value,
                         (uint64_t)right->value, &value))
    return node;
  return step_node_number(compiler, node->offset, (int64_t)value, node->type);
}

void *step_operator_fail(StepCompiler *compiler, const StepNode *node, const StepNode *left, const StepNode *right) {
  return step_fail(compiler, node->offset, "\"%s\" does not go between %s and %s", step_operator_texts[node->operator],
                   print(compiler, left->type), print(compiler, right->type));
}

uint32_t step_operator_size(StepCompiler *compiler, const StepNode *node, const StepType *target) {
  if (target->size == 0)
    step_fail(compiler, node->offset, "%s has no size to count with; cast the pointer to PUCHAR", print(compiler, target));
  return target->size;
}

StepNode *step_operator_scale(StepCompiler *compiler, StepNode *node, StepNode *pointer, StepNode *index, bool is_minus) {
  uint32_t size = step_operator_size(compiler, node, pointer->type->target);
  if (size == 0)
    return NULL;
  node->kind = STEP_NODE_SCALE;
  node->first = pointer;
  node->second = index;
  node->value = is_minus ? -(int64_t)size : size;
  node->type = pointer->type;
  return node;
}

static StepNode *difference(StepCompiler *compiler, StepNode *node) {
  uint32_t size = step_operator_size(compiler, node, node->first->type->target);
  if (size == 0)
    return NULL;
  node->kind = STEP_NODE_DIFFERENCE;
  node->value = size;
  node->type = step_type_integer(types_of(compiler), 8, true);
  return node;
}

static StepNode *binary_pointers(StepCompiler *compiler, StepNode *node) {
  StepNode *left = node->first, *right = node->second;
  bool both = is_pointer(left) && is_pointer(right);
  if (node->operator== STEP_OP_ADD && is_pointer(left) && is_integer(right))
    return step_operator_scale(compiler, node, left, right, false);
  if (node->operator== STEP_OP_ADD && is_integer(left) && is_pointer(right))
    return step_operator_scale(compiler, node, right, left, false);
  if (node->operator== STEP_OP_SUBTRACT && is_pointer(left) && is_integer(right))
    return step_operator_scale(compiler, node, left, right, true);
  bool are_alike = both && (left->type->target->kind == DDI_TYPE_VOID || right->type->target->kind == DDI_TYPE_VOID ||
                            step_type_is_compatible(left->type->target, right->type->target));
  if (node->operator== STEP_OP_SUBTRACT && are_alike)
    return difference(compiler, node);
  if (!is_comparison(node->operator) || !(are_alike || (is_pointer(left) && is_null(right)) || (is_null(left) && is_pointer(right))))
    return step_operator_fail(compiler, node, left, right);
  const StepType *wide = step_type_integer(types_of(compiler), 8, false);
  node->first = step_node_cast(compiler, left, wide);
  node->second = step_node_cast(compiler, right, wide);
  node->type = type_long(compiler);
  return fold(compiler, node);
}

StepNode *step_operator_binary(StepCompiler *compiler, StepNode *node) {
  StepNode *left = node->first, *right = node->second;
  if (!step_type_is_scalar(left->type) || !step_type_is_scalar(right->type))
    return step_operator_fail(compiler, node, left, right);
  if (is_logical(node->operator)) {
    node->type = type_long(compiler);
    return fold(compiler, node);
  }
  if (is_pointer(left) || is_pointer(right))
    return binary_pointers(compiler, node);
  const StepType *type = is_shift(node->operator) ? step_type_promoted(types_of(compiler), left->type)
                                                  : step_type_common(types_of(compiler), left->type, right->type);
  node->first = step_node_cast(compiler, left, type);
  node->second = is_shift(node->operator) ? step_node_cast(compiler, right, step_type_promoted(types_of(compiler), right->type))
                                          : step_node_cast(compiler, right, type);
  node->type = is_comparison(node->operator) ? type_long(compiler) : type;
  return fold(compiler, node);
}

StepNode *step_operator_check_binary(StepCompiler *compiler, StepNode *node) {
  node->first = step_check_value(compiler, node->first);
  node->second = node->first != NULL ? step_check_value(compiler, node->second) : NULL;
  return node->second != NULL ? step_operator_binary(compiler, node) : NULL;
}

StepNode *step_operator_check_unary(StepCompiler *compiler, StepNode *node) {
  StepNode *first = node->first = step_check_value(compiler, node->first);
  if (first == NULL)
    return NULL;
  if (!step_type_is_scalar(first->type) || (is_pointer(first) && node->operator!= STEP_OP_NOT))
    return step_fail(compiler, node->offset, "\"%s\" does not go before %s", step_operator_texts[node->operator],
                     print(compiler, first->type));
  node->type = node->operator== STEP_OP_NOT ? type_long(compiler) : step_type_promoted(types_of(compiler), first->type);
  if (node->operator!= STEP_OP_NOT)
    node->first = first = step_node_cast(compiler, first, node->type);
  if (node->operator== STEP_OP_ADD)
    return first;
  if (first->kind != STEP_NODE_NUMBER)
    return node;
  int64_t value = node->operator== STEP_OP_NOT          ? first->value == 0
                  : node->operator== STEP_OP_COMPLEMENT ? ~first->value
                                                        : (int64_t)(0 - (uint64_t)first->value);
  return step_node_number(compiler, node->offset, value, node->type);
}
