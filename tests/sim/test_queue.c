/* The event queue, by a language of one word an operation: `a30` pushes entry a for the time 30 (moves it when it is queued), `-a` removes it, `.`
 * pops. What is popped is written down in order; `_` is an empty queue. */
#include "rig.h"

#include <stdlib.h>

static void spell(const char *program, char *popped) {
  SimQueue *queue = &sim_machine()->queue;
  SimQueueEntry *entries = sim_heap_allocate(26 * sizeof *entries);
  for (const char *at = program; *at != '\0';) {
    char *end = (char *)at + 1;
    if (*at == '.') {
      const SimQueueEntry *first = sim_queue_first(queue), *entry = sim_queue_pop(queue);
      assert_ptr_equal(first, entry);
      *popped++ = entry != NULL ? (char)('a' + (entry - entries)) : '_';
    } else if (*at == '-') {
      bool was_queued = entries[at[1] - 'a'].position != 0;
      assert_int_equal(sim_queue_remove(queue, &entries[at[1] - 'a']), was_queued);
      end = (char *)at + 2;
    } else if (*at != ' ') {
      sim_queue_push(queue, &entries[*at - 'a'], strtoull(at + 1, &end, 10));
    }
    at = end;
  }
  *popped = '\0';
}

static void words(void **state) {
  (void)state;
  static const struct {
    const char *program;
    const char *popped;
  } rows[] = {
    { ".", "_" },
    { "a1 . .", "a_" },
    { "a3 b1 c2 . . . .", "bca_" },
    { "a5 b5 c5 d5 . . . .", "abcd" }, /* ties in the order of pushes */
    { "a5 b5 c5 a5 . . .", "bca" },    /* pushed again: the last of its time */
    { "a1 b2 c3 a9 . . .", "bca" },    /* moved to later */
    { "a7 b8 c9 c1 . . .", "cab" },    /* moved to earlier */
    { "a1 b2 c3 -b . . .", "ac_" },
    { "a1 -a -a . a2 .", "_a" }, /* removed twice, and queued again */
    { "a1 b2 c3 d4 e5 f6 g7 -a -d . . . . . .", "bcefg_" },
    { "g7 f6 e5 d4 c3 b2 a1 -a . -c . . . . .", "bdefg_" },
    { "a0 b18446744073709551615 c1 . . .", "acb" }, /* the ends of time */
    { "a2 . b1 . c2 d1 . .", "abdc" },              /* what was popped is past */
  };
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char popped[32];
    rig_open(&options);
    spell(rows[i].program, popped);
    assert_string_equal(popped, rows[i].popped);
  }
}

/* Against the plainest queue there is: the least (time, push) of all. */
typedef struct Plain {
  uint64_t time_ns;
  uint64_t push; /* 0: not queued */
} Plain;

static int plain_first(const Plain *plain, int count) {
  int first = -1;
  for (int i = 0; i < count; i++)
    if (plain[i].push != 0 && (first < 0 || plain[i].time_ns < plain[first].time_ns ||
                               (plain[i].time_ns == plain[first].time_ns && plain[i].push < plain[first].push)))
      first = i;
  return first;
}

/* Few are a heap, many a wheel; times that often tie, and times that spread over all levels. */
static void plain_compare(int count, unsigned time_bits) {
  enum { COUNT = 300 };
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
  SimQueue *queue = &sim_machine()->queue;
  SimQueueEntry *entries = sim_heap_allocate(COUNT * sizeof *entries);
  Plain plain[COUNT] = { 0 };
  uint64_t random = 1, push = 1;
  for (int i = 0; i < 20000; i++) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    int at = (int)((random >> 33) % (uint64_t)count);
    unsigned what = (random >> 20) % 8;
    if (what < 4) {
      plain[at] = (Plain){ (random * 0x9e3779b97f4a7c15ULL) >> (64 - time_bits), push++ };
      sim_queue_push(queue, &entries[at], plain[at].time_ns);
    } else if (what < 6) {
      assert_int_equal(sim_queue_remove(queue, &entries[at]), plain[at].push != 0);
      plain[at].push = 0;
    } else {
      int first = plain_first(plain, count);
      SimQueueEntry *popped = sim_queue_pop(queue);
      assert_int_equal(popped != NULL ? popped - entries : -1, first);
      if (first >= 0)
        plain[first].push = 0;
    }
  }
}

static void as_a_plain_queue(void **state) {
  (void)state;
  static const unsigned time_bits[] = { 3, 6, 7, 13, 40, 64 };
  for (unsigned i = 0; i < sizeof time_bits / sizeof *time_bits; i++) {
    plain_compare(20, time_bits[i]);
    plain_compare(90, time_bits[i]); /* now a heap, now a wheel */
    plain_compare(300, time_bits[i]);
  }
}

static void push_for_ever(void *argument) {
  (void)argument;
  for (;;) {
    SimQueueEntry *entry = sim_heap_allocate(sizeof *entry);
    sim_queue_push(&sim_machine()->queue, entry, 1);
  }
}

static void a_full_queue_is_a_limit(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
  assert_false(sim_machine_set_up(sim_machine(), push_for_ever, NULL));
  assert_int_equal(sim_machine()->stop, SIM_STOP_LIMIT_MEMORY);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_LIMIT_MEMORY); /* and nothing runs */
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(words),
    cmocka_unit_test(as_a_plain_queue),
    cmocka_unit_test(a_full_queue_is_a_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
