/* The process that keeps a campaign's log: hands out blocks, gathers what workers note, records it. */
#include "explore_pool.h"

#include "../campaign/judge.h"
#include "../campaign/summary.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define POLL_PERIOD_MS 50
#define RECORD_PERIOD_US (G_USEC_PER_SEC / 2)
#define END_PERIOD_US (5 * G_USEC_PER_SEC) /* what the last schedules may take after a stop */
#define DEATH_COUNT_MAX 8
#define SHRINK_COUNT_MAX 8
#define SHRINK_LINE_MAX 60000                  /* what a pipe takes at once */
#define SHRINK_PERIOD_US (30 * G_USEC_PER_SEC) /* of one */
#define SATURATED_UNSEEN 0.001                 /* one schedule in a thousand goes a new way */
#define SATURATED_COUNT_MIN 1000

static double session_s(const ExplorePool *pool) { return (double)(g_get_monotonic_time() - pool->begin_us) / 1e6; }

static void stop(ExplorePool *pool, char *why) {
  pool->is_stopping = true;
  if (pool->result->stopped == NULL)
    pool->result->stopped = why;
  else
    g_free(why);
}

/* ---- blocks ---- */

/* What is left of its part's share of the budget, which all levels have together. */
static void level_span(const ExplorePool *pool, uint64_t block, CampaignSpan *span) {
  CampaignSpan part = campaign_span(block % CAMPAIGN_PART_COUNT, CAMPAIGN_PART_COUNT);
  uint64_t share = campaign_span_below(&part, pool->total), done = 0;
  for (uint64_t below = block % CAMPAIGN_PART_COUNT; below < block; below += CAMPAIGN_PART_COUNT)
    done += campaign_block_done(pool->campaign, below);
  *span = campaign_span(block, campaign_part_count(&pool->campaign->header.search));
  span->count = share > done ? share - done : 0;
}

/* Of a search that deepens: the first that may be run now. Others may when some that are running have come to their end. */
static bool level_span_next(ExplorePool *pool, CampaignSpan *span, uint64_t *skip) {
  const Campaign *campaign = pool->campaign;
  for (uint64_t block = 0; block < campaign_part_count(&campaign->header.search); block++) {
    if (pool->is_given[block] || !campaign_block_is_ours(&campaign->header, block) || !campaign_block_is_due(campaign, block))
      continue;
    pool->is_given[block] = true;
    level_span(pool, block, span);
    *skip = campaign_block_done(campaign, block);
    if (*skip < span->count && !campaign_block(pool->campaign, block)->is_ended)
      return true;
  }
  return false;
}

/* Below the budget and not yet run; false: there is none left. */
static bool span_next(ExplorePool *pool, CampaignSpan *span, uint64_t *skip) {
  unsigned parts = campaign_part_count(&pool->campaign->header.search);
  if (pool->campaign->header.search.deepens) {
    while (pool->again->len > 0) {
      pool->is_given[g_array_index(pool->again, uint64_t, 0)] = false;
      g_array_remove_index(pool->again, 0);
    }
    return level_span_next(pool, span, skip);
  }
  for (;;) {
    uint64_t block = pool->next_block;
    if (pool->again->len > 0) {
      block = g_array_index(pool->again, uint64_t, 0);
      g_array_remove_index(pool->again, 0);
    } else {
      pool->next_block += pool->campaign->header.shard_count;
    }
    if (block >= (parts > 0 ? parts : CAMPAIGN_BLOCK_COUNT_MAX))
      return false;
    *span = campaign_span(block, parts);
    *skip = campaign_block_done(pool->campaign, block);
    if (span->first >= pool->total)
      return false;
    span->count = campaign_span_below(span, pool->total);
    if (*skip < span->count && !campaign_block(pool->campaign, block)->is_exhausted)
      return true;
  }
}

