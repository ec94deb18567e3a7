/* Records of a campaign's log: made, and folded in. */
#include "campaign.h"

#include "../coverage.h"

#include <string.h>

/* ---- made ---- */

static void bound_add(json_object *json, const char *key, uint32_t bound) {
  if (bound != SIM_SEARCH_UNBOUNDED)
    json_object_object_add(json, key, json_object_new_int64(bound));
}

json_object *campaign_header_record(const CampaignHeader *header) {
  json_object *json = json_object_new_object();
  const SimSearchOptions *search = &header->search;
  g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, search->seed);
  json_object_object_add(json, "irqlab_campaign", json_object_new_int(CAMPAIGN_FORMAT));
  json_object_object_add(json, "version", json_object_new_string(header->version));
  json_object_object_add(json, "scenario", json_object_new_string(header->scenario));
  json_object_object_add(json, "argument", json_object_new_string(header->argument));
  json_object_object_add(json, "file_sum", json_object_new_string(header->file_sum));
  json_object_object_add(json, "fingerprint", json_object_new_string(header->fingerprint));
  json_object_object_add(json, "natural", json_object_new_string(header->natural));
  json_object_object_add(json, "policy", json_object_new_string(search->policy->name));
  json_object_object_add(json, "seed", json_object_new_string(seed));
  json_object_object_add(json, "depth", json_object_new_int64(search->depth));
  bound_add(json, "preemptions", search->preemption_bound);
  bound_add(json, "delays", search->delay_bound);
  json_object_object_add(json, "accesses", json_object_new_boolean(search->visits_accesses));
  json_object_object_add(json, "deepens", json_object_new_boolean(search->deepens));
  json_object_object_add(json, "clock", json_object_new_boolean(search->holds_up));
  json_object_object_add(json, "merge_states", json_object_new_boolean(search->merges_states));
  json_object_object_add(json, "races", json_object_new_boolean(search->races));
  json_object_object_add(json, "races_rarely", json_object_new_boolean(search->races_rarely));
  json_object_object_add(json, "varies", json_object_new_int64(search->varies));
  json_object_object_add(json, "single", json_object_new_boolean(header->is_single));
  json_object *sometimes = json_object_new_array();
  for (char **text = header->sometimes; text != NULL && *text != NULL; text++)
    json_object_array_add(sometimes, json_object_new_string(*text));
  json_object_object_add(json, "sometimes", sometimes);
  json_object_object_add(json, "shard", json_object_new_int64((int64_t)header->shard));
  json_object_object_add(json, "shards", json_object_new_int64((int64_t)header->shard_count));
  return json;
}

json_object *campaign_outcome_record(const CampaignOutcome *outcome) {
  json_object *record = json_object_new_object(), *json = json_object_new_object();
  json_object *failures = json_object_new_array(), *fulfilled = json_object_new_array();
  g_autofree char *key = g_strdup_printf("%016" G_GINT64_MODIFIER "x", outcome->key);
  for (char **failure = outcome->failures; *failure != NULL; failure++)
    json_object_array_add(failures, json_object_new_string(*failure));
  for (guint i = 0; i < outcome->fulfilled->len; i++)
    json_object_array_add(fulfilled, json_object_new_int(g_array_index(outcome->fulfilled, int, i)));
  json_object_object_add(json, "key", json_object_new_string(key));
  json_object_object_add(json, "result", json_object_new_string(outcome->result));
  json_object_object_add(json, "failures", failures);
  json_object_object_add(json, "why", outcome->why != NULL ? json_object_new_string(outcome->why) : NULL);
  json_object_object_add(json, "fulfilled", fulfilled);
  json_object_object_add(json, "first", json_object_new_int64((int64_t)outcome->first));
  json_object_object_add(json, "schedule", json_object_new_string(outcome->schedule));
  json_object_object_add(record, "outcome", json);
  return record;
}

json_object *campaign_shrunk_record(const CampaignShrunk *shrunk) {
  json_object *record = json_object_new_object(), *json = json_object_new_object();
  json_object_object_add(json, "number", json_object_new_int64((int64_t)shrunk->number));
  json_object_object_add(json, "schedule", json_object_new_string(shrunk->schedule));
  if (shrunk->preemptions >= 0) {
    json_object_object_add(json, "preemptions", json_object_new_int64(shrunk->preemptions));
    json_object_object_add(json, "proved", json_object_new_boolean(shrunk->is_proved));
  }
  json_object_object_add(json, "words", json_object_new_string(shrunk->words));
  json_object_object_add(record, "shrunk", json);
  return record;
}

