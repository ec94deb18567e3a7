/*
 * hooks.c: the access hooks of instrumented driver code: the fast path of sim_access (sim/memory.h) in some thirty instructions on the guest
 * stack, for accesses within one page of plain memory, one granule of shadowed memory, or constants of an image. All else goes to sim_access
 * itself, on the host stack.
 *
 * Written as assembly so that nothing of irqlab (a return address, a spilled register) is ever left on a stack that driver code can read, and
 * so that a build of irqlab without optimisation does the same to that stack as one with it. A hook is called like any C function: registers
 * that a call may change are free.
 */
#include "hooks.h"

#include "../../sim/machine.h"
#include "../model.h"

#define IMAGE_SIZE (SIM_IMAGE_END - SIM_IMAGE_BASE)
#define PLAIN (SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE)

_Static_assert(IMAGE_SIZE <= 1u << 31 && (uint32_t)SIM_IMAGE_BASE == 0x4000000,
               "a site is the low half of an address less that of SIM_IMAGE_BASE");
_Static_assert(SIM_STACK_SLOT_SIZE == 0x20000 && SIM_STACK_BASE % SIM_STACK_SLOT_SIZE == 0, "a stack slot is found by masking an address");

/* What the assembly knows of the machine, relative to SIM_ARENA_BASE (in %rcx). */
#define OPERANDS(size)                                                                                                                     \
  [arena] "i"(SIM_ARENA_BASE), [page_count] "i"((uint32_t)SIM_PAGE_COUNT), [pages] "i"((uint32_t)(SIM_PAGE_TABLE_BASE - SIM_ARENA_BASE)),  \
      [shadow] "i"((uint32_t)(SIM_SHADOW_BASE - SIM_ARENA_BASE)),                                                                          \
      [guest_granules] "i"((uint32_t)((SIM_GUEST_BASE - SIM_ARENA_BASE) / 16)),                                                            \
      [current] "i"((uint32_t)(SIM_MACHINE_BASE - SIM_ARENA_BASE + offsetof(SimMachine, current))),                                        \
      [budget] "i"((uint32_t)(SIM_MACHINE_BASE - SIM_ARENA_BASE + offsetof(SimMachine, access_budget))),                                   \
      [site] "i"((uint32_t)offsetof(SimContext, site)), [image_low] "i"((uint32_t)SIM_IMAGE_BASE),                                         \
      [nonpaged] "i"(SIM_PAGE_NONPAGED | PLAIN), [stack] "i"(SIM_PAGE_STACK | PLAIN),                                                      \
      [shadowed] "i"(SIM_PAGE_NONPAGED | PLAIN | SIM_PAGE_SHADOWED), [code] "i"(SIM_PAGE_CODE), [bytes] "i"(size),                         \
      [page_last] "i"(4096 - (size)), RACE_OPERANDS

/* What it knows of cells (sim/race.h), which begin so far from SIM_ARENA_BASE that the distance has no bit below it. */
#define RACE_OPERANDS                                                                                                                      \
  [epoch] "i"((uint32_t)offsetof(SimContext, race_epoch)), [cells] "i"(SIM_RACE_CELL_BASE), [flag_shift] "i"(SIM_RACE_FLAG_SHIFT),         \
      [whole] "i"(~(uint64_t)(0xffff << SIM_RACE_STACK_SHIFT))

