/* Timers and saved states: the event queue beside GLib's ordered containers, threads that sleep and wake, restores of known sizes. */
#include "bench.h"

#include "sim/machine.h"

#include <stdlib.h>
#include <string.h>

#define MEAN_NS 1000000.0

static SimLimits no_limits(void) {
  return (
      SimLimits){ .steps = UINT64_MAX, .events = UINT64_MAX, .accesses = UINT64_MAX, .virtual_ns = UINT64_MAX, .host_ns = UINT64_MAX / 4 };
}

static void machine_open(void) {
  SimRunOptions options = { .vcpu_count = 1, .policy = &sim_policy_timed, .limits = no_limits(), .name = "bench" };
  sim_arena_reset();
  sim_machine_begin(sim_machine(), &options);
}

/* ---- delays: exponential, drawn before they are used ---- */

#define DELAY_COUNT 65536

static uint64_t *delays_draw(void) {
  uint64_t *delays = g_new(uint64_t, DELAY_COUNT), random = 1;
  for (unsigned i = 0; i < DELAY_COUNT; i++) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    double left = ((double)(random >> 11) + 1) / 9007199254740993.0, sum = 0;
    int exponent = 0;
    while (left < 0.5) /* -ln by halves and a series: no mathematics library for one number */
      left *= 2, exponent++;
    double x = (1 - left) / (1 + left), term = x;
    for (unsigned k = 1; k < 20; k += 2, term *= x * x)
      sum += 2 * term / k;
    delays[i] = (uint64_t)((sum + exponent * 0.6931471805599453) * MEAN_NS);
  }
  return delays;
}

/* ---- the hold model: the first one is taken out, and put in again later ---- */

typedef struct Hold {
  unsigned pending;
  uint64_t at;
  const uint64_t *delays;
  SimQueueEntry *entries;
  SimQueue *queue;
  GTree *tree;
} Hold;

static uint64_t hold_delay(Hold *hold) { return hold->delays[hold->at++ % DELAY_COUNT]; }

static void queue_hold(uint64_t count, void *data) {
  Hold *hold = data;
  for (uint64_t i = 0; i < count; i++) {
    SimQueueEntry *first = sim_queue_pop(hold->queue);
    sim_queue_push(hold->queue, first, first->time_ns + hold_delay(hold));
  }
}

