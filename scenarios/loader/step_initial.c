#include "step_initial.h"

#include "step_check.h"

#include <string.h>

/* Where the parts of an initial value go: to the code of a function, or to the image of a driver. */
typedef struct Sink {
  StepCompiler *compiler;
  StepEmitter *emitter; /* NULL: a global's */
} Sink;

/* ---- the parts of a global ---- */

static void *not_known(Sink *sink, const StepNode *node) {
  return step_fail(sink->compiler, node->offset, "the initial value of a global must be known at load");
}

/* A node that is the address of something installed: memory[*driver] + *addend. */
static bool address_of(const StepNode *node, uint32_t *driver, uint64_t *addend);

static bool place_of(const StepNode *node, uint32_t *driver, uint64_t *addend) {
  switch (node->kind) {
  case STEP_NODE_VARIABLE:
    if (node->variable->kind != STEP_GLOBAL)
      return false;
    *driver = node->variable->driver->number;
    *addend = node->variable->offset;
    return true;
  case STEP_NODE_READ_ONLY:
    *driver = UINT32_MAX;
    *addend = (uint64_t)node->value;
    return true;
  case STEP_NODE_MEMBER:
    if (!place_of(node->first, driver, addend))
      return false;
    *addend += (uint64_t)node->value;
    return true;
  case STEP_NODE_DEREFERENCE: return address_of(node->first, driver, addend);
  default: return false;
  }
}

static bool address_of(const StepNode *node, uint32_t *driver, uint64_t *addend) {
  if (node->kind == STEP_NODE_CONVERT && node->type->size == 8)
    return address_of(node->first, driver, addend);
  if (node->kind == STEP_NODE_ADDRESS)
    return place_of(node->first, driver, addend);
  if (node->kind != STEP_NODE_SCALE || node->second->kind != STEP_NODE_NUMBER || !address_of(node->first, driver, addend))
    return false;
  *addend += (uint64_t)node->second->value * (uint64_t)node->value;
  return true;
}

static const StepNode *function_of(const StepNode *node) {
  while (node->kind == STEP_NODE_CONVERT && node->type->size == 8)
    node = node->first;
  return node->kind == STEP_NODE_FUNCTION ? node : NULL;
}

static void image_write(StepDriver *driver, uint32_t offset, uint32_t size, uint64_t value, unsigned bit_offset, unsigned bit_size) {
  uint64_t old = 0;
  memcpy(&old, driver->image->data + offset, size);
  if (bit_size != 0) {
    uint64_t mask = (bit_size == 64 ? UINT64_MAX : (1ull << bit_size) - 1) << bit_offset;
    value = (old & ~mask) | (value << bit_offset & mask);
  }
  memcpy(driver->image->data + offset, &value, size);
}

static bool global_part(Sink *sink, const StepMember *part, const StepType *type, StepNode *value) {
  StepDriver *driver = sink->compiler->driver;
  const StepNode *function = function_of(value);
  StepRelocation relocation = { .offset = part->offset };
  if (value->kind == STEP_NODE_NUMBER) {
    image_write(driver, part->offset, type->size, (uint64_t)value->value, part->bit_offset, part->bit_size);
  } else if (function != NULL) {
    image_write(driver, part->offset, 8, function->function->address, 0, 0);
  } else if (value->kind == STEP_NODE_READ_ONLY) { /* a GUID */
    memcpy(driver->image->data + part->offset, sink->compiler->program->read_only->data + value->value, type->size);
  } else if (type->size == 8 && address_of(value, &relocation.driver, &relocation.addend)) {
    g_array_append_val(driver->relocations, relocation);
  } else {
    return not_known(sink, value);
  }
  return true;
}

/* ---- parts of both ---- */

static bool part_value(Sink *sink, const StepMember *part, const StepType *type, StepNode *node) {
  StepNode *value = step_check_assigned(sink->compiler, node, type, "the initial value");
  if (value == NULL)
    return false;
  if (sink->emitter == NULL)
    return global_part(sink, part, type, value);
  if (type->kind == DDI_TYPE_STRUCT)
    step_emit_local(sink->emitter, part->offset, type, value, 0);
  else
    step_emit_local_bits(sink->emitter, part->offset, type, value, part->bit_offset, part->bit_size, 0);
  return !sink->compiler->has_failed;
}

/* An array of characters from a string; its zero may be left out, as in C. */
static bool part_string(Sink *sink, uint32_t offset, const StepType *type, StepNode *node) {
  uint32_t unit = node->is_wide ? 2 : 1, size = node->bytes->len;
  if (type->target->kind != DDI_TYPE_INTEGER || type->target->size != unit)
    return step_fail(sink->compiler, node->offset, "this string is no initial value of an array of %u-byte elements", type->target->size);
  if (size > type->size + unit)
    return step_fail(sink->compiler, node->offset, "the string has %u characters and the array room for %u", size / unit - 1, type->count);
  node = step_check_value(sink->compiler, node);
  if (node == NULL)
    return false;
  uint32_t source = (uint32_t)node->first->value; /* it has become the address of read-only memory */
  size = MIN(size, type->size);
  if (sink->emitter != NULL)
    step_emit_local_bytes(sink->emitter, offset, source, size, 0);
  else
    memcpy(sink->compiler->driver->image->data + offset, sink->compiler->program->read_only->data + source, size);
  return !sink->compiler->has_failed;
}

static bool walk(Sink *sink, const StepMember *part, const StepType *type, StepNode *node);

/* ---- lists ---- */

