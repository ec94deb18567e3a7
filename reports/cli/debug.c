/*
 * irqlab replay --gdb. gdb runs irqlab, which runs the schedule and calls a function of its own at the event, in the midst of what the driver called;
 * from there gdb goes up to the driver's frame. The driver's image has its sources' names and lines, so nothing has to be loaded.
 */
#include "debug.h"

#include "visit.h"

#include "model/events.h"
#include "run_internal.h" /* which drivers are compiled */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- within gdb ---- */

void irqlab_event_reached(void);
__attribute__((noinline)) void irqlab_event_reached(void) { __asm__ volatile(""); }

static void reached(void *data) {
  (void)data;
  irqlab_event_reached();
}

int debug_reach(CliSchedule *schedule, const char *event) {
  g_autoptr(RunVisit) visit = run_visit_create(schedule->run, &schedule->exceptions);
  uint32_t number = visit_event_find(visit, event);
  if (number == UINT32_MAX)
    return EXIT_BAD_INPUT;
  run_visit_at(visit, number, reached, NULL);
  return EXIT_AS_EXPECTED;
}

/* ---- where to ---- */

/* Whether the event happened in compiled driver code, and in which function. */
static bool is_compiled(const ScenarioRun *run, const SimEvent *event, RunSite *where) {
  return event->site != 0 && !(event->site & SIM_SITE_STEP) && scenario_run_site(run, event->site, where);
}

/* The last event in driver code that is not behind `event`; UINT32_MAX: none. */
static uint32_t compiled_before(const RunVisit *visit, const ScenarioRun *run, uint32_t event, RunSite *where) {
  for (uint32_t i = event + 1; i-- > run_visit_first(visit);)
    if (is_compiled(run, &run_visit_record(visit)->events[i], where))
      return i;
  return UINT32_MAX;
}

/* The event that is asked for; else the mistake, else the end. */
static uint32_t event_of(const RunVisit *visit, const char *event) {
  const RunResult *result = run_visit_result(visit);
  if (event != NULL)
    return visit_event_find(visit, event);
  if (result->finding_count > 0 && result->findings[0].event >= run_visit_first(visit))
    return result->findings[0].event;
  return (uint32_t)run_visit_record(visit)->count - 1;
}

/* ---- gdb ---- */

/* May a process be traced here? A child asks to be. */
static bool may_trace(void) {
  int status;
  pid_t child = fork();
  if (child == 0)
    _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1);
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void command_add(GPtrArray *arguments, char *command) {
  g_ptr_array_add(arguments, g_strdup("-ex"));
  g_ptr_array_add(arguments, command);
}

static GPtrArray *arguments_make(const char *gdb, const ScenarioRun *run, const char *name, const char *line, uint32_t event,
                                 const char *function, char **commands) {
  GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
  g_ptr_array_add(arguments, g_strdup(gdb));
  g_ptr_array_add(arguments, g_strdup("-q"));
  if (commands != NULL)
    g_ptr_array_add(arguments, g_strdup("-batch"));
  static const char *const settings[] = { "set confirm off",
                                          "set pagination off",
                                          "set disable-randomization off",
                                          "set breakpoint pending on",
                                          "handle SIGSEGV SIGALRM SIGPROF SIGUSR1 nostop noprint pass",
                                          "set print frame-arguments scalars" };
  for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
    command_add(arguments, g_strdup(settings[i]));
  command_add(arguments, g_strdup_printf("directory %s", run->scenario->folder));
  command_add(arguments, g_strdup("tbreak irqlab_event_reached"));
  command_add(arguments, g_strdup("run"));
  command_add(arguments, g_strdup_printf("frame function %s", function));
  for (char **command = commands; command != NULL && *command != NULL; command++)
    command_add(arguments, g_strdup(*command));
  g_ptr_array_add(arguments, g_strdup("--args"));
  g_ptr_array_add(arguments, g_strdup(program != NULL ? program : "irqlab"));
  g_ptr_array_add(arguments, g_strdup("replay"));
  g_ptr_array_add(arguments, g_strdup_printf("--reach=%u", event));
  g_ptr_array_add(arguments, g_strdup(name));
  if (line != NULL)
    g_ptr_array_add(arguments, g_strdup(line));
  g_ptr_array_add(arguments, NULL);
  return arguments;
}

static int gdb_start(GPtrArray *arguments) {
  const struct itimerval none = { { 0, 0 }, { 0, 0 } };
  fflush(NULL);
  setitimer(ITIMER_REAL, &none, NULL); /* of the clock that looks after driver code: gdb would inherit it */
  execv(g_ptr_array_index(arguments, 0), (char **)arguments->pdata);
  cli_error("replay: %s cannot be started: %s", (const char *)g_ptr_array_index(arguments, 0), g_strerror(errno));
  return EXIT_SET_UP;
}

int debug_replay(CliSchedule *schedule, const char *name, const char *line, const char *event, char **commands) {
  RunSite where;
  g_autofree char *gdb = g_find_program_in_path("gdb");
  g_autoptr(RunVisit) visit = NULL;
  if (schedule->run->images->len == 0)
    return cli_error("replay: --gdb is for drivers that are C source; these are steps: --step goes through them");
  if (gdb == NULL) {
    cli_error("replay: gdb is not installed (apt-get install gdb); --step goes through the schedule without it");
    return EXIT_SET_UP;
  }
  if (!may_trace()) {
    cli_error("replay: this system does not allow a process to be traced (ptrace), as gdb has to; in a container it takes\n"
              "--cap-add=SYS_PTRACE. --step goes through the schedule without it");
    return EXIT_SET_UP;
  }
  visit = run_visit_create(schedule->run, &schedule->exceptions);
  uint32_t wanted = event_of(visit, event);
  if (wanted == UINT32_MAX)
    return EXIT_BAD_INPUT;
  uint32_t found = compiled_before(visit, schedule->run, wanted, &where);
  if (found == UINT32_MAX)
    return cli_error("replay: no driver code runs up to event %u", wanted);
  printf("%sevent %u, in %s of %s (%s:%u)\n", found != wanted ? "the last in driver code before is " : "", found, where.function,
         where.driver, where.file, where.line);
  g_autoptr(GPtrArray) arguments = arguments_make(gdb, schedule->run, name, line, found, where.function, commands);
  return gdb_start(arguments);
}
