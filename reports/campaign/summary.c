#include "summary.h"

#include "../coverage.h"

#include "../outcome.h"
#include "../shell.h"
#include "run.h"

#include <math.h>
#include <string.h>

#define LINE_LENGTH_MAX 600
#define FAILURE_COUNT_MAX 60 /* told; --json has all */

/* ---- failures ---- */

const char *campaign_failure_why(const CampaignOutcome *outcome, const char *text) {
  bool is_about_race = outcome->why != NULL && strcmp(outcome->why, CAMPAIGN_RACE_WHY) == 0;
  return is_about_race && !g_str_has_prefix(text, CAMPAIGN_RACE) ? NULL : outcome->why;
}

static void failure_put(GArray *failures, const CampaignOutcome *outcome, const char *text) {
  const char *why = campaign_failure_why(outcome, text);
  for (guint i = 0; i < failures->len; i++) {
    CampaignFailure *failure = &g_array_index(failures, CampaignFailure, i);
    if (strcmp(failure->text, text) != 0 || (failure->why == NULL) != (why == NULL))
      continue;
    failure->count += outcome->count;
    if (g_strcmp0(why, CAMPAIGN_RACE_WHY) == 0) /* what else was wrong where it came first is no reason of the race */
      failure->why = why;
    if (outcome->first < failure->first) {
      failure->first = outcome->first;
      failure->schedule = outcome->schedule;
      if (g_strcmp0(failure->why, CAMPAIGN_RACE_WHY) != 0)
        failure->why = why;
    }
    return;
  }
  CampaignFailure fresh = { text, why, outcome->count, outcome->first, outcome->schedule };
  g_array_append_val(failures, fresh);
}

static gint by_weight(gconstpointer left, gconstpointer right) {
  const CampaignFailure *a = left, *b = right;
  if ((a->why != NULL) != (b->why != NULL))
    return a->why != NULL ? -1 : 1;
  if (a->first != b->first)
    return a->first < b->first ? -1 : 1;
  return strcmp(a->text, b->text);
}

GArray *campaign_failures(const Campaign *campaign) {
  GArray *failures = g_array_new(FALSE, FALSE, sizeof(CampaignFailure));
  for (guint i = 0; i < campaign->outcomes->len; i++) {
    const CampaignOutcome *outcome = g_ptr_array_index(campaign->outcomes, i);
    if (outcome->count == 0)
      continue; /* the schedule that came to it was in flight */
    for (char **text = outcome->failures; *text != NULL; text++)
      failure_put(failures, outcome, *text);
    if (outcome->failures[0] == NULL)
      failure_put(failures, outcome, outcome->result);
  }
  g_array_sort(failures, by_weight);
  return failures;
}

static bool is_fulfilled(const Campaign *campaign, int number) {
  for (guint i = 0; i < campaign->outcomes->len; i++) {
    const CampaignOutcome *outcome = g_ptr_array_index(campaign->outcomes, i);
    for (guint j = 0; outcome->count > 0 && j < outcome->fulfilled->len; j++)
      if (g_array_index(outcome->fulfilled, int, j) == number)
        return true;
  }
  return false;
}

char *campaign_never_happened(const Campaign *campaign) {
  for (char **text = campaign->header.sometimes; text != NULL && *text != NULL; text++) {
    char *words;
    int number = (int)g_ascii_strtoll(*text, &words, 10);
    if (!is_fulfilled(campaign, number))
      return g_strdup_printf("expected%s in some schedule, and it never happened", words);
  }
  return NULL;
}

bool campaign_is_as_expected(const Campaign *campaign) {
  for (guint i = 0; i < campaign->outcomes->len; i++) {
    const CampaignOutcome *outcome = g_ptr_array_index(campaign->outcomes, i);
    if (outcome->why != NULL && outcome->count > 0)
      return false;
  }
  return true;
}

/* ---- lines to replay ---- */

bool campaign_is_about_race(const char *text) { return strstr(text, CAMPAIGN_RACE) != NULL; }

