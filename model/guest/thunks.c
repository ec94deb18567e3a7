/*
 * thunks.c: which thunk leads where: the DDI from the first on, the hooks from the last but one back, so that a new DDI function moves no hook. The
 * last is left to sim.
 */
#include "hooks.h"

#include "../../sim/gate.h"
#include "../ddi/ddi.h"

#define DIRECT(name, function)                                                                                                             \
  { name, function, false }
#define GATED(name, function)                                                                                                              \
  { name, (void (*)(void))(function), true }

#define ACCESSES(size)                                                                                                                     \
  DIRECT("__tsan_read" #size, guest_read##size), DIRECT("__tsan_write" #size, guest_write##size),                                          \
      DIRECT("__tsan_unaligned_read" #size, guest_read##size), DIRECT("__tsan_unaligned_write" #size, guest_write##size),                  \
      DIRECT("__tsan_volatile_read" #size, guest_volatile_read##size), DIRECT("__tsan_volatile_write" #size, guest_volatile_write##size),  \
      DIRECT("__tsan_unaligned_volatile_read" #size, guest_volatile_read##size),                                                           \
      DIRECT("__tsan_unaligned_volatile_write" #size, guest_volatile_write##size),

#define FETCH(bits, type, operation) GATED("__tsan_atomic" #bits "_" #operation, guest_atomic##bits##_##operation),
#define ATOMICS(bits, type)                                                                                                                \
  FETCH(bits, type, load)                                                                                                                  \
  FETCH(bits, type, store)                                                                                                                 \
  FETCH(bits, type, compare_exchange_val)                                                                                                  \
  GATED("__tsan_atomic" #bits "_compare_exchange_strong", guest_atomic##bits##_compare_exchange),                                          \
      GATED("__tsan_atomic" #bits "_compare_exchange_weak", guest_atomic##bits##_compare_exchange),                                        \
      GUEST_ATOMIC_FETCHES(FETCH, bits, type)

const GuestHook guest_hooks[] = {
  DIRECT("__tsan_init", guest_nothing),
  DIRECT("__tsan_func_entry", guest_func_entry),
  DIRECT("__tsan_func_exit", guest_func_exit),
  GUEST_ACCESS_SIZES(ACCESSES) GATED("__tsan_read_range", guest_read_range),
  GATED("__tsan_write_range", guest_write_range),
  GUEST_ATOMIC_SIZES(ATOMICS) DIRECT("__tsan_atomic_thread_fence", guest_nothing),
  DIRECT("__tsan_atomic_signal_fence", guest_nothing),
  DIRECT("irqlab_read1", guest_read1_at),
  DIRECT("irqlab_read2", guest_read2_at),
  DIRECT("irqlab_write1", guest_write1_at),
  DIRECT("irqlab_write2", guest_write2_at),
  GATED("irqlab_range", guest_range_at),
  GATED(GUEST_NOT_MODELLED_HOOK, guest_not_modelled),
  DIRECT(GUEST_BLOCK_HOOK, guest_block),
};
const uint32_t guest_hook_count = sizeof guest_hooks / sizeof guest_hooks[0];

static unsigned hook_index(uint32_t hook) { return (unsigned)SIM_THUNK_COUNT - 2 - hook; }

/* Six come in registers, each of them an integer or a pointer; what a variadic one gets is not known. */
static bool has_stack_arguments(const DdiFunction *function) { return function->parameter_count > 6 || function->is_variadic; }

bool guest_thunks_fill(void) {
  if (ddi_function_count + guest_hook_count >= SIM_THUNK_COUNT || !sim_thunks_open())
    return false;
  for (uint32_t i = 0; i < ddi_function_count; i++)
    sim_thunk_set_gated(i, ddi_functions[i].entry, has_stack_arguments(&ddi_functions[i]));
  for (uint32_t i = 0; i < guest_hook_count; i++) {
    if (guest_hooks[i].is_gated)
      sim_thunk_set_gated(hook_index(i), guest_hooks[i].function, false);
    else
      sim_thunk_set_direct(hook_index(i), guest_hooks[i].function);
  }
  sim_thunks_seal();
  return true;
}

static bool is_same(const char *left, const char *right) {
  while (*left != '\0' && *left == *right)
    left++, right++;
  return *left == *right;
}

uint64_t guest_thunk_find(const char *name) {
  for (uint32_t i = 0; i < guest_hook_count; i++)
    if (is_same(guest_hooks[i].name, name))
      return sim_thunk_address(hook_index(i));
  const DdiFunction *function = ddi_function_find(name);
  return function != NULL ? sim_thunk_address((unsigned)(function - ddi_functions)) : 0;
}
