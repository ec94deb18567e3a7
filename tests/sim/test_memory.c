/* Guest memory: every access is judged; who is told, and how often; watches; the count that is a limit. */
#include "rig.h"

#define PLAIN (SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE)
enum { READ = SIM_ACCESS_READ, WRITE = SIM_ACCESS_WRITE, EXECUTE = SIM_ACCESS_EXECUTE };
enum { FINE = -1 };

/* ---- the judge ---- */

/* Two pages of each kind, and a pair of which the second is none; where a row's address begins. */
typedef enum Place { NOWHERE, NONPAGED, PAGED, PAGED_OUT, USER, CODE, CONSTANT, FREED, SHADOWED, MIXED, STACK, PLACE_COUNT } Place;
static uint64_t places[PLACE_COUNT];

static void places_make(void) {
  static const uint8_t attributes[PLACE_COUNT] = {
    [NONPAGED] = SIM_PAGE_NONPAGED | PLAIN,
    [PAGED] = SIM_PAGE_PAGED | PLAIN,
    [PAGED_OUT] = SIM_PAGE_PAGED | SIM_PAGE_WRITABLE,
    [USER] = SIM_PAGE_USER | PLAIN,
    [CODE] = SIM_PAGE_CODE | SIM_PAGE_RESIDENT,
    [CONSTANT] = SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT,
    [FREED] = SIM_PAGE_FREED,
    [SHADOWED] = SIM_PAGE_NONPAGED | PLAIN | SIM_PAGE_SHADOWED,
    [MIXED] = SIM_PAGE_NONPAGED | PLAIN,
  };
  SimMachine *machine = sim_machine();
  for (Place place = NONPAGED; place < STACK; place++)
    places[place] = sim_pages_allocate(machine, 2, attributes[place]);
  sim_pages_set(machine, places[MIXED] + SIM_PAGE_SIZE, 1, SIM_PAGE_FREED);
  sim_granules_open(machine, places[SHADOWED] + 16, 24);
  sim_granules_open(machine, places[SHADOWED] + 64, 16);
  sim_granules_close(machine, places[SHADOWED] + 64, 16, SIM_GRANULE_FREED);
  sim_granules_open(machine, places[SHADOWED] + SIM_PAGE_SIZE - 16, 32);
  sim_granules_open(machine, places[SHADOWED] + 1024, 300);
  sim_granules_open(machine, places[SHADOWED] + 2048, 512);
  sim_granules_close(machine, places[SHADOWED] + 2048 + 208, 16, SIM_GRANULE_FREED);
  places[STACK] = sim_context_guest_stack_low(machine->current);
}

