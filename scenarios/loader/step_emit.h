/*
 * step_emit.h: checked nodes as code. Host side, at load.
 */
#pragma once

#include "step_tree.h"

typedef struct StepEmitter {
  StepCompiler *compiler;
  GArray *code;             /* StepInstruction */
  unsigned temporary_count; /* used so far */
  uint32_t locals_size;     /* bytes, with the parameters and what was spilled */
} StepEmitter;

/* Leaves the value of a checked node in temporary `to`, using those above it; a structure's value is its address. */
void step_emit_value(StepEmitter *emitter, StepNode *node, unsigned to);

/* Evaluates for the effect. */
void step_emit_effect(StepEmitter *emitter, StepNode *node, unsigned to);

/* Returns the number of the instruction, for step_emit_patch. */
unsigned step_emit(StepEmitter *emitter, StepOperation operation, unsigned a, int64_t immediate);
/* The jump `instruction` leads to the next one emitted. */
void step_emit_patch(StepEmitter *emitter, unsigned instruction);

/* Returns the checked value; a structure by its bytes. */
void step_emit_result(StepEmitter *emitter, StepNode *value, unsigned to);

/* The jump back of a loop whose statement has that site. */
void step_emit_loop(StepEmitter *emitter, unsigned start, uint32_t site);
void step_emit_decrement(StepEmitter *emitter, unsigned temporary);

/* The local at `offset`, of that type, gets the checked value; uses temporaries from `from`. */
void step_emit_local(StepEmitter *emitter, uint32_t offset, const StepType *type, StepNode *value, unsigned from);
void step_emit_local_bits(StepEmitter *emitter, uint32_t offset, const StepType *type, StepNode *value, unsigned bit_offset,
                          unsigned bit_size, unsigned from);
void step_emit_local_zero(StepEmitter *emitter, uint32_t offset, uint32_t size, unsigned from);
/* `size` bytes of the program's read-only memory at `source` are copied there. */
void step_emit_local_bytes(StepEmitter *emitter, uint32_t offset, uint32_t source, uint32_t size, unsigned from);
