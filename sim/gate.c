#include "gate.h"

#include "gate_offsets.h"

#include <string.h>
#include <sys/mman.h>

#if defined(__x86_64__)

void sim_gate(void);
void sim_gate_registers(void);
void sim_guest_return(void);

_Static_assert(SIM_THUNK_BASE + (SIM_THUNK_COUNT - 1) * SIM_THUNK_STRIDE == SIM_ADDRESS_RETURN_THUNK, "gate_offsets.h");

bool sim_thunks_open(void) {
  void *base =
      mmap((void *)SIM_THUNK_BASE, SIM_THUNK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (base != (void *)SIM_THUNK_BASE) { /* a kernel that does not know the flag takes the address for a hint */
    if (base != MAP_FAILED)
      munmap(base, SIM_THUNK_SIZE);
    return false;
  }
  memset(base, 0xcc, SIM_THUNK_SIZE); /* int3: a thunk that nobody set */
  return true;
}

static unsigned char *put_move(unsigned char *code, unsigned char opcode, void (*target)(void)) {
  *code++ = 0x49; /* REX.WB: movabs $target, %r10 (0xba) or %r11 (0xbb) */
  *code++ = opcode;
  memcpy(code, &target, sizeof target);
  return code + sizeof target;
}

static void put_jump_r10(unsigned char *code) { memcpy(code, "\x41\xff\xe2", 3); /* jmp *%r10 */ }

void sim_thunk_set_gated(unsigned index, void (*function)(void), bool has_stack_arguments) {
  unsigned char *code = (unsigned char *)sim_thunk_address(index);
  code = put_move(code, 0xbb, function);
  put_jump_r10(put_move(code, 0xba, has_stack_arguments ? sim_gate : sim_gate_registers));
}

void sim_thunk_set_direct(unsigned index, void (*function)(void)) {
  put_jump_r10(put_move((unsigned char *)sim_thunk_address(index), 0xba, function));
}

void sim_thunks_seal(void) {
  sim_thunk_set_direct(SIM_THUNK_COUNT - 1, sim_guest_return);
  mprotect((void *)SIM_THUNK_BASE, SIM_THUNK_SIZE, PROT_READ | PROT_EXEC);
}

#else

bool sim_thunks_open(void) { return false; }
void sim_thunk_set_gated(unsigned index, void (*function)(void), bool has_stack_arguments) {
  (void)index, (void)function, (void)has_stack_arguments;
}
void sim_thunk_set_direct(unsigned index, void (*function)(void)) { (void)index, (void)function; }
void sim_thunks_seal(void) {}

#endif
