/*
 * Runs step functions. On the host stack of the current context; its frames are on the context's guest stack. No allocation, no libc state.
 *
 * What a hostile step can do to memory it does as compiled code would: every address it computes is judged by sim_access before it is touched.
 * The code itself and the nesting of calls are host state that no guest memory can change; temporaries stand in guest memory and are numbers.
 *
 * Calls among steps do not nest on the host stack. Calls through Windows do (a step calls a modelled function, which calls a step): each costs
 * the guest STEP_ENTRY_SIZE of its stack, as Windows' own frames would, and so their number is bounded alike in every build.
 */
#include "step_code.h"

#include "model/guest/guest_face.h"

#include <string.h>

#define STATUS_INTEGER_DIVIDE_BY_ZERO 0xc0000094u
#define STATUS_INTEGER_OVERFLOW 0xc0000095u
#define HOST_STACK_RESERVE 0x4000

/* Where a calling function goes on. */
typedef struct Caller {
  uint32_t function; /* number */
  uint32_t call;     /* instruction */
} Caller;

/* Functions that run, each called by the one before: the innermost, and where the others go on. */
typedef struct Run {
  SimMachine *machine;
  SimContext *context;
  const StepInstance *instance;
  const StepFunction *function;
  uint64_t frame; /* address; the temporaries are its beginning */
  uint64_t *temporaries;
  uint64_t locals; /* address */
  uint32_t site;   /* of the current step */
  uint32_t depth;  /* callers */
  Caller callers[SIM_FRAME_COUNT_MAX];
} Run;

/* ---- memory ---- */

/* sim_access, but for where it would only count. */
static inline void touch(const Run *run, uint64_t address, uint32_t size, SimAccessKind kind) {
  SimMachine *machine = run->machine;
  bool is_looked_at = machine->access_budget <= 1 || machine->footprint != NULL || machine->race_is_on;
  if (is_looked_at || !sim_access_is_plain(address, size)) {
    sim_access(address, size, kind, run->site);
    return;
  }
  machine->access_budget--;
  run->context->site = run->site;
}

static uint64_t load(const Run *run, uint64_t address, StepWidth width) {
  uint64_t value = 0;
  uint32_t size = step_width_size(width);
  touch(run, address, size, SIM_ACCESS_READ);
  switch (size) {
  case 1: value = *(const volatile uint8_t *)address; break;
  case 2: memcpy(&value, (const void *)address, 2); break;
  case 4: memcpy(&value, (const void *)address, 4); break;
  default: memcpy(&value, (const void *)address, 8); break;
  }
  return step_widen(value, width);
}

static void store(const Run *run, uint64_t address, StepWidth width, uint64_t value) {
  uint32_t size = step_width_size(width);
  touch(run, address, size, SIM_ACCESS_WRITE);
  switch (size) {
  case 1: *(volatile uint8_t *)address = (uint8_t)value; break;
  case 2: memcpy((void *)address, &value, 2); break;
  case 4: memcpy((void *)address, &value, 4); break;
  default: memcpy((void *)address, &value, 8); break;
  }
}

static void copy(const Run *run, uint64_t to, uint64_t from, uint32_t size) {
  sim_access(from, size, SIM_ACCESS_READ, run->site);
  sim_access(to, size, SIM_ACCESS_WRITE, run->site);
  memmove((void *)to, (const void *)from, size);
}

static void zero(const Run *run, uint64_t address, uint32_t size) {
  sim_access(address, size, SIM_ACCESS_WRITE, run->site);
  memset((void *)address, 0, size);
}

static uint64_t global_base(const Run *run, const StepInstruction *at) { return run->instance->memory[at->b]; }

/* ---- bit fields: offset | count << 8 ---- */

static uint64_t bits_extract(uint64_t unit, uint64_t bits, StepWidth width) {
  unsigned offset = bits & 0xff, count = (bits >> 8) & 0xff;
  uint64_t value = unit << (64 - offset - count);
  return step_width_is_signed(width) ? (uint64_t)((int64_t)value >> (64 - count)) : value >> (64 - count);
}

static uint64_t bits_insert(uint64_t unit, uint64_t value, uint64_t bits) {
  unsigned offset = bits & 0xff, count = (bits >> 8) & 0xff;
  uint64_t mask = (count == 64 ? UINT64_MAX : (1ull << count) - 1) << offset;
  return (unit & ~mask) | (value << offset & mask);
}

/* ---- operators ---- */

/* The processor's exception where Windows' division has one. Does not return. */
static void divide_trap(const Run *run, uint64_t divisor) {
  guest_exception(divisor == 0 ? STATUS_INTEGER_DIVIDE_BY_ZERO : STATUS_INTEGER_OVERFLOW, run->site);
}

static void compute(const Run *run, const StepInstruction *at) {
  uint64_t left = run->temporaries[at->b];
  uint64_t right = at->c == STEP_IMMEDIATE ? (uint64_t)at->immediate : run->temporaries[at->c];
  uint64_t result = 0;
  if (!step_compute(at->operation, at->width, left, right, &result))
    divide_trap(run, right);
  run->temporaries[at->a] = result;
}