static bool is_zero_list(const StepNode *list) {
  const StepNode *item = list->first;
  return item == NULL || (item->next == NULL && item->designator == NULL && item->kind == STEP_NODE_NUMBER && item->value == 0);
}

static bool walk_array(Sink *sink, uint32_t offset, const StepType *type, StepNode *list) {
  int64_t index = 0;
  for (StepNode *item = list->first; item != NULL; item = item->next, index++) {
    if (item->designator != NULL && item->designator->kind != STEP_NODE_NUMBER)
      return step_fail(sink->compiler, item->offset, "an array has no fields");
    if (item->designator != NULL)
      index = item->designator->value;
    if (index < 0 || index >= type->count)
      return step_fail(sink->compiler, item->offset, "the array has %u elements", type->count);
    StepMember part = { .offset = offset + (uint32_t)index * type->target->size };
    if (!walk(sink, &part, type->target, item))
      return false;
  }
  return true;
}

static uint32_t field_index(const DdiType *structure, const char *name) {
  for (uint32_t i = 0; i < structure->field_count; i++)
    if (strcmp(ddi_fields[structure->field_first + i].name, name) == 0)
      return i;
  return structure->field_count; /* in an anonymous member: nothing may follow without its own name */
}

static const char *first_of_path(const StepNode *path) {
  while (path->first != NULL)
    path = path->first;
  return path->name;
}

static bool walk_structure(Sink *sink, uint32_t offset, const StepType *type, StepNode *list) {
  const DdiType *structure = &ddi_types[type->index];
  uint32_t index = 0;
  for (StepNode *item = list->first; item != NULL; item = item->next, index++) {
    StepMember part;
    if (item->designator != NULL && item->designator->kind != STEP_NODE_MEMBER)
      return step_fail(sink->compiler, item->offset, "a structure has no elements");
    if (item->designator != NULL) {
      if (!step_check_path(sink->compiler, item->designator, type, &part))
        return false;
      index = field_index(structure, first_of_path(item->designator));
    } else if (index < (type->is_union ? MIN(1, structure->field_count) : structure->field_count)) {
      const DdiField *field = &ddi_fields[structure->field_first + index];
      part = (StepMember){ field->type, field->offset, field->bit_offset, field->bit_size };
    } else {
      return step_fail(sink->compiler, item->offset, "%s has no field for this value",
                       type->name[0] != '\0' ? type->name : "the structure");
    }
    part.offset += offset;
    if (!walk(sink, &part, step_type_of(&sink->compiler->program->types, part.type), item))
      return false;
  }
  return true;
}

static bool walk(Sink *sink, const StepMember *part, const StepType *type, StepNode *node) {
  if (sink->compiler->has_failed)
    return false;
  if (type->kind == DDI_TYPE_ARRAY && node->kind == STEP_NODE_STRING)
    return part_string(sink, part->offset, type, node);
  if (node->kind != STEP_NODE_LIST && type->kind == DDI_TYPE_ARRAY)
    return step_fail(sink->compiler, node->offset, "an array's initial value is a list in braces or a string");
  if (node->kind != STEP_NODE_LIST)
    return part_value(sink, part, type, node);
  if (is_zero_list(node))
    return true; /* the whole variable is zeroed before its parts are set */
  if (type->kind == DDI_TYPE_ARRAY)
    return walk_array(sink, part->offset, type, node);
  if (type->kind == DDI_TYPE_STRUCT)
    return walk_structure(sink, part->offset, type, node);
  if (node->first->next != NULL || node->first->designator != NULL)
    return step_fail(sink->compiler, node->offset, "one value is expected here");
  return walk(sink, part, type, node->first);
}

/* ---- variables ---- */

const StepType *step_initial_type(StepCompiler *compiler, const StepType *type, const StepNode *initial) {
  if (type->kind != DDI_TYPE_ARRAY || type->count != 0)
    return type;
  int64_t count = 0, index = 0;
  if (initial != NULL && initial->kind == STEP_NODE_STRING) {
    count = initial->bytes->len / (initial->is_wide ? 2 : 1);
  } else if (initial != NULL && initial->kind == STEP_NODE_LIST) {
    for (const StepNode *item = initial->first; item != NULL; item = item->next) {
      if (item->designator != NULL && item->designator->kind == STEP_NODE_NUMBER)
        index = item->designator->value;
      index = CLAMP(index, 0, STEP_VARIABLE_SIZE_MAX) + 1;
      count = MAX(count, index);
    }
  }
  if (count < 1 || count * type->target->size > STEP_VARIABLE_SIZE_MAX)
    return step_fail(compiler, 0, "the array needs a number of elements, or an initial value that gives it");
  return step_type_array(&compiler->program->types, type->target, (uint32_t)count);
}

bool step_initial_local(StepEmitter *emitter, StepVariable *variable) {
  Sink sink = { .compiler = emitter->compiler, .emitter = emitter };
  StepMember whole = { .offset = variable->offset };
  if (variable->initial->kind == STEP_NODE_LIST || variable->initial->kind == STEP_NODE_STRING)
    if (variable->type->kind == DDI_TYPE_ARRAY || variable->type->kind == DDI_TYPE_STRUCT || is_zero_list(variable->initial))
      step_emit_local_zero(emitter, variable->offset, variable->type->size, 0);
  return walk(&sink, &whole, variable->type, variable->initial);
}

bool step_initial_global(StepCompiler *compiler, StepVariable *variable) {
  Sink sink = { .compiler = compiler };
  StepMember whole = { .offset = variable->offset };
  return walk(&sink, &whole, variable->type, variable->initial);
}
