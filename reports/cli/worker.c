/* memfd_create. */
#define _GNU_SOURCE

#include "worker.h"

#include "../coverage.h"

#include "nearby.h"
#include "outcome_take.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_SIZE_MAX 16384 /* of a worker's standard error: its end is kept */
#define POLL_PERIOD_MS 200

/* ---- one scenario, in this process ---- */

static void error_take(Outcome *outcome, OutcomeStatus status, const char *message) {
  outcome->status = status;
  outcome->why = g_strdup(message);
}

static void notes_take(Outcome *outcome, const ScenarioRun *run) {
  for (const char *const *note = scenario_run_notes(run); *note != NULL; note++)
    g_ptr_array_add(outcome->notes, g_strdup(*note));
}

/* As expected, and perhaps not by the schedule that the scenario names: what does not fit is not as expected. */
static void misfit_judge(RunVerdict *verdict, ScenarioRun *run, const CliScenario *scenario) {
  const SimSchedule *line = &scenario_run_scenario(run)->policy.replay;
  const RunResult *result = verdict->shown != NULL ? &verdict->shown->result : NULL;
  ScheduleMisfit misfit;
  if (!verdict->is_as_expected || verdict->search.policy != &sim_policy_replay || result == NULL || result->ended_in_boot ||
      result->stop == SIM_STOP_LIMIT_HOST_TIME || !schedule_misfit(run, line, &misfit))
    return;
  RunFailure failure = run_failure_of(run, result, NULL);
  bool is_failing = failure.kind != RUN_FAILURE_NONE;
  run_failure_finish(&failure);
  if (is_failing && misfit.is_natural)
    return;
  g_autofree char *words = schedule_misfit_words(line, &misfit);
  verdict->is_as_expected = false;
  g_free(verdict->why);
  verdict->why = g_strdup_printf("the schedule in the file does not fit: %s (irqlab replay %s tells more)", words, scenario->spoken);
}

static void scenario_run_all(Outcome *outcome, ScenarioRun *run, const CliScenario *scenario, const WorkerOptions *options) {
  RunVerdict verdict;
  SimSearchOptions search;
  RunExploration exploration = { .schedules = options->schedules, .search = &search };
  g_autofree char *wrong = cli_search_apply(options->search, &scenario_run_scenario(run)->policy, &search);
  if (wrong != NULL) {
    error_take(outcome, OUTCOME_BAD_INPUT, wrong);
    return;
  }
  gint64 begin = g_get_monotonic_time();
  if (options->has_sandbox && strcmp(scenario_run_fingerprint(run), "-") == 0)
    sandbox_enter();
  scenario_explore(run, &exploration, &verdict);
  outcome->coverage = coverage_to_json(run); /* before reports run some of them again */
  misfit_judge(&verdict, run, scenario);
  outcome->host_ms += (double)(g_get_monotonic_time() - begin) / 1000;
  outcome_take(outcome, run, &verdict, scenario, options);
  run_verdict_finish(&verdict);
}

Outcome *worker_outcome(const CliScenario *scenario, const WorkerOptions *options) {
  g_autoptr(GError) error = NULL;
  gint64 begin = g_get_monotonic_time();
  Outcome *outcome = outcome_new(scenario->file, scenario->spoken, scenario->name);
  if (scenario->error != NULL) {
    error_take(outcome, OUTCOME_BAD_INPUT, scenario->error);
    return outcome;
  }
  if (!sim_arena_map()) {
    g_autofree char *message = g_strdup_printf("the machine's memory cannot be mapped at 0x%llx: %s", SIM_ARENA_BASE, g_strerror(errno));
    error_take(outcome, OUTCOME_SET_UP, message);
    return outcome;
  }
  g_autoptr(Scenario) loaded = scenario_load(scenario->file, &error);
  g_autoptr(ScenarioRun) run = loaded == NULL         ? NULL
                               : options->wants_lines ? scenario_run_create_with_lines(loaded, &error)
                                                      : scenario_run_create(loaded, &error);
  if (loaded != NULL) {
    g_free(outcome->title);
    outcome->title = g_strdup(loaded->title);
  }
  outcome->host_ms = (double)(g_get_monotonic_time() - begin) / 1000;
  if (run == NULL) {
    error_take(outcome, OUTCOME_BAD_INPUT, error->message);
    return outcome;
  }
  notes_take(outcome, run);
  if (options->wants_coverage)
    scenario_run_cover(run);
  scenario_run_all(outcome, run, scenario, options);
  return outcome;
}

