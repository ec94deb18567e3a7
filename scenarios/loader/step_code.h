/*
 * step_code.h: what a step function is when it runs: typed register code over a frame on the guest stack. No GLib.
 *
 * A frame, from its low end: temporaries (8 bytes each: the registers of the code), locals, parameters, and STEP_CALL_SIZE bytes for what a
 * compiled call would push. Temporaries hold values widened to 64 bits as their C type says; structures are held by address.
 * Code and functions are host memory and immutable; a StepInstance is in the arena.
 */
#pragma once

#include "step.h"

#include <stdbool.h>
#include <stdint.h>

#define STEP_CALL_SIZE 64
#define STEP_ENTRY_SIZE 2048 /* of guest stack, for a call that Windows makes from within a call by driver code */
#define STEP_TEMPORARY_COUNT_MAX 200
#define STEP_FUNCTION_SPACING 16 /* bytes of the step-code region a function */
#define STEP_FUNCTION_COUNT_MAX (SIM_STEP_CODE_SIZE / STEP_FUNCTION_SPACING)
#define STEP_DRIVER_COUNT_MAX 32

/* How a value is widened, and how many bytes of memory it has. */
typedef enum StepWidth { STEP_S8, STEP_U8, STEP_S16, STEP_U16, STEP_S32, STEP_U32, STEP_64, STEP_64_SIGNED } StepWidth;

/* a, b, c: numbers of temporaries. */
typedef enum StepOperation {
  STEP_NOP,
  STEP_MARK,           /* the step `immediate` (a site) begins */
  STEP_CONSTANT,       /* a = immediate */
  STEP_MOVE,           /* a = b */
  STEP_ADDRESS_LOCAL,  /* a = locals + immediate */
  STEP_ADDRESS_GLOBAL, /* a = memory of driver b + immediate */
  STEP_ADDRESS,        /* a = b + immediate, without being an access */
  STEP_LOAD_LOCAL,     /* a = *(locals + immediate) */
  STEP_LOAD_GLOBAL,    /* a = *(memory of driver b + immediate) */
  STEP_LOAD,           /* a = *(b + immediate) */
  STEP_STORE_LOCAL,    /* *(locals + immediate) = a */
  STEP_STORE_GLOBAL,   /* *(memory of driver b + immediate) = a */
  STEP_STORE,          /* *(b + immediate) = a */
  STEP_SPILL,          /* a structure of up to 8 bytes that a call returned in a is put at locals + immediate; a = its address */
  STEP_COPY,           /* immediate bytes from address b to address a */
  STEP_ZERO,           /* immediate bytes at address a */
  STEP_EXTRACT,        /* a = bits of b: immediate is offset | count << 8; width signed or not */
  STEP_INSERT,         /* a = a with those bits taken from b */
  STEP_CONVERT,        /* a = b as width */
  STEP_NEGATE,         /* a = -b as width */
  STEP_COMPLEMENT,     /* a = ~b as width */
  STEP_NOT,            /* a = !b */
  STEP_INDEX,          /* a = b + c * immediate */
  STEP_DIFFERENCE,     /* a = (b - c) / immediate */
  /* a = b OPERATOR c, or immediate where c is STEP_IMMEDIATE; in the width of the operands' common type */
  STEP_BINARY_FIRST,
  STEP_ADD = STEP_BINARY_FIRST,
  STEP_SUBTRACT,
  STEP_MULTIPLY,
  STEP_DIVIDE,
  STEP_MODULO,
  STEP_AND,
  STEP_OR,
  STEP_XOR,
  STEP_SHIFT_LEFT,
  STEP_SHIFT_RIGHT,
  STEP_EQUAL,
  STEP_NOT_EQUAL,
  STEP_LESS,
  STEP_LESS_EQUAL,
  STEP_GREATER,
  STEP_GREATER_EQUAL,
  STEP_BINARY_LAST = STEP_GREATER_EQUAL,
  STEP_JUMP,              /* to instruction immediate */
  STEP_JUMP_ZERO,         /* when a == 0 */
  STEP_JUMP_NOT_ZERO,     /* when a != 0 */
  STEP_JUMP_NOT_POSITIVE, /* when a <= 0, signed */
  STEP_LOOP,              /* back to instruction immediate: a scheduling point; b | c << 16 is the site of the loop */
  STEP_CALL_DDI,          /* a = ddi(a, ..., b arguments) */
  STEP_CALL_BUILTIN,      /* a = thunk(a, ..., b arguments) */
  STEP_CALL_STEPS,        /* a = function(a, ..., b arguments) */
  STEP_RETURN,            /* a */
  STEP_RETURN_VOID,
} StepOperation;

#define STEP_IMMEDIATE 0xffff

typedef struct StepInstruction {
  uint8_t operation; /* StepOperation */
  uint8_t width;     /* StepWidth */
  uint16_t a, b, c;
  union {
    int64_t immediate;
    const DdiFunction *ddi;
    DdiStepThunk *builtin;
    const StepFunction *function;
  };
} StepInstruction;