/* In: %rdi the address, %edx low half of where it is touched. Notes the site; judges; counts; returns to driver code. */
#define ACCESS_TEXT(slow, code, race)                                                                                                      \
  "movabsq %[arena], %%rcx\n\t"                                                                                                            \
  "movq %c[current](%%rcx), %%r8\n\t"                                                                                                      \
  "subl %[image_low], %%edx\n\t"                                                                                                           \
  "movl %%edx, %c[site](%%r8)\n\t"                                                                                                         \
  "movq %%rdi, %%rax\n\t"                                                                                                                  \
  "subq %%rcx, %%rax\n\t"                                                                                                                  \
  "movq %%rax, %%rdx\n\t"                                                                                                                  \
  "shrq $12, %%rax\n\t"                                                                                                                    \
  "cmpq %[page_count], %%rax\n\t"                                                                                                          \
  "jae 9f\n\t"                                                                                                                             \
  "movl %%edi, %%esi\n\t"                                                                                                                  \
  "andl $4095, %%esi\n\t"                                                                                                                  \
  "cmpl %[page_last], %%esi\n\t"                                                                                                           \
  "ja 9f\n\t"                                                                                                                              \
  "movzbl %c[pages](%%rcx,%%rax), %%eax\n\t"                                                                                               \
  "cmpl %[nonpaged], %%eax\n\t"                                                                                                            \
  "je 5f\n\t"                                                                                                                              \
  "cmpl %[stack], %%eax\n\t"                                                                                                               \
  "je 5f\n\t" code "cmpl %[shadowed], %%eax\n\t"                                                                                           \
  "jne 9f\n\t"                                                                                                                             \
  "shrq $4, %%rdx\n\t" /* bytes of the granule that may be touched; a reason why none is negative */                                       \
  "subq %[guest_granules], %%rdx\n\t"                                                                                                      \
  "movsbl %c[shadow](%%rcx,%%rdx), %%eax\n\t"                                                                                              \
  "andl $15, %%esi\n\t"                                                                                                                    \
  "addl %[bytes], %%esi\n\t"                                                                                                               \
  "cmpl %%eax, %%esi\n\t"                                                                                                                  \
  "jg 9f\n"                                                                                                                                \
  "5:\n\t" race "6:\n\t"                                                                                                                   \
  "cmpl $1, %c[budget](%%rcx)\n\t"                                                                                                         \
  "je 9f\n\t"                                                                                                                              \
  "decl %c[budget](%%rcx)\n\t"                                                                                                             \
  "ret\n"                                                                                                                                  \
  "9:\n\t" /* sim_host_enter(slow, address), which returns to driver code */                                                               \
  "movq %%rdi, %%rsi\n\t"                                                                                                                  \
  "leaq " slow "(%%rip), %%rdi\n\t"                                                                                                        \
  "jmp sim_host_enter\n"

/* Constants of an image may be read. */
#define READ "cmpl %[code], %%eax\n\tje 6f\n\t"
#define WRITE ""

/* Where the access is: the caller, or what the second argument says. */
#define BY_CALLER "movl (%%rsp), %%edx\n\t"
#define BY_ARGUMENT "movl %%esi, %%edx\n\t"

/*
 * Does a cell show that the same was accessed since the context's clock changed last? Then no race is new. Else sim_access looks. In: %rdi the
 * address, %r8 the context, %rcx SIM_ARENA_BASE. %r10: the first cell; %r9: the word that is looked for.
 */
#define RACE_BEGIN                                                                                                                         \
  "movq %c[epoch](%%r8), %%r9\n\t"                                                                                                         \
  "testq %%r9, %%r9\n\t"                                                                                                                   \
  "jz 6f\n\t"                                                                                                                              \
  "movq %%rdi, %%rax\n\t"                                                                                                                  \
  "subq %%rcx, %%rax\n\t"                                                                                                                  \
  "andq $-4, %%rax\n\t"                                                                                                                    \
  "movabsq %[cells], %%r10\n\t"                                                                                                            \
  "leaq (%%r10,%%rax,8), %%r10\n\t"

/* Whole cells: all bits of a word but those of the call stack are compared at once. */
#define RACE_WHOLE_BEGIN                                                                                                                   \
  RACE_BEGIN "testl $3, %%edi\n\t"                                                                                                         \
             "jnz 9f\n\t"                                                                                                                  \
             "orq $15, %%r9\n\t"                                                                                                           \
             "movabsq %[whole], %%r11\n\t"
#define RACE_4_AT(place) "movq " place "(%%r10), %%rax\n\txorq %%r9, %%rax\n\ttestq %%r11, %%rax\n\tjz 6f\n\t"
#define RACE_8_AT(one, other)                                                                                                              \
  "movq " one "(%%r10), %%rax\n\txorq %%r9, %%rax\n\tmovq " other "(%%r10), %%rdx\n\txorq %%r9, %%rdx\n\torq %%rdx, %%rax\n\t"             \
  "testq %%r11, %%rax\n\tjz 6f\n\t"
#define RACE_write4 RACE_WHOLE_BEGIN RACE_4_AT("0") "jmp 9f\n"
#define RACE_read4 RACE_WHOLE_BEGIN RACE_4_AT("8") RACE_4_AT("0") RACE_4_AT("16") "jmp 9f\n"
#define RACE_write8 RACE_WHOLE_BEGIN RACE_8_AT("0", "32") "jmp 9f\n"
#define RACE_read8 RACE_WHOLE_BEGIN RACE_8_AT("8", "40") RACE_8_AT("0", "32") RACE_8_AT("16", "48") "jmp 9f\n"

