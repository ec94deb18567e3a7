/* A campaign's log and the rings beside it. */
#include "explore_pool.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void explore_fail(ExplorePool *pool, int exit_code, const char *message) {
  pool->is_stopping = true;
  if (pool->result->error != NULL)
    return;
  pool->result->error = g_strdup(message);
  pool->result->exit_code = exit_code;
}

static bool fail_error(ExplorePool *pool, const GError *error) {
  bool is_host = error->domain == CAMPAIGN_ERROR && error->code == CAMPAIGN_ERROR_SYSTEM;
  explore_fail(pool, is_host ? EXIT_SET_UP : EXIT_BAD_INPUT, error->message);
  return false;
}

char *explore_log_file(const char *folder, const char *scenario, uint64_t shard, uint64_t shard_count) {
  g_autofree char *leaf = g_strdup_printf("%s.%" G_GUINT64_FORMAT "-of-%" G_GUINT64_FORMAT ".jsonl", scenario, shard, shard_count);
  return g_build_filename(folder, leaf, NULL);
}

/* The scenario's name as a part of a file's, the same wherever the scenario lies: that of the library, or below the folder that was asked for, or the
 * file's own. Returns owned. */
static char *leaf_of(const CliScenario *scenario) {
  size_t length = strlen(scenario->name);
  bool is_file = strcmp(scenario->spoken, scenario->file) == 0 && strncmp(scenario->file, scenario->name, length) == 0;
  char *leaf = is_file ? g_path_get_basename(scenario->name) : g_strdup(scenario->name);
  while (g_str_has_prefix(leaf, "/") || g_str_has_prefix(leaf, "."))
    memmove(leaf, leaf + 1, strlen(leaf));
  return g_strdelimit(leaf, "/", '.');
}

bool explore_folder_open(ExplorePool *pool) {
  g_autoptr(GError) error = NULL;
  const ExploreTask *task = pool->task;
  pool->log.descriptor = -1;
  if (task->folder == NULL)
    return true;
  if (g_mkdir_with_parents(task->folder, 0777) != 0) {
    g_autofree char *message = g_strdup_printf("--out %s: %s", task->folder, g_strerror(errno));
    explore_fail(pool, EXIT_SET_UP, message);
    return false;
  }
  g_autofree char *leaf = leaf_of(task->scenario);
  g_autofree char *file = explore_log_file(task->folder, leaf, task->shard, task->shard_count);
  if (!campaign_log_open(&pool->log, file, campaign_apply, pool->campaign, &pool->campaign->is_torn, &error))
    return fail_error(pool, error);
  return true;
}

bool explore_record(ExplorePool *pool, json_object *record) {
  g_autoptr(GError) error = NULL;
  bool is_right = campaign_apply(record, pool->campaign, &error);
  if (!is_right) {
    json_object_put(record);
    g_autofree char *message = g_strdup_printf("irqlab itself is wrong about its campaign: %s; please report it", error->message);
    explore_fail(pool, EXIT_SET_UP, message);
    return false;
  }
  if (pool->log.descriptor < 0) {
    json_object_put(record);
    return true;
  }
  if (!campaign_log_append(&pool->log, record, &error))
    return fail_error(pool, error);
  campaign_log_sync(&pool->log, false);
  return true;
}

bool explore_flush(ExplorePool *pool) {
  gint64 now_us = g_get_monotonic_time();
  pool->batch.seconds = (double)(now_us - pool->recorded_us) / 1e6;
  pool->recorded_us = now_us;
  if (pool->batch.schedule_count == 0)
    return true;
  if (!explore_record(pool, campaign_batch_record(&pool->batch)))
    return false;
  for (unsigned i = 0; i < pool->worker_count; i++)
    if (pool->workers[i].ring != NULL)
      __atomic_store_n(&pool->workers[i].ring->tail, pool->workers[i].read, __ATOMIC_RELEASE);
  return true;
}