static void spans_give(ExplorePool *pool, ExploreWorker *worker) {
  uint64_t skip;
  CampaignSpan span;
  while (!pool->is_stopping && worker->is_ready && worker->commands >= 0 && worker->span_count < EXPLORE_AHEAD_COUNT &&
         span_next(pool, &span, &skip)) {
    char line[100];
    int size = g_snprintf(line, sizeof line, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
                          span.first, span.stride, span.count, skip);
    worker->spans[worker->span_count++] = span;
    if (write(worker->commands, line, (size_t)size) != size)
      return; /* it has died: found out when its end closes */
  }
}

static bool is_any_running(const ExplorePool *pool) {
  for (unsigned i = 0; i < pool->worker_count; i++)
    if (pool->workers[i].process > 0 && (!pool->workers[i].is_ready || pool->workers[i].span_count > 0))
      return true;
  return false;
}

/* ---- what workers note ---- */

static bool ring_drain(ExplorePool *pool, ExploreWorker *worker) {
  CampaignRing *ring = worker->ring;
  if (ring == NULL || !pool->is_begun)
    return true;
  uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
  for (; worker->read < head; worker->read++) {
    const CampaignEntry *entry = &ring->entries[worker->read % CAMPAIGN_RING_COUNT];
    if (!campaign_batch_add(&pool->batch, pool->campaign, entry->number, entry->hash, entry->outcome)) {
      explore_fail(pool, EXIT_SET_UP, "irqlab itself is wrong: a worker ran a schedule out of turn; please report it");
      return false;
    }
  }
  return true;
}

static void rings_drain(ExplorePool *pool) {
  bool is_half_full = false;
  for (unsigned i = 0; i < pool->worker_count; i++) {
    ExploreWorker *worker = &pool->workers[i];
    if (!ring_drain(pool, worker))
      return;
    is_half_full |= worker->ring != NULL && worker->read - worker->ring->tail > CAMPAIGN_RING_COUNT / 2;
  }
  if (is_half_full || g_get_monotonic_time() - pool->recorded_us > RECORD_PERIOD_US)
    explore_flush(pool);
}

/* ---- what workers say ---- */

static void outcome_take(ExplorePool *pool, ExploreWorker *worker, json_object *json) {
  uint64_t key = 0;
  const char *text = json_object_get_string(json_object_object_get(json_object_object_get(json, "outcome"), "key"));
  if (text != NULL)
    key = g_ascii_strtoull(text, NULL, 16);
  const CampaignOutcome *known = campaign_outcome_find(pool->campaign, key, NULL);
  uint64_t first = (uint64_t)json_object_get_int64(json_object_object_get(json_object_object_get(json, "outcome"), "first"));
  bool is_new = known == NULL, is_news = is_new || first < known->first;
  if (is_news && !explore_record(pool, json_object_get(json)))
    return;
  __atomic_store_n(&worker->ring->acknowledged, worker->ring->acknowledged + 1, __ATOMIC_RELEASE);
  if (!is_new)
    return;
  const CampaignOutcome *outcome = campaign_outcome_find(pool->campaign, key, NULL);
  if (pool->task->found != NULL)
    pool->task->found(outcome, pool->campaign, session_s(pool), pool->task->data);
  if (outcome->why != NULL && pool->task->until_found)
    stop(pool, g_strdup("found"));
}

static char *file_sum(const char *file) {
  g_autofree char *bytes = NULL;
  gsize size = 0;
  if (!g_file_get_contents(file, &bytes, &size, NULL))
    return g_strdup("-");
  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, size);
}

static GStrv sometimes_of(const Scenario *scenario) {
  GPtrArray *texts = g_ptr_array_new();
  for (size_t i = 0; i < scenario->expect.count; i++)
    if (scenario->expect.items[i].when == EXPECT_SOMETIMES)
      g_ptr_array_add(texts, g_strdup_printf("%zu %s", i, scenario->expect.items[i].text));
  g_ptr_array_add(texts, NULL);
  return (GStrv)g_ptr_array_free(texts, FALSE);
}

/* Once each. */
static void __attribute__((format(printf, 2, 3))) note_add(ExplorePool *pool, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *note = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  if (!g_ptr_array_find_with_equal_func(pool->result->notes, note, g_str_equal, NULL))
    g_ptr_array_add(pool->result->notes, g_steal_pointer(&note));
}

