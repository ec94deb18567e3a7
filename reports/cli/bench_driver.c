/* What driver code costs: one small driver, as steps and as C, whose thread does one thing many times. */
#include "bench.h"

#include "run.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#define TIMES 100000
#define HOST_LIVES 200
#define LIVES 2000 /* threads of one run: each is an object, of which a run may have 24,576 */
#define ROUNDS 5

static const char steps_text[] =
    "{ \"irqlab\": 1, \"title\": \"bench\", \"machine\": { \"cpus\": 1 },"
    "  \"drivers\": { \"d\": { \"globals\": { \"gCount\": \"LONG = 0\", \"gEvent\": \"KEVENT\" },"
    "    \"DriverEntry\": [\"KeInitializeEvent(&gEvent, NotificationEvent, FALSE)\", \"return STATUS_SUCCESS\"],"
    "    \"OnThread\": { \"as\": \"KSTART_ROUTINE\", \"do\": [{ \"repeat\": %u, \"do\": [\"%s\"] }] } } },"
    "  \"traffic\": [{ \"at\": \"1ms\", \"thread\": \"d.OnThread\" }],"
    "  \"budget\": { \"steps\": 100000000, \"events\": 100000000, \"accesses\": 1000000000, \"virtual_time\": \"10000s\", \"host_time\": "
    "\"60s\" } }";

static const char c_text[] = "{ \"irqlab\": 1, \"title\": \"bench\", \"machine\": { \"cpus\": 1 },"
                             "  \"drivers\": { \"d\": { \"source\": \"bench.c\", \"define\": [\"TIMES=%u\", \"WHAT=%s\"] } },"
                             "  \"traffic\": [{ \"at\": \"1ms\", \"thread\": \"d.OnThread\" }],"
                             "  \"budget\": { \"steps\": 100000000, \"events\": 100000000, \"accesses\": 1000000000, \"virtual_time\": "
                             "\"10000s\", \"host_time\": \"60s\" } }";

static const char c_source[] = "#include <ntddk.h>\n"
                               "DRIVER_INITIALIZE DriverEntry;\n"
                               "KSTART_ROUTINE OnThread;\n"
                               "static volatile LONG Count;\n"
                               "static KEVENT Event;\n"
                               "static KSPIN_LOCK Lock;\n"
                               "KSTART_ROUTINE OnLife;\n"
                               "VOID OnLife(PVOID Context) { UNREFERENCED_PARAMETER(Context); }\n"
                               "static __inline void Pair(void) {\n"
                               "  KIRQL Irql;\n"
                               "  KeAcquireSpinLock(&Lock, &Irql);\n"
                               "  KeReleaseSpinLock(&Lock, Irql);\n"
                               "}\n"
                               "static __inline void Life(void) {\n"
                               "  HANDLE Handle;\n"
                               "  PVOID Thread;\n"
                               "  PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, OnLife, NULL);\n"
                               "  ObReferenceObjectByHandle(Handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &Thread, NULL);\n"
                               "  ZwClose(Handle);\n"
                               "  KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);\n"
                               "  ObDereferenceObject(Thread);\n"
                               "}\n"
                               "NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {\n"
                               "  UNREFERENCED_PARAMETER(DriverObject);\n"
                               "  UNREFERENCED_PARAMETER(RegistryPath);\n"
                               "  KeInitializeEvent(&Event, NotificationEvent, FALSE);\n"
                               "  KeInitializeSpinLock(&Lock);\n"
                               "  return STATUS_SUCCESS;\n"
                               "}\n"
                               "VOID OnThread(PVOID Context) {\n"
                               "  UNREFERENCED_PARAMETER(Context);\n"
                               "  for (LONG i = 0; i < TIMES; i++)\n"
                               "    WHAT;\n"
                               "}\n";

/* What else runs on this host does not count. */
static double processor_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

double bench_run_ns(ScenarioRun *run) {
  double best = -1;
  for (unsigned round = 0; round < ROUNDS; round++) {
    RunResult result = { 0 };
    double begin_ns = processor_ns();
    scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_timed }, &result);
    double used_ns = processor_ns() - begin_ns;
    bool is_complete = result.stop == SIM_STOP_QUIET && result.bugcheck.code == 0;
    run_result_finish(&result);
    if (!is_complete)
      return -1;
    best = best < 0 ? used_ns : MIN(best, used_ns);
  }
  return best;
}

/* Nanoseconds of one run, the best of some; negative: it does not come to its end. */
static double run_ns(const char *text, const char *file, double *restore_ns, size_t *state_bytes) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load_bytes(file, text, strlen(text), &error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
  if (run == NULL)
    return -1;
  double best = bench_run_ns(run);
  if (best < 0)
    return -1;
  if (restore_ns != NULL) {
    SimSnapshot *snapshot = sim_snapshot_save();
    gint64 begin = g_get_monotonic_time();
    for (unsigned i = 0; i < 1000; i++)
      sim_snapshot_restore(snapshot);
    *restore_ns = (double)(g_get_monotonic_time() - begin);
    *state_bytes = sim_snapshot_size(snapshot);
    sim_snapshot_destroy(&snapshot);
  }
  return best;
}