/* Part of a cell: the epoch must be the same, and the bytes (%edx) among the word's. */
#define RACE_PART_BEGIN(bytes)                                                                                                             \
  RACE_BEGIN "movl %%edi, %%ecx\n\t"                                                                                                       \
             "andl $3, %%ecx\n\t"                                                                                                          \
             "movl $" bytes ", %%edx\n\t"                                                                                                  \
             "shll %%cl, %%edx\n\t"                                                                                                        \
             "movabsq %[arena], %%rcx\n\t"                                                                                                 \
             "cmpl $15, %%edx\n\t"                                                                                                         \
             "ja 9f\n\t"
#define RACE_PART_AT(place)                                                                                                                \
  "movq " place "(%%r10), %%rax\n\tmovq %%rax, %%r11\n\txorq %%r9, %%r11\n\tshrq %[flag_shift], %%r11\n\tjnz 7f\n\t"                       \
  "notl %%eax\n\ttestl %%edx, %%eax\n\tjz 6f\n7:\n\t"
#define RACE_write1 RACE_PART_BEGIN("1") RACE_PART_AT("0") "jmp 9f\n"
#define RACE_write2 RACE_PART_BEGIN("3") RACE_PART_AT("0") "jmp 9f\n"
#define RACE_read1 RACE_PART_BEGIN("1") RACE_PART_AT("8") RACE_PART_AT("0") RACE_PART_AT("16") "jmp 9f\n"
#define RACE_read2 RACE_PART_BEGIN("3") RACE_PART_AT("8") RACE_PART_AT("0") RACE_PART_AT("16") "jmp 9f\n"

/* Four cells, or one that orders: sim_access looks. */
#define RACE_ALWAYS "cmpq $0, %c[epoch](%%r8)\n\tjne 9f\n"
#define RACE_read16 RACE_ALWAYS
#define RACE_write16 RACE_ALWAYS

