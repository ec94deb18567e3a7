#include "join.h"

#include "../outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

CampaignJoin *campaign_join_new(void) {
  CampaignJoin *join = g_new0(CampaignJoin, 1);
  join->campaign = campaign_new();
  join->shards = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  return join;
}

void campaign_join_free(CampaignJoin *join) {
  campaign_free(join->campaign);
  g_array_unref(join->shards);
  g_free(join);
}

/* ---- a part into the whole ---- */

static bool header_take(CampaignJoin *join, const CampaignHeader *header, const char *name, GError **error) {
  Campaign *campaign = join->campaign;
  if (!campaign->has_header) {
    CampaignHeader whole = *header;
    whole.shard = whole.shard_count = 1;
    json_object *record = campaign_header_record(&whole);
    bool is_right = campaign_apply(record, campaign, error);
    json_object_put(record);
    join->shard_count = header->shard_count;
    return is_right;
  }
  g_autofree char *difference = campaign_difference(&campaign->header, header);
  if (difference != NULL)
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_FOREIGN, "%s: it does not belong to the others, which are about %s", name,
                difference);
  if (join->shard_count != header->shard_count)
    join->shard_count = 0;
  return difference == NULL;
}

/* The outcome's index in the whole, where it is described once, with the lowest number that came to it. */
static uint32_t outcome_take(Campaign *campaign, const CampaignOutcome *outcome) {
  uint32_t index = 0;
  json_object *record = campaign_outcome_record(outcome);
  bool is_right = campaign_apply(record, campaign, NULL);
  json_object_put(record);
  g_assert(is_right && campaign_outcome_find(campaign, outcome->key, &index) != NULL);
  return index;
}

static void block_remove(Campaign *campaign, CampaignBlock *block) {
  for (guint i = 0; block->counts != NULL && i < block->counts->len; i++) {
    const CampaignCount *count = &g_array_index(block->counts, CampaignCount, i);
    ((CampaignOutcome *)g_ptr_array_index(campaign->outcomes, count->outcome))->count -= count->count;
  }
  g_clear_pointer(&block->counts, g_array_unref);
  campaign->schedule_count -= block->done;
  block->done = 0;
}

static void block_add(Campaign *campaign, CampaignBlock *block, const CampaignBlock *from, const uint32_t *indexes) {
  block->counts = g_array_new(FALSE, FALSE, sizeof(CampaignCount));
  for (guint i = 0; from->counts != NULL && i < from->counts->len; i++) {
    const CampaignCount *count = &g_array_index(from->counts, CampaignCount, i);
    campaign_count_add(block->counts, indexes[count->outcome], count->count);
    ((CampaignOutcome *)g_ptr_array_index(campaign->outcomes, indexes[count->outcome]))->count += count->count;
  }
  block->done = from->done;
  campaign->schedule_count += from->done;
}

bool campaign_join_add(CampaignJoin *join, const Campaign *part, const char *name, GError **error) {
  Campaign *campaign = join->campaign;
  uint64_t before = campaign->schedule_count;
  if (!header_take(join, &part->header, name, error))
    return false;
  g_array_append_val(join->shards, part->header.shard);
  join->part_count++;
  g_autofree uint32_t *indexes = g_new0(uint32_t, part->outcomes->len + 1);
  for (guint i = 0; i < part->outcomes->len; i++)
    indexes[i] = outcome_take(campaign, g_ptr_array_index(part->outcomes, i));
  for (guint i = 0; i < part->shrunk->len; i++) {
    const CampaignShrunk *shrunk = g_ptr_array_index(part->shrunk, i);
    json_object *record = campaign_shrunk_record(shrunk);
    campaign_apply(record, campaign, NULL);
    json_object_put(record);
  }
  for (guint i = 0; i < part->blocks->len; i++) {
    const CampaignBlock *from = &g_array_index(part->blocks, CampaignBlock, i);
    CampaignBlock *block = campaign_block(campaign, i);
    block->is_exhausted |= from->is_exhausted;
    block->is_ended |= from->is_ended;
    block->is_bounded |= from->is_bounded;
    block->states = MAX(block->states, from->states);
    join->overlap += MIN(block->done, from->done);
    if (from->done > block->done) { /* a block is the same wherever it was run: the longer holds the shorter */
      block_remove(campaign, block);
      block_add(campaign, block, from, indexes);
    }
  }
  bool is_same = campaign->schedule_count == before && join->part_count > 1;
  join->same_count += is_same;
  if (!is_same)
    behaviours_join(&campaign->behaviours, &part->behaviours);
  campaign->seconds += is_same ? 0 : part->seconds;
  if (!is_same && part->coverage != NULL) { /* of what two parts have both run, both: counts here are not of schedules */
    json_object *record = campaign_coverage_record(json_object_get(part->coverage));
    campaign_apply(record, campaign, NULL);
    json_object_put(record);
  }
  campaign_exhausted_update(campaign);
  return true;
}