static void others_start(ExplorePool *pool) {
  unsigned parts = campaign_part_count(&pool->campaign->header.search);
  unsigned wanted = pool->campaign->header.is_single || parts == 1 ? 1 : pool->task->jobs;
  for (unsigned i = 1; i < wanted && i < pool->worker_count; i++)
    if (!explore_worker_start(pool, &pool->workers[i]))
      return;
  pool->result->jobs = wanted;
  if (wanted < pool->task->jobs && pool->campaign->header.search.policy->is_whole)
    note_add(pool, "what %s searches is not cut in parts: one worker does it", pool->campaign->header.search.policy->name);
}

/* The first one's hello tells what the campaign is about. */
static void hello_take(ExplorePool *pool, ExploreWorker *worker, json_object *json) {
  const ExploreTask *task = pool->task;
  worker->is_ready = true;
  if (pool->is_begun)
    return;
  CampaignHeader header = { .argument = g_strdup(task->scenario->spoken),
                            .file_sum = file_sum(task->scenario->file),
                            .fingerprint = g_strdup(json_object_get_string(json_object_object_get(json, "hello"))),
                            .natural = g_strdup(json_object_get_string(json_object_object_get(json, "natural"))),
                            .version = g_strdup(IRQLAB_VERSION),
                            .sometimes = sometimes_of(pool->result->scenario),
                            .search = task->search,
                            .is_single = json_object_get_boolean(json_object_object_get(json, "single")),
                            .shard = task->shard,
                            .shard_count = task->shard_count };
  json_object *notes = json_object_object_get(json, "notes");
  for (size_t i = 0; i < json_object_array_length(notes); i++)
    g_ptr_array_add(pool->result->notes, g_strdup(json_object_get_string(json_object_array_get_idx(notes, i))));
  if (!explore_folder_begin(pool, &header))
    return;
  if (pool->campaign->header.is_single)
    pool->total = 1;
  pool->next_block = task->shard - 1;
  others_start(pool);
}

static bool is_in(json_object *json, const char *key) { return json_object_get_boolean(json_object_object_get(json, key)); }

static void block_ended(ExplorePool *pool, uint64_t block, json_object *json) {
  CampaignLevel levels[SIM_SEARCH_LEVEL_COUNT];
  unsigned before = campaign_levels(pool->campaign, levels);
  uint64_t states = (uint64_t)json_object_get_int64(json_object_object_get(json, "states"));
  explore_record(pool, campaign_ended_record(block, is_in(json, "bounded"), is_in(json, "cut"), states));
  unsigned count = campaign_levels(pool->campaign, levels);
  for (unsigned i = before; i < count && pool->task->levelled != NULL; i++)
    pool->task->levelled(&levels[i], session_s(pool), pool->task->data);
}

static void line_take(ExplorePool *pool, ExploreWorker *worker, const char *line) {
  json_object *json = json_tokener_parse(line);
  if (json_object_object_get_ex(json, "outcome", NULL)) {
    outcome_take(pool, worker, json);
  } else if (json_object_object_get_ex(json, "coverage", NULL)) {
    explore_record(pool, json_object_get(json));
  } else if (json_object_object_get_ex(json, "hello", NULL)) {
    hello_take(pool, worker, json);
  } else if (json_object_object_get_ex(json, "error", NULL)) {
    explore_fail(pool, json_object_get_int(json_object_object_get(json, "exit_code")),
                 json_object_get_string(json_object_object_get(json, "error")));
  } else if (json_object_object_get_ex(json, "shrunk", NULL)) {
    CampaignShrunk shrunk = { .number = pool->shrinking,
                              .schedule = (char *)json_object_get_string(json_object_object_get(json, "shrunk")),
                              .preemptions = json_object_get_int64(json_object_object_get(json, "preemptions")),
                              .is_proved = json_object_get_boolean(json_object_object_get(json, "proved")),
                              .words = (char *)json_object_get_string(json_object_object_get(json, "words")) };
    if (shrunk.schedule != NULL)
      explore_record(pool, campaign_shrunk_record(&shrunk));
    pool->is_shrinking = false;
  } else if (json_object_object_get_ex(json, "end", NULL)) {
    uint64_t block = worker->spans[0].block;
    memmove(worker->spans, worker->spans + 1, (EXPLORE_AHEAD_COUNT - 1) * sizeof *worker->spans);
    worker->span_count -= worker->span_count > 0;
    static const char *const notes[] = { "note", "races" };
    for (guint i = 0; i < G_N_ELEMENTS(notes); i++)
      if (json_object_object_get_ex(json, notes[i], NULL))
        note_add(pool, "%s", json_object_get_string(json_object_object_get(json, notes[i])));
    if (json_object_object_get_ex(json, "ended", NULL) && ring_drain(pool, worker) && explore_flush(pool))
      block_ended(pool, block, json);
  }
  json_object_put(json);
}

