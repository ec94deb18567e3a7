#include "step_emit.h"

#include "step_check.h"

#include <string.h>

static StepInstruction *add(StepEmitter *emitter, StepOperation operation, unsigned a, unsigned b, unsigned c, int64_t immediate) {
  StepInstruction instruction = { .operation = (uint8_t)operation, .width = STEP_64, .a = (uint16_t)a, .b = (uint16_t)b, .c = (uint16_t)c };
  instruction.immediate = immediate;
  g_array_append_val(emitter->code, instruction);
  return &g_array_index(emitter->code, StepInstruction, emitter->code->len - 1);
}

static void add_wide(StepEmitter *emitter, StepOperation operation, StepWidth width, unsigned a, unsigned b, unsigned c,
                     int64_t immediate) {
  add(emitter, operation, a, b, c, immediate)->width = (uint8_t)width;
}

unsigned step_emit(StepEmitter *emitter, StepOperation operation, unsigned a, int64_t immediate) {
  add(emitter, operation, a, 0, 0, immediate);
  return emitter->code->len - 1;
}

void step_emit_patch(StepEmitter *emitter, unsigned instruction) {
  g_array_index(emitter->code, StepInstruction, instruction).immediate = emitter->code->len;
}

/* Temporaries up to `last` are used. */
static bool use(StepEmitter *emitter, const StepNode *node, unsigned last) {
  if (last >= STEP_TEMPORARY_COUNT_MAX) {
    step_fail(emitter->compiler, node->offset, "the expression is too complicated: make it several steps");
    return false;
  }
  emitter->temporary_count = MAX(emitter->temporary_count, last + 1);
  return !emitter->compiler->has_failed;
}

static StepWidth width_of(const StepType *type) { return step_width_of(type->size, type->is_signed); }
static bool is_structure(const StepType *type) { return type->kind == DDI_TYPE_STRUCT; }

/* ---- places in memory ---- */

typedef struct Place {
  enum { PLACE_LOCAL, PLACE_GLOBAL, PLACE_MEMORY } kind;
  unsigned driver;    /* PLACE_GLOBAL */
  unsigned temporary; /* PLACE_MEMORY: holds an address */
  int64_t offset;
} Place;

static Place place_of(StepEmitter *emitter, StepNode *node, unsigned to);

/* What a pointer node points to: without computing the pointer where that is known. */
static Place place_behind(StepEmitter *emitter, StepNode *pointer, unsigned to) {
  if (pointer->kind == STEP_NODE_ADDRESS)
    return place_of(emitter, pointer->first, to);
  if (pointer->kind == STEP_NODE_CONVERT && pointer->first->type->kind == DDI_TYPE_POINTER)
    return place_behind(emitter, pointer->first, to);
  if (pointer->kind == STEP_NODE_SCALE && pointer->second->kind == STEP_NODE_NUMBER) {
    Place place = place_behind(emitter, pointer->first, to);
    place.offset += (int64_t)((uint64_t)pointer->second->value * (uint64_t)pointer->value);
    return place;
  }
  step_emit_value(emitter, pointer, to);
  return (Place){ .kind = PLACE_MEMORY, .temporary = to };
}

/* Uses `to` only for a place in memory. */
static Place place_of(StepEmitter *emitter, StepNode *node, unsigned to) {
  if (node->kind == STEP_NODE_VARIABLE && node->variable->kind == STEP_GLOBAL)
    return (Place){ .kind = PLACE_GLOBAL, .driver = node->variable->driver->number, .offset = node->variable->offset };
  if (node->kind == STEP_NODE_VARIABLE)
    return (Place){ .kind = PLACE_LOCAL, .offset = node->variable->offset };
  if (node->kind == STEP_NODE_READ_ONLY)
    return (Place){ .kind = PLACE_GLOBAL, .driver = emitter->compiler->program->drivers->len, .offset = node->value };
  if (node->kind == STEP_NODE_DEREFERENCE)
    return place_behind(emitter, node->first, to);
  if (node->kind == STEP_NODE_MEMBER) {
    Place place = place_of(emitter, node->first, to);
    place.offset += node->value;
    return place;
  }
  step_emit_value(emitter, node, to); /* a structure that is no variable: its address */
  return (Place){ .kind = PLACE_MEMORY, .temporary = to };
}