/* ---- what a killed session left ---- */

static void note(ExplorePool *pool, char *text) { g_ptr_array_add(pool->result->notes, text); }

/* Rings beside the log, but for that of the worker that runs already. Returns owned. */
static GPtrArray *rings_find(const ExplorePool *pool) {
  g_autofree char *folder = g_path_get_dirname(pool->log.file), *leaf = g_path_get_basename(pool->log.file);
  g_autofree char *stem = g_strndup(leaf, strlen(leaf) - strlen("jsonl")), *prefix = g_strconcat(stem, "ring.", NULL);
  GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
  for (const char *name; directory != NULL && (name = g_dir_read_name(directory)) != NULL;) {
    g_autofree char *file = g_build_filename(folder, name, NULL);
    if (g_str_has_prefix(name, prefix) && g_strcmp0(file, pool->workers[0].ring_file) != 0)
      g_ptr_array_add(files, g_steal_pointer(&file));
  }
  return files;
}

/* Whole entries behind what the log holds; in the end the files go. */
static bool rings_recover(ExplorePool *pool) {
  g_autoptr(GPtrArray) files = rings_find(pool);
  g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(CampaignEntry));
  uint64_t identity = campaign_identity(&pool->campaign->header);
  for (guint i = 0; i < files->len; i++)
    campaign_ring_read(g_ptr_array_index(files, i), identity, entries);
  for (guint i = 0; i < entries->len; i++) {
    const CampaignEntry *entry = &g_array_index(entries, CampaignEntry, i);
    campaign_batch_add(&pool->batch, pool->campaign, entry->number, entry->hash, entry->outcome); /* what the log has is refused */
  }
  uint64_t count = pool->batch.schedule_count;
  g_autofree char *words = outcome_count(count, "schedule");
  if (!explore_flush(pool))
    return false;
  for (guint i = 0; i < files->len; i++)
    unlink(g_ptr_array_index(files, i));
  if (count > 0)
    note(pool, g_strdup_printf("recovered %s that a killed irqlab had run and not yet recorded", words));
  return true;
}

/* The log is another scenario's, or was searched in another way. */
static bool is_same_search(ExplorePool *pool, const CampaignHeader *header) {
  g_autofree char *difference = campaign_difference(&pool->campaign->header, header);
  if (difference == NULL)
    return true;
  g_autofree char *message = g_strdup_printf(
      "%s: it is about %s; nothing was touched. Take another --out folder, or the scenario, driver and options it was begun with",
      pool->log.file, difference);
  explore_fail(pool, EXIT_BAD_INPUT, message);
  return false;
}

bool explore_folder_begin(ExplorePool *pool, CampaignHeader *header) {
  g_autofree char *leaf = leaf_of(pool->task->scenario);
  Campaign *campaign = pool->campaign;
  g_free(header->scenario);
  header->scenario = g_steal_pointer(&leaf);
  bool is_new = !campaign->has_header, is_right;
  if (is_new)
    is_right = explore_record(pool, campaign_header_record(header));
  else
    is_right = is_same_search(pool, header);
  campaign_header_clear(header);
  if (!is_right)
    return false;
  pool->is_begun = pool->result->is_begun = true;
  if (campaign->is_torn)
    note(pool, g_strdup_printf("%s ended in a torn record, which was dropped", pool->log.file));
  pool->recorded_us = g_get_monotonic_time();
  if (!is_new && pool->log.descriptor >= 0 && !rings_recover(pool))
    return false;
  pool->result->schedule_count_before = campaign->schedule_count;
  pool->workers[0].ring->identity = campaign_identity(&campaign->header);
  return true;
}

void explore_folder_close(ExplorePool *pool) {
  if (pool->log.descriptor < 0)
    return;
  campaign_log_sync(&pool->log, true);
  if (pool->log.is_new && pool->log.count == 0)
    unlink(pool->log.file); /* nothing came of it */
  campaign_log_close(&pool->log);
}