json_object *campaign_ended_record(uint64_t block, bool is_bounded, bool is_cut, uint64_t states) {
  json_object *record = json_object_new_object();
  json_object_object_add(record, "exhausted", json_object_new_int64((int64_t)block));
  if (is_bounded)
    json_object_object_add(record, "bounded", json_object_new_boolean(true));
  if (is_cut)
    json_object_object_add(record, "cut", json_object_new_boolean(true));
  if (states > 0)
    json_object_object_add(record, "states", json_object_new_int64((int64_t)states));
  return record;
}

/* ---- read ---- */

static bool senseless(GError **error, const char *what) {
  g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_DAMAGED, "this record makes no sense: %s", what);
  return false;
}

static const char *text_of(json_object *json, const char *key) {
  json_object *value = json_object_object_get(json, key);
  return value != NULL && json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static bool number_of(json_object *json, const char *key, uint64_t max, uint64_t *number) {
  json_object *value = json_object_object_get(json, key);
  if (value == NULL || !json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0 ||
      (uint64_t)json_object_get_int64(value) > max)
    return false;
  *number = (uint64_t)json_object_get_int64(value);
  return true;
}

static bool flag_of(json_object *json, const char *key) { return json_object_get_boolean(json_object_object_get(json, key)); }

static bool key_of(json_object *json, uint64_t *key) {
  const char *text = text_of(json, "key");
  guint64 number;
  if (text == NULL || strlen(text) != 16 || !g_ascii_string_to_unsigned(text, 16, 0, G_MAXUINT64, &number, NULL))
    return false;
  *key = number;
  return true;
}

static bool header_strings(CampaignHeader *header, json_object *json) {
  const struct {
    const char *key;
    char **text;
  } rows[] = { { "scenario", &header->scenario },       { "argument", &header->argument }, { "file_sum", &header->file_sum },
               { "fingerprint", &header->fingerprint }, { "natural", &header->natural },   { "version", &header->version } };
  bool is_whole = true;
  for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
    const char *text = text_of(json, rows[i].key);
    is_whole &= text != NULL && *text != '\0';
    *rows[i].text = g_strdup(text);
  }
  return is_whole;
}

/* A list of strings; NULL: it is none. Returns owned. */
static GStrv texts_of(json_object *json, const char *key) {
  json_object *list = json_object_object_get(json, key);
  if (!json_object_is_type(list, json_type_array))
    return NULL;
  GStrv texts = g_new0(char *, json_object_array_length(list) + 1);
  for (size_t i = 0; i < json_object_array_length(list); i++) {
    const char *text = json_object_get_string(json_object_array_get_idx(list, i));
    texts[i] = g_strdup(text != NULL ? text : "");
  }
  return texts;
}

bool campaign_format_check(json_object *header, GError **error) {
  uint64_t format = 0;
  const char *version = text_of(header, "version");
  if (number_of(header, "irqlab_campaign", UINT32_MAX, &format) && format == CAMPAIGN_FORMAT)
    return true;
  g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_FOREIGN,
              "this campaign is of format %" G_GUINT64_FORMAT ", made by irqlab %s, and this irqlab reads format %d; nothing was touched. "
              "Go on with that irqlab, or begin anew in another --out folder",
              format, version != NULL ? version : "of another version", CAMPAIGN_FORMAT);
  return false;
}

static bool header_read(Campaign *campaign, json_object *json, GError **error) {
  CampaignHeader *header = &campaign->header;
  uint64_t depth, varies, preemptions = SIM_SEARCH_UNBOUNDED, delays = SIM_SEARCH_UNBOUNDED;
  guint64 seed;
  if (json_object_object_get(json, "irqlab_campaign") == NULL)
    return senseless(error, "a campaign begins with what is searched");
  if (!campaign_format_check(json, error))
    return false;
  const char *policy = text_of(json, "policy"), *seed_text = text_of(json, "seed");
  header->search = sim_search_options_default;
  header->search.policy = policy != NULL ? sim_policy_find(policy) : NULL;
  if (header->search.policy == NULL) {
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_FOREIGN, "this irqlab knows no policy \"%s\"", policy != NULL ? policy : "");
    return false;
  }
  bool is_whole = header_strings(header, json) && seed_text != NULL &&
                  g_ascii_string_to_unsigned(seed_text, 10, 0, G_MAXUINT64, &seed, NULL) && number_of(json, "depth", UINT32_MAX, &depth) &&
                  number_of(json, "varies", UINT32_MAX, &varies) &&
                  (json_object_object_get(json, "preemptions") == NULL || number_of(json, "preemptions", UINT32_MAX, &preemptions)) &&
                  (json_object_object_get(json, "delays") == NULL || number_of(json, "delays", UINT32_MAX, &delays)) &&
                  number_of(json, "shard", CAMPAIGN_SHARD_COUNT_MAX, &header->shard) &&
                  number_of(json, "shards", CAMPAIGN_SHARD_COUNT_MAX, &header->shard_count) && header->shard >= 1 &&
                  header->shard <= header->shard_count;
  if (!is_whole)
    return senseless(error, "what is searched is not complete");
  header->search.seed = seed;
  header->search.depth = (uint32_t)depth;
  header->search.preemption_bound = (uint32_t)preemptions;
  header->search.delay_bound = (uint32_t)delays;
  header->search.varies = (uint32_t)varies;
  header->search.visits_accesses = flag_of(json, "accesses");
  header->search.races = flag_of(json, "races");
  header->search.deepens = flag_of(json, "deepens");
  header->search.holds_up = flag_of(json, "clock");
  header->search.races_rarely = flag_of(json, "races_rarely");
  header->search.merges_states = flag_of(json, "merge_states");
  header->sometimes = texts_of(json, "sometimes");
  header->is_single = flag_of(json, "single");
  campaign->has_header = true;
  return true;
}