static unsigned after(const Place *place) { return place->kind == PLACE_MEMORY ? place->temporary + 1 : 0; }

static void address(StepEmitter *emitter, const Place *place, unsigned to) {
  switch (place->kind) {
  case PLACE_LOCAL: add(emitter, STEP_ADDRESS_LOCAL, to, 0, 0, place->offset); break;
  case PLACE_GLOBAL: add(emitter, STEP_ADDRESS_GLOBAL, to, place->driver, 0, place->offset); break;
  case PLACE_MEMORY:
    if (place->offset != 0 || place->temporary != to)
      add(emitter, STEP_ADDRESS, to, place->temporary, 0, place->offset);
    break;
  }
}

static void load(StepEmitter *emitter, const Place *place, StepWidth width, unsigned to) {
  static const uint8_t operations[] = { STEP_LOAD_LOCAL, STEP_LOAD_GLOBAL, STEP_LOAD };
  add_wide(emitter, operations[place->kind], width, to, place->kind == PLACE_GLOBAL ? place->driver : place->temporary, 0, place->offset);
}

static void store(StepEmitter *emitter, const Place *place, StepWidth width, unsigned from) {
  static const uint8_t operations[] = { STEP_STORE_LOCAL, STEP_STORE_GLOBAL, STEP_STORE };
  add_wide(emitter, operations[place->kind], width, from, place->kind == PLACE_GLOBAL ? place->driver : place->temporary, 0, place->offset);
}

static int64_t bits(unsigned offset, unsigned count) { return (int64_t)(offset | count << 8); }

static void load_field(StepEmitter *emitter, const Place *place, const StepNode *node, unsigned to) {
  load(emitter, place, width_of(node->type), to);
  if (node->bit_size != 0)
    add_wide(emitter, STEP_EXTRACT, width_of(node->type), to, to, 0, bits(node->bit_offset, node->bit_size));
}

/* The value in `from` goes to the place; `from` then holds what a read of it would give. Uses from + 1 for a bit field. */
static void store_field(StepEmitter *emitter, const Place *place, const StepType *type, unsigned bit_offset, unsigned bit_size,
                        unsigned from) {
  StepWidth width = width_of(type);
  if (bit_size == 0) {
    store(emitter, place, width, from);
    return;
  }
  load(emitter, place, width, from + 1);
  add_wide(emitter, STEP_INSERT, width, from + 1, from, 0, bits(bit_offset, bit_size));
  store(emitter, place, width, from + 1);
  add_wide(emitter, STEP_EXTRACT, width, from, from + 1, 0, bits(bit_offset, bit_size));
}

static void move(StepEmitter *emitter, unsigned to, unsigned from) {
  if (to != from)
    add(emitter, STEP_MOVE, to, from, 0, 0);
}

/* ---- assignments ---- */

static void emit_structure_copy(StepEmitter *emitter, StepNode *node, unsigned to) {
  Place place = place_of(emitter, node->first, to);
  address(emitter, &place, to);
  step_emit_value(emitter, node->second, to + 1);
  add(emitter, STEP_COPY, to, to + 1, 0, node->type->size);
}

