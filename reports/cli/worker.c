#include "worker.h"

#include "../crash_report.h"
#include "sandbox.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- one scenario, in this process ---- */

static void buckets_take(Outcome *outcome, const RunVerdict *verdict) {
  for (guint i = 0; i < verdict->buckets->len; i++) {
    const RunBucket *from = g_ptr_array_index(verdict->buckets, i);
    OutcomeBucket *to = g_new0(OutcomeBucket, 1);
    to->name = g_strdup(from->name);
    to->count = from->count;
    to->schedule = g_strdup(from->schedule);
    to->hash = g_strdup_printf("%016" G_GINT64_MODIFIER "x", from->result.hash);
    g_ptr_array_add(outcome->buckets, to);
  }
}

static void report_take(Outcome *outcome, ScenarioRun *run, const RunVerdict *verdict, const WorkerOptions *options) {
  const RunBucket *shown = verdict->shown;
  if (shown == NULL || (verdict->is_as_expected && !options->wants_report))
    return;
  GString *text = g_string_new(NULL);
  uint64_t seed = options->has_seed ? options->seed : scenario_run_scenario(run)->policy.seed;
  ReportSubject subject = {
    .run = run, .result = &shown->result, .schedule = shown->schedule, .verdict = verdict, .seed = seed, .name = outcome->file
  };
  crash_report_print(text, &options->style, &subject);
  outcome->report = g_string_free(text, FALSE);
}

/* One line: what was expected, what came. Returns owned; NULL: as expected. */
static char *why_of(const RunVerdict *verdict) {
  const Expectation *failed = verdict->failed;
  if (failed != NULL && failed->when == EXPECT_NEVER && verdict->shown != NULL)
    return g_strdup_printf("expected never %s, got %s", failed->text, verdict->shown->name);
  return g_strdup(verdict->why);
}

static void verdict_take(Outcome *outcome, const RunVerdict *verdict) {
  g_free(outcome->result);
  outcome->status = verdict->is_as_expected ? OUTCOME_AS_EXPECTED : OUTCOME_NOT;
  outcome->result = g_strdup(verdict->shown != NULL ? verdict->shown->name : "");
  outcome->why = why_of(verdict);
  outcome->line = verdict->failed != NULL ? verdict->failed->position.line : 0;
  outcome->schedules = verdict->schedule_count;
  outcome->is_exhausted = verdict->is_exhausted;
}

static void error_take(Outcome *outcome, const GError *error) {
  outcome->status = OUTCOME_BAD_INPUT;
  outcome->why = g_strdup(error->message);
}