/* Reads what there is; false: the worker has closed its end. */
static bool replies_read(ExplorePool *pool, ExploreWorker *worker) {
  char bytes[65536];
  ssize_t count = read(worker->replies, bytes, sizeof bytes);
  if (count <= 0)
    return count < 0 && errno == EINTR;
  g_string_append_len(worker->text, bytes, count);
  for (char *end; (end = strchr(worker->text->str, '\n')) != NULL;) {
    g_autofree char *line = g_strndup(worker->text->str, (gsize)(end - worker->text->str));
    g_string_erase(worker->text, 0, end - worker->text->str + 1);
    line_take(pool, worker, line);
  }
  return true;
}

/* ---- workers that died ---- */

static void said_note(ExplorePool *pool, const ExploreWorker *worker) {
  g_autofree char *said = explore_worker_said(worker);
  g_auto(GStrv) lines = said != NULL ? g_strsplit(g_strchomp(said), "\n", -1) : NULL;
  for (char **line = lines; line != NULL && *line != NULL; line++)
    g_ptr_array_add(pool->result->notes, g_strdup_printf("| %s", *line));
}

/* irqlab itself died of a schedule: an outcome like others. */
static void crash_record(ExplorePool *pool, uint64_t number, const char *how) {
  CampaignOutcome *outcome = campaign_outcome_crashed(how, number);
  uint64_t key = outcome->key;
  bool is_new = campaign_outcome_find(pool->campaign, key, NULL) == NULL;
  bool is_right = !is_new || explore_record(pool, campaign_outcome_record(outcome));
  campaign_outcome_free(outcome);
  if (is_right && campaign_batch_add(&pool->batch, pool->campaign, number, 0, key))
    explore_flush(pool);
  if (is_right && is_new && pool->task->found != NULL)
    pool->task->found(campaign_outcome_find(pool->campaign, key, NULL), pool->campaign, session_s(pool), pool->task->data);
}

/* What it had been given is given to others, but for what it died of. */
static void worker_replace(ExplorePool *pool, ExploreWorker *worker, const char *how, bool is_killed) {
  uint64_t in_flight = worker->ring->in_flight;
  bool has_memory = pool->task->search.policy->state_size > 0 || pool->task->search.policy->end != NULL;
  if (!ring_drain(pool, worker) || !explore_flush(pool))
    return;
  if (!is_killed && in_flight > 0)
    crash_record(pool, in_flight - 1, how);
  if (pool->death_count++ >= DEATH_COUNT_MAX || (!is_killed && in_flight > 0 && has_memory)) {
    g_autofree char *message =
        is_killed ? g_strdup("worker processes are killed again and again, by the system for want of memory or by somebody")
                  : g_strdup_printf("irqlab itself crashed: %s; please report it with the scenario", how);
    explore_fail(pool, EXIT_NOT_AS_EXPECTED, message);
    return;
  }
  for (unsigned i = 0; i < worker->span_count; i++)
    g_array_append_val(pool->again, worker->spans[i].block);
  explore_worker_finish(worker);
  explore_worker_start(pool, worker);
}