/* x OP= y: the right side, then a read of x, then the write. `value` is where y goes. */
static void emit_update(StepEmitter *emitter, StepNode *node, const Place *place, unsigned value) {
  StepNode *first = node->first;
  if (!use(emitter, node, value + 2))
    return;
  step_emit_value(emitter, node->second, value + 1);
  load_field(emitter, place, first, value);
  if (node->wide->kind == DDI_TYPE_POINTER) {
    add(emitter, STEP_INDEX, value, value, value + 1, node->value);
  } else {
    if (node->wide != first->type && node->wide->size < 8)
      add_wide(emitter, STEP_CONVERT, width_of(node->wide), value, value, 0, 0);
    add_wide(emitter, step_operation_of(node->operator), width_of(node->wide), value, value, value + 1, 0);
    if (node->wide != first->type)
      add_wide(emitter, STEP_CONVERT, width_of(first->type), value, value, 0, 0);
  }
  store_field(emitter, place, first->type, first->bit_offset, first->bit_size, value);
}

static void emit_assign(StepEmitter *emitter, StepNode *node, unsigned to) {
  if (!use(emitter, node, to + 3))
    return;
  if (is_structure(node->type)) {
    emit_structure_copy(emitter, node, to);
    return;
  }
  Place place = place_of(emitter, node->first, to);
  unsigned value = MAX(to, after(&place));
  if (node->operator!= STEP_OP_NONE) {
    emit_update(emitter, node, &place, value);
  } else {
    step_emit_value(emitter, node->second, value);
    store_field(emitter, &place, node->type, node->first->bit_offset, node->first->bit_size, value);
  }
  move(emitter, to, value);
}

static void emit_increment(StepEmitter *emitter, StepNode *node, unsigned to) {
  if (!use(emitter, node, to + 3))
    return;
  StepNode *first = node->first;
  Place place = place_of(emitter, first, to);
  unsigned old = MAX(to, after(&place));
  load_field(emitter, &place, first, old);
  add_wide(emitter, STEP_ADD, width_of(node->type), old + 1, old, STEP_IMMEDIATE, node->value);
  store_field(emitter, &place, first->type, first->bit_offset, first->bit_size, old + 1);
  move(emitter, to, node->is_prefix ? old + 1 : old);
}

/* ---- operators ---- */

static void emit_logical(StepEmitter *emitter, StepNode *node, unsigned to) {
  bool is_and = node->operator== STEP_OP_LOGICAL_AND;
  StepOperation jump = is_and ? STEP_JUMP_ZERO : STEP_JUMP_NOT_ZERO;
  step_emit_value(emitter, node->first, to);
  unsigned first = step_emit(emitter, jump, to, 0);
  step_emit_value(emitter, node->second, to);
  unsigned second = step_emit(emitter, jump, to, 0);
  step_emit(emitter, STEP_CONSTANT, to, is_and);
  unsigned end = step_emit(emitter, STEP_JUMP, 0, 0);
  step_emit_patch(emitter, first);
  step_emit_patch(emitter, second);
  step_emit(emitter, STEP_CONSTANT, to, !is_and);
  step_emit_patch(emitter, end);
}

static void emit_binary(StepEmitter *emitter, StepNode *node, unsigned to) {
  StepOperation operation = step_operation_of(node->operator);
  StepWidth width = width_of(node->first->type); /* of the operands: a comparison's result is another type */
  step_emit_value(emitter, node->first, to);
  if (node->second->kind == STEP_NODE_NUMBER) {
    add_wide(emitter, operation, width, to, to, STEP_IMMEDIATE, node->second->value);
    return;
  }
  step_emit_value(emitter, node->second, to + 1);
  add_wide(emitter, operation, width, to, to, to + 1, 0);
}

static void emit_scale(StepEmitter *emitter, StepNode *node, unsigned to) {
  if (node->second->kind == STEP_NODE_NUMBER) {
    Place place = place_behind(emitter, node, to);
    address(emitter, &place, to);
    return;
  }
  step_emit_value(emitter, node->first, to);
  step_emit_value(emitter, node->second, to + 1);
  add(emitter, STEP_INDEX, to, to, to + 1, node->value);
}

