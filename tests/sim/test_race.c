/*
 * Cells and clocks: which accesses are ordered. A story is words: who (A, B, C), what, where. rN.S and wN.S read and write S bytes at offset N; R and W
 * the same, marked; lK releases to key K, kK acquires from it. F N.S: the memory becomes another; X: a saved state is restored.
 */
#include "rig.h"

#include <stdlib.h>

enum { ACTOR_COUNT = 3 };

static const struct {
  const char *story;
  unsigned races;
} rows[] = {
  /* two accesses */
  { "Aw0.4 Bw0.4", 1 },
  { "Aw0.4 Br0.4", 1 },
  { "Ar0.4 Bw0.4", 1 },
  { "Ar0.4 Br0.4", 0 },
  { "Aw0.4 Aw0.4 Ar0.4", 0 },
  /* which bytes */
  { "Aw0.4 Bw4.4", 0 },
  { "Aw0.8 Bw4.4", 1 },
  { "Aw0.8 Bw0.8", 1 },
  { "Aw0.1 Bw1.1", 0 },
  { "Aw0.1 Bw0.1", 1 },
  { "Aw0.2 Bw1.1", 1 },
  { "Aw2.4 Bw4.1", 1 },
  { "Aw2.4 Bw6.1", 0 },
  { "Aw1.2 Br3.1", 0 },
  { "Aw3.3 Br5.1", 1 },
  { "Aw0.64 Br60.4", 1 },
  { "Aw0.16 Br16.4", 0 },
  /* an access of other bytes of the same four does not hide one */
  { "Aw0.1 Bw1.1 Cw0.1", 1 },
  { "Aw0.1 Bw1.1 Cw0.4", 2 },
  { "Aw0.1 Aw1.1 Bw0.1", 1 },
  { "Ar0.1 Ar1.1 Bw0.1", 1 },
  /* reads that are not ordered are both kept */
  { "Ar0.4 Br0.4 Cw0.4", 2 },
  { "Ar0.4 Br0.4 Ar0.4 Cw0.4", 2 },
  { "Aw0.4 Al1 Bk1 Br0.4 Ck1 Cr0.4 Aw0.4", 2 },
  /* what orders */
  { "Aw0.4 Al1 Bk1 Bw0.4", 0 },
  { "Al1 Aw0.4 Bk1 Bw0.4", 1 },
  { "Aw0.4 Al1 Bk2 Bw0.4", 1 },
  { "Aw0.4 Bk1 Al1 Bw0.4", 1 },
  { "Aw0.4 Al1 Bk1 Bl2 Ck2 Cw0.4", 0 },
  { "Aw0.4 Al1 Bw8.4 Bl1 Ck1 Cw0.4 Cw8.4", 0 },
  { "Aw0.4 Al1 Aw0.4 Bk1 Bw0.4", 1 },
  { "Ar0.4 Al1 Bk1 Bw0.4 Bl1 Ak1 Ar0.4", 0 },
  /* marked */
  { "AW0.4 BW0.4", 0 },
  { "AW0.4 BR0.4", 0 },
  { "AW0.4 Bw0.4", 1 },
  { "Aw0.4 BW0.4", 1 },
  { "Aw0.4 BR0.4", 1 },
  { "AR0.4 Bw0.4", 1 },
  { "AW0.4 Br0.4", 0 },
  { "Ar0.4 BW0.4", 0 },
  { "AW0.4 Aw0.4 BW0.4", 1 },
  /* forgotten */
  { "Aw0.4 F0.4 Bw0.4", 0 },
  { "Aw0.8 F0.4 Bw4.4", 1 },
  { "Aw0.4 X Bw0.4", 0 },
  { "Aw0.4 X Aw0.4 Bw0.4", 1 },
  { "Al1 Aw0.4 X Bk1 Aw0.4 Bw0.4", 1 },
};

static unsigned race_count;

static void count_race(SimMachine *machine, const SimRace *race) {
  (void)machine;
  race_count += race->later.context != race->earlier.context;
}

static void idle(SimMachine *machine, void *argument) { (void)machine, (void)argument; }

static const char *access_do(SimMachine *machine, uint64_t page, char what, const char *at) {
  char *end;
  uint64_t offset = strtoul(at, &end, 10), size = strtoul(end + 1, &end, 10);
  unsigned flags = what == 'R' || what == 'W' ? SIM_RACE_MARKED : 0;
  if (what == 'F')
    sim_race_forget(machine, page + offset, size);
  else
    sim_race_touch(machine, page + offset, size, what == 'w' || what == 'W', flags);
  return end;
}

static void story_do(SimMachine *machine, SimContext **actors, uint64_t page, const char *at) {
  while (*at != '\0') {
    char *end;
    machine->current = *at >= 'A' && *at < 'A' + ACTOR_COUNT ? actors[*at - 'A'] : NULL;
    char what = machine->current != NULL ? *++at : *at;
    if (what == 'X') {
      sim_race_forget_all(machine);
      at++;
    } else if (what == 'l' || what == 'k') {
      uint64_t key = sim_race_key(SIM_RACE_KEY_OTHER, strtoul(at + 1, &end, 10));
      (what == 'l' ? sim_race_release : sim_race_acquire)(machine, machine->current, key);
      at = end;
    } else {
      at = access_do(machine, page, what, at + 1);
    }
    at += *at == ' ';
  }
  machine->current = NULL;
}

