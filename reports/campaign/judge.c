#include "judge.h"

#include "../names.h"

#include "model/rules/rule_ids.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_COUNT_MAX 4

struct CampaignJudge {
  ScenarioRun *run;
  const ExpectSet *expect;
  bool *seen;
  GHashTable *looks;    /* of what a result looks like: Met *, looked up only */
  GHashTable *outcomes; /* of the keys described so far: Met *, looked up only */
};

/* An outcome, and the lowest number of a schedule that came to it: a worker that takes another's place is given blocks below those it has run. */
typedef struct Met {
  uint64_t key, first;
} Met;

CampaignJudge *campaign_judge_new(ScenarioRun *run) {
  CampaignJudge *judge = g_new0(CampaignJudge, 1);
  judge->run = run;
  judge->expect = &scenario_run_scenario(run)->expect;
  judge->seen = g_new0(bool, judge->expect->count + 1);
  judge->looks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  judge->outcomes = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  return judge;
}

void campaign_judge_free(CampaignJudge *judge) {
  g_hash_table_unref(judge->looks);
  g_hash_table_unref(judge->outcomes);
  g_free(judge->seen);
  g_free(judge);
}

/* ---- the guest's stack and objects ---- */

/* Sites from the innermost function outwards; the frames say where each was called from. Returns how many. */
static unsigned stack_sites(uint32_t site, const SimFrame *frames, unsigned frame_count, uint32_t *sites) {
  unsigned count = 0;
  if (site != 0)
    sites[count++] = site;
  for (unsigned i = frame_count; i > 0 && count < FRAME_COUNT_MAX; i--)
    if (frames[i - 1].site != 0)
      sites[count++] = frames[i - 1].site;
  return count;
}

static unsigned finding_sites(const Finding *finding, uint32_t *sites) {
  return stack_sites(finding->site, finding->frames, finding->frame_count, sites);
}

static unsigned bugcheck_sites(const KeBugcheck *bugcheck, uint32_t *sites) {
  const SimMachine *machine = sim_machine();
  for (uint32_t i = 0; i < machine->context_count; i++) {
    const SimContext *context = &machine->contexts[i];
    if (context->id == bugcheck->context && bugcheck->context != 0)
      return stack_sites(bugcheck->site, context->frames, MIN(context->frame_count, SIM_FRAME_COUNT_MAX), sites);
  }
  return stack_sites(bugcheck->site, NULL, 0, sites);
}

static uint8_t kind_of(uint32_t ordinal) {
  const Object *object = ordinal != 0 ? object_by_ordinal(ordinal) : NULL;
  return object != NULL ? object->kind : OBJECT_NONE;
}

/* ---- as it looks: numbers alone, quick ---- */

static uint64_t words_sum(uint64_t sum, const uint32_t *words, unsigned count) { return campaign_sum(sum, words, count * sizeof *words); }

static uint64_t look_of(const CampaignJudge *judge, const RunResult *result, const Expectation *failed, bool is_expected) {
  uint32_t sites[FRAME_COUNT_MAX + 1];
  uint32_t failed_number = failed != NULL ? (uint32_t)(failed - judge->expect->items) : UINT32_MAX;
  const uint32_t head[] = { result->stop, result->bugcheck.code, is_expected, failed_number };
  uint64_t look = words_sum(CAMPAIGN_SUM_BEGIN, head, G_N_ELEMENTS(head));
  look = campaign_sum(look, result->stop_text, strlen(result->stop_text));
  for (size_t i = 0; i < judge->expect->count; i++)
    if (judge->expect->items[i].when == EXPECT_SOMETIMES)
      look = campaign_sum(look, &judge->seen[i], 1);
  if (result->bugcheck.code != 0) {
    for (unsigned i = 0; i < 4; i++) {
      uint8_t kind = kind_of(result->bugcheck.objects[i]);
      look = campaign_sum(look, &kind, 1);
    }
    return words_sum(look, sites, bugcheck_sites(&result->bugcheck, sites));
  }
  for (uint32_t i = 0; i < result->finding_count; i++) {
    const Finding *finding = &result->findings[i];
    const uint32_t words[] = { finding->rule, finding->function, kind_of(finding->object), finding->other.site };
    look = words_sum(look, words, G_N_ELEMENTS(words));
    look = words_sum(look, sites, finding_sites(finding, sites));
  }
  return look;
}

/* ---- as it is told ---- */

