/*
 * atomics.c: the hooks of atomic and of ranged accesses. Gated: on the host stack, context->site being where driver code called.
 *
 * Simplified: every memory order is sequentially consistent, as x86-64's locked instructions are; plain atomic loads and stores are stronger
 * here than there.
 */
#include "hooks.h"

#include "../../sim/machine.h"

/* Virtual time of an interlocked operation. */
#define ATOMIC_COST_NS 20

/* An interlocked operation is where others may step (decision 1); then it is an access like any other. */
static void atomic_begin(uint64_t address, uint32_t size, SimAccessKind kind, SimRaceOrder order) {
  SimMachine *machine = sim_machine();
  uint32_t site = machine->current->site;
  guest_unmodelled_check(address);
  sim_point_at(machine, SIM_POINT_INTERLOCKED, 0, 0, kind == SIM_ACCESS_WRITE, address, ATOMIC_COST_NS);
  sim_access_marked(address, size, kind, order, site);
}

/* Guest memory, which need not be aligned. One host thread: nothing here has to be atomic. */
#define LOAD(type, address)                                                                                                                \
  ({                                                                                                                                       \
    type loaded;                                                                                                                           \
    __builtin_memcpy(&loaded, (const void *)(address), sizeof loaded);                                                                     \
    loaded;                                                                                                                                \
  })
#define STORE(type, address, value)                                                                                                        \
  do {                                                                                                                                     \
    type stored = (type)(value);                                                                                                           \
    __builtin_memcpy((void *)(address), &stored, sizeof stored);                                                                           \
  } while (0)

#define ATOMIC_FETCH(bits, type, operation, result)                                                                                        \
  type guest_atomic##bits##_##operation(uint64_t address, type value, int order) {                                                         \
    (void)order;                                                                                                                           \
    atomic_begin(address, sizeof(type), SIM_ACCESS_WRITE, SIM_RACE_BOTH);                                                                  \
    type old = LOAD(type, address);                                                                                                        \
    STORE(type, address, result);                                                                                                          \
    return old;                                                                                                                            \
  }

#define ATOMIC_HOOKS(bits, type)                                                                                                           \
  type guest_atomic##bits##_load(uint64_t address, int order) {                                                                            \
    (void)order;                                                                                                                           \
    atomic_begin(address, sizeof(type), SIM_ACCESS_READ, SIM_RACE_ACQUIRES);                                                               \
    return LOAD(type, address);                                                                                                            \
  }                                                                                                                                        \
  void guest_atomic##bits##_store(uint64_t address, type value, int order) {                                                               \
    (void)order;                                                                                                                           \
    atomic_begin(address, sizeof(type), SIM_ACCESS_WRITE, SIM_RACE_RELEASES);                                                              \
    STORE(type, address, value);                                                                                                           \
  }                                                                                                                                        \
  type guest_atomic##bits##_compare_exchange_val(uint64_t address, type expected, type value, int order, int order_failed) {               \
    (void)order, (void)order_failed;                                                                                                       \
    atomic_begin(address, sizeof(type), SIM_ACCESS_WRITE, SIM_RACE_BOTH);                                                                  \
    type old = LOAD(type, address);                                                                                                        \
    if (old == expected)                                                                                                                   \
      STORE(type, address, value);                                                                                                         \
    return old;                                                                                                                            \
  }                                                                                                                                        \
  int guest_atomic##bits##_compare_exchange(uint64_t address, type *expected, type value, int order, int order_failed) {                   \
    uint32_t site = sim_machine()->current->site;                                                                                          \
    sim_access((uint64_t)expected, sizeof(type), SIM_ACCESS_READ, site);                                                                   \
    type wanted = LOAD(type, expected);                                                                                                    \
    type old = guest_atomic##bits##_compare_exchange_val(address, wanted, value, order, order_failed);                                     \
    if (old == wanted)                                                                                                                     \
      return 1;                                                                                                                            \
    sim_access((uint64_t)expected, sizeof(type), SIM_ACCESS_WRITE, site);                                                                  \
    STORE(type, expected, old);                                                                                                            \
    return 0;                                                                                                                              \
  }                                                                                                                                        \
  ATOMIC_FETCH(bits, type, exchange, value)                                                                                                \
  ATOMIC_FETCH(bits, type, fetch_add, old + value)                                                                                         \
  ATOMIC_FETCH(bits, type, fetch_sub, old - value)                                                                                         \
  ATOMIC_FETCH(bits, type, fetch_and, old &value)                                                                                          \
  ATOMIC_FETCH(bits, type, fetch_or, old | value)                                                                                          \
  ATOMIC_FETCH(bits, type, fetch_xor, old ^ value)                                                                                         \
  ATOMIC_FETCH(bits, type, fetch_nand, ~(old & value))
GUEST_ATOMIC_SIZES(ATOMIC_HOOKS)

/* ---- ranges: one access, whatever its size ---- */

static void range_access(uint64_t address, uint64_t size, SimAccessKind kind, uint32_t site) {
  if (size == 0)
    return;
  guest_unmodelled_check(address);
  sim_access(address, size < UINT32_MAX ? (uint32_t)size : UINT32_MAX, kind, site);
}

void guest_read_range(uint64_t address, uint64_t size) { range_access(address, size, SIM_ACCESS_READ, sim_machine()->current->site); }

void guest_write_range(uint64_t address, uint64_t size) { range_access(address, size, SIM_ACCESS_WRITE, sim_machine()->current->site); }

/* For the guest's runtime, on behalf of whoever called it from `place`. */
void guest_range_at(uint64_t address, uint64_t size, uint64_t is_write, uint64_t place) {
  range_access(address, size, is_write ? SIM_ACCESS_WRITE : SIM_ACCESS_READ, (uint32_t)(place - SIM_IMAGE_BASE));
}