char *campaign_replay_words(const Campaign *campaign, const CampaignFailure *failure, const char *folder, const char *kind) {
  const char *argument = campaign->header.argument;
  g_autofree char *quoted = shell_word(argument);
  const char *races = campaign_is_about_race(failure->text) ? "--races " : "";
  if (*failure->schedule == '\0')
    return g_strdup("");
  if (strlen(failure->schedule) <= LINE_LENGTH_MAX)
    return g_strdup_printf("irqlab replay %s%s %s", races, quoted, failure->schedule);
  if (folder == NULL)
    return g_strdup_printf("irqlab replay %s%s ... (its line is long: --json prints it, --out FOLDER keeps it in a file)", races, quoted);
  g_autofree char *leaf = g_strdup_printf("%s.%" G_GUINT64_FORMAT "%s.schedule", campaign->header.scenario, failure->first, kind);
  g_autofree char *file = g_build_filename(folder, leaf, NULL);
  g_autofree char *line = g_strconcat(failure->schedule, "\n", NULL), *word = shell_word(file);
  if (!g_file_test(file, G_FILE_TEST_EXISTS))
    g_file_set_contents(file, line, -1, NULL);
  return g_strdup_printf("irqlab replay %s%s @%s", races, quoted, word);
}

/* ---- for people ---- */

static char *number(uint64_t value) { return outcome_number(value); }