static void worker_end(ExplorePool *pool, ExploreWorker *worker) {
  bool is_killed;
  close(worker->replies);
  worker->replies = -1;
  g_autofree char *how = explore_worker_wait(worker, &is_killed);
  ring_drain(pool, worker);
  if (how != NULL)
    said_note(pool, worker);
  if (how != NULL && !(pool->is_stopping && is_killed))
    worker_replace(pool, worker, how, is_killed);
}

/* ---- the loop ---- */

static void wait_for_some(ExplorePool *pool) {
  g_autofree struct pollfd *polls = g_new0(struct pollfd, pool->worker_count);
  for (unsigned i = 0; i < pool->worker_count; i++)
    polls[i] = (struct pollfd){ .fd = pool->workers[i].replies, .events = POLLIN };
  if (poll(polls, pool->worker_count, POLL_PERIOD_MS) <= 0)
    return;
  for (unsigned i = 0; i < pool->worker_count; i++)
    if (polls[i].fd >= 0 && polls[i].revents != 0 && polls[i].fd == pool->workers[i].replies && !replies_read(pool, &pool->workers[i]))
      worker_end(pool, &pool->workers[i]);
}

static void limits_look(ExplorePool *pool) {
  const ExploreTask *task = pool->task;
  const Campaign *campaign = pool->campaign;
  if (*task->is_interrupted)
    stop(pool, g_strdup("interrupted"));
  else if (task->seconds > 0 && session_s(pool) >= task->seconds)
    stop(pool, g_strdup("time is up"));
  else if (task->until_saturated && campaign->schedule_count >= SATURATED_COUNT_MIN &&
           behaviours_unseen(&campaign->behaviours, campaign->schedule_count) <= SATURATED_UNSEEN)
    stop(pool, g_strdup("saturated"));
  if (task->progress != NULL && pool->is_begun)
    task->progress(campaign, pool->batch.schedule_count, session_s(pool), task->data);
}

static bool is_any_alive(const ExplorePool *pool, bool with_blocks) {
  for (unsigned i = 0; i < pool->worker_count; i++)
    if (pool->workers[i].replies >= 0 && (!with_blocks || pool->workers[i].span_count > 0))
      return true;
  return false;
}

/* Until their blocks, or they themselves, have come to an end: those that take too long are killed. */
static void workers_await(ExplorePool *pool, bool with_blocks) {
  gint64 deadline = g_get_monotonic_time() + END_PERIOD_US;
  for (bool is_killed = false; is_any_alive(pool, with_blocks);) {
    if (!is_killed && g_get_monotonic_time() > deadline) {
      is_killed = true;
      for (unsigned i = 0; i < pool->worker_count; i++)
        explore_worker_kill(&pool->workers[i]);
    }
    wait_for_some(pool);
    for (unsigned i = 0; i < pool->worker_count; i++)
      ring_drain(pool, &pool->workers[i]);
    if (pool->result->error == NULL && pool->batch.schedule_count > CAMPAIGN_RING_COUNT / 4)
      explore_flush(pool);
  }
}

/* All that is in flight comes to its end. */
static void blocks_end(ExplorePool *pool) {
  pool->is_stopping = true;
  for (unsigned i = 0; i < pool->worker_count; i++)
    if (pool->workers[i].ring != NULL)
      pool->workers[i].ring->stop = 1;
  workers_await(pool, true);
  if (pool->result->error == NULL)
    explore_flush(pool);
}

static void all_end(ExplorePool *pool) {
  for (unsigned i = 0; i < pool->worker_count; i++) {
    if (pool->workers[i].commands >= 0)
      close(pool->workers[i].commands);
    pool->workers[i].commands = -1;
  }
  workers_await(pool, false);
}

/* ---- in the end ---- */