static void emit_difference(StepEmitter *emitter, StepNode *node, unsigned to) {
  step_emit_value(emitter, node->first, to);
  step_emit_value(emitter, node->second, to + 1);
  add(emitter, STEP_DIFFERENCE, to, to, to + 1, node->value);
}

static void emit_convert(StepEmitter *emitter, StepNode *node, unsigned to) {
  step_emit_value(emitter, node->first, to);
  StepWidth width = width_of(node->type);
  if (node->type->size < 8 && width != width_of(node->first->type))
    add_wide(emitter, STEP_CONVERT, width, to, to, 0, 0);
}

static void emit_unary(StepEmitter *emitter, StepNode *node, unsigned to) {
  StepOperation operation = node->operator== STEP_OP_NOT ? STEP_NOT : node->operator== STEP_OP_COMPLEMENT ? STEP_COMPLEMENT : STEP_NEGATE;
  step_emit_value(emitter, node->first, to);
  add_wide(emitter, operation, width_of(node->type), to, to, 0, 0);
}

static void emit_condition(StepEmitter *emitter, StepNode *node, unsigned to) {
  step_emit_value(emitter, node->first, to);
  unsigned otherwise = step_emit(emitter, STEP_JUMP_ZERO, to, 0);
  step_emit_value(emitter, node->second, to);
  unsigned end = step_emit(emitter, STEP_JUMP, 0, 0);
  step_emit_patch(emitter, otherwise);
  step_emit_value(emitter, node->third, to);
  step_emit_patch(emitter, end);
}

/* ---- calls ---- */

static void emit_call(StepEmitter *emitter, StepNode *node, unsigned to) {
  unsigned count = 0;
  for (StepNode *argument = node->first; argument != NULL; argument = argument->next, count++) {
    step_emit_value(emitter, argument, to + count);
    if (is_structure(argument->type)) {
      Place place = { .kind = PLACE_MEMORY, .temporary = to + count };
      load(emitter, &place, step_width_of(argument->type->size, false), to + count);
    }
  }
  StepInstruction *call = add(emitter, STEP_CALL_STEPS, to, count, 0, 0);
  if (node->ddi != NULL) {
    call->operation = STEP_CALL_DDI;
    call->ddi = node->ddi;
  } else if (node->builtin != NULL) {
    call->operation = STEP_CALL_BUILTIN;
    call->builtin = node->builtin->run;
  } else {
    call->function = node->function;
  }
  if (is_structure(node->type)) {
    add(emitter, STEP_SPILL, to, 0, 0, emitter->locals_size);
    emitter->locals_size += 8;
  } else if (node->type->kind != DDI_TYPE_VOID && node->type->size < 8) {
    call->width = (uint8_t)width_of(node->type); /* the callee widens as it likes: the result is cut to its type */
  }
}

/* ---- nodes ---- */

static void emit_place(StepEmitter *emitter, StepNode *node, unsigned to) {
  Place place = place_of(emitter, node, to);
  if (is_structure(node->type))
    address(emitter, &place, to);
  else
    load_field(emitter, &place, node, to);
}