static void head_print(GString *out, const ReportStyle *style, const Campaign *campaign, const CampaignSummary *summary) {
  const CampaignHeader *header = &campaign->header;
  const SimPolicy *policy = header->search.policy;
  report_put(out, style, REPORT_BOLD, header->argument);
  g_string_append_printf(out, "   %s", policy->name);
  if (policy->explores && !policy->is_systematic)
    g_string_append_printf(out, ", seed %" G_GUINT64_FORMAT, header->search.seed);
  if (header->shard_count > 1)
    g_string_append_printf(out, ", shard %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, header->shard, header->shard_count);
  g_autofree char *count = outcome_count(campaign->schedule_count, "schedule"), *bounds = run_search_bounds(&header->search);
  g_string_append_printf(out, "\n  %s %s%s%s", campaign->is_exhausted ? "exhausted" : "explored", count, *bounds != '\0' ? " " : "",
                         bounds);
  uint64_t own = campaign->schedule_count - summary->before;
  double seconds = summary->seconds > 0 ? summary->seconds : campaign->seconds;
  g_autofree char *fresh = number(own), *rate = number(seconds > 0 ? (uint64_t)llround((double)own / seconds) : 0);
  if (summary->before > 0)
    g_string_append_printf(out, ", %s of them now", fresh);
  g_string_append_printf(out, " in %.1f s (%s/s)%s%s\n", seconds, rate, summary->stopped != NULL ? ": " : "",
                         summary->stopped != NULL ? summary->stopped : "");
}

static void states_print_line(GString *out, const Campaign *campaign) {
  uint64_t states = campaign_states(campaign);
  g_autofree char *text = outcome_count(states, "distinct state");
  if (states > 0)
    g_string_append_printf(out, "  %s, by their hash\n", text);
}

static void behaviours_print_line(GString *out, const Campaign *campaign) {
  uint64_t distinct = behaviours_distinct(&campaign->behaviours), once = behaviours_once(&campaign->behaviours);
  g_autofree char *distinct_text = outcome_count(distinct, "behaviour"), *once_text = number(once);
  if (campaign->schedule_count <= 1)
    return;
  g_string_append_printf(out, "  %s%s, %s of them met once", campaign->behaviours.level > 0 ? "about " : "", distinct_text, once_text);
  if (!campaign->is_exhausted && !campaign_is_systematic(campaign)) /* the estimate is for schedules that are drawn */
    g_string_append_printf(out, ": of the schedules to come about %.3g %% go a new way",
                           100 * behaviours_unseen(&campaign->behaviours, campaign->schedule_count));
  g_string_append_c(out, '\n');
}

/* The last bound that was done with. */
static void levels_print_line(GString *out, const Campaign *campaign) {
  CampaignLevel levels[SIM_SEARCH_LEVEL_COUNT];
  unsigned count = campaign_levels(campaign, levels);
  if (count == 0)
    return;
  g_autofree char *words = campaign_level_words(&levels[count - 1], &campaign->header.search);
  g_string_append_printf(out, "  %s\n", words);
}

static void failure_print(GString *out, const ReportStyle *style, const Campaign *campaign, const CampaignFailure *failure,
                          const char *folder) {
  bool is_ok = failure->why == NULL, is_clean = strcmp(failure->text, "clean") == 0;
  g_autofree char *count = number(failure->count), *again = campaign_replay_words(campaign, failure, folder, "");
  report_put(out, style, is_ok ? REPORT_GREEN : REPORT_RED, is_ok ? "  ok   " : "  NOT  ");
  g_string_append_printf(out, "%12s  %s\n", count, failure->text);
  if (!is_ok)
    g_string_append_printf(out, "%21s%s\n", "", failure->why);
  const CampaignShrunk *shrunk = campaign_shrunk_find(campaign, failure->first);
  if (shrunk != NULL) {
    CampaignFailure least = *failure;
    least.schedule = shrunk->schedule;
    g_free(again);
    again = campaign_replay_words(campaign, &least, folder, ".shrunk");
    g_auto(GStrv) lines = g_strsplit(shrunk->words, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
      g_string_append_printf(out, "%21s%s\n", "", *line);
  }
  if ((!is_ok || !is_clean) && *again != '\0')
    g_string_append_printf(out, "%21s%s\n", "", again);
}

void campaign_summary_print(GString *out, const ReportStyle *style, const Campaign *campaign, const CampaignSummary *summary) {
  g_autoptr(GArray) failures = campaign_failures(campaign);
  g_autofree char *never = summary->is_whole ? campaign_never_happened(campaign) : NULL;
  head_print(out, style, campaign, summary);
  behaviours_print_line(out, campaign);
  states_print_line(out, campaign);
  levels_print_line(out, campaign);
  for (guint i = 0; i < failures->len && i < FAILURE_COUNT_MAX; i++)
    failure_print(out, style, campaign, &g_array_index(failures, CampaignFailure, i), summary->folder);
  if (failures->len > FAILURE_COUNT_MAX)
    g_string_append_printf(out, "       and %u more, which --json prints\n", failures->len - FAILURE_COUNT_MAX);
  if (never != NULL) {
    report_put(out, style, REPORT_RED, "  NOT  ");
    g_string_append_printf(out, "%12s  %s\n", "", never);
  }
  if (campaign->coverage != NULL)
    coverage_print(out, style, campaign->coverage);
}

/* ---- JSON ---- */

static json_object *text_json(const char *text) {
  g_autofree char *valid = text != NULL ? g_utf8_make_valid(text, -1) : NULL;
  return valid != NULL ? json_object_new_string(valid) : NULL;
}

static json_object *real_json(double value) {
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  return json_object_new_double_s(value, g_ascii_formatd(text, sizeof text, "%.6g", value));
}

static json_object *failures_json(const Campaign *campaign) {
  g_autoptr(GArray) failures = campaign_failures(campaign);
  json_object *list = json_object_new_array();
  for (guint i = 0; i < failures->len; i++) {
    const CampaignFailure *failure = &g_array_index(failures, CampaignFailure, i);
    json_object *item = json_object_new_object();
    json_object_object_add(item, "failure", text_json(failure->text));
    json_object_object_add(item, "why", text_json(failure->why));
    json_object_object_add(item, "count", json_object_new_int64((int64_t)failure->count));
    json_object_object_add(item, "first", json_object_new_int64((int64_t)failure->first));
    json_object_object_add(item, "schedule", text_json(failure->schedule));
    const CampaignShrunk *shrunk = campaign_shrunk_find(campaign, failure->first);
    json_object_object_add(item, "shrunk", shrunk != NULL ? text_json(shrunk->schedule) : NULL);
    g_auto(GStrv) lines = g_strsplit(shrunk != NULL ? shrunk->words : "", "\n", 2);
    bool is_counted = shrunk != NULL && shrunk->preemptions >= 0;
    json_object_object_add(item, "preemptions", is_counted ? json_object_new_int64(shrunk->preemptions) : NULL);
    json_object_object_add(item, "preemptions_proved", is_counted ? json_object_new_boolean(shrunk->is_proved) : NULL);
    json_object_object_add(item, "shrunk_words", shrunk != NULL ? text_json(lines[0] != NULL ? lines[0] : "") : NULL);
    json_object_object_add(item, "decided", lines[0] != NULL && lines[1] != NULL ? text_json(lines[1] + strlen("decided at ")) : NULL);
    json_object_array_add(list, item);
  }
  return list;
}

static json_object *levels_json(const Campaign *campaign) {
  CampaignLevel levels[SIM_SEARCH_LEVEL_COUNT];
  unsigned count = campaign_levels(campaign, levels);
  json_object *list = json_object_new_array();
  for (unsigned i = 0; i < count; i++) {
    json_object *item = json_object_new_object();
    bool is_bounded = levels[i].preemptions != SIM_SEARCH_UNBOUNDED;
    json_object_object_add(item, "preemptions", is_bounded ? json_object_new_int64(levels[i].preemptions) : NULL);
    json_object_object_add(item, "schedules", json_object_new_int64((int64_t)levels[i].schedules));
    json_object_object_add(item, "failed", json_object_new_int64((int64_t)levels[i].failed));
    json_object_array_add(list, item);
  }
  return list;
}

json_object *campaign_summary_json(const Campaign *campaign, const CampaignSummary *summary) {
  const CampaignHeader *header = &campaign->header;
  json_object *json = json_object_new_object(), *behaviours = json_object_new_object();
  g_autofree char *bounds = run_search_bounds(&header->search), *never = summary->is_whole ? campaign_never_happened(campaign) : NULL;
  g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, header->search.seed);
  json_object_object_add(json, "scenario", text_json(header->scenario));
  json_object_object_add(json, "argument", text_json(header->argument));
  json_object_object_add(json, "policy", text_json(header->search.policy->name));
  json_object_object_add(json, "seed", text_json(seed));
  json_object_object_add(json, "bounds", text_json(bounds));
  json_object_object_add(json, "shard", json_object_new_int64((int64_t)header->shard));
  json_object_object_add(json, "shards", json_object_new_int64((int64_t)header->shard_count));
  json_object_object_add(json, "schedules", json_object_new_int64((int64_t)campaign->schedule_count));
  json_object_object_add(json, "exhausted", json_object_new_boolean(campaign->is_exhausted));
  json_object_object_add(json, "levels", levels_json(campaign));
  json_object_object_add(json, "states", header->search.merges_states ? json_object_new_int64((int64_t)campaign_states(campaign)) : NULL);
  json_object_object_add(json, "seconds", real_json(summary->seconds > 0 ? summary->seconds : campaign->seconds));
  json_object_object_add(json, "stopped", text_json(summary->stopped));
  json_object_object_add(behaviours, "distinct", json_object_new_int64((int64_t)behaviours_distinct(&campaign->behaviours)));
  json_object_object_add(behaviours, "once", json_object_new_int64((int64_t)behaviours_once(&campaign->behaviours)));
  double unseen = behaviours_unseen(&campaign->behaviours, campaign->schedule_count);
  json_object_object_add(behaviours, "unseen", campaign_is_systematic(campaign) ? NULL : real_json(unseen));
  json_object_object_add(json, "behaviours", behaviours);
  json_object_object_add(json, "never_happened", text_json(never));
  json_object_object_add(json, "as_expected", json_object_new_boolean(never == NULL && campaign_is_as_expected(campaign)));
  json_object_object_add(json, "failures", failures_json(campaign));
  if (campaign->coverage != NULL)
    json_object_object_add(json, "coverage", json_object_get(campaign->coverage));
  return json;
}