/* ---- calls ---- */

static void call_finish(const Run *run, const StepInstruction *at, uint64_t result) {
  run->temporaries[at->a] = step_widen(result, at->width);
  run->context->site = run->site;
}

static void call_ddi(const Run *run, const StepInstruction *at) {
  uint64_t result = 0;
  at->ddi->step(&run->temporaries[at->a], at->b, &result);
  call_finish(run, at, result);
}

static void call_builtin(const Run *run, const StepInstruction *at) {
  uint64_t result = 0;
  at->builtin(&run->temporaries[at->a], at->b, &result);
  call_finish(run, at, result);
}

/* ---- frames ---- */

/* As the compiler's stack probe would: the first page below the stack is touched. */
static void stack_overflow(SimMachine *machine, SimContext *context, uint32_t site) {
  context->site = site;
  sim_access(sim_context_guest_stack_low(context) - 8, 8, SIM_ACCESS_WRITE, site);
  sim_stop(machine, SIM_STOP_GUEST_CRASH, "stack overflow");
}

/* A frame below `high` for the function, whose code is next; the call is from `site`. */
static void enter(Run *run, const StepFunction *function, uint64_t high, uint32_t site, const uint64_t *arguments, unsigned count) {
  SimContext *context = run->context;
  uint64_t room = high - sim_context_guest_stack_low(context);
  if (!sim_frame_push(context, site, function->site) || (int64_t)room < (int64_t)function->frame_size)
    stack_overflow(run->machine, context, function->site);
  run->function = function;
  run->frame = high - function->frame_size;
  run->temporaries = (uint64_t *)run->frame;
  run->locals = run->frame + function->locals_offset;
  run->site = function->site;
  memset((void *)run->frame, 0xcc, function->frame_size);
  uint64_t *parameters = (uint64_t *)(run->locals + function->parameter_offset);
  for (uint32_t i = 0; i < function->parameter_count; i++)
    parameters[i] = i < count ? arguments[i] : 0;
  context->guest_stack_pointer = (void *)run->frame;
  context->site = function->site;
}

/* The innermost function calls another one. */
static void push(Run *run, const StepInstruction *at) {
  run->callers[run->depth] = (Caller){ run->function->number, (uint32_t)(at - run->function->code) };
  const uint64_t *arguments = &run->temporaries[at->a];
  enter(run, at->function, run->frame, run->site, arguments, at->b);
  run->depth++;
}

/* The innermost function returns to its caller, whose call is returned. Frames lie side by side: the caller's begins where this one ends. */
static const StepInstruction *pop(Run *run, uint64_t result) {
  SimContext *context = run->context;
  Caller caller = run->callers[--run->depth];
  const StepFunction *function = run->instance->functions[caller.function];
  uint32_t site = context->frames[context->frame_count - 1].site;
  sim_frame_pop(context);
  run->frame += run->function->frame_size;
  run->function = function;
  run->temporaries = (uint64_t *)run->frame;
  run->locals = run->frame + function->locals_offset;
  run->site = site;
  context->guest_stack_pointer = (void *)run->frame;
  call_finish(run, &function->code[caller.call], result);
  return &function->code[caller.call];
}

/* ---- the interpreter ---- */

static void step_begin(Run *run, uint32_t site) {
  run->site = site;
  run->context->site = site;
  sim_charge(run->machine, STEP_COST_NS);
}

/* A turn of a loop is a spin attempt: others may run, and the run's limit of steps counts it. */
static void loop_turn(Run *run, const StepInstruction *at) {
  run->site = (uint32_t)at->b | (uint32_t)at->c << 16;
  run->context->site = run->site;
  sim_point(run->machine, SIM_POINT_SPIN, 0, 0, 0);
}