_Static_assert(sizeof(StepInstruction) == 16, "four instructions a cache line");

struct StepFunctionSource;

struct StepFunction {
  const StepInstruction *code;
  uint32_t site;             /* of the entry */
  uint32_t frame_size;       /* bytes taken from the guest stack */
  uint32_t locals_offset;    /* of the locals, from the frame's low end */
  uint32_t parameter_offset; /* of the first parameter, from locals_offset; 8 bytes each */
  uint32_t parameter_count;
  uint32_t number; /* in the program */
  uint64_t address;
  struct StepFunctionSource *source; /* what it was made of */
};

struct StepInstance {
  StepProgram *program;
  const StepFunction *const *functions; /* by number; the program's */
  uint32_t function_count;
  uint32_t driver_count;
  uint64_t memory[STEP_DRIVER_COUNT_MAX + 1]; /* of each driver's globals; [driver_count]: strings and GUIDs */
  uint64_t size[STEP_DRIVER_COUNT_MAX + 1];   /* whole pages */
};

static inline uint32_t step_width_size(StepWidth width) {
  static const uint8_t sizes[] = { 1, 1, 2, 2, 4, 4, 8, 8 };
  return sizes[width];
}
static inline bool step_width_is_signed(StepWidth width) {
  return width == STEP_S8 || width == STEP_S16 || width == STEP_S32 || width == STEP_64_SIGNED;
}

static inline StepWidth step_width_of(uint32_t size, bool is_signed) {
  switch (size) {
  case 1: return is_signed ? STEP_S8 : STEP_U8;
  case 2: return is_signed ? STEP_S16 : STEP_U16;
  case 4: return is_signed ? STEP_S32 : STEP_U32;
  default: return is_signed ? STEP_64_SIGNED : STEP_64;
  }
}

/* The value cut to the width and widened again. */
static inline uint64_t step_widen(uint64_t value, StepWidth width) {
  switch (width) {
  case STEP_S8: return (uint64_t)(int64_t)(int8_t)value;
  case STEP_U8: return (uint8_t)value;
  case STEP_S16: return (uint64_t)(int64_t)(int16_t)value;
  case STEP_U16: return (uint16_t)value;
  case STEP_S32: return (uint64_t)(int64_t)(int32_t)value;
  case STEP_U32: return (uint32_t)value;
  default: return value;
  }
}

/* Division as x64's idiv and div: false where they trap. */
static inline bool step_divide(StepOperation operation, StepWidth width, uint64_t left, uint64_t right, uint64_t *result) {
  if (right == 0)
    return false;
  if (!step_width_is_signed(width)) {
    *result = operation == STEP_DIVIDE ? left / right : left % right;
    return true;
  }
  int64_t lowest = width == STEP_S32 ? INT32_MIN : INT64_MIN;
  if ((int64_t)left == lowest && (int64_t)right == -1)
    return false;
  *result = (uint64_t)(operation == STEP_DIVIDE ? (int64_t)left / (int64_t)right : (int64_t)left % (int64_t)right);
  return true;
}

static inline uint64_t step_shift(StepOperation operation, StepWidth width, uint64_t left, uint64_t right) {
  unsigned count = (unsigned)right & (step_width_size(width) == 8 ? 63 : 31); /* as the processor masks it */
  if (operation == STEP_SHIFT_LEFT)
    return left << count;
  return step_width_is_signed(width) ? (uint64_t)((int64_t)left >> count) : left >> count;
}

static inline bool step_compare(StepOperation operation, bool is_signed, uint64_t left, uint64_t right) {
  bool less = is_signed ? (int64_t)left < (int64_t)right : left < right;
  switch (operation) {
  case STEP_EQUAL: return left == right;
  case STEP_NOT_EQUAL: return left != right;
  case STEP_LESS: return less;
  case STEP_GREATER_EQUAL: return !less;
  case STEP_LESS_EQUAL: return less || left == right;
  default: return !less && left != right;
  }
}

/* One binary operation on widened operands: the same for folding at load and for running. False: the processor traps. */
static inline bool step_compute(StepOperation operation, StepWidth width, uint64_t left, uint64_t right, uint64_t *result) {
  uint64_t value;
  switch (operation) {
  case STEP_ADD: value = left + right; break;
  case STEP_SUBTRACT: value = left - right; break;
  case STEP_MULTIPLY: value = left * right; break;
  case STEP_DIVIDE:
  case STEP_MODULO:
    if (!step_divide(operation, width, left, right, &value))
      return false;
    break;
  case STEP_AND: value = left & right; break;
  case STEP_OR: value = left | right; break;
  case STEP_XOR: value = left ^ right; break;
  case STEP_SHIFT_LEFT:
  case STEP_SHIFT_RIGHT: value = step_shift(operation, width, left, right); break;
  default: *result = step_compare(operation, step_width_is_signed(width), left, right); return true;
  }
  *result = step_widen(value, width);
  return true;
}