static bool outcome_read(Campaign *campaign, json_object *json, GError **error) {
  CampaignOutcome *outcome = g_new0(CampaignOutcome, 1);
  json_object *fulfilled = json_object_object_get(json, "fulfilled");
  const char *result = text_of(json, "result"), *schedule = text_of(json, "schedule");
  outcome->failures = texts_of(json, "failures");
  bool is_whole = key_of(json, &outcome->key) && result != NULL && schedule != NULL &&
                  number_of(json, "first", INT64_MAX, &outcome->first) && outcome->failures != NULL &&
                  json_object_is_type(fulfilled, json_type_array);
  outcome->fulfilled = g_array_new(FALSE, FALSE, sizeof(int));
  for (size_t i = 0; is_whole && i < json_object_array_length(fulfilled); i++) {
    int number = json_object_get_int(json_object_array_get_idx(fulfilled, i));
    g_array_append_val(outcome->fulfilled, number);
  }
  outcome->result = g_strdup(result);
  outcome->schedule = g_strdup(schedule);
  outcome->why = g_strdup(text_of(json, "why"));
  CampaignOutcome *known = is_whole ? campaign_outcome_find(campaign, outcome->key, NULL) : NULL;
  if (is_whole && known == NULL) {
    g_ptr_array_add(campaign->outcomes, outcome);
    return true;
  }
  if (known != NULL && outcome->first < known->first) { /* another worker met it later, with a lower number */
    known->first = outcome->first;
    g_free(known->schedule);
    known->schedule = g_steal_pointer(&outcome->schedule);
  }
  campaign_outcome_free(outcome);
  return is_whole || senseless(error, "an outcome is not complete");
}

static bool counts_read(Campaign *campaign, CampaignBlock *block, json_object *counts, uint64_t *total) {
  if (block->counts == NULL)
    block->counts = g_array_new(FALSE, FALSE, sizeof(CampaignCount));
  for (size_t i = 0; i < json_object_array_length(counts); i++) {
    json_object *pair = json_object_array_get_idx(counts, i);
    if (!json_object_is_type(pair, json_type_array) || json_object_array_length(pair) != 2)
      return false;
    int64_t index = json_object_get_int64(json_object_array_get_idx(pair, 0));
    int64_t count = json_object_get_int64(json_object_array_get_idx(pair, 1));
    if (index < 0 || index >= (int64_t)campaign->outcomes->len || count <= 0)
      return false;
    campaign_count_add(block->counts, (uint32_t)index, (uint64_t)count);
    ((CampaignOutcome *)g_ptr_array_index(campaign->outcomes, (guint)index))->count += (uint64_t)count;
    *total += (uint64_t)count;
  }
  return true;
}

static bool block_read(Campaign *campaign, json_object *item, GError **error) {
  unsigned parts = campaign_part_count(&campaign->header.search);
  json_object *counts = json_object_object_get(item, "outcomes");
  uint64_t number, done, total = 0;
  if (!number_of(item, "block", CAMPAIGN_BLOCK_COUNT_MAX - 1, &number) || !number_of(item, "done", INT64_MAX, &done) ||
      !json_object_is_type(counts, json_type_array))
    return senseless(error, "what was run is not complete");
  if (parts > 0 && number >= parts)
    return senseless(error, "there is no such block");
  CampaignSpan span = campaign_span(number, parts);
  CampaignBlock *block = campaign_block(campaign, number);
  uint64_t before = block->done;
  if (!campaign_block_is_ours(&campaign->header, number) || done > span.count || done < before ||
      !counts_read(campaign, block, counts, &total) || before + total != done)
    return senseless(error, "its numbers do not fit those before it");
  block->done = done;
  campaign->schedule_count += total;
  return true;
}