static uint64_t execute(Run *run) {
  const StepInstruction *code = run->function->code;
  uint64_t *t = run->temporaries, result;
  for (const StepInstruction *at = code;; at++) {
    switch ((StepOperation)at->operation) {
    case STEP_NOP: break;
    case STEP_MARK: step_begin(run, (uint32_t)at->immediate); break;
    case STEP_CONSTANT: t[at->a] = (uint64_t)at->immediate; break;
    case STEP_MOVE: t[at->a] = t[at->b]; break;
    case STEP_ADDRESS_LOCAL: t[at->a] = run->locals + (uint64_t)at->immediate; break;
    case STEP_ADDRESS_GLOBAL: t[at->a] = global_base(run, at) + (uint64_t)at->immediate; break;
    case STEP_ADDRESS: t[at->a] = t[at->b] + (uint64_t)at->immediate; break;
    case STEP_LOAD_LOCAL: t[at->a] = load(run, run->locals + (uint64_t)at->immediate, at->width); break;
    case STEP_LOAD_GLOBAL: t[at->a] = load(run, global_base(run, at) + (uint64_t)at->immediate, at->width); break;
    case STEP_LOAD: t[at->a] = load(run, t[at->b] + (uint64_t)at->immediate, at->width); break;
    case STEP_STORE_LOCAL: store(run, run->locals + (uint64_t)at->immediate, at->width, t[at->a]); break;
    case STEP_STORE_GLOBAL: store(run, global_base(run, at) + (uint64_t)at->immediate, at->width, t[at->a]); break;
    case STEP_STORE: store(run, t[at->b] + (uint64_t)at->immediate, at->width, t[at->a]); break;
    case STEP_SPILL:
      *(uint64_t *)(run->locals + (uint64_t)at->immediate) = t[at->a];
      t[at->a] = run->locals + (uint64_t)at->immediate;
      break;
    case STEP_COPY: copy(run, t[at->a], t[at->b], (uint32_t)at->immediate); break;
    case STEP_ZERO: zero(run, t[at->a], (uint32_t)at->immediate); break;
    case STEP_EXTRACT: t[at->a] = bits_extract(t[at->b], (uint64_t)at->immediate, at->width); break;
    case STEP_INSERT: t[at->a] = bits_insert(t[at->a], t[at->b], (uint64_t)at->immediate); break;
    case STEP_CONVERT: t[at->a] = step_widen(t[at->b], at->width); break;
    case STEP_NEGATE: t[at->a] = step_widen(0 - t[at->b], at->width); break;
    case STEP_COMPLEMENT: t[at->a] = step_widen(~t[at->b], at->width); break;
    case STEP_NOT: t[at->a] = t[at->b] == 0; break;
    case STEP_INDEX: t[at->a] = t[at->b] + t[at->c] * (uint64_t)at->immediate; break;
    case STEP_DIFFERENCE: t[at->a] = (uint64_t)((int64_t)(t[at->b] - t[at->c]) / at->immediate); break;
    case STEP_BINARY_FIRST ... STEP_BINARY_LAST: compute(run, at); break;
    case STEP_JUMP: at = code + at->immediate - 1; break;
    case STEP_JUMP_ZERO:
      if (t[at->a] == 0)
        at = code + at->immediate - 1;
      break;
    case STEP_JUMP_NOT_ZERO:
      if (t[at->a] != 0)
        at = code + at->immediate - 1;
      break;
    case STEP_JUMP_NOT_POSITIVE:
      if ((int64_t)t[at->a] <= 0)
        at = code + at->immediate - 1;
      break;
    case STEP_LOOP:
      loop_turn(run, at);
      at = code + at->immediate - 1;
      break;
    case STEP_CALL_DDI: call_ddi(run, at); break;
    case STEP_CALL_BUILTIN: call_builtin(run, at); break;
    case STEP_CALL_STEPS:
      push(run, at);
      t = run->temporaries;
      code = run->function->code;
      at = code - 1;
      break;
    case STEP_RETURN:
    case STEP_RETURN_VOID:
      result = at->operation == STEP_RETURN ? t[at->a] : 0;
      if (run->depth == 0)
        return result;
      at = pop(run, result);
      t = run->temporaries;
      code = run->function->code;
      break;
    }
  }
}

/* ---- from Windows ---- */

/* The last resort where a build's C frames are larger than was thought: an outcome instead of a crash. */
static void host_stack_check(SimMachine *machine, const SimContext *context) {
  uint64_t low = sim_context_guest_stack_low(context) + SIM_GUEST_STACK_SIZE - SIM_STACK_SLOT_SIZE + SIM_PAGE_SIZE;
  uint64_t here = (uint64_t)__builtin_frame_address(0);
  if (here - low < HOST_STACK_RESERVE)
    sim_stop(machine, SIM_STOP_LIMIT_MEMORY, "calls of driver code within one another");
}

uint64_t step_function_run(const StepInstance *instance, const StepFunction *function, const uint64_t *arguments, unsigned count) {
  Run run;
  run.machine = sim_machine();
  run.context = run.machine->current;
  run.instance = instance;
  run.depth = 0;
  SimContext *context = run.context;
  void *before = context->guest_stack_pointer;
  uint64_t high = (uint64_t)before & ~15ull;
  uint32_t site = context->site;
  host_stack_check(run.machine, context);
  enter(&run, function, context->frame_count > 0 ? high - STEP_ENTRY_SIZE : high, site, arguments, count);
  uint64_t result = execute(&run);
  sim_frame_pop(context);
  context->guest_stack_pointer = before;
  context->site = site;
  return result;
}

uint64_t step_instance_call(void *instance, uint64_t address, const uint64_t *arguments, unsigned count) {
  const StepInstance *installed = instance;
  uint64_t number = (address - SIM_STEP_CODE_BASE) / STEP_FUNCTION_SPACING;
  if (address % STEP_FUNCTION_SPACING == 0 && number < installed->function_count)
    return step_function_run(installed, installed->functions[number], arguments, count);
  guest_fault(address, 1, false, true);
}