/* ---- what is missing ---- */

static bool has_shard(const CampaignJoin *join, uint64_t shard) {
  for (guint i = 0; i < join->shards->len; i++)
    if (g_array_index(join->shards, uint64_t, i) == shard)
      return true;
  return false;
}

static void shards_note(const CampaignJoin *join, GPtrArray *notes) {
  GString *missing = g_string_new(NULL);
  for (uint64_t shard = 1; shard <= join->shard_count && missing->len < 60; shard++)
    if (!has_shard(join, shard))
      g_string_append_printf(missing, "%s%" G_GUINT64_FORMAT, missing->len > 0 ? ", " : "", shard);
  if (missing->len > 0)
    g_ptr_array_add(notes, g_strdup_printf("%s: of %" G_GUINT64_FORMAT " shards these are not there: %s", join->campaign->header.scenario,
                                           join->shard_count, missing->str));
  g_string_free(missing, TRUE);
}

/* Schedules below the last one that was run and that nobody ran. */
static void gaps_note(const CampaignJoin *join, GPtrArray *notes) {
  const Campaign *campaign = join->campaign;
  uint64_t end = 0, first_gap = UINT64_MAX;
  if (campaign_is_systematic(campaign))
    return; /* a part that is not exhausted is told by what is exhausted */
  for (guint i = 0; i < campaign->blocks->len; i++) {
    const CampaignBlock *block = &g_array_index(campaign->blocks, CampaignBlock, i);
    CampaignSpan span = campaign_span(i, 0);
    if (block->done > 0)
      end = span.first + block->done;
    if (block->done < span.count)
      first_gap = MIN(first_gap, span.first + block->done);
  }
  uint64_t missing = end - campaign->schedule_count;
  g_autofree char *count = outcome_count(missing, "schedule");
  if (first_gap < end)
    g_ptr_array_add(notes, g_strdup_printf("%s: %s below number %" G_GUINT64_FORMAT " %s not run, the first of them %" G_GUINT64_FORMAT,
                                           campaign->header.scenario, count, end, missing == 1 ? "was" : "were", first_gap));
}

void campaign_join_notes(const CampaignJoin *join, GPtrArray *notes) {
  const char *name = join->campaign->header.scenario;
  g_autofree char *overlap = outcome_count(join->overlap, "schedule");
  if (join->same_count > 0)
    g_ptr_array_add(notes,
                    g_strdup_printf("%s: %u of %u parts held nothing that the others do not", name, join->same_count, join->part_count));
  if (join->overlap > 0)
    g_ptr_array_add(notes, g_strdup_printf("%s: %s run more than once, and counted once", name, overlap));
  if (join->shard_count > 1)
    shards_note(join, notes);
  gaps_note(join, notes);
}

/* ---- folders ---- */

static gint by_text(gconstpointer left, gconstpointer right) { return strcmp(*(char *const *)left, *(char *const *)right); }

GPtrArray *campaign_logs(const char *folder, GError **error) {
  g_autoptr(GDir) directory = NULL;
  int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    directory = g_dir_open(folder, 0, NULL);
    close(descriptor);
  }
  if (directory == NULL) {
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_FOREIGN, "%s: %s", folder, g_strerror(errno));
    return NULL;
  }
  GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
  for (const char *name = g_dir_read_name(directory); name != NULL; name = g_dir_read_name(directory))
    if (name[0] != '.' && g_str_has_suffix(name, ".jsonl"))
      g_ptr_array_add(files, g_build_filename(folder, name, NULL));
  g_ptr_array_sort(files, by_text);
  if (files->len > 0)
    return files;
  g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_FOREIGN, "%s: there is no campaign (*.jsonl) in this folder", folder);
  g_ptr_array_unref(files);
  return NULL;
}