static const struct {
  Place place;
  uint64_t offset; /* of NOWHERE: the address */
  size_t size;
  int kind;
  SimIrql irql;
  int expected; /* SimFaultReason or FINE */
  uint64_t bad; /* offset of the first byte that may not be touched */
} judgements[] = {
  /* null and wild */
  { NOWHERE, 0, 1, READ, 0, SIM_FAULT_NULL, 0 },
  { NOWHERE, 0xffff, 8, WRITE, 0, SIM_FAULT_NULL, 0xffff },
  { NOWHERE, 0x10000, 1, READ, 0, SIM_FAULT_WILD, 0x10000 },
  { NOWHERE, UINT64_MAX, 1, READ, 0, SIM_FAULT_WILD, UINT64_MAX },
  { NOWHERE, UINT64_MAX - 3, 8, WRITE, 0, SIM_FAULT_WILD, UINT64_MAX - 3 },
  { NOWHERE, SIM_ARENA_BASE - 1, 2, READ, 0, SIM_FAULT_WILD, SIM_ARENA_BASE - 1 },
  { NOWHERE, SIM_MACHINE_BASE, 8, READ, 0, SIM_FAULT_WILD, SIM_MACHINE_BASE }, /* irqlab's own is nothing to a driver */
  { NOWHERE, SIM_HEAP_BASE, 8, WRITE, 0, SIM_FAULT_WILD, SIM_HEAP_BASE },
  { NOWHERE, SIM_STEP_CODE_BASE + SIM_STEP_CODE_SIZE, 1, READ, 0, SIM_FAULT_WILD, SIM_STEP_CODE_BASE + SIM_STEP_CODE_SIZE },
  { NOWHERE, 0, 0, WRITE, 0, FINE, 0 }, /* nothing is touched */
  /* nonpaged: at any level, across pages, to the last byte */
  { NONPAGED, 0, 8, READ, 15, FINE, 0 },
  { NONPAGED, 0, 8, WRITE, 15, FINE, 0 },
  { NONPAGED, SIM_PAGE_SIZE - 4, 8, WRITE, 2, FINE, 0 },
  { NONPAGED, 0, 2 * SIM_PAGE_SIZE, WRITE, 0, FINE, 0 },
  { NONPAGED, 0, SIM_ARENA_SIZE + 1, WRITE, 0, SIM_FAULT_WILD, 0 },
  { NONPAGED, 0, SIZE_MAX, WRITE, 0, SIM_FAULT_WILD, 0 },
  /* paged */
  { PAGED, 0, 8, WRITE, 1, FINE, 0 },
  { PAGED, 0, 8, READ, 2, SIM_FAULT_PAGED_HIGH, 0 },
  { PAGED, 0, 8, WRITE, 5, SIM_FAULT_PAGED_HIGH, 0 },
  { PAGED_OUT, 8, 8, READ, 0, SIM_FAULT_NOT_RESIDENT, 8 },
  { PAGED_OUT, 8, 8, READ, 2, SIM_FAULT_NOT_RESIDENT, 8 },
  /* not the driver's to touch, or not to write */
  { USER, 0, 1, READ, 0, SIM_FAULT_USER, 0 },
  { CODE, 0, 8, READ, 2, FINE, 0 },
  { CODE, 0, 8, EXECUTE, 2, FINE, 0 },
  { CODE, 4, 8, WRITE, 0, SIM_FAULT_READ_ONLY, 4 },
  { CONSTANT, 0, 8, READ, 2, FINE, 0 },
  { CONSTANT, 0, 8, WRITE, 0, SIM_FAULT_READ_ONLY, 0 },
  { FREED, 100, 1, READ, 0, SIM_FAULT_FREED, 100 },
  { MIXED, SIM_PAGE_SIZE - 4, 8, READ, 0, SIM_FAULT_FREED, SIM_PAGE_SIZE }, /* the second page of two */
  /* granules: a block of 24 bytes, one of 16 that was freed, one across a page's end */
  { SHADOWED, 16, 24, WRITE, 2, FINE, 0 },
  { SHADOWED, 39, 1, READ, 0, FINE, 0 },
  { SHADOWED, 40, 1, READ, 0, SIM_FAULT_OVERRUN, 40 },
  { SHADOWED, 36, 8, WRITE, 0, SIM_FAULT_OVERRUN, 36 },
  { SHADOWED, 15, 1, READ, 0, SIM_FAULT_OVERRUN, 15 },
  { SHADOWED, 8, 16, READ, 0, SIM_FAULT_OVERRUN, 8 },
  { SHADOWED, 64, 8, READ, 0, SIM_FAULT_FREED, 64 },
  { SHADOWED, SIM_PAGE_SIZE - 16, 32, WRITE, 0, FINE, 0 },
  { SHADOWED, SIM_PAGE_SIZE - 16, 33, WRITE, 0, SIM_FAULT_OVERRUN, SIM_PAGE_SIZE + 16 },
  /* many granules: a block of 300 bytes, one of 512 with a hole */
  { SHADOWED, 1024, 300, WRITE, 2, FINE, 0 },
  { SHADOWED, 1029, 295, READ, 0, FINE, 0 },
  { SHADOWED, 1024, 256, READ, 0, FINE, 0 },
  { SHADOWED, 1024, 301, READ, 0, SIM_FAULT_OVERRUN, 1312 },
  { SHADOWED, 1008, 160, READ, 0, SIM_FAULT_OVERRUN, 1008 },
  { SHADOWED, 2048, 512, WRITE, 0, SIM_FAULT_FREED, 2256 },
  { SHADOWED, 2176, 128, READ, 0, SIM_FAULT_FREED, 2256 },
  { SHADOWED, 2272, 288, READ, 0, FINE, 0 },
  /* the stack, and the page below it */
  { STACK, 0, 8, WRITE, 2, FINE, 0 },
  { STACK, 0, SIM_GUEST_STACK_SIZE, WRITE, 2, FINE, 0 },
  { STACK, (uint64_t)-8, 8, WRITE, 2, SIM_FAULT_STACK, (uint64_t)-8 },
};

enum { PLAIN_COUNT = 4 }; /* of these, what is found to be fine at a glance */

