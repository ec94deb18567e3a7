/* Saved states that are restored so often that only what runs write is copied (sim/written.c). */
#include "rig.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#define PAGES 40
#define NONPAGED (SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE)

typedef struct Memory {
  uint64_t pages;
  unsigned char *block;
  size_t block_size;
} Memory;

static uint32_t next_random(uint32_t *state) { return *state = *state * 1664525u + 1013904223u; }

static Memory memory_fill(unsigned char value) {
  Memory memory = { .pages = sim_pages_allocate(sim_machine(), PAGES, NONPAGED), .block_size = 30000 };
  memory.block = sim_heap_allocate(memory.block_size);
  memset((void *)memory.pages, value, PAGES * SIM_PAGE_SIZE);
  memset(memory.block, value, memory.block_size);
  return memory;
}

static void memory_spoil(const Memory *memory, uint32_t *seed) {
  for (unsigned i = 0; i < 1 + next_random(seed) % 4; i++) {
    ((unsigned char *)memory->pages)[next_random(seed) % (PAGES * SIM_PAGE_SIZE)] = 0xee;
    memory->block[next_random(seed) % memory->block_size] = 0xee;
  }
}

static bool is_all(const unsigned char *bytes, size_t size, unsigned char value) {
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != value)
      return false;
  return true;
}

static void memory_expect(const Memory *memory, unsigned char value) {
  assert_true(is_all((unsigned char *)memory->pages, PAGES * SIM_PAGE_SIZE, value));
  assert_true(is_all(memory->block, memory->block_size, value));
}

static void open_machine(void) {
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
}

static void every_write_is_undone(void **state) {
  (void)state;
  open_machine();
  Memory memory = memory_fill(0x5a);
  SimSnapshot *snapshot = sim_snapshot_save();
  uint32_t seed = 1;
  for (unsigned round = 0; round < 300; round++) {
    memory_spoil(&memory, &seed);
    sim_snapshot_restore(snapshot);
    memory_expect(&memory, 0x5a);
  }
  sim_snapshot_destroy(&snapshot);
  memset((void *)memory.pages, 1, PAGES * SIM_PAGE_SIZE); /* nothing is protected any more */
}

/* Two that differ in some pages only, a third that comes now and then: what they share may stay, whoever was restored before. */
static void alike_states_take_turns(void **state) {
  (void)state;
  open_machine();
  Memory memory = memory_fill(1);
  SimSnapshot *snapshots[3];
  for (unsigned which = 0; which < 3; which++) {
    for (unsigned page = which; page < PAGES && which > 0; page += 3)
      memset((char *)memory.pages + page * SIM_PAGE_SIZE, (int)which + 1, SIM_PAGE_SIZE);
    snapshots[which] = sim_snapshot_save();
    if (which > 0)
      memset((void *)memory.pages, 1, PAGES * SIM_PAGE_SIZE);
  }
  uint32_t seed = 3;
  for (unsigned round = 0; round < 900; round++) {
    unsigned which = round > 400 && round % 97 == 0 ? 2 : next_random(&seed) % 8 == 0;
    sim_snapshot_restore(snapshots[which]);
    for (unsigned page = 0; page < PAGES; page++) {
      char expected = which > 0 && page >= which && (page - which) % 3 == 0 ? (char)(which + 1) : 1;
      assert_int_equal(((char *)memory.pages)[page * SIM_PAGE_SIZE + round % SIM_PAGE_SIZE], expected);
    }
    for (unsigned i = 0; i < 3; i++) /* few are written by each run */
      ((char *)memory.pages)[next_random(&seed) % PAGES * SIM_PAGE_SIZE + next_random(&seed) % SIM_PAGE_SIZE] = 9;
  }
  for (unsigned which = 0; which < 3; which++)
    sim_snapshot_destroy(&snapshots[which]);
}

/* Each in turn, for so long that the one before was tracked. */
static void states_take_turns(void **state) {
  (void)state;
  open_machine();
  Memory memory = memory_fill(1);
  SimSnapshot *snapshots[2];
  snapshots[0] = sim_snapshot_save();
  memset((void *)memory.pages, 2, PAGES * SIM_PAGE_SIZE);
  memset(memory.block, 2, memory.block_size);
  snapshots[1] = sim_snapshot_save();
  uint32_t seed = 2;
  for (unsigned round = 0; round < 600; round++) {
    unsigned which = round < 200 ? round / 50 % 2 : next_random(&seed) % 16 == 0;
    memory_spoil(&memory, &seed);
    sim_snapshot_restore(snapshots[which]);
    memory_expect(&memory, (unsigned char)(which + 1));
  }
  sim_snapshot_destroy(&snapshots[0]);
  memory_spoil(&memory, &seed);
  sim_snapshot_restore(snapshots[1]);
  memory_expect(&memory, 2);
  sim_snapshot_destroy(&snapshots[1]);
}

/* A state that is saved while another is tracked, and a machine that is begun anew. */
static void a_reset_forgets(void **state) {
  (void)state;
  for (unsigned round = 0; round < 3; round++) {
    open_machine();
    Memory memory = memory_fill(7);
    SimSnapshot *first = sim_snapshot_save();
    uint32_t seed = 3;
    for (unsigned i = 0; i < 60; i++) {
      memory_spoil(&memory, &seed);
      sim_snapshot_restore(first);
    }
    memset((void *)memory.pages, 8, PAGES * SIM_PAGE_SIZE);
    memset(memory.block, 8, memory.block_size);
    SimSnapshot *second = sim_snapshot_save();
    sim_snapshot_restore(first);
    memory_expect(&memory, 7);
    sim_snapshot_restore(second);
    memory_expect(&memory, 8);
    sim_snapshot_destroy(&second);
    sim_snapshot_restore(first);
    memory_expect(&memory, 7);
    sim_arena_reset(); /* with `first` tracked or not */
    assert_true(is_all((unsigned char *)memory.pages, SIM_PAGE_SIZE, 0));
    sim_snapshot_destroy(&first);
  }
}

/* A fault that is none of ours goes to whoever was there before. */
static volatile sig_atomic_t fault_count;
static void *faulty;

static void on_fault(int signal) {
  (void)signal;
  fault_count++;
  mprotect(faulty, SIM_PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static void other_faults_are_others(void **state) {
  (void)state;
  struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_ONSTACK }, before, after;
  faulty = mmap(NULL, SIM_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(faulty != MAP_FAILED);
  sigaction(SIGSEGV, &action, &before);
  open_machine();
  Memory memory = memory_fill(1);
  SimSnapshot *snapshot = sim_snapshot_save();
  uint32_t seed = 4;
  for (unsigned round = 0; round < 100; round++) {
    memory_spoil(&memory, &seed);
    sim_snapshot_restore(snapshot);
  }
  *(volatile char *)faulty = 1;
  assert_int_equal(fault_count, 1);
  memory_spoil(&memory, &seed);
  sim_snapshot_restore(snapshot);
  memory_expect(&memory, 1);
  sim_snapshot_destroy(&snapshot);
  sigaction(SIGSEGV, &before, &after);
  assert_ptr_equal(after.sa_handler, on_fault);
  munmap(faulty, SIM_PAGE_SIZE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_write_is_undone), cmocka_unit_test(states_take_turns),       cmocka_unit_test(alike_states_take_turns),
    cmocka_unit_test(a_reset_forgets),       cmocka_unit_test(other_faults_are_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
