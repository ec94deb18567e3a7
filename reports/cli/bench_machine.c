/* What the machine costs without Windows: threads of C functions on its CPUs. */
#include "bench.h"

#include "sim/fiber.h"
#include "sim/machine.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

#define ROUNDS 5
#define ROUND_US 20000

/* What else runs on this host does not count. */
static double processor_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

double bench_ns(BenchBody *body, void *data) {
  double best = 0;
  uint64_t count = 1;
  for (unsigned round = 0; round < ROUNDS;) {
    double begin = processor_us();
    body(count, data);
    double used_us = processor_us() - begin;
    if (used_us < ROUND_US) {
      count *= 2;
      continue;
    }
    double cost_ns = used_us * 1e3 / (double)count;
    best = round == 0 ? cost_ns : MIN(best, cost_ns);
    round++;
  }
  return best;
}

void bench_add(GArray *costs, const char *what, double cost_ns, const char *beside, double beside_ns) {
  BenchCost cost = { what, cost_ns, beside, beside_ns };
  g_array_append_val(costs, cost);
}

/* ---- fibers ---- */

#define STACK_SIZE 65536

typedef struct FiberPair {
  void *main_saved;
  void *fiber_saved;
  ucontext_t main_context, other_context;
} FiberPair;

static FiberPair *pair; /* of the functions below, which have no argument */

static void fiber_main(void) {
  for (;;)
    sim_fiber_switch(&pair->fiber_saved, pair->main_saved);
}

static void context_main(void) {
  for (;;)
    swapcontext(&pair->other_context, &pair->main_context);
}

static void fiber_switches(uint64_t count, void *data) {
  (void)data;
  for (uint64_t i = 0; i < count; i += 2) /* there and back */
    sim_fiber_switch(&pair->main_saved, pair->fiber_saved);
}

static void context_switches(uint64_t count, void *data) {
  (void)data;
  for (uint64_t i = 0; i < count; i += 2)
    swapcontext(&pair->main_context, &pair->other_context);
}

/* Boost.Context, where its library is installed: how it returns what was switched from, and what was passed. */
typedef struct BoostTransfer {
  void *context;
  void *data;
} BoostTransfer;
typedef BoostTransfer BoostJump(void *to, void *data);
typedef void *BoostMake(void *stack_top, size_t size, void (*routine)(BoostTransfer));

typedef struct Boost {
  BoostJump *jump;
  BoostMake *make;
  void *other;
} Boost;

static Boost *boost; /* of the function below, which has no other argument */

static void boost_main(BoostTransfer from) {
  for (;;)
    from = boost->jump(from.context, NULL);
}

static void boost_switches(uint64_t count, void *data) {
  Boost *self = data;
  for (uint64_t i = 0; i < count; i += 2)
    self->other = self->jump(self->other, NULL).context;
}

static void *boost_open(void) {
  void *library = NULL;
  for (unsigned minor = 95; library == NULL && minor >= 65; minor--) {
    g_autofree char *name = g_strdup_printf("libboost_context.so.1.%u.0", minor);
    library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  return library;
}

static void measure_boost(GArray *costs, double switch_ns) {
  void *library = boost_open();
  Boost both = { 0 };
  if (library == NULL)
    return;
  *(void **)&both.jump = dlsym(library, "jump_fcontext");
  *(void **)&both.make = dlsym(library, "make_fcontext");
  g_autofree char *stack = g_malloc(STACK_SIZE);
  boost = &both;
  if (both.jump != NULL && both.make != NULL) {
    both.other = both.make((void *)((uintptr_t)(stack + STACK_SIZE) & ~(uintptr_t)63), STACK_SIZE - 64, boost_main);
    bench_add(costs, "fiber switch", switch_ns, "Boost.Context", bench_ns(boost_switches, &both));
  }
  dlclose(library);
}

static void measure_fibers(GArray *costs) {
  FiberPair both = { 0 };
  char *stacks = mmap(NULL, 2 * STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stacks == MAP_FAILED)
    return;
  pair = &both;
  both.fiber_saved = sim_fiber_prepare(stacks, stacks + STACK_SIZE, fiber_main);
  getcontext(&both.other_context);
  both.other_context.uc_stack.ss_sp = stacks + STACK_SIZE;
  both.other_context.uc_stack.ss_size = STACK_SIZE;
  makecontext(&both.other_context, context_main, 0);
  double switch_ns = bench_ns(fiber_switches, NULL);
  bench_add(costs, "fiber switch", switch_ns, "swapcontext", bench_ns(context_switches, NULL));
  measure_boost(costs, switch_ns);
  munmap(stacks, 2 * STACK_SIZE);
}

/* ---- on the machine: the body runs as a thread on CPU 0; with `other_too` another does the same on CPU 1 ---- */

typedef void MachineBody(SimMachine *machine, uint64_t count);

typedef struct MachineRun {
  MachineBody *body;
  const SimPolicy *policy;
  bool other_too;
  uint64_t count;
} MachineRun;

static void thread_main(SimMachine *machine, void *argument) {
  const MachineRun *run = argument;
  run->body(machine, run->count);
}

/* Another CPU than the one that would go on, wherever there is one. */
static uint32_t answer_other(SimMachine *machine, const SimPoint *point) {
  (void)machine;
  for (uint32_t i = 0; point->options != NULL && i < point->option_count; i++)
    if (point->options[i].id != point->natural)
      return point->options[i].id;
  return point->natural;
}

static void policy_begin(SimMachine *machine) { (void)machine; }

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  (void)machine, (void)context;
  return UINT32_MAX;
}