Outcome *worker_outcome(const char *file, const char *name, const WorkerOptions *options) {
  g_autoptr(GError) error = NULL;
  gint64 begin = g_get_monotonic_time();
  Outcome *outcome = outcome_new(file, name);
  g_autoptr(Scenario) scenario = scenario_load(file, &error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
  if (run == NULL) {
    error_take(outcome, error);
    return outcome;
  }
  g_free(outcome->title);
  outcome->title = g_strdup(scenario->title);
  for (const char *const *note = scenario_run_notes(run); *note != NULL; note++)
    g_ptr_array_add(outcome->notes, g_strdup(*note));
  if (options->has_sandbox && strcmp(scenario_run_fingerprint(run), "-") == 0)
    sandbox_enter();
  RunVerdict verdict;
  RunExploration exploration = { .schedules = options->schedules, .seed = options->seed, .has_seed = options->has_seed };
  scenario_explore(run, &exploration, &verdict);
  verdict_take(outcome, &verdict);
  outcome->host_ms = (double)(g_get_monotonic_time() - begin) / 1000;
  buckets_take(outcome, &verdict);
  report_take(outcome, run, &verdict, options);
  run_verdict_finish(&verdict);
  return outcome;
}

/* ---- processes ---- */

typedef struct Worker {
  pid_t process;
  int pipe;        /* what it writes; -1: it has ended */
  guint index;     /* of the file */
  gint64 deadline; /* monotonic microseconds; 0: none */
  bool is_late;
  GString *text;
} Worker;

typedef struct Pool {
  const GPtrArray *files;
  const GPtrArray *names;
  const WorkerOptions *options;
  Outcome **outcomes;
  Worker *workers;
  unsigned worker_count;
  guint started;
  guint told;
} Pool;

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

static void child_main(const Pool *pool, guint index, int descriptor) G_GNUC_NORETURN;
static void child_main(const Pool *pool, guint index, int descriptor) {
  signal(SIGINT, SIG_IGN); /* the parent decides */
  Outcome *outcome = worker_outcome(g_ptr_array_index(pool->files, index), g_ptr_array_index(pool->names, index), pool->options);
  json_object *json = outcome_to_json(outcome);
  const char *text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
  write_all(descriptor, text, strlen(text));
  _exit(0);
}

static void worker_start(Pool *pool, Worker *worker) {
  int ends[2];
  *worker = (Worker){ .pipe = -1, .index = pool->started++, .text = g_string_new(NULL) };
  fflush(NULL);
  if (pipe(ends) != 0 || (worker->process = fork()) < 0) {
    g_string_printf(worker->text, "a worker process could not be started: %s", g_strerror(errno));
    return;
  }
  if (worker->process == 0) {
    close(ends[0]);
    child_main(pool, worker->index, ends[1]);
  }
  close(ends[1]);
  worker->pipe = ends[0];
  if (pool->options->timeout_s > 0)
    worker->deadline = g_get_monotonic_time() + (gint64)pool->options->timeout_s * G_USEC_PER_SEC;
}

/* What a worker that left no outcome came to. */
static char *death_of(const Pool *pool, const Worker *worker, int status) {
  if (worker->is_late)
    return g_strdup_printf("it was ended after %u seconds of host time (--timeout)", pool->options->timeout_s);
  if (WIFSIGNALED(status))
    return g_strdup_printf("irqlab itself crashed while running it: %s; please report it with the scenario", g_strsignal(WTERMSIG(status)));
  return g_strdup_printf("its worker ended with exit code %d and left no result", WEXITSTATUS(status));
}

static Outcome *outcome_of(const Pool *pool, const Worker *worker, int status) {
  json_object *json = worker->text->len > 0 && !worker->is_late ? json_tokener_parse(worker->text->str) : NULL;
  Outcome *outcome = json != NULL ? outcome_from_json(json) : NULL;
  if (json != NULL)
    json_object_put(json);
  if (outcome != NULL)
    return outcome;
  outcome = outcome_new(g_ptr_array_index(pool->files, worker->index), g_ptr_array_index(pool->names, worker->index));
  outcome->status = OUTCOME_CRASHED;
  outcome->why = death_of(pool, worker, status);
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
  g_string_free(worker->text, TRUE);
  *worker = (Worker){ .pipe = -1 };
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
      kill(worker->process, SIGKILL);
    }
  }
}

static void wait_for_some(Pool *pool) {
  g_autofree struct pollfd *polls = g_new0(struct pollfd, pool->worker_count);
  for (unsigned i = 0; i < pool->worker_count; i++)
    polls[i] = (struct pollfd){ .fd = pool->workers[i].pipe, .events = POLLIN };
  if (poll(polls, pool->worker_count, 200) <= 0)
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
    while (worker->process == 0 && pool->started < pool->files->len) {
      worker_start(pool, worker);
      if (worker->pipe < 0)
        worker_end(pool, worker);
    }
    is_any_running |= worker->process > 0;
  }
  return is_any_running;
}

static void outcomes_tell(Pool *pool, WorkerTold *told, void *data) {
  while (pool->told < pool->files->len && pool->outcomes[pool->told] != NULL)
    told(g_steal_pointer(&pool->outcomes[pool->told++]), data);
}

static void all_kill(Pool *pool) {
  for (unsigned i = 0; i < pool->worker_count; i++)
    if (pool->workers[i].process > 0) {
      kill(pool->workers[i].process, SIGKILL);
      worker_end(pool, &pool->workers[i]);
    }
  for (guint i = pool->told; i < pool->files->len; i++)
    g_clear_pointer(&pool->outcomes[i], outcome_free);
}

void workers_run(const GPtrArray *files, const GPtrArray *names, const WorkerOptions *options, const volatile bool *is_interrupted,
                 WorkerTold *told, void (*idle)(guint done, guint total, void *data), void *data) {
  Pool pool = { .files = files, .names = names, .options = options, .worker_count = MAX(options->jobs, 1) };
  pool.outcomes = g_new0(Outcome *, files->len + 1);
  pool.workers = g_new0(Worker, pool.worker_count);
  for (unsigned i = 0; i < pool.worker_count; i++)
    pool.workers[i].pipe = -1;
  while (!*is_interrupted && places_fill(&pool)) {
    wait_for_some(&pool);
    late_kill(&pool);
    outcomes_tell(&pool, told, data);
    if (idle != NULL)
      idle(pool.told, files->len, data);
  }
  outcomes_tell(&pool, told, data);
  all_kill(&pool);
  g_free(pool.outcomes);
  g_free(pool.workers);
}
