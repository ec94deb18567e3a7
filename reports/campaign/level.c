/* Levels of a search that deepens: what was exhausted, bound after bound. */
#include "campaign.h"

#include "../outcome.h"
#include "run.h"

SimSearchOptions campaign_block_search(const SimSearchOptions *search, uint64_t block) {
  SimSearchOptions own = search->deepens ? sim_search_level(search, (unsigned)(block / CAMPAIGN_PART_COUNT)) : *search;
  unsigned parts = campaign_tree_part_count(search->policy);
  if (search->deepens) {
    own.first = block % parts;
    own.stride = parts;
  }
  return own;
}

static const CampaignBlock *block_of(const Campaign *campaign, uint64_t number) {
  static const CampaignBlock none = { 0 };
  return number < campaign->blocks->len ? &g_array_index(campaign->blocks, CampaignBlock, number) : &none;
}

bool campaign_block_is_due(const Campaign *campaign, uint64_t number) {
  if (!campaign->header.search.deepens || number < CAMPAIGN_PART_COUNT)
    return true;
  const CampaignBlock *below = block_of(campaign, number - CAMPAIGN_PART_COUNT);
  return below->is_ended && below->is_bounded;
}

static uint64_t failed_of(const Campaign *campaign, const CampaignBlock *block) {
  uint64_t failed = 0;
  for (guint i = 0; block->counts != NULL && i < block->counts->len; i++) {
    const CampaignCount *count = &g_array_index(block->counts, CampaignCount, i);
    const CampaignOutcome *outcome = g_ptr_array_index(campaign->outcomes, count->outcome);
    failed += outcome->why != NULL ? count->count : 0;
  }
  return failed;
}

/* Adds one level of one part of the tree. False: it was not exhausted. A part that left nothing out has no further levels: `is_over`. */
static bool part_add(const Campaign *campaign, uint64_t number, bool *is_over, bool *is_bounded, CampaignLevel *level) {
  const CampaignBlock *block = block_of(campaign, number);
  if (*is_over)
    return true;
  level->schedules += block->done;
  level->failed += failed_of(campaign, block);
  *is_over = block->is_exhausted && !block->is_bounded;
  *is_bounded |= block->is_bounded;
  return block->is_exhausted;
}

unsigned campaign_levels(const Campaign *campaign, CampaignLevel *levels) {
  bool is_over[CAMPAIGN_PART_COUNT] = { false };
  CampaignLevel level = { 0 };
  if (!campaign->header.search.deepens)
    return 0;
  for (unsigned i = 0; i < SIM_SEARCH_LEVEL_COUNT; i++) {
    bool is_bounded = false;
    for (unsigned part = 0; part < CAMPAIGN_PART_COUNT; part++)
      if (campaign_block_is_ours(&campaign->header, part) &&
          !part_add(campaign, i * CAMPAIGN_PART_COUNT + part, &is_over[part], &is_bounded, &level))
        return i;
    level.preemptions = is_bounded ? sim_search_level_bound(i) : SIM_SEARCH_UNBOUNDED;
    levels[i] = level;
    if (!is_bounded)
      return i + 1;
  }
  return SIM_SEARCH_LEVEL_COUNT;
}

char *campaign_level_words(const CampaignLevel *level, const SimSearchOptions *search) {
  g_autofree char *bounds = run_search_bounds(search);
  const char *space = *bounds != '\0' ? " " : "";
  g_autofree char *schedules = outcome_count(level->schedules, "schedule"), *failed = outcome_number(level->failed);
  g_autofree char *what = level->failed == 0 ? g_strdup("nothing unexpected") : g_strdup_printf("%s not as expected", failed);
  if (level->preemptions == SIM_SEARCH_UNBOUNDED)
    return g_strdup_printf("%s: %s (all there are%s%s)", what, schedules, space, bounds);
  return g_strdup_printf("%s with at most %u preemption%s: %s (all%s%s)", what, level->preemptions, level->preemptions == 1 ? "" : "s",
                         schedules, space, bounds);
}

char *campaign_level_next_words(const CampaignLevel *level) {
  unsigned next = 1;
  while (next + 1 < SIM_SEARCH_LEVEL_COUNT && sim_search_level_bound(next - 1) != level->preemptions)
    next++;
  uint32_t from = level->preemptions + 1, to = sim_search_level_bound(next);
  if (level->preemptions == SIM_SEARCH_UNBOUNDED || to <= from)
    return g_strdup("");
  return to == SIM_SEARCH_UNBOUNDED ? g_strdup("; next: any number of them") : g_strdup_printf("; next: %u to %u of them", from, to);
}

uint64_t campaign_states(const Campaign *campaign) {
  uint64_t states = 0;
  for (guint i = 0; i < campaign->blocks->len; i++)
    states += block_of(campaign, i)->states;
  return states;
}