static void stack_append(GString *text, const CampaignJudge *judge, const uint32_t *sites, unsigned count) {
  g_autofree char *last = g_strdup("");
  bool is_first = true;
  for (unsigned i = 0; i < count; i++) {
    char *function = place_function(judge->run, sites[i]);
    if (*function != '\0' && strcmp(function, last) != 0) {
      g_string_append_printf(text, "%s%s", is_first ? " in " : " < ", function);
      is_first = false;
    }
    g_free(last);
    last = function;
  }
}

static void kind_append(GString *text, uint32_t ordinal) {
  uint8_t kind = kind_of(ordinal);
  if (kind != OBJECT_NONE)
    g_string_append_printf(text, ", %s", object_kind_name((ObjectKind)kind));
}

/* Once for two places, whichever came first. */
static char *race_text(const CampaignJudge *judge, const Finding *finding) {
  g_autofree char *here = place_words(judge->run, finding->site), *there = place_words(judge->run, finding->other.site);
  g_autofree char *variable = place_variable(judge->run, finding->value, 0, GUEST_DEPTH_OBJECT);
  char *part = variable != NULL ? strpbrk(variable, ".[+") : NULL; /* of it: the same places race there as a rule */
  bool is_first = strcmp(here, there) <= 0;
  if (part != NULL)
    part[*part == '+' ? -1 : 0] = '\0';
  return g_strdup_printf("%s%s%s: %s, %s", CAMPAIGN_RACE, variable != NULL ? " on " : "", variable != NULL ? variable : "",
                         is_first ? here : there, is_first ? there : here);
}

static char *finding_text(const CampaignJudge *judge, const Finding *finding) {
  if (finding->rule == RULE_DATA_RACE)
    return race_text(judge, finding);
  uint32_t sites[FRAME_COUNT_MAX + 1];
  GString *text = g_string_new(rule_by_id(finding->rule)->name);
  const char *function = names_function(finding->function);
  if (*function != '\0')
    g_string_append_printf(text, " at %s", function);
  stack_append(text, judge, sites, finding_sites(finding, sites));
  kind_append(text, finding->object);
  return g_string_free(text, FALSE);
}

static char *bugcheck_text(const CampaignJudge *judge, const RunResult *result) {
  uint32_t sites[FRAME_COUNT_MAX + 1];
  g_autofree char *name = run_result_bucket(result);
  GString *text = g_string_new(name);
  stack_append(text, judge, sites, bugcheck_sites(&result->bugcheck, sites));
  for (unsigned i = 0; i < 4; i++)
    kind_append(text, result->bugcheck.objects[i]);
  return g_string_free(text, FALSE);
}

static gint by_text(gconstpointer left, gconstpointer right) { return strcmp(*(char *const *)left, *(char *const *)right); }

/* Takes the text, when it is not there already. */
static void text_put(GPtrArray *texts, char *text) {
  for (guint i = 0; i < texts->len; i++)
    if (strcmp(g_ptr_array_index(texts, i), text) == 0) {
      g_free(text);
      return;
    }
  g_ptr_array_add(texts, text);
}

/* How the run ended, where that is no bug check and not by itself: the first part of its bucket's name. */
static char *end_text(const RunResult *result) {
  RunResult without = *result;
  without.finding_count = 0;
  return run_result_bucket(&without);
}

/* `why`, `failed`: where nothing was found and it is not as expected nevertheless, that is the failure; so is what is not about findings. */
static GStrv failures_of(const CampaignJudge *judge, const RunResult *result, const char *why, const Expectation *failed) {
  GPtrArray *texts = g_ptr_array_new();
  if (result->bugcheck.code != 0) {
    g_ptr_array_add(texts, bugcheck_text(judge, result));
  } else {
    if (result->stop != SIM_STOP_QUIET)
      g_ptr_array_add(texts, end_text(result));
    for (uint32_t i = 0; i < result->finding_count; i++)
      text_put(texts, finding_text(judge, &result->findings[i]));
    g_ptr_array_sort(texts, by_text);
  }
  bool is_of_its_own =
      failed != NULL && failed->kind != EXPECT_BUGCHECK && failed->kind != EXPECT_FINDING && failed->kind != EXPECT_OUTCOME;
  if (why != NULL && (texts->len == 0 || (is_of_its_own && result->bugcheck.code == 0)))
    g_ptr_array_insert(texts, 0, failed != NULL ? expectation_broken(failed) : g_strdup(why));
  g_ptr_array_add(texts, NULL);
  return (GStrv)g_ptr_array_free(texts, FALSE);
}

