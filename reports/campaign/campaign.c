/* What a campaign has come to. */
#include "campaign.h"

#include <string.h>

void campaign_outcome_free(CampaignOutcome *outcome) {
  g_free(outcome->schedule);
  g_free(outcome->result);
  g_strfreev(outcome->failures);
  g_free(outcome->why);
  if (outcome->fulfilled != NULL)
    g_array_unref(outcome->fulfilled);
  g_free(outcome);
}

static void outcome_free(gpointer data) { campaign_outcome_free(data); }

static void shrunk_free(gpointer data) {
  CampaignShrunk *shrunk = data;
  g_free(shrunk->schedule);
  g_free(shrunk->words);
  g_free(shrunk);
}

static void block_clear(gpointer data) {
  CampaignBlock *block = data;
  if (block->counts != NULL)
    g_array_unref(block->counts);
}

Campaign *campaign_new(void) {
  Campaign *campaign = g_new0(Campaign, 1);
  campaign->outcomes = g_ptr_array_new_with_free_func(outcome_free);
  campaign->shrunk = g_ptr_array_new_with_free_func(shrunk_free);
  campaign->blocks = g_array_new(FALSE, TRUE, sizeof(CampaignBlock));
  g_array_set_clear_func(campaign->blocks, block_clear);
  return campaign;
}

void campaign_header_clear(CampaignHeader *header) {
  g_free(header->scenario);
  g_free(header->argument);
  g_free(header->file_sum);
  g_free(header->fingerprint);
  g_free(header->natural);
  g_free(header->version);
  g_strfreev(header->sometimes);
  *header = (CampaignHeader){ 0 };
}

void campaign_free(Campaign *campaign) {
  if (campaign == NULL)
    return;
  campaign_header_clear(&campaign->header);
  g_ptr_array_unref(campaign->outcomes);
  g_ptr_array_unref(campaign->shrunk);
  g_array_unref(campaign->blocks);
  behaviours_finish(&campaign->behaviours);
  json_object_put(campaign->coverage);
  g_free(campaign);
}

/* Those that prove something split their tree among shards, if what they leave out in one part does not rest on what they search in another. */
unsigned campaign_tree_part_count(const SimPolicy *policy) {
  return !policy->is_systematic ? 0 : policy->proof != NULL && !policy->is_whole ? CAMPAIGN_PART_COUNT : 1;
}

unsigned campaign_part_count(const SimSearchOptions *search) {
  return campaign_tree_part_count(search->policy) * (search->deepens ? SIM_SEARCH_LEVEL_COUNT : 1);
}

bool campaign_is_systematic(const Campaign *campaign) { return campaign->header.search.policy->is_systematic; }

/* ---- identity ---- */

static char *bound_words(uint32_t bound) { return bound == SIM_SEARCH_UNBOUNDED ? g_strdup("none") : g_strdup_printf("%u", bound); }

/* What two logs must have in common, with its name. */
static GStrv identity_words(const CampaignHeader *header) {
  const SimSearchOptions *search = &header->search;
  g_autofree char *preemptions = bound_words(search->preemption_bound), *delays = bound_words(search->delay_bound);
  GPtrArray *words = g_ptr_array_new();
  g_ptr_array_add(words, g_strdup_printf("scenario %s", header->scenario));
  g_ptr_array_add(words, g_strdup_printf("scenario file with the sum %.12s", header->file_sum));
  g_ptr_array_add(words, g_strdup_printf("driver image %s", header->fingerprint));
  g_ptr_array_add(words, g_strdup_printf("policy %s", search->policy->name));
  g_ptr_array_add(words, g_strdup_printf("seed %" G_GUINT64_FORMAT, search->seed));
  g_ptr_array_add(words, g_strdup_printf("depth %u", search->depth));
  g_ptr_array_add(words, g_strdup_printf("preemption bound %s", preemptions));
  g_ptr_array_add(words, g_strdup_printf("delay bound %s", delays));
  g_ptr_array_add(words, g_strdup_printf("--accesses %s", search->visits_accesses ? "given" : "not given"));
  g_ptr_array_add(words, g_strdup_printf("--at-once %s", search->deepens ? "not given" : "given"));
  g_ptr_array_add(words, g_strdup_printf("--clock %s", search->holds_up ? "given" : "not given"));
  g_ptr_array_add(words, g_strdup_printf("--merge-states %s", search->merges_states ? "given" : "not given"));
  g_ptr_array_add(words, g_strdup(!search->races ? "--no-races given" : search->races_rarely ? "--races not given" : "--races given"));
  g_ptr_array_add(words, g_strdup_printf("kinds that vary 0x%x", search->varies));
  g_ptr_array_add(words, g_strdup_printf("natural schedule with the hash %s, so an irqlab of its own", header->natural));
  g_ptr_array_add(words, NULL);
  return (GStrv)g_ptr_array_free(words, FALSE);
}