static unsigned races_of(const char *story) {
  SimRunOptions options = rig_options(&sim_policy_timed, 2);
  SimMachine *machine = sim_machine();
  SimContext *actors[ACTOR_COUNT];
  options.races = true;
  rig_open(&options);
  for (unsigned i = 0; i < ACTOR_COUNT; i++) {
    actors[i] = sim_context_create(machine, NULL, SIM_CONTEXT_THREAD, idle, NULL);
    actors[i]->site = i + 1;
  }
  machine->race_handler = count_race;
  race_count = 0;
  story_do(machine, actors, sim_pages_allocate(machine, 1, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE), story);
  return race_count;
}

static void test_stories(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    unsigned races = races_of(rows[i].story);
    if (races != rows[i].races)
      fail_msg("%s: %u races, expected %u", rows[i].story, races, rows[i].races);
  }
}

/* Nobody looks: nothing is kept, nothing is told. */
static void test_off(void **state) {
  SimRunOptions options = rig_options(&sim_policy_timed, 2);
  SimMachine *machine = sim_machine();
  (void)state;
  rig_open(&options);
  SimContext *context = sim_context_create(machine, NULL, SIM_CONTEXT_THREAD, idle, NULL);
  assert_int_equal(context->race_epoch, 0);
  sim_race_acquire(machine, context, 1);
  sim_race_release(machine, context, 1);
  assert_false(machine->race_is_on);
}

/* A context in its slot begins anew: another actor. */
static SimContext *actor_next(SimMachine *machine, SimContext *context) {
  sim_race_context_begin(machine, context);
  machine->current = context;
  return context;
}

/* A machine that looks for races and counts them, with four pages; returns the context that is one actor after the other. */
static SimContext *crowd_open(uint64_t *page) {
  SimRunOptions options = rig_options(&sim_policy_timed, 2);
  SimMachine *machine = sim_machine();
  options.races = true;
  rig_open(&options);
  *page = sim_pages_allocate(machine, 4, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE);
  SimContext *context = sim_context_create(machine, NULL, SIM_CONTEXT_THREAD, idle, NULL);
  context->site = 1;
  machine->race_handler = count_race;
  race_count = 0;
  return context;
}

/*
 * As many as are wanted write one place each after the other, handed on by a key; those that `stray` says, counted from 1, do so without having been
 * given it, and hand it on as the others do: each races with the one before, if that had it, and all others are ordered.
 */
static unsigned races_of_many(unsigned count, unsigned stray) {
  SimMachine *machine = sim_machine();
  uint64_t page, key = sim_race_key(SIM_RACE_KEY_OTHER, 1);
  SimContext *context = crowd_open(&page);
  for (unsigned i = 1; i <= count; i++) {
    context->id = i;
    actor_next(machine, context);
    if (i != stray)
      sim_race_acquire(machine, context, key);
    sim_race_touch(machine, page, 4, true, 0);
    sim_race_release(machine, context, key);
  }
  machine->current = NULL;
  return race_count;
}

static void test_many(void **state) {
  static const unsigned counts[] = { 100, 127, 128, 129, 136, 137, 200, 1000, SIM_RACE_ACTOR_COUNT_MAX };
  (void)state;
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    assert_int_equal(races_of_many(counts[i], 0), 0);
    assert_int_equal(races_of_many(counts[i], counts[i]), 1);
    assert_int_equal(races_of_many(counts[i], 2), 1);
    assert_int_equal(races_of_many(counts[i], counts[i] / 2), 1);
    assert_false(sim_machine()->race_is_left);
  }
}

/* All read what nobody has written; then one writes who knows of all, or of all but one. */
static unsigned races_of_readers(unsigned count, unsigned stray) {
  SimMachine *machine = sim_machine();
  uint64_t page;
  SimContext *context = crowd_open(&page);
  for (unsigned i = 1; i <= count; i++) {
    context->id = i;
    actor_next(machine, context);
    sim_race_touch(machine, page + 4 * i, 4, false, 0);
    if (i != stray)
      sim_race_release(machine, context, sim_race_key(SIM_RACE_KEY_OTHER, i));
  }
  context->id = count + 1;
  actor_next(machine, context);
  for (unsigned i = 1; i <= count; i++)
    sim_race_acquire(machine, context, sim_race_key(SIM_RACE_KEY_OTHER, i));
  for (unsigned i = 1; i <= count; i++)
    sim_race_touch(machine, page + 4 * i, 4, true, 0);
  machine->current = NULL;
  return race_count;
}

static void test_many_readers(void **state) {
  static const unsigned counts[] = { 100, 128, 200, 1000, 3000 };
  (void)state;
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    assert_int_equal(races_of_readers(counts[i], 0), 0);
    assert_int_equal(races_of_readers(counts[i], 1), 1);
    assert_int_equal(races_of_readers(counts[i], counts[i]), 1);
    assert_int_equal(races_of_readers(counts[i], counts[i] / 2), 1);
  }
}

/* More of them than there is room for: the look ends and that is said, the run does not. */
static void test_too_many(void **state) {
  SimMachine *machine = sim_machine();
  (void)state;
  races_of_many(SIM_RACE_ACTOR_COUNT_MAX + 1, 0);
  assert_false(machine->race_is_on);
  assert_true(machine->race_is_left);
  assert_int_equal(machine->contexts[0].race_epoch, 0);
  races_of_many(SIM_RACE_ACTOR_COUNT_MAX, 0); /* the next run is looked at again */
  assert_true(machine->race_is_on);
  assert_false(machine->race_is_left);
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(test_stories), cmocka_unit_test(test_off), cmocka_unit_test(test_too_many),
                                      cmocka_unit_test(test_many), cmocka_unit_test(test_many_readers) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
