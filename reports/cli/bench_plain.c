/* The three small programs that engines are compared by, as coroutines in plain C that a few lines of C schedule at random: nothing is checked, told,
 * saved or replayed. What stands between them and the same programs as drivers is what irqlab does and Windows costs. */
#include "bench.h"

#include "sim/fiber.h"

#include <string.h>

#define THREAD_COUNT_MAX 4
#define STACK_SIZE 16384

typedef struct Thread {
  void *saved;
  int *wanted; /* goes on when it is above 0, and takes one; NULL: goes on at any time */
  bool is_over;
} Thread;

typedef struct Plain {
  void *main_saved;
  unsigned current, thread_count, second_first; /* threads from second_first on run the second routine */
  uint64_t random;
  void (*first)(void), (*second)(void);
  volatile int count, item, sum;
  int outer, inner, room, items, lock;
  Thread threads[THREAD_COUNT_MAX];
  char *stacks;
} Plain;

static Plain *plain; /* of the routines, which have no argument */

static void point(int *wanted) {
  Thread *self = &plain->threads[plain->current];
  self->wanted = wanted;
  sim_fiber_switch(&self->saved, plain->main_saved);
}

static void give(int *resource) {
  point(NULL);
  ++*resource;
}

/* ---- the programs: as in tests/bench/programs/speed ---- */

static void sections(void) {
  for (int i = 0; i < 3; i++) {
    point(&plain->outer);
    point(&plain->inner);
    plain->count++;
    give(&plain->inner);
    give(&plain->outer);
  }
}

static void increments(void) {
  for (int i = 0; i < 2; i++) {
    point(NULL);
    int value = plain->count;
    point(NULL);
    plain->count = value + 1;
  }
}

static void produce(void) {
  for (int i = 1; i <= 2; i++) {
    point(&plain->room);
    point(&plain->lock);
    plain->item = i;
    give(&plain->lock);
    give(&plain->items);
  }
}

static void consume(void) {
  for (int i = 1; i <= 2; i++) {
    point(&plain->items);
    point(&plain->lock);
    plain->sum += plain->item;
    give(&plain->lock);
    give(&plain->room);
  }
}

static const struct {
  const char *name;
  unsigned thread_count, second_first;
  void (*first)(void), (*second)(void);
} programs[] = { { "locks", 2, 2, sections, sections },
                 { "increments", 3, 3, increments, increments },
                 { "buffer", 4, 2, produce, consume } };

/* ---- the schedules ---- */

static void thread_main(void) {
  plain->current < plain->second_first ? plain->first() : plain->second();
  plain->threads[plain->current].is_over = true;
  for (;;)
    point(NULL);
}

static unsigned enabled_list(unsigned *enabled) {
  unsigned count = 0;
  for (unsigned i = 0; i < plain->thread_count; i++)
    if (!plain->threads[i].is_over && (plain->threads[i].wanted == NULL || *plain->threads[i].wanted > 0))
      enabled[count++] = i;
  return count;
}

static void schedule_run(void) {
  unsigned enabled[THREAD_COUNT_MAX], count;
  plain->count = plain->sum = plain->items = 0;
  plain->outer = plain->inner = plain->room = plain->lock = 1;
  for (unsigned i = 0; i < plain->thread_count; i++) {
    char *low = plain->stacks + i * (STACK_SIZE + 320);
    plain->threads[i] = (Thread){ .saved = sim_fiber_prepare(low, low + STACK_SIZE, thread_main) };
  }
  while ((count = enabled_list(enabled)) > 0) {
    plain->random = plain->random * 6364136223846793005ULL + 1442695040888963407ULL;
    plain->current = enabled[(plain->random >> 32) * count >> 32];
    Thread *thread = &plain->threads[plain->current];
    if (thread->wanted != NULL)
      --*thread->wanted;
    sim_fiber_switch(&plain->main_saved, thread->saved);
  }
}

static void schedules_run(uint64_t count, void *data) {
  plain = data;
  for (uint64_t i = 0; i < count; i++)
    schedule_run();
}

double bench_plain_ns(const char *name) {
  const char *last = strrchr(name, '/');
  last = last != NULL ? last + 1 : name;
  for (size_t i = 0; i < G_N_ELEMENTS(programs); i++)
    if (strcmp(last, programs[i].name) == 0) {
      g_autofree char *stacks = g_malloc(THREAD_COUNT_MAX * (STACK_SIZE + 320) + 64);
      Plain all = { .thread_count = programs[i].thread_count,
                    .second_first = programs[i].second_first,
                    .first = programs[i].first,
                    .second = programs[i].second,
                    .random = 1,
                    .stacks = (char *)(((uintptr_t)stacks + 63) & ~(uintptr_t)63) };
      return bench_ns(schedules_run, &all);
    }
  return 0;
}