static void judge_all(SimMachine *machine, void *argument) {
  (void)argument;
  places_make();
  for (size_t i = 0; i < sizeof judgements / sizeof judgements[0]; i++) {
    SimFault fault;
    sim_irql_raise(machine, judgements[i].irql, 0);
    uint64_t address = places[judgements[i].place] + judgements[i].offset;
    bool fine = sim_access_judge(machine, address, judgements[i].size, (SimAccessKind)judgements[i].kind, &fault);
    bool is_right = fine ? judgements[i].expected == FINE
                         : judgements[i].expected == (int)fault.reason && fault.address == places[judgements[i].place] + judgements[i].bad;
    bool is_glance_fine = judgements[i].size != 0 && sim_access_is_plain(address, judgements[i].size);
    rig_log()->words[63] += is_glance_fine;
    if (!is_right || (is_glance_fine && !fine))
      rig_log()->words[rig_log()->length++] = i + 1;
    sim_irql_lower(machine, SIM_IRQL_PASSIVE, 0);
  }
}

static void every_reason(void **state) {
  (void)state;
  bool is_seen[SIM_FAULT_USER + 1] = { false };
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
  rig_thread(0, judge_all, 0);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_int_equal(rig_log()->words[0], 0); /* else: the row, from 1, that is judged otherwise */
  assert_int_equal(rig_log()->words[63], PLAIN_COUNT);
  for (size_t i = 0; i < sizeof judgements / sizeof judgements[0]; i++)
    if (judgements[i].expected != FINE)
      is_seen[judgements[i].expected] = true;
  for (int reason = 0; reason <= SIM_FAULT_USER; reason++)
    assert_true(is_seen[reason]);
}

/* ---- who is told ---- */

/* Lets a paged page in, lets pass what Windows lets pass, and ends the run for the rest; notes each by a letter, a capital when the model touched. */
static void handler(SimMachine *machine, const SimFault *fault) {
  static const char letters[] = "zwfonprsu";
  log_add(fault->by_model ? (char)(letters[fault->reason] - 'a' + 'A') : letters[fault->reason]);
  uint8_t attributes = sim_page_attributes(machine, fault->address);
  if (fault->reason == SIM_FAULT_NOT_RESIDENT)
    sim_pages_set(machine, fault->address & ~(SIM_PAGE_SIZE - 1), 1, attributes | SIM_PAGE_RESIDENT);
  else if (fault->reason != SIM_FAULT_PAGED_HIGH)
    sim_stop(machine, SIM_STOP_BUGCHECK, NULL);
}

typedef struct Touch {
  Place place;
  uint64_t offset;
  uint32_t size;
  int kind;
  SimIrql irql;
  bool is_probe;
} Touch;

static void touch_twice(SimMachine *machine, void *argument) {
  const Touch *touch = *(const Touch **)(void *)&rig_log()->words[0];
  (void)argument;
  places_make();
  sim_irql_raise(machine, touch->irql, 0);
  for (int i = 0; i < 2; i++) {
    if (touch->is_probe)
      sim_probe(machine, places[touch->place] + touch->offset, touch->size, (SimAccessKind)touch->kind);
    else
      sim_access(places[touch->place] + touch->offset, touch->size, (SimAccessKind)touch->kind, 1);
    log_add('.');
  }
  sim_irql_lower(machine, SIM_IRQL_PASSIVE, 0);
}

static void the_handler_is_told_of_each_page(void **state) {
  (void)state;
  static const struct {
    Touch touch;
    const char *told;
  } rows[] = {
    { { NONPAGED, 0, 8, WRITE, 2, false }, ".." },
    { { NONPAGED, 0, 0, WRITE, 2, false }, ".." },
    { { NOWHERE, 0x500000000000, 0, WRITE, 2, false }, ".." },
    { { PAGED_OUT, 0, 8, WRITE, 0, false }, "n.." },                  /* comes in once */
    { { PAGED_OUT, SIM_PAGE_SIZE - 4, 8, WRITE, 0, false }, "nn.." }, /* both pages */
    { { PAGED_OUT, 0, 2 * SIM_PAGE_SIZE, READ, 0, true }, "NN.." },
    { { PAGED, 0, 8, READ, 2, false }, "p.p." }, /* Windows is silent: each time */
    { { PAGED, SIM_PAGE_SIZE - 1, 2, READ, 2, true }, "PP.PP." },
    { { MIXED, SIM_PAGE_SIZE - 1, 2, READ, 2, false }, "f" },
    { { NOWHERE, 8, 4, WRITE, 0, false }, "z" },
    { { NOWHERE, 8, 4, WRITE, 0, true }, "Z" },
    { { USER, 0, 4, READ, 0, true }, "U" },
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SimRunOptions options = rig_options(&sim_policy_timed, 1);
    rig_open(&options);
    const Touch *touch = &rows[i].touch;
    memcpy(&rig_log()->words[0], &touch, sizeof touch);
    sim_machine()->fault_handler = handler;
    rig_thread(0, touch_twice, 0);
    sim_machine_run(sim_machine());
    assert_string_equal(rig_log()->text, rows[i].told);
  }
}