void step_emit_value(StepEmitter *emitter, StepNode *node, unsigned to) {
  if (!use(emitter, node, to + 1))
    return;
  Place place;
  switch (node->kind) {
  case STEP_NODE_NUMBER: step_emit(emitter, STEP_CONSTANT, to, node->value); break;
  case STEP_NODE_FUNCTION: step_emit(emitter, STEP_CONSTANT, to, (int64_t)node->function->address); break;
  case STEP_NODE_VARIABLE:
  case STEP_NODE_READ_ONLY:
  case STEP_NODE_MEMBER:
  case STEP_NODE_DEREFERENCE: emit_place(emitter, node, to); break;
  case STEP_NODE_ADDRESS:
    place = place_of(emitter, node->first, to);
    address(emitter, &place, to);
    break;
  case STEP_NODE_CONVERT: emit_convert(emitter, node, to); break;
  case STEP_NODE_CAST: /* to VOID */ step_emit_effect(emitter, node->first, to); break;
  case STEP_NODE_UNARY: emit_unary(emitter, node, to); break;
  case STEP_NODE_BINARY:
    if (node->operator== STEP_OP_LOGICAL_AND || node->operator== STEP_OP_LOGICAL_OR)
      emit_logical(emitter, node, to);
    else
      emit_binary(emitter, node, to);
    break;
  case STEP_NODE_SCALE: emit_scale(emitter, node, to); break;
  case STEP_NODE_DIFFERENCE: emit_difference(emitter, node, to); break;
  case STEP_NODE_ASSIGN: emit_assign(emitter, node, to); break;
  case STEP_NODE_INCREMENT: emit_increment(emitter, node, to); break;
  case STEP_NODE_CONDITION: emit_condition(emitter, node, to); break;
  case STEP_NODE_COMMA:
    step_emit_effect(emitter, node->first, to);
    step_emit_value(emitter, node->second, to);
    break;
  case STEP_NODE_CALL: emit_call(emitter, node, to); break;
  default: SIM_ASSERT(!"a node that was never checked");
  }
}

void step_emit_effect(StepEmitter *emitter, StepNode *node, unsigned to) {
  if (step_node_has_effect(node))
    step_emit_value(emitter, node, to);
}

void step_emit_result(StepEmitter *emitter, StepNode *value, unsigned to) {
  step_emit_value(emitter, value, to);
  if (is_structure(value->type)) {
    Place place = { .kind = PLACE_MEMORY, .temporary = to };
    load(emitter, &place, step_width_of(value->type->size, false), to);
  }
  step_emit(emitter, STEP_RETURN, to, 0);
}

void step_emit_loop(StepEmitter *emitter, unsigned start, uint32_t site) { add(emitter, STEP_LOOP, 0, site & 0xffff, site >> 16, start); }

void step_emit_decrement(StepEmitter *emitter, unsigned temporary) { add(emitter, STEP_SUBTRACT, temporary, temporary, STEP_IMMEDIATE, 1); }

/* ---- locals ---- */

void step_emit_local_bits(StepEmitter *emitter, uint32_t offset, const StepType *type, StepNode *value, unsigned bit_offset,
                          unsigned bit_size, unsigned from) {
  if (!use(emitter, value, from + 2))
    return;
  Place place = { .kind = PLACE_LOCAL, .offset = offset };
  step_emit_value(emitter, value, from);
  store_field(emitter, &place, type, bit_offset, bit_size, from);
}

void step_emit_local(StepEmitter *emitter, uint32_t offset, const StepType *type, StepNode *value, unsigned from) {
  if (!is_structure(type)) {
    step_emit_local_bits(emitter, offset, type, value, 0, 0, from);
    return;
  }
  if (!use(emitter, value, from + 2))
    return;
  add(emitter, STEP_ADDRESS_LOCAL, from, 0, 0, offset);
  step_emit_value(emitter, value, from + 1);
  add(emitter, STEP_COPY, from, from + 1, 0, type->size);
}

void step_emit_local_zero(StepEmitter *emitter, uint32_t offset, uint32_t size, unsigned from) {
  emitter->temporary_count = MAX(emitter->temporary_count, from + 1);
  add(emitter, STEP_ADDRESS_LOCAL, from, 0, 0, offset);
  add(emitter, STEP_ZERO, from, 0, 0, size);
}

void step_emit_local_bytes(StepEmitter *emitter, uint32_t offset, uint32_t source, uint32_t size, unsigned from) {
  emitter->temporary_count = MAX(emitter->temporary_count, from + 2);
  add(emitter, STEP_ADDRESS_LOCAL, from, 0, 0, offset);
  add(emitter, STEP_ADDRESS_GLOBAL, from + 1, emitter->compiler->program->drivers->len, 0, source);
  add(emitter, STEP_COPY, from, from + 1, 0, size);
}