/* ---- processes ---- */

typedef struct Worker {
  pid_t process;
  int pipe;        /* what it writes; -1: it has ended */
  int log;         /* a file in memory: its standard error; -1: none */
  guint index;     /* of the scenario */
  gint64 deadline; /* monotonic microseconds; 0: none */
  bool is_late;
  GString *text;
} Worker;

typedef struct Pool {
  const GPtrArray *scenarios;
  const WorkerOptions *options;
  Outcome **outcomes;
  Worker *workers;
  unsigned worker_count;
  guint started;
  guint told;
} Pool;

static const CliScenario *scenario_of(const Pool *pool, const Worker *worker) { return g_ptr_array_index(pool->scenarios, worker->index); }

static void write_all(int descriptor, const char *text, size_t size) {
  while (size > 0) {
    ssize_t count = write(descriptor, text, size);
    if (count < 0 && errno != EINTR)
      return;
    if (count > 0) {
      text += count;
      size -= (size_t)count;
    }
  }
}

/* A process group of its own, so that a compiler it started ends with it; gone when the parent is. The terminal's Ctrl-C is the parent's. */
static void child_settle(int log) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == 1)
    _exit(EXIT_SET_UP);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  signal(SIGHUP, SIG_DFL);
  if (log >= 0)
    dup2(log, STDERR_FILENO);
}

static void child_main(const CliScenario *scenario, const WorkerOptions *options, int descriptor) G_GNUC_NORETURN;
static void child_main(const CliScenario *scenario, const WorkerOptions *options, int descriptor) {
  Outcome *outcome = worker_outcome(scenario, options);
  json_object *json = outcome_to_json(outcome);
  const char *text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
  write_all(descriptor, text, strlen(text));
  _exit(0);
}

static void worker_start(Pool *pool, Worker *worker) {
  int ends[2] = { -1, -1 };
  *worker = (Worker){ .pipe = -1, .index = pool->started++, .text = g_string_new(NULL) };
  worker->log = memfd_create("irqlab-worker", MFD_CLOEXEC);
  fflush(NULL);
  if (pipe2(ends, O_CLOEXEC) != 0 || (worker->process = fork()) < 0) {
    g_string_printf(worker->text, "a worker process could not be started: %s", g_strerror(errno));
    worker->process = 0;
    if (ends[0] >= 0) {
      close(ends[0]);
      close(ends[1]);
    }
    return;
  }
  if (worker->process == 0) {
    child_settle(worker->log);
    close(ends[0]);
    child_main(scenario_of(pool, worker), pool->options, ends[1]);
  }
  setpgid(worker->process, worker->process); /* whoever is first */
  close(ends[1]);
  worker->pipe = ends[0];
  if (pool->options->timeout_s > 0)
    worker->deadline = g_get_monotonic_time() + (gint64)pool->options->timeout_s * G_USEC_PER_SEC;
}

static void worker_kill(const Worker *worker) {
  kill(-worker->process, SIGKILL);
  kill(worker->process, SIGKILL);
}

/* What a worker that left no outcome came to. */
static char *death_of(const Pool *pool, const Worker *worker, int status) {
  if (worker->is_late)
    return g_strdup_printf("it was ended after %u seconds of host time (--timeout)", pool->options->timeout_s);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
    return g_strdup("its worker process was killed, by the system for want of memory or by somebody");
  if (WIFSIGNALED(status))
    return g_strdup_printf("irqlab itself crashed while running it: %s; please report it with the scenario", g_strsignal(WTERMSIG(status)));
  return g_strdup_printf("its worker process ended with exit code %d and left no result", WEXITSTATUS(status));
}

static char *log_read(int log) {
  char bytes[LOG_SIZE_MAX];
  off_t size = log >= 0 ? lseek(log, 0, SEEK_END) : 0;
  off_t from = size > LOG_SIZE_MAX ? size - LOG_SIZE_MAX : 0;
  ssize_t count = size > 0 ? pread(log, bytes, sizeof bytes, from) : 0;
  return count > 0 ? g_strndup(bytes, (gsize)count) : NULL;
}