static const SimPolicy policy_other = {
  .name = "other", .explores = true, .begin = policy_begin, .answer = answer_other, .access_budget = access_budget
};

static void machine_run(uint64_t count, void *data) {
  MachineRun *run = data;
  SimLimits limits = {
    .steps = UINT64_MAX, .events = UINT64_MAX, .accesses = UINT64_MAX, .virtual_ns = UINT64_MAX, .host_ns = UINT64_MAX / 4
  };
  SimRunOptions options = { .vcpu_count = 2, .policy = run->policy, .limits = limits, .name = "bench" };
  sim_arena_reset();
  sim_machine_begin(sim_machine(), &options);
  run->count = run->other_too ? count / 2 : count;
  for (unsigned i = 0; i < (run->other_too ? 2u : 1u); i++) {
    SimContext *thread = sim_context_create(sim_machine(), NULL, SIM_CONTEXT_THREAD, thread_main, run);
    sim_vcpu_set_thread(sim_machine(), &sim_machine()->vcpus[i], thread);
  }
  sim_machine_run(sim_machine());
}

static double machine_ns(MachineBody *body, const SimPolicy *policy, bool other_too) {
  MachineRun run = { .body = body, .policy = policy, .other_too = other_too };
  return bench_ns(machine_run, &run);
}

static void points(SimMachine *machine, uint64_t count) {
  for (uint64_t i = 0; i < count; i++)
    sim_point(machine, SIM_POINT_CALL, 1, 0, 10);
}

static void events(SimMachine *machine, uint64_t count) {
  for (uint64_t i = 0; i < count; i++)
    sim_event(machine, SIM_EVENT_MODEL, 1, 0, 0, (uint32_t)i, i);
}

static void accesses(SimMachine *machine, uint64_t count) {
  uint64_t address = sim_pages_allocate(machine, 1, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE);
  for (uint64_t i = 0; i < count; i++)
    sim_access(address + (i & 63) * 8, 8, SIM_ACCESS_READ, 1);
}

/* ---- what they stand beside ---- */

static void function(uint64_t number) { __asm__ volatile("" : : "r"(number)); }
static void (*volatile function_pointer)(uint64_t) = function;

static void calls(uint64_t count, void *data) {
  (void)data;
  for (uint64_t i = 0; i < count; i++)
    function_pointer(i);
}

static void copies(uint64_t count, void *data) {
  SimEvent *record = data;
  for (uint64_t i = 0; i < count; i++) {
    SimEvent event = { .sequence = (uint32_t)i };
    memcpy(&record[i & 1023], &event, sizeof event);
    __asm__ volatile("" : : : "memory");
  }
}

static void loads(uint64_t count, void *data) {
  const volatile uint64_t *words = data;
  for (uint64_t i = 0; i < count; i++)
    (void)words[i & 63];
}

void bench_machine(GArray *costs) {
  g_autofree SimEvent *record = g_new0(SimEvent, 1024);
  if (!sim_arena_map())
    return;
  double call_ns = bench_ns(calls, NULL);
  measure_fibers(costs);
  bench_add(costs, "event: hashed, shown to observers", machine_ns(events, &sim_policy_timed, false), "48 bytes written",
            bench_ns(copies, record));
  bench_add(costs, "scheduling point, the same CPU goes on", machine_ns(points, &sim_policy_timed, false), "call of a function", call_ns);
  bench_add(costs, "scheduling point, another CPU steps", machine_ns(points, &policy_other, true), "call of a function", call_ns);
  bench_add(costs, "access hook, 8 bytes", machine_ns(accesses, &sim_policy_timed, false), "load of 8 bytes", bench_ns(loads, record));
  sim_arena_reset();
}