/* ---- counting ---- */

static void touches_for_ever(SimMachine *machine, void *argument) {
  (void)argument;
  uint64_t page = sim_pages_allocate(machine, 1, SIM_PAGE_NONPAGED | PLAIN);
  for (;;) {
    sim_access(page, 8, SIM_ACCESS_READ, 1);
    rig_log()->words[machine->current->kind == SIM_CONTEXT_THREAD ? 0 : 1]++;
    if (rig_log()->words[0] % 100 == 0)
      sim_point(machine, SIM_POINT_CALL, 0, 0, 100);
  }
}

/* The run ends before the access that would be one too many, under any policy: so a recorded run replays there, too. */
static void the_limit_of_accesses_is_exact(void **state) {
  (void)state;
  static const uint64_t limits[] = { 1, 2, 63, 1000, 65535, 65536, 65537, 200000 };
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
    for (int is_random = 0; is_random < 2; is_random++) {
      SimRunOptions options = rig_options(is_random ? &sim_policy_random : &sim_policy_timed, 1);
      options.limits.accesses = limits[i];
      rig_open(&options);
      rig_thread(0, touches_for_ever, 0);
      assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_LIMIT_ACCESSES);
      assert_int_equal(sim_machine()->access_count, limits[i]);
      assert_int_equal(rig_log()->words[0], limits[i] - 1);
    }
}

/* ---- watches ---- */

static void touches_watched(SimMachine *machine, void *argument) {
  (void)argument;
  uint64_t page = sim_pages_allocate(machine, 2, SIM_PAGE_NONPAGED | PLAIN);
  sim_watch_add(machine, page + 8, 4, 'r');
  sim_watch_add(machine, page + 64, 4, 'w');
  sim_watch_add(machine, page + SIM_PAGE_SIZE, 4, 'x');
  sim_access(page, 8, SIM_ACCESS_READ, 0);       /* beside it */
  sim_access(page + 64, 1, SIM_ACCESS_WRITE, 0); /* ends it */
  sim_access(page + 64, 4, SIM_ACCESS_READ, 0);
  sim_access(page + 10, 1, SIM_ACCESS_READ, 0); /* found once */
  sim_access(page + 10, 1, SIM_ACCESS_READ, 0);
  sim_access(page + SIM_PAGE_SIZE - 2, 4, SIM_ACCESS_READ, 0); /* begins on a page that is not watched any more */
  for (uint32_t id = 'a'; id < 'a' + SIM_WATCH_COUNT + 2; id++)
    sim_watch_add(machine, page + 256 + 8 * (id - 'a'), 8, id); /* more than there is room for: the oldest two are given up */
  sim_access(page + 256, 200, SIM_ACCESS_READ, 0);
  sim_watch_add(machine, 0x10, 8, 'n'); /* not guest memory: nothing to watch */
  sim_watch_add(machine, page, 0, 'n');
}

static void note_watch(const SimEvent *event, void *data) {
  (void)data;
  log_add((char)event->detail);
}

static void a_watched_read_is_an_event(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
  SimEventMask mask = { 0 };
  sim_event_mask_add(&mask, SIM_EVENT_WATCH_READ);
  sim_observer_add(sim_machine(), note_watch, NULL, mask);
  rig_thread(0, touches_watched, 0);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_int_equal(rig_log()->length, 2 + SIM_WATCH_COUNT);
  assert_memory_equal(rig_log()->text, "rx", 2);
  for (unsigned id = 'c'; id < 'a' + SIM_WATCH_COUNT + 2; id++)
    assert_non_null(strchr(rig_log()->text + 2, (int)id));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_reason),
    cmocka_unit_test(the_handler_is_told_of_each_page),
    cmocka_unit_test(the_limit_of_accesses_is_exact),
    cmocka_unit_test(a_watched_read_is_an_event),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