static void shrink_one(ExplorePool *pool, ExploreWorker *worker, const CampaignFailure *failure) {
  g_autofree char *line = g_strdup_printf("%s%s\n", EXPLORE_SHRINK, failure->schedule);
  size_t size = strlen(line);
  gint64 deadline = g_get_monotonic_time() + SHRINK_PERIOD_US;
  pool->shrinking = failure->first;
  pool->is_shrinking = write(worker->commands, line, size) == (ssize_t)size;
  while (pool->is_shrinking && worker->replies >= 0) {
    if (*pool->task->is_interrupted || g_get_monotonic_time() > deadline)
      explore_worker_kill(worker);
    wait_for_some(pool);
  }
}

/* "v1:FINGERPRINT:..."; the natural schedule ends behind its fingerprint. */
static bool has_departures(const char *line) { return g_str_has_prefix(line, "v1:") && strchr(line + strlen("v1:"), ':') != NULL; }

/* By the first worker, which has booted: what is not as expected is told as the shortest story that still fails. */
static void failures_shrink(ExplorePool *pool) {
  ExploreWorker *worker = &pool->workers[0];
  if (!pool->task->wants_shrunk || pool->result->error != NULL || *pool->task->is_interrupted)
    return;
  g_autoptr(GArray) failures = campaign_failures(pool->campaign);
  for (guint i = 0, count = 0; i < failures->len && count < SHRINK_COUNT_MAX; i++) {
    const CampaignFailure *failure = &g_array_index(failures, CampaignFailure, i);
    bool is_wanted = failure->why != NULL && has_departures(failure->schedule) && strlen(failure->schedule) < SHRINK_LINE_MAX &&
                     campaign_shrunk_find(pool->campaign, failure->first) == NULL;
    if (!is_wanted || worker->replies < 0 || worker->commands < 0)
      continue;
    shrink_one(pool, worker, failure);
    count++;
  }
}

static void search(ExplorePool *pool) {
  if (!explore_worker_start(pool, &pool->workers[0]))
    return;
  while (!pool->is_stopping && is_any_running(pool)) {
    wait_for_some(pool);
    rings_drain(pool);
    if (pool->is_begun)
      for (unsigned i = 0; i < pool->worker_count; i++)
        spans_give(pool, &pool->workers[i]);
    limits_look(pool);
  }
}

static bool is_complete(const ExplorePool *pool) {
  if (pool->campaign->is_exhausted)
    return true;
  return pool->result->error == NULL && pool->result->stopped == NULL;
}

void explore_run(const ExploreTask *task, ExploreResult *result) {
  g_autoptr(GError) error = NULL;
  *result = (ExploreResult){ .campaign = campaign_new(), .jobs = 1, .notes = g_ptr_array_new_with_free_func(g_free) };
  ExplorePool pool = { .task = task, .result = result, .campaign = result->campaign, .worker_count = MAX(task->jobs, 1) };
  pool.log.descriptor = -1;
  result->scenario = scenario_load(task->scenario->file, &error);
  if (result->scenario == NULL) {
    explore_fail(&pool, EXIT_BAD_INPUT, error->message);
    return;
  }
  pool.total = task->schedules != 0 ? task->schedules : UINT64_MAX;
  pool.begin_us = pool.recorded_us = g_get_monotonic_time();
  pool.again = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  pool.workers = g_new0(ExploreWorker, pool.worker_count);
  for (unsigned i = 0; i < pool.worker_count; i++)
    pool.workers[i].commands = pool.workers[i].replies = pool.workers[i].log = -1;
  campaign_batch_init(&pool.batch);
  if (explore_folder_open(&pool))
    search(&pool);
  result->is_complete = is_complete(&pool);
  blocks_end(&pool);
  result->seconds = session_s(&pool);
  failures_shrink(&pool);
  all_end(&pool);
  for (unsigned i = 0; i < pool.worker_count; i++)
    explore_worker_finish(&pool.workers[i]);
  explore_folder_close(&pool);
  campaign_batch_finish(&pool.batch);
  g_array_unref(pool.again);
  g_free(pool.workers);
}

void explore_result_finish(ExploreResult *result) {
  campaign_free(result->campaign);
  scenario_free(result->scenario);
  g_free(result->error);
  g_free(result->stopped);
  g_ptr_array_unref(result->notes);
  *result = (ExploreResult){ 0 };
}