char *campaign_difference(const CampaignHeader *left, const CampaignHeader *right) {
  g_auto(GStrv) a = identity_words(left), b = identity_words(right);
  for (unsigned i = 0; a[i] != NULL; i++)
    if (strcmp(a[i], b[i]) != 0)
      return g_strdup_printf("%s, not %s", a[i], b[i]);
  return NULL;
}

uint64_t campaign_identity(const CampaignHeader *header) {
  g_auto(GStrv) words = identity_words(header);
  g_autofree char *text = g_strjoinv("\n", words);
  uint64_t shard[] = { header->shard, header->shard_count };
  return campaign_sum(campaign_sum(CAMPAIGN_SUM_BEGIN, text, strlen(text)), shard, sizeof shard);
}

/* ---- parts ---- */

CampaignBlock *campaign_block(Campaign *campaign, uint64_t block) {
  if (block >= campaign->blocks->len)
    g_array_set_size(campaign->blocks, (guint)block + 1);
  return &g_array_index(campaign->blocks, CampaignBlock, block);
}

uint64_t campaign_block_done(const Campaign *campaign, uint64_t block) {
  return block < campaign->blocks->len ? g_array_index(campaign->blocks, CampaignBlock, block).done : 0;
}

/* Of a search that deepens, a shard has the same parts of the tree at each level. */
bool campaign_block_is_ours(const CampaignHeader *header, uint64_t block) {
  uint64_t part = header->search.deepens ? block % CAMPAIGN_PART_COUNT : block;
  return part % header->shard_count == header->shard - 1;
}

CampaignOutcome *campaign_outcome_find(const Campaign *campaign, uint64_t key, uint32_t *index) {
  for (guint i = 0; i < campaign->outcomes->len; i++) {
    CampaignOutcome *outcome = g_ptr_array_index(campaign->outcomes, i);
    if (outcome->key == key) {
      if (index != NULL)
        *index = i;
      return outcome;
    }
  }
  return NULL;
}

const CampaignShrunk *campaign_shrunk_find(const Campaign *campaign, uint64_t number) {
  for (guint i = 0; i < campaign->shrunk->len; i++)
    if (((const CampaignShrunk *)g_ptr_array_index(campaign->shrunk, i))->number == number)
      return g_ptr_array_index(campaign->shrunk, i);
  return NULL;
}

/* ---- a batch ---- */

typedef struct CampaignBatchBlock {
  uint64_t block;
  uint64_t done;
  GArray *counts; /* of CampaignCount */
} CampaignBatchBlock;

static void batch_block_clear(gpointer data) { g_array_unref(((CampaignBatchBlock *)data)->counts); }

void campaign_batch_init(CampaignBatch *batch) {
  *batch = (CampaignBatch){ .blocks = g_array_new(FALSE, FALSE, sizeof(CampaignBatchBlock)) };
  g_array_set_clear_func(batch->blocks, batch_block_clear);
}

void campaign_batch_finish(CampaignBatch *batch) {
  g_array_unref(batch->blocks);
  behaviours_finish(&batch->behaviours);
}