static Outcome *outcome_of(const Pool *pool, const Worker *worker, int status) {
  bool is_whole = worker->text->len > 0 && !worker->is_late && worker->process > 0;
  json_object *json = is_whole ? json_tokener_parse(worker->text->str) : NULL;
  Outcome *outcome = json != NULL ? outcome_from_json(json) : NULL;
  json_object_put(json);
  if (outcome == NULL) {
    const CliScenario *scenario = scenario_of(pool, worker);
    outcome = outcome_new(scenario->file, scenario->spoken, scenario->name);
    outcome->status = worker->process > 0 ? OUTCOME_CRASHED : OUTCOME_SET_UP;
    outcome->why = worker->process > 0 ? death_of(pool, worker, status) : g_strdup(worker->text->str);
  }
  outcome->log = log_read(worker->log);
  return outcome;
}

static void worker_end(Pool *pool, Worker *worker) {
  int status = 0;
  if (worker->pipe >= 0)
    close(worker->pipe);
  if (worker->process > 0)
    while (waitpid(worker->process, &status, 0) < 0 && errno == EINTR)
      continue;
  pool->outcomes[worker->index] = outcome_of(pool, worker, status);
  if (worker->log >= 0)
    close(worker->log);
  g_string_free(worker->text, TRUE);
  *worker = (Worker){ .pipe = -1, .log = -1 };
}

/* Reads what there is; false: the worker has closed its end. */
static bool worker_read(Worker *worker) {
  char bytes[65536];
  ssize_t count = read(worker->pipe, bytes, sizeof bytes);
  if (count > 0)
    g_string_append_len(worker->text, bytes, count);
  return count > 0 || (count < 0 && errno == EINTR);
}

static void late_kill(const Pool *pool) {
  gint64 now = g_get_monotonic_time();
  for (unsigned i = 0; i < pool->worker_count; i++) {
    Worker *worker = &pool->workers[i];
    if (worker->process > 0 && worker->deadline != 0 && now > worker->deadline && !worker->is_late) {
      worker->is_late = true;
      worker_kill(worker);
    }
  }
}

static void wait_for_some(Pool *pool) {
  g_autofree struct pollfd *polls = g_new0(struct pollfd, pool->worker_count);
  for (unsigned i = 0; i < pool->worker_count; i++)
    polls[i] = (struct pollfd){ .fd = pool->workers[i].pipe, .events = POLLIN };
  if (poll(polls, pool->worker_count, POLL_PERIOD_MS) <= 0)
    return;
  for (unsigned i = 0; i < pool->worker_count; i++)
    if (polls[i].fd >= 0 && polls[i].revents != 0 && !worker_read(&pool->workers[i]))
      worker_end(pool, &pool->workers[i]);
}

/* Fills free places; true while something runs. */
static bool places_fill(Pool *pool) {
  bool is_any_running = false;
  for (unsigned i = 0; i < pool->worker_count; i++) {
    Worker *worker = &pool->workers[i];
    while (worker->process == 0 && pool->started < pool->scenarios->len) {
      worker_start(pool, worker);
      if (worker->pipe < 0)
        worker_end(pool, worker);
    }
    is_any_running |= worker->process > 0;
  }
  return is_any_running;
}

static void outcomes_tell(Pool *pool, WorkerTold *told, void *data) {
  while (pool->told < pool->scenarios->len && pool->outcomes[pool->told] != NULL)
    told(g_steal_pointer(&pool->outcomes[pool->told++]), data);
}

/* Of an interrupted run: what is still running, and what came behind it, is told nothing. */
static void all_end(Pool *pool) {
  for (unsigned i = 0; i < pool->worker_count; i++)
    if (pool->workers[i].process > 0) {
      worker_kill(&pool->workers[i]);
      worker_end(pool, &pool->workers[i]);
    }
  for (guint i = pool->told; i < pool->scenarios->len; i++)
    g_clear_pointer(&pool->outcomes[i], outcome_free);
}

void workers_run(const GPtrArray *scenarios, const WorkerOptions *options, const volatile bool *is_interrupted, WorkerTold *told,
                 WorkerIdle *idle, void *data) {
  Pool pool = { .scenarios = scenarios, .options = options, .worker_count = MAX(options->jobs, 1) };
  pool.outcomes = g_new0(Outcome *, scenarios->len + 1);
  pool.workers = g_new0(Worker, pool.worker_count);
  for (unsigned i = 0; i < pool.worker_count; i++)
    pool.workers[i].pipe = pool.workers[i].log = -1;
  while (!*is_interrupted && places_fill(&pool)) {
    wait_for_some(&pool);
    late_kill(&pool);
    outcomes_tell(&pool, told, data);
    if (idle != NULL)
      idle(pool.told, scenarios->len, data);
  }
  outcomes_tell(&pool, told, data);
  all_end(&pool);
  g_free(pool.outcomes);
  g_free(pool.workers);
}