/* One hook, and its slow path on the host stack. */
#define ACCESS_HOOK(name, size, kind, place, code, race, access)                                                                           \
  void name##_slow(void *address);                                                                                                         \
  void name##_slow(void *address) {                                                                                                        \
    guest_unmodelled_check((uint64_t)address);                                                                                             \
    access((uint64_t)address, size, kind, sim_machine()->current->site);                                                                   \
  }                                                                                                                                        \
  GUEST_HOOK_BARE void name(void) { __asm__ volatile(place ACCESS_TEXT(#name "_slow", code, race)::OPERANDS(size)); }

/* Volatile: MSVC's orders what is around it, as drivers for x86-64 rely on. */
static void volatile_access(uint64_t address, uint32_t size, SimAccessKind kind, uint32_t site) {
  sim_access_marked(address, size, kind, kind == SIM_ACCESS_WRITE ? SIM_RACE_RELEASES : SIM_RACE_ACQUIRES, site);
}

#define ACCESS_HOOKS(size)                                                                                                                 \
  ACCESS_HOOK(guest_read##size, size, SIM_ACCESS_READ, BY_CALLER, READ, RACE_read##size, sim_access)                                       \
  ACCESS_HOOK(guest_write##size, size, SIM_ACCESS_WRITE, BY_CALLER, WRITE, RACE_write##size, sim_access)                                   \
  ACCESS_HOOK(guest_volatile_read##size, size, SIM_ACCESS_READ, BY_CALLER, READ, RACE_ALWAYS, volatile_access)                             \
  ACCESS_HOOK(guest_volatile_write##size, size, SIM_ACCESS_WRITE, BY_CALLER, WRITE, RACE_ALWAYS, volatile_access)
GUEST_ACCESS_SIZES(ACCESS_HOOKS)
ACCESS_HOOK(guest_read1_at, 1, SIM_ACCESS_READ, BY_ARGUMENT, READ, RACE_read1, sim_access)
ACCESS_HOOK(guest_read2_at, 2, SIM_ACCESS_READ, BY_ARGUMENT, READ, RACE_read2, sim_access)
ACCESS_HOOK(guest_write1_at, 1, SIM_ACCESS_WRITE, BY_ARGUMENT, WRITE, RACE_write1, sim_access)
ACCESS_HOOK(guest_write2_at, 2, SIM_ACCESS_WRITE, BY_ARGUMENT, WRITE, RACE_write2, sim_access)

/* ---- functions ---- */

/* Below this much of the guest stack a function may not begin: hooks and runtime functions need some. */
#define STACK_RESERVE 128

/* The guest stack is used up: the guest's stack overflow. */
void guest_func_entry_slow(void *stack_pointer);
void guest_func_entry_slow(void *stack_pointer) {
  guest_fault(sim_context_guest_stack_low(sim_machine()->current) - 8, 8, true, false);
  (void)stack_pointer;
}

/* Where the current context keeps its frames, and how many it had no room for. */
#define FRAME_OPERANDS                                                                                                                     \
  [current] "i"(SIM_MACHINE_BASE + offsetof(SimMachine, current)), [beyond] "i"((uint32_t)offsetof(SimContext, frames_beyond)),            \
      [frame_count] "i"((uint32_t)offsetof(SimContext, frame_count)), [frame_count_max] "i"(SIM_FRAME_COUNT_MAX)

/* In: %rdi where this function was called from. Pushes the frame {site, function}; one that SIM_FRAME_COUNT_MAX leaves no room for is only counted. */
GUEST_HOOK_BARE void guest_func_entry(void) {
  __asm__ volatile("movabsq %[current], %%rcx\n\t"
                   "movq (%%rcx), %%rcx\n\t"
                   "movl (%%rsp), %%edx\n\t"
                   "subl %[image_low], %%edx\n\t"
                   "movabsq %[image], %%rax\n\t"
                   "subq %%rax, %%rdi\n\t"
                   "xorl %%eax, %%eax\n\t"
                   "cmpq %[image_size], %%rdi\n\t"
                   "cmovael %%eax, %%edi\n\t" /* called by the model: from nowhere in the driver */
                   "movzwl %c[frame_count](%%rcx), %%eax\n\t"
                   "cmpl %[frame_count_max], %%eax\n\t"
                   "jae 1f\n\t"
                   "movl %%edi, %c[frame_site](%%rcx,%%rax,8)\n\t"
                   "movl %%edx, %c[frame_function](%%rcx,%%rax,8)\n\t"
                   "incw %c[frame_count](%%rcx)\n\t"
                   "jmp 2f\n"
                   "1:\n\t"
                   "incw %c[beyond](%%rcx)\n"
                   "2:\n\t"
                   "movl %%edx, %c[site](%%rcx)\n\t"
                   "movl %%esp, %%eax\n\t"
                   "andl %[slot_mask], %%eax\n\t"
                   "cmpl %[stack_low], %%eax\n\t"
                   "jb 9f\n\t"
                   "ret\n"
                   "9:\n\t"
                   "movq %%rsp, %%rsi\n\t"
                   "leaq guest_func_entry_slow(%%rip), %%rdi\n\t"
                   "jmp sim_host_enter\n" ::FRAME_OPERANDS,
                   [image] "i"(SIM_IMAGE_BASE), [image_low] "i"((uint32_t)SIM_IMAGE_BASE), [image_size] "i"((uint32_t)IMAGE_SIZE),
                   [site] "i"((uint32_t)offsetof(SimContext, site)),
                   [frame_site] "i"((uint32_t)(offsetof(SimContext, frames) + offsetof(SimFrame, site))),
                   [frame_function] "i"((uint32_t)(offsetof(SimContext, frames) + offsetof(SimFrame, function))),
                   [slot_mask] "i"((uint32_t)(SIM_STACK_SLOT_SIZE - 1)),
                   [stack_low] "i"((uint32_t)(SIM_STACK_SLOT_SIZE - SIM_GUEST_STACK_SIZE + STACK_RESERVE)));
}

GUEST_HOOK_BARE void guest_func_exit(void) {
  __asm__ volatile("movabsq %[current], %%rcx\n\t"
                   "movq (%%rcx), %%rcx\n\t"
                   "cmpw %[frame_count_max], %c[frame_count](%%rcx)\n\t"
                   "jne 1f\n\t"
                   "cmpw $0, %c[beyond](%%rcx)\n\t"
                   "je 1f\n\t"
                   "decw %c[beyond](%%rcx)\n\t"
                   "ret\n"
                   "1:\n\t"
                   "decw %c[frame_count](%%rcx)\n\t"
                   "ret\n" ::FRAME_OPERANDS);
}

/* What the instrumentation's constructors and fences of the compiler alone call. */
GUEST_HOOK_BARE void guest_nothing(void) { __asm__ volatile("ret\n"); }

/* -fsanitize-coverage=trace-pc: counts the block by its return address, where anybody counts. */
GUEST_HOOK_BARE void guest_block(void) {
  __asm__ volatile("movabsq %[blocks], %%rcx\n\t"
                   "movq (%%rcx), %%rcx\n\t"
                   "testq %%rcx, %%rcx\n\t"
                   "jz 1f\n\t"
                   "movl (%%rsp), %%eax\n\t"
                   "subl %[image_low], %%eax\n\t"
                   "andl $-4, %%eax\n\t"
                   "incl (%%rcx,%%rax)\n"
                   "1:\n\t"
                   "ret\n" ::[blocks] "i"(GUEST_PROCESS_BASE + offsetof(GuestProcess, blocks)),
                   [image_low] "i"((uint32_t)SIM_IMAGE_BASE));
}