static CampaignBatchBlock *batch_block(CampaignBatch *batch, const Campaign *campaign, uint64_t number) {
  CampaignBatchBlock *last = NULL;
  for (guint i = batch->blocks->len; i > 0; i--) { /* that of the schedule before is among the last */
    last = &g_array_index(batch->blocks, CampaignBatchBlock, i - 1);
    if (last->block == number)
      return last;
  }
  CampaignBatchBlock fresh = { .block = number,
                               .done = campaign_block_done(campaign, number),
                               .counts = g_array_new(FALSE, FALSE, sizeof(CampaignCount)) };
  g_array_append_val(batch->blocks, fresh);
  return &g_array_index(batch->blocks, CampaignBatchBlock, batch->blocks->len - 1);
}

void campaign_count_add(GArray *counts, uint32_t outcome, uint64_t more) {
  for (guint i = 0; i < counts->len; i++) {
    CampaignCount *count = &g_array_index(counts, CampaignCount, i);
    if (count->outcome == outcome) {
      count->count += more;
      return;
    }
  }
  CampaignCount fresh = { outcome, more };
  g_array_append_val(counts, fresh);
}

/* The outcome's index; false: nobody described it. */
static bool batch_outcome(CampaignBatch *batch, const Campaign *campaign, uint64_t key) {
  if (batch->last < campaign->outcomes->len && ((CampaignOutcome *)g_ptr_array_index(campaign->outcomes, batch->last))->key == key)
    return true;
  return campaign_outcome_find(campaign, key, &batch->last) != NULL;
}

bool campaign_batch_add(CampaignBatch *batch, const Campaign *campaign, uint64_t number, uint64_t hash, uint64_t outcome) {
  CampaignSpan span = campaign_span_of(number, campaign_part_count(&campaign->header.search));
  if (span.block >= CAMPAIGN_BLOCK_COUNT_MAX || !campaign_block_is_ours(&campaign->header, span.block) ||
      !batch_outcome(batch, campaign, outcome))
    return false;
  CampaignBatchBlock *block = batch_block(batch, campaign, span.block);
  if ((number - span.first) / span.stride != block->done)
    return false;
  block->done++;
  campaign_count_add(block->counts, batch->last, 1);
  batch->behaviours.level = MAX(batch->behaviours.level, campaign->behaviours.level);
  if (behaviours_met(&campaign->behaviours, hash) < 2)
    behaviours_add(&batch->behaviours, hash, 1);
  batch->schedule_count++;
  return true;
}

void campaign_batch_block_add(CampaignBatch *batch, uint64_t number, const CampaignBlock *block) {
  CampaignBatchBlock whole = { .block = number, .done = block->done, .counts = g_array_ref(block->counts) };
  g_array_append_val(batch->blocks, whole);
  batch->schedule_count += block->done;
}

json_object *campaign_batch_record(CampaignBatch *batch) {
  json_object *record = json_object_new_object(), *ran = json_object_new_array();
  for (guint i = 0; i < batch->blocks->len; i++) {
    const CampaignBatchBlock *block = &g_array_index(batch->blocks, CampaignBatchBlock, i);
    json_object *item = json_object_new_object(), *counts = json_object_new_array();
    for (guint j = 0; j < block->counts->len; j++) {
      const CampaignCount *count = &g_array_index(block->counts, CampaignCount, j);
      json_object *pair = json_object_new_array();
      json_object_array_add(pair, json_object_new_int64(count->outcome));
      json_object_array_add(pair, json_object_new_int64((int64_t)count->count));
      json_object_array_add(counts, pair);
    }
    json_object_object_add(item, "block", json_object_new_int64((int64_t)block->block));
    json_object_object_add(item, "done", json_object_new_int64((int64_t)block->done));
    json_object_object_add(item, "outcomes", counts);
    json_object_array_add(ran, item);
  }
  char seconds[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd(seconds, sizeof seconds, "%.3f", batch->seconds);
  g_autofree char *once = behaviours_print(&batch->behaviours, 1), *more = behaviours_print(&batch->behaviours, 2);
  json_object_object_add(record, "ran", ran);
  json_object_object_add(record, "seconds", json_object_new_double_s(batch->seconds, seconds));
  json_object_object_add(record, "level", json_object_new_int((int)batch->behaviours.level));
  json_object_object_add(record, "once", json_object_new_string(once));
  json_object_object_add(record, "more", json_object_new_string(more));
  campaign_batch_finish(batch);
  campaign_batch_init(batch);
  return record;
}