/* One of so many things, over a run that does one of them. */
static double thing_ns(const char *form, const char *file, const char *what, unsigned times) {
  g_autofree char *few = NULL, *many = NULL;
  if (form == steps_text) {
    few = g_strdup_printf(steps_text, 1u, what);
    many = g_strdup_printf(steps_text, times + 1u, what);
  } else {
    few = g_strdup_printf(c_text, 1u, what);
    many = g_strdup_printf(c_text, times + 1u, what);
  }
  double less = run_ns(few, file, NULL, NULL), more = run_ns(many, file, NULL, NULL);
  return less < 0 || more < 0 ? -1 : (more - less) / times;
}

static void increments(uint64_t count, void *data) {
  volatile int32_t *number = data;
  for (uint64_t i = 0; i < count; i++)
    *number = *number + 1;
}

static int32_t state_read(void *event) {
  __asm__ volatile("" : : : "memory");
  return *(int32_t *)event;
}
static int32_t (*volatile state_read_pointer)(void *) = state_read;

static void state_reads(uint64_t count, void *data) {
  for (uint64_t i = 0; i < count; i++)
    state_read_pointer(data);
}

static void spin_lock_pairs(uint64_t count, void *data) {
  pthread_spinlock_t *lock = data;
  for (uint64_t i = 0; i < count; i++) {
    pthread_spin_lock(lock);
    pthread_spin_unlock(lock);
  }
}

static void *live(void *argument) { return argument; }

/* Few: where many want the processor, each waits for its turn, which is no time of this process. */
static double thread_life_ns(void) {
  double begin_ns = processor_ns();
  pthread_t thread;
  for (unsigned i = 0; i < HOST_LIVES; i++)
    if (pthread_create(&thread, NULL, live, NULL) == 0)
      pthread_join(thread, NULL);
  return (processor_ns() - begin_ns) / HOST_LIVES;
}

static void measure_restore(GArray *costs) {
  g_autofree char *text = g_strdup_printf(steps_text, 1u, "gCount++");
  double restore_ns = 0;
  size_t state_bytes = 0;
  if (run_ns(text, "bench.json", &restore_ns, &state_bytes) < 0)
    return;
  g_autofree char *from = g_malloc0(state_bytes), *to = g_malloc0(state_bytes);
  gint64 begin = g_get_monotonic_time();
  for (unsigned i = 0; i < 1000; i++) {
    memcpy(to, from, state_bytes);
    __asm__ volatile("" : : "r"(to) : "memory");
  }
  bench_add(costs, "restore of a booted machine's state", restore_ns, "memcpy of as many bytes", (double)(g_get_monotonic_time() - begin));
}

static void compiled_add(GArray *costs, const char *what, double cost_ns, const char *beside, double beside_ns) {
  if (cost_ns >= 0) /* there is a compiler */
    bench_add(costs, what, cost_ns, beside, beside_ns);
}

static void measure_compiled(GArray *costs, const char *file, double increment_ns, double call_ns) {
  pthread_spinlock_t lock;
  pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
  compiled_add(costs, "compiled: Count = Count + 1, two accesses", thing_ns(c_text, file, "Count = Count + 1", TIMES),
               "the same without irqlab", increment_ns);
  compiled_add(costs, "compiled: KeReadStateEvent(&Event)", thing_ns(c_text, file, "KeReadStateEvent(&Event)", TIMES), "call of a function",
               call_ns);
  compiled_add(costs, "compiled: a spin lock taken and given back", thing_ns(c_text, file, "Pair()", TIMES), "pthread_spin_lock",
               bench_ns(spin_lock_pairs, (void *)&lock));
  compiled_add(costs, "compiled: a thread's life, waited for", thing_ns(c_text, file, "Life()", LIVES), "pthread_create, join",
               thread_life_ns());
  pthread_spin_destroy(&lock);
}

void bench_driver(GArray *costs) {
  int32_t number = 0;
  double increment_ns = bench_ns(increments, &number), call_ns = bench_ns(state_reads, &number);
  double step_ns = thing_ns(steps_text, "bench.json", "gCount++", TIMES);
  measure_restore(costs);
  bench_add(costs, "step: gCount++", step_ns, "the same in C", increment_ns);
  bench_add(costs, "step: KeReadStateEvent(&gEvent)", thing_ns(steps_text, "bench.json", "KeReadStateEvent(&gEvent)", TIMES),
            "call of a function", call_ns);

  g_autofree char *folder = g_dir_make_tmp("irqlab-bench-XXXXXX", NULL);
  g_autofree char *source = folder != NULL ? g_build_filename(folder, "bench.c", NULL) : NULL;
  g_autofree char *file = folder != NULL ? g_build_filename(folder, "bench.json", NULL) : NULL;
  if (source == NULL)
    return;
  if (g_file_set_contents(source, c_source, -1, NULL))
    measure_compiled(costs, file, increment_ns, call_ns);
  g_remove(source);
  g_rmdir(folder);
}
