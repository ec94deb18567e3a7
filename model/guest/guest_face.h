/*
 * guest_face.h: driver code as the host side sees it: thunks, hooks, step programs. Stdint only.
 *
 * Building, loading, symbols and signals need libc and stand in scenarios/loader (guest_build.h, guest_image.h, guest_symbol.h,
 * guest_signals.h); what runs beneath driver code stands here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* ---- step programs ---- */

/* Runs the step function that an address of the step-code region stands for, on the current context; returns its result. */
typedef uint64_t GuestStepRunner(void *program, uint64_t address, const uint64_t *arguments, unsigned count);

/* Whom guest_call asks for addresses of the step-code region. Borrowed until the next call; NULL: nobody. Kept over resets and restores. */
void guest_step_program_set(GuestStepRunner *runner, void *program);

/* ---- coverage ---- */

/* Where code that was built for it counts its basic blocks: blocks[(return address of the block's hook - SIM_IMAGE_BASE) / 4]. NULL: nowhere. Kept
 * over resets and restores. */
void guest_coverage_set(uint32_t *blocks);

/* ---- thunks: all that driver code ever jumps to outside of its image ---- */

/* A function that instrumented code or the guest's runtime calls beside the DDI. */
typedef struct GuestHook {
  const char *name;       /* as the object file spells it: "__tsan_read8" */
  void (*function)(void); /* ours */
  bool is_gated;          /* runs on the host stack; else a few instructions on the guest stack */
} GuestHook;

extern const GuestHook guest_hooks[]; /* sorted by name (strcmp) */
extern const uint32_t guest_hook_count;

/* Fills the thunk region: thunk i is ddi_functions[i]; hook i is the thunk i from the end. Once a process, after sim_arena_map. False where
 * drivers cannot be native or the region is taken. */
bool guest_thunks_fill(void);

/* Where the thunk of a DDI function or a hook is; 0: there is none of that name. */
uint64_t guest_thunk_find(const char *name);

/* What an import stub of a function that is not modelled jumps to, with the address of the function's name in rdi. */
#define GUEST_NOT_MODELLED_HOOK "irqlab_not_modelled"

/* What code that is built to be covered calls where a basic block begins. */
#define GUEST_BLOCK_HOOK "__sanitizer_cov_trace_pc"

/* ---- driver code in trouble ---- */

/* Driver code touched memory in a way only the processor noticed (its hooks saw nothing). Called on the host stack of the current context,
 * whose driver code is not continued. Reports it as the machine's fault handler does; ends the run. */
void guest_fault(uint64_t address, uint32_t size, bool is_write, bool is_execute) __attribute__((noreturn));

/* A function of the driver's returned to an address that is none of its callers': something had written over it on the stack. As guest_fault; what is found
 * wrong is told of that function. */
void guest_return_fault(uint64_t address) __attribute__((noreturn));

/* The processor raised another exception in driver code at `instruction`: an NTSTATUS such as STATUS_INTEGER_DIVIDE_BY_ZERO. As guest_fault. */
void guest_exception(uint32_t status, uint64_t instruction) __attribute__((noreturn));

/* ---- pages of an image ---- */

#define GUEST_PAGE_CODE SIM_PAGE_CODE /* code and constants */
#define GUEST_PAGE_DATA (SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE)
/* Stand-ins for variables of Windows that are not modelled: cells of GUEST_CELL_SIZE bytes that hold the variable's name. A touch ends the run. */
#define GUEST_PAGE_UNMODELLED (SIM_PAGE_NONE | SIM_PAGE_RESIDENT)
#define GUEST_CELL_SIZE 64
