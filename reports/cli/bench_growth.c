/* irqlab bench --growth: what a schedule costs as CPUs, threads, connections and filters grow, and the memory of it. The scenarios are made here. */
#include "bench.h"
#include "cli.h"

#include <json-c/json.h>
#include <stdio.h>
#include <unistd.h>

typedef enum GrowthKind { GROWTH_CPUS, GROWTH_THREADS, GROWTH_CONNECTIONS, GROWTH_FILTERS } GrowthKind;

#define SIZE_COUNT_MAX 6
static const struct {
  const char *name;
  unsigned sizes[SIZE_COUNT_MAX]; /* 0: there are no more */
} growths[] = { [GROWTH_CPUS] = { "CPUs", { 2, 4, 8, 16, 32, 64 } },
                [GROWTH_THREADS] = { "threads", { 2, 10, 50, 200, 1000 } },
                [GROWTH_CONNECTIONS] = { "connections", { 1, 10, 100, 1000 } },
                [GROWTH_FILTERS] = { "filters", { 1, 10, 100, 1000 } } };

/* ---- the scenarios ---- */

/* Threads that each take a lock, count and give it back: two, or as many as are wanted. */
static void threads_write(GString *json, unsigned count) {
  g_string_append(json,
                  "\"drivers\": { \"fw\": { \"globals\": { \"gCount\": \"LONG\", \"gLock\": \"KSPIN_LOCK\" }, \"Work\": { \"as\": "
                  "\"KSTART_ROUTINE\", \"locals\": { \"irql\": \"KIRQL\" }, \"do\": [\"KeAcquireSpinLock(&gLock, &irql)\", \"gCount++\", "
                  "\"KeReleaseSpinLock(&gLock, irql)\"] } } }, \"traffic\": [");
  for (unsigned i = 0; i < count; i++)
    g_string_append_printf(json, "%s{ \"at\": \"1ms\", \"thread\": \"fw.Work\" }", i > 0 ? ", " : "");
  g_string_append(json, "] }");
}

/* Connections, a few at a time, each seen by so many callouts. */
static void connections_write(GString *json, unsigned connections, unsigned filters) {
  g_string_append(
      json, "\"drivers\": { \"fw\": { \"globals\": { \"gCount\": \"LONG\" }, \"classify\": [\"gCount++\", \"classifyOut->actionType = "
            "FWP_ACTION_CONTINUE\"] } }, \"filters\": [");
  for (unsigned i = 0; i < filters; i++)
    g_string_append_printf(json,
                           "%s{ \"layer\": \"FWPM_LAYER_ALE_AUTH_CONNECT_V4\", \"action\": \"FWP_ACTION_CALLOUT_INSPECTION\", "
                           "\"callout\": \"fw.classify\", \"weight\": %u }",
                           i > 0 ? ", " : "", i + 1);
  g_string_append(json, "], \"processes\": { \"browser\": {} }, \"traffic\": [");
  for (unsigned i = 0; i < connections; i++)
    g_string_append_printf(json, "%s{ \"at\": \"%uus\", \"in\": \"thread of browser\", \"tcp connect\": \"10.0.0.1:%u -> 192.0.2.7:443\" }",
                           i > 0 ? ", " : "", 1000 + i / 4 * 50, 10000 + i);
  g_string_append(json, "] }");
}

static Scenario *scenario_make(GrowthKind kind, unsigned size, GError **error) {
  g_autoptr(GString) json = g_string_new(NULL);
  g_string_printf(json, "{ \"irqlab\": 1, \"title\": \"growth\", \"machine\": { \"cpus\": %u, \"windows\": \"10\" }, ",
                  kind == GROWTH_CPUS ? size : 2);
  if (kind == GROWTH_CPUS || kind == GROWTH_THREADS)
    threads_write(json, kind == GROWTH_THREADS ? size : 2);
  else
    connections_write(json, kind == GROWTH_CONNECTIONS ? size : 1, kind == GROWTH_FILTERS ? size : 1);
  return scenario_load_bytes("growth.json", json->str, json->len, error);
}

/* ---- measuring ---- */

static double resident_mib(void) {
  g_autofree char *text = NULL;
  unsigned long total = 0, resident = 0;
  if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL) || sscanf(text, "%lu %lu", &total, &resident) != 2)
    return 0;
  return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

static void row_print(GrowthKind kind, unsigned size, const BenchRate *rate, size_t state, double memory_mib) {
  printf("%-12s %6u %14.1f %10.0f %10.0f %14.2f %12zu %8.1f\n", growths[kind].name, size, rate->schedules_per_s, rate->steps_per_schedule,
         rate->step_ns, 1e6 / rate->schedules_per_s / size, state, memory_mib);
  fflush(stdout);
}

static json_object *row_json(GrowthKind kind, unsigned size, const BenchRate *rate, size_t state, double memory_mib) {
  json_object *json = json_object_new_object();
  json_object_object_add(json, "of", json_object_new_string(growths[kind].name));
  json_object_object_add(json, "size", json_object_new_int64(size));
  json_object_object_add(json, "schedules_per_second", json_object_new_double(rate->schedules_per_s));
  json_object_object_add(json, "steps_per_schedule", json_object_new_double(rate->steps_per_schedule));
  json_object_object_add(json, "nanoseconds_per_step", json_object_new_double(rate->step_ns));
  json_object_object_add(json, "state_bytes", json_object_new_int64((int64_t)state));
  json_object_object_add(json, "memory_mib", json_object_new_double(memory_mib));
  return json;
}

static bool size_measure(GrowthKind kind, unsigned size, double seconds, json_object *all, GError **error) {
  g_autoptr(Scenario) scenario = scenario_make(kind, size, error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, error) : NULL;
  if (run == NULL)
    return false;
  BenchRate rate = bench_rate(run, seconds, false);
  size_t state = scenario_run_state_size(run);
  if (all != NULL)
    json_object_array_add(all, row_json(kind, size, &rate, state, resident_mib()));
  else
    row_print(kind, size, &rate, state, resident_mib());
  return true;
}

int bench_growth(double seconds, bool wants_json) {
  json_object *all = wants_json ? json_object_new_array() : NULL;
  if (!wants_json)
    printf("%-12s %6s %14s %10s %10s %14s %12s %8s\n", "of", "size", "schedules/s", "steps", "ns/step", "us/size", "state", "MiB");
  for (GrowthKind kind = GROWTH_CPUS; kind < (GrowthKind)G_N_ELEMENTS(growths); kind++)
    for (unsigned i = 0; i < SIZE_COUNT_MAX && growths[kind].sizes[i] != 0; i++) {
      g_autoptr(GError) error = NULL;
      if (!size_measure(kind, growths[kind].sizes[i], seconds, all, &error)) {
        json_object_put(all);
        return cli_error("%u %s: %s", growths[kind].sizes[i], growths[kind].name, error->message);
      }
    }
  if (wants_json)
    puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(all);
  return EXIT_AS_EXPECTED;
}