static uint64_t key_of(const CampaignOutcome *outcome, int64_t failed) {
  g_autofree char *failures = g_strjoinv("\n", outcome->failures);
  g_autofree char *text = g_strdup_printf("%s\n%s\n%d %" G_GINT64_FORMAT, outcome->result, failures, outcome->why != NULL, failed);
  uint64_t key = campaign_sum(CAMPAIGN_SUM_BEGIN, text, strlen(text));
  return campaign_sum(key, outcome->fulfilled->data, outcome->fulfilled->len * sizeof(int));
}

static CampaignOutcome *outcome_new(const CampaignJudge *judge, const RunResult *result, uint64_t number, const char *why,
                                    const Expectation *failed) {
  CampaignOutcome *outcome = g_new0(CampaignOutcome, 1);
  outcome->first = number;
  char *line = sim_schedule_print(&result->exceptions, scenario_run_fingerprint(judge->run));
  outcome->schedule = g_strdup(line);
  free(line);
  outcome->result = run_result_bucket(result);
  outcome->failures = failures_of(judge, result, why, failed);
  outcome->why = g_strdup(why);
  outcome->fulfilled = g_array_new(FALSE, FALSE, sizeof(int));
  for (size_t i = 0; i < judge->expect->count; i++)
    if (judge->expect->items[i].when == EXPECT_SOMETIMES && judge->seen[i]) {
      int index = (int)i;
      g_array_append_val(outcome->fulfilled, index);
    }
  outcome->key = key_of(outcome, failed != NULL ? failed - judge->expect->items : -1);
  return outcome;
}

static void met_note(GHashTable *table, uint64_t at, uint64_t key, uint64_t first) {
  Met met = { key, first };
  g_hash_table_insert(table, g_memdup2(&at, sizeof at), g_memdup2(&met, sizeof met));
}

/* The same without its data races. Returns owned; NULL: there are none. */
static Finding *without_races(const RunResult *result, uint32_t *count) {
  Finding *findings = NULL;
  *count = 0;
  for (uint32_t i = 0; i < result->finding_count; i++)
    if (result->findings[i].rule == RULE_DATA_RACE && findings == NULL)
      findings = g_new(Finding, result->finding_count);
  for (uint32_t i = 0; findings != NULL && i < result->finding_count; i++)
    if (result->findings[i].rule != RULE_DATA_RACE)
      findings[(*count)++] = result->findings[i];
  return findings;
}

/* A scenario that says nothing of races is judged by all else first: what it counts are the findings it knew of. */
static char *judge_one(const CampaignJudge *judge, const RunResult *result, const Expectation **failed) {
  RunResult less = *result;
  g_autofree Finding *findings = scenario_run_was_told_to_look_for_races(judge->run) ? without_races(result, &less.finding_count) : NULL;
  if (findings == NULL)
    return scenario_judge(judge->run, result, judge->seen, failed);
  less.findings = findings;
  char *why = scenario_judge(judge->run, &less, judge->seen, failed);
  return why != NULL ? why : g_strdup(CAMPAIGN_RACE_WHY);
}

uint64_t campaign_judge(CampaignJudge *judge, const RunResult *result, uint64_t number, CampaignOutcome **fresh) {
  const Expectation *failed;
  *fresh = NULL;
  memset(judge->seen, 0, judge->expect->count * sizeof *judge->seen);
  g_autofree char *why = judge_one(judge, result, &failed);
  uint64_t look = look_of(judge, result, failed, why == NULL);
  const Met *met = g_hash_table_lookup(judge->looks, &look);
  if (met != NULL && met->first <= number)
    return met->key;
  CampaignOutcome *outcome = outcome_new(judge, result, number, why, failed);
  uint64_t key = outcome->key;
  met_note(judge->looks, look, key, number);
  met = g_hash_table_lookup(judge->outcomes, &key);
  if (met != NULL && met->first <= number) {
    campaign_outcome_free(outcome);
  } else {
    met_note(judge->outcomes, key, key, number);
    *fresh = outcome;
  }
  return key;
}

CampaignOutcome *campaign_outcome_crashed(const char *how, uint64_t number) {
  CampaignOutcome *outcome = g_new0(CampaignOutcome, 1);
  outcome->first = number;
  outcome->schedule = g_strdup("");
  outcome->result = g_strdup_printf("irqlab crashed: %s", how);
  outcome->failures = g_new0(char *, 2);
  outcome->failures[0] = g_strdup(outcome->result);
  outcome->why = g_strdup_printf("irqlab itself crashed while running it: %s; please report it with the scenario", how);
  outcome->fulfilled = g_array_new(FALSE, FALSE, sizeof(int));
  outcome->key = key_of(outcome, -1);
  return outcome;
}