static CampaignJoin *join_of(GPtrArray *joins, const char *scenario) {
  guint at = 0;
  while (at < joins->len) {
    CampaignJoin *join = g_ptr_array_index(joins, at);
    int order = strcmp(join->campaign->header.scenario, scenario);
    if (order == 0)
      return join;
    if (order > 0)
      break;
    at++;
  }
  CampaignJoin *join = campaign_join_new();
  g_ptr_array_insert(joins, (gint)at, join);
  return join;
}

static bool log_join(const char *file, GPtrArray *joins, GPtrArray *notes, GError **error) {
  g_autoptr(Campaign) part = campaign_new();
  if (!campaign_log_read(file, campaign_apply, part, &part->is_torn, error))
    return false;
  if (part->is_torn)
    g_ptr_array_add(notes, g_strdup_printf("%s ends in a torn record, which does not count", file));
  if (!part->has_header)
    return true; /* it was killed before it began */
  return campaign_join_add(join_of(joins, part->header.scenario), part, file, error);
}

bool campaign_folder_join(const char *folder, GPtrArray *joins, GPtrArray *notes, GError **error) {
  g_autoptr(GPtrArray) files = campaign_logs(folder, error);
  for (guint i = 0; files != NULL && i < files->len; i++)
    if (!log_join(g_ptr_array_index(files, i), joins, notes, error))
      return false;
  return files != NULL;
}

bool campaign_joins_check(const GPtrArray *joins, const char *folder, GError **error) {
  if (joins->len == 0)
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_FOREIGN, "%s: nothing stands in the campaigns (*.jsonl) of this folder", folder);
  return joins->len > 0;
}

/* ---- written ---- */

/* The whole as one batch, so that there is one way to make a record of what was run. */
static json_object *ran_record(const Campaign *campaign) {
  CampaignBatch batch;
  campaign_batch_init(&batch);
  for (guint i = 0; i < campaign->blocks->len; i++) {
    const CampaignBlock *block = &g_array_index(campaign->blocks, CampaignBlock, i);
    if (block->done > 0)
      campaign_batch_block_add(&batch, i, block);
  }
  behaviours_join(&batch.behaviours, &campaign->behaviours);
  batch.seconds = campaign->seconds;
  json_object *record = campaign_batch_record(&batch);
  campaign_batch_finish(&batch);
  return record;
}

static bool records_write(const Campaign *campaign, CampaignLog *log, GError **error) {
  if (!campaign_log_append(log, campaign_header_record(&campaign->header), error))
    return false;
  for (guint i = 0; i < campaign->outcomes->len; i++)
    if (!campaign_log_append(log, campaign_outcome_record(g_ptr_array_index(campaign->outcomes, i)), error))
      return false;
  if (!campaign_log_append(log, ran_record(campaign), error))
    return false;
  for (guint i = 0; i < campaign->shrunk->len; i++) {
    const CampaignShrunk *shrunk = g_ptr_array_index(campaign->shrunk, i);
    if (!campaign_log_append(log, campaign_shrunk_record(shrunk), error))
      return false;
  }
  if (campaign->coverage != NULL && !campaign_log_append(log, campaign_coverage_record(json_object_get(campaign->coverage)), error))
    return false;
  for (guint i = 0; i < campaign->blocks->len; i++) {
    const CampaignBlock *block = &g_array_index(campaign->blocks, CampaignBlock, i);
    if (block->is_ended &&
        !campaign_log_append(log, campaign_ended_record(i, block->is_bounded, !block->is_exhausted, block->states), error))
      return false;
  }
  return true;
}

static bool nothing_read(json_object *record, void *data, GError **error) {
  (void)record, (void)data, (void)error;
  return true;
}

bool campaign_write(const Campaign *campaign, const char *file, GError **error) {
  g_autofree char *draft = g_strdup_printf("%s.%d", file, (int)getpid());
  CampaignLog log;
  unlink(draft);
  bool is_right = campaign_log_open(&log, draft, nothing_read, NULL, NULL, error) && records_write(campaign, &log, error);
  campaign_log_sync(&log, true);
  campaign_log_close(&log);
  if (is_right && rename(draft, file) != 0) {
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_SYSTEM, "%s: %s", file, g_strerror(errno));
    is_right = false;
  }
  if (!is_right)
    unlink(draft);
  return is_right;
}