static bool ran_read(Campaign *campaign, json_object *record, GError **error) {
  json_object *ran = json_object_object_get(record, "ran");
  const char *once = text_of(record, "once"), *more = text_of(record, "more");
  uint64_t level;
  if (!json_object_is_type(ran, json_type_array) || once == NULL || more == NULL || !number_of(record, "level", 60, &level))
    return senseless(error, "what was run is not complete");
  for (size_t i = 0; i < json_object_array_length(ran); i++)
    if (!block_read(campaign, json_object_array_get_idx(ran, i), error))
      return false;
  Behaviours met = { .level = (unsigned)level };
  bool is_right = behaviours_read(&met, once, 1) && behaviours_read(&met, more, 2);
  if (is_right)
    behaviours_join(&campaign->behaviours, &met);
  behaviours_finish(&met);
  campaign->seconds += json_object_get_double(json_object_object_get(record, "seconds"));
  return is_right || senseless(error, "its hashes are none");
}

/* The part is exhausted when a level of it is that left nothing out. */
void campaign_exhausted_update(Campaign *campaign) {
  const CampaignHeader *header = &campaign->header;
  unsigned parts = campaign_tree_part_count(header->search.policy), blocks = campaign_part_count(&header->search);
  campaign->is_exhausted = campaign_is_systematic(campaign);
  for (unsigned part = 0; campaign->is_exhausted && part < parts; part++) {
    bool is_whole = !campaign_block_is_ours(header, part), is_cut = false;
    for (unsigned i = part; !is_whole && !is_cut && i < blocks; i += parts) {
      const CampaignBlock *block = campaign_block(campaign, i);
      is_cut = !block->is_exhausted;
      is_whole = block->is_exhausted && !block->is_bounded;
    }
    campaign->is_exhausted = is_whole;
  }
}

static bool shrunk_read(Campaign *campaign, json_object *json, GError **error) {
  const char *schedule = text_of(json, "schedule"), *words = text_of(json, "words");
  uint64_t number, preemptions;
  if (schedule == NULL || words == NULL || !number_of(json, "number", INT64_MAX, &number))
    return senseless(error, "a shrunk schedule is not complete");
  if (campaign_shrunk_find(campaign, number) != NULL)
    return true;
  CampaignShrunk *shrunk = g_new0(CampaignShrunk, 1);
  bool is_counted = number_of(json, "preemptions", UINT32_MAX, &preemptions);
  *shrunk = (CampaignShrunk){ .number = number,
                              .schedule = g_strdup(schedule),
                              .preemptions = is_counted ? (int64_t)preemptions : -1,
                              .is_proved = json_object_get_boolean(json_object_object_get(json, "proved")),
                              .words = g_strdup(words) };
  g_ptr_array_add(campaign->shrunk, shrunk);
  return true;
}

static bool exhausted_read(Campaign *campaign, json_object *record, GError **error) {
  uint64_t number;
  if (!campaign_is_systematic(campaign) || !number_of(record, "exhausted", campaign_part_count(&campaign->header.search) - 1, &number) ||
      !campaign_block_is_ours(&campaign->header, number))
    return senseless(error, "there is no such block");
  CampaignBlock *block = campaign_block(campaign, number);
  block->is_ended = true;
  block->is_exhausted = !flag_of(record, "cut");
  block->is_bounded = flag_of(record, "bounded");
  if (json_object_object_get(record, "states") != NULL && !number_of(record, "states", INT64_MAX, &block->states))
    return senseless(error, "its number of states is none");
  campaign_exhausted_update(campaign);
  return true;
}

json_object *campaign_coverage_record(json_object *coverage) {
  json_object *record = json_object_new_object();
  json_object_object_add(record, "coverage", coverage);
  return record;
}

static bool coverage_read(Campaign *campaign, json_object *coverage, GError **error) {
  if (!json_object_is_type(coverage, json_type_object))
    return senseless(error, "its coverage is none");
  if (campaign->coverage == NULL)
    campaign->coverage = json_object_new_object();
  coverage_merge(campaign->coverage, coverage);
  return true;
}

bool campaign_apply(json_object *record, void *data, GError **error) {
  Campaign *campaign = data;
  json_object *value;
  if (!campaign->has_header)
    return header_read(campaign, record, error);
  if (json_object_object_get_ex(record, "ran", &value))
    return ran_read(campaign, record, error);
  if (json_object_object_get_ex(record, "outcome", &value))
    return outcome_read(campaign, value, error);
  if (json_object_object_get_ex(record, "shrunk", &value))
    return shrunk_read(campaign, value, error);
  if (json_object_object_get_ex(record, "exhausted", &value))
    return exhausted_read(campaign, record, error);
  if (json_object_object_get_ex(record, "coverage", &value))
    return coverage_read(campaign, value, error);
  return senseless(error, "its kind is not known");
}