static gint entries_compare(gconstpointer one, gconstpointer other) {
  const SimQueueEntry *left = one, *right = other;
  if (left->time_ns != right->time_ns)
    return left->time_ns < right->time_ns ? -1 : 1;
  return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

static void tree_hold(uint64_t count, void *data) {
  Hold *hold = data;
  for (uint64_t i = 0; i < count; i++) {
    SimQueueEntry *first = g_tree_node_key(g_tree_node_first(hold->tree));
    g_tree_remove(hold->tree, first);
    first->time_ns += hold_delay(hold);
    first->sequence = hold->at;
    g_tree_insert(hold->tree, first, first);
  }
}

static void hold_measure(GArray *costs, const uint64_t *delays, unsigned pending, const char *what) {
  g_autofree SimQueueEntry *entries = g_new0(SimQueueEntry, pending);
  machine_open();
  Hold hold = { .pending = pending, .delays = delays, .entries = entries, .queue = &sim_machine()->queue };
  for (unsigned i = 0; i < pending; i++)
    sim_queue_push(hold.queue, &entries[i], hold_delay(&hold));
  queue_hold(4 * pending, &hold);
  double cost_ns = bench_ns(queue_hold, &hold);
  machine_open();
  hold.tree = g_tree_new(entries_compare);
  for (unsigned i = 0; i < pending; i++) {
    entries[i].time_ns = hold_delay(&hold);
    entries[i].sequence = i;
    g_tree_insert(hold.tree, &entries[i], &entries[i]);
  }
  bench_add(costs, what, cost_ns, "GTree", bench_ns(tree_hold, &hold));
  g_tree_unref(hold.tree);
}

/* ---- threads that sleep and wake ---- */

typedef struct Sleeper {
  SimQueueEntry entry; /* first: the entry is the sleeper */
  SimContext *thread;
  uint64_t at;
  uint64_t left; /* times it still sleeps */
  const uint64_t *delays;
} Sleeper;

static void sleeper_wake(SimMachine *machine, SimQueueEntry *entry) {
  Sleeper *sleeper = (Sleeper *)(void *)entry;
  if (machine->vcpus[0].has_thread)
    sim_queue_push(&machine->queue, entry, machine->now_ns + 1);
  else
    sim_vcpu_set_thread(machine, &machine->vcpus[0], sleeper->thread);
}

static void sleeper_main(SimMachine *machine, void *argument) {
  for (Sleeper *sleeper = argument; sleeper->left > 0; sleeper->left--) {
    sim_queue_push(&machine->queue, &sleeper->entry, sim_time_ns(machine) + sleeper->delays[sleeper->at++ % DELAY_COUNT]);
    sim_vcpu_set_thread(machine, &machine->vcpus[0], NULL);
    sim_reschedule(machine);
  }
}

typedef struct Sleepers {
  unsigned count; /* at most SIM_CONTEXT_COUNT_MAX */
  const uint64_t *delays;
} Sleepers;

static void sleepers_run(uint64_t count, void *data) {
  const Sleepers *wanted = data;
  machine_open();
  Sleeper *sleepers = sim_heap_allocate(wanted->count * sizeof *sleepers);
  for (unsigned i = 0; i < wanted->count; i++) {
    sleepers[i] = (Sleeper){ .entry.fire = sleeper_wake, .at = i * 77, .left = count / wanted->count + 1, .delays = wanted->delays };
    sleepers[i].thread = sim_context_create(sim_machine(), NULL, SIM_CONTEXT_THREAD, sleeper_main, &sleepers[i]);
    sim_queue_push(&sim_machine()->queue, &sleepers[i].entry, i);
  }
  sim_machine_run(sim_machine());
}

/* ---- restores ---- */

typedef struct Restore {
  SimSnapshot *snapshot;
  volatile char *memory;
  size_t page_count; /* of the memory that is written between two restores */
  char *copy;
} Restore;

static void restores(uint64_t count, void *data) {
  const Restore *restore = data;
  for (uint64_t i = 0; i < count; i++) {
    for (size_t page = 0; page < restore->page_count; page++)
      restore->memory[page * SIM_PAGE_SIZE] = (char)i;
    sim_snapshot_restore(restore->snapshot);
  }
}

static void copies(uint64_t count, void *data) {
  const Restore *restore = data;
  for (uint64_t i = 0; i < count; i++) {
    memcpy((char *)restore->memory, restore->copy, sim_snapshot_size(restore->snapshot));
    __asm__ volatile("" : : : "memory");
  }
}

static void restore_measure(GArray *costs, size_t size, size_t written_pages, const char *what) {
  machine_open();
  Restore restore = { .page_count = written_pages };
  restore.memory = (volatile char *)sim_pages_allocate(sim_machine(), size / SIM_PAGE_SIZE + 8,
                                                       SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE);
  memset((char *)restore.memory, 1, size);
  restore.snapshot = sim_snapshot_save();
  restore.copy = g_malloc0(sim_snapshot_size(restore.snapshot));
  double cost_ns = bench_ns(restores, &restore);
  bench_add(costs, what, cost_ns, "memcpy of all of it", bench_ns(copies, &restore));
  g_free(restore.copy);
  sim_snapshot_destroy(&restore.snapshot);
}

void bench_queue(GArray *costs) {
  if (!sim_arena_map())
    return;
  g_autofree uint64_t *delays = delays_draw();
  hold_measure(costs, delays, 16, "timers, 16 pending: pop and push");
  hold_measure(costs, delays, 1000, "timers, 1,000 pending: pop and push");
  hold_measure(costs, delays, 100000, "timers, 100,000 pending: pop and push");
  bench_add(costs, "threads, 100: sleep and wake", bench_ns(sleepers_run, &(Sleepers){ 100, delays }), "", 0);
  bench_add(costs, "threads, 1,000: sleep and wake", bench_ns(sleepers_run, &(Sleepers){ 1000, delays }), "", 0);
  restore_measure(costs, 65536, 4, "restore of 64 KiB, 4 pages written");
  restore_measure(costs, 65536, 16, "restore of 64 KiB, all written");
  restore_measure(costs, 1048576, 4, "restore of 1 MiB, 4 pages written");
  restore_measure(costs, 1048576, 256, "restore of 1 MiB, all written");
  sim_arena_reset();
}
