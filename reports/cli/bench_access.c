/* What an access of a C driver costs: judged, and looked at for races; beside the same loops under the compiler's own race detector. */
#include "bench.h"

#include "run.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES 200
#define ROUNDS 5

typedef struct Loop {
  const char *function;
  const char *what;
  unsigned accesses; /* of one call */
} Loop;

static const Loop loops[] = {
  { "Walk", "access: words, a list of 1024 is walked", 2048 },
  { "Checksum", "access: halves, 2048 are summed up", 2048 },
  { "Histogram", "access: bytes, 4096 are counted", 3 * 4096 },
};

static const char loop_text[] = "typedef struct NODE { struct NODE *Next; long long Value; } NODE;\n"
                                "static NODE Nodes[1024];\n"
                                "static unsigned char Bytes[4096];\n"
                                "static unsigned short Words[2048];\n"
                                "static unsigned Counts[256];\n"
                                "long long Sum;\n"
                                "static void Prepare(void) {\n"
                                "  for (int i = 0; i < 1023; i++)\n"
                                "    Nodes[i * 421 % 1024].Next = &Nodes[(i + 1) * 421 % 1024];\n"
                                "  for (int i = 0; i < 4096; i++)\n"
                                "    Bytes[i] = (unsigned char)(i * 7);\n"
                                "  for (int i = 0; i < 2048; i++)\n"
                                "    Words[i] = (unsigned short)(i * 7);\n"
                                "}\n"
                                "__attribute__((noinline)) void Walk(void) {\n"
                                "  long long sum = 0;\n"
                                "  for (NODE *node = &Nodes[0]; node; node = node->Next)\n"
                                "    sum += node->Value;\n"
                                "  Sum = sum;\n"
                                "}\n"
                                "__attribute__((noinline)) void Checksum(void) {\n"
                                "  long long sum = 0;\n"
                                "  for (int i = 0; i < 2048; i++)\n"
                                "    sum += Words[i];\n"
                                "  Sum = sum;\n"
                                "}\n"
                                "__attribute__((noinline)) void Histogram(void) {\n"
                                "  for (int i = 0; i < 4096; i++)\n"
                                "    Counts[Bytes[i]]++;\n"
                                "}\n";

static const char driver_text[] = "#include <ntddk.h>\n"
                                  "DRIVER_INITIALIZE DriverEntry;\n"
                                  "KSTART_ROUTINE OnThread;\n"
                                  "#include \"loops.h\"\n"
                                  "NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {\n"
                                  "  UNREFERENCED_PARAMETER(DriverObject);\n"
                                  "  UNREFERENCED_PARAMETER(RegistryPath);\n"
                                  "  Prepare();\n"
                                  "  return STATUS_SUCCESS;\n"
                                  "}\n"
                                  "VOID OnThread(PVOID Context) {\n"
                                  "  UNREFERENCED_PARAMETER(Context);\n"
                                  "  for (LONG i = 0; i < TIMES; i++)\n"
                                  "    WHAT();\n"
                                  "}\n";

static const char program_text[] = "#include <stdio.h>\n"
                                   "#include <time.h>\n"
                                   "#include \"loops.h\"\n"
                                   "int main(void) {\n"
                                   "  double best = 1e30;\n"
                                   "  Prepare();\n"
                                   "  for (int round = 0; round < 5; round++) {\n"
                                   "    struct timespec from, to;\n"
                                   "    clock_gettime(CLOCK_MONOTONIC, &from);\n"
                                   "    for (int i = 0; i < TIMES; i++)\n"
                                   "      WHAT();\n"
                                   "    clock_gettime(CLOCK_MONOTONIC, &to);\n"
                                   "    double used = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);\n"
                                   "    if (used < best)\n"
                                   "      best = used;\n"
                                   "  }\n"
                                   "  printf(\"%f\\n\", best);\n"
                                   "  return 0;\n"
                                   "}\n";

static const char scenario_text[] = "{ \"irqlab\": 1, \"title\": \"bench\", \"machine\": { \"cpus\": 1 },"
                                    "  \"drivers\": { \"d\": { \"source\": \"access.c\", \"define\": [\"TIMES=%u\", \"WHAT=%s\"] } },"
                                    "  \"traffic\": [{ \"at\": \"1ms\", \"thread\": \"d.OnThread\" }],"
                                    "  \"budget\": { \"accesses\": 1000000000, \"host_time\": \"60s\" } }";

/* Nanoseconds of one run with so many calls, the best of some; negative: it does not come to its end. */
static double run_ns(const char *file, const Loop *loop, unsigned times, bool races) {
  g_autofree char *text = g_strdup_printf(scenario_text, times, loop->function);
  g_autoptr(Scenario) scenario = scenario_load_bytes(file, text, strlen(text), NULL);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, NULL) : NULL;
  if (run == NULL || (races && !scenario_run_look_for_races(run)))
    return -1;
  return bench_run_ns(run);
}

static double access_ns(const char *file, const Loop *loop, bool races) {
  double less = run_ns(file, loop, 1, races), more = run_ns(file, loop, TIMES + 1, races);
  return less < 0 || more < 0 ? -1 : (more - less) / (TIMES * (double)loop->accesses);
}

/* The same loop as a program of its own; 0: there is no compiler, or it has no such runtime. */
static double program_ns(const char *folder, const Loop *loop, const char *flag) {
  g_autofree char *source = g_build_filename(folder, "program.c", NULL), *program = g_build_filename(folder, "program", NULL);
  g_autofree char *times = g_strdup_printf("-DTIMES=%u", TIMES), *what = g_strdup_printf("-DWHAT=%s", loop->function);
  const char *compile[] = { "cc", "-O1", "-g", "-fno-inline", flag, times, what, source, "-o", program, NULL };
  const char *execute[] = { program, NULL };
  g_autofree char *output = NULL;
  int status = -1;
  GSpawnFlags quiet = G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL;
  if (!g_spawn_sync(NULL, (char **)compile, NULL, quiet | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, NULL) || status != 0)
    return 0;
  bool is_run = g_spawn_sync(NULL, (char **)execute, NULL, quiet, NULL, NULL, &output, NULL, &status, NULL) && status == 0;
  g_remove(program);
  return is_run ? g_ascii_strtod(output, NULL) / (TIMES * (double)loop->accesses) : 0;
}

static void measure(GArray *costs, const char *folder) {
  g_autofree char *file = g_build_filename(folder, "bench.json", NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS(loops); i++) {
    double judged = access_ns(file, &loops[i], false), raced = access_ns(file, &loops[i], true);
    if (judged < 0 || raced < 0)
      continue;
    const char *what = loops[i].what;
    bench_add(costs, what, judged, "the same, not looked at", program_ns(folder, &loops[i], "-fno-builtin"));
    bench_add(costs, "  the same, races looked for", raced, "libtsan", program_ns(folder, &loops[i], "-fsanitize=thread"));
  }
}

void bench_access(GArray *costs) {
  static const struct {
    const char *name;
    const char *text;
  } files[] = { { "loops.h", loop_text }, { "access.c", driver_text }, { "program.c", program_text } };
  g_autofree char *folder = g_dir_make_tmp("irqlab-bench-XXXXXX", NULL);
  if (folder == NULL)
    return;
  bool is_written = true;
  for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(folder, files[i].name, NULL);
    is_written &= g_file_set_contents(path, files[i].text, -1, NULL);
  }
  if (is_written)
    measure(costs, folder);
  for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_build_filename(folder, files[i].name, NULL);
    g_remove(path);
  }
  g_rmdir(folder);
}
