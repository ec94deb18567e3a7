#include "decided.h"

#include "paragraph.h"

#include <math.h>
#include <string.h>

#define ROW_COUNT_MAX 16 /* choices told: those that moved it most */
#define BAR_COLUMNS 20
#define RISE_LEAST 0.005    /* counted exactly, less is not told */
#define LINE_DRAW_COUNT 100 /* of one line in another report: that costs little */
#define LINE_RUN_COUNT 1000
#define LINE_STEP_COUNT 250000
#define DRIFT_LEAST 0.02 /* nor this of several together */
#define EVENT_COLUMNS 8
#define ROW_INDENT 43 /* where the words of a choice begin */

/* ---- numbers ---- */

/* No more digits than are known: "41 %", "under 1 %". Returns owned. */
static char *percent(double chance) {
  if (chance > 0 && chance < 0.01)
    return g_strdup("under 1 %");
  if (chance < 1 && chance > 0.99)
    return g_strdup("over 99 %");
  return g_strdup_printf("%.0f %%", chance * 100);
}

/* The same of what may be drawn: of none and of all no more is known than their interval. Returns owned. */
static char *point_percent(const LikelihoodPoint *point) {
  if (!point->is_exact && point->share.fails == point->share.runs)
    return g_strdup_printf("over %.0f %%", floor(point->low * 100));
  if (!point->is_exact && point->share.fails == 0)
    return g_strdup_printf("under %.0f %%", ceil(point->high * 100));
  return percent(point->share.chance);
}

/* "41 % (188 of 460)", "41 % (36 to 46 %: 164 of 400 drawn)". Returns owned. */
static char *share_words(const LikelihoodPoint *point) {
  g_autofree char *chance = point_percent(point);
  if (point->is_exact)
    return g_strdup_printf("%s (%" G_GUINT64_FORMAT " of all %" G_GUINT64_FORMAT ")", chance, point->share.fails, point->share.runs);
  return g_strdup_printf("%s (%.0f to %.0f %%: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " drawn)", chance, floor(point->low * 100),
                         ceil(point->high * 100), point->share.fails, point->share.runs);
}

/* ---- which choices are told ---- */

static bool is_looked_at(const LikelihoodPoint *point) { return point->share.runs > 0; }

static double rise_of(const Likelihood *likelihood, size_t choice) {
  return likelihood->points[choice + 1].share.chance - likelihood->points[choice].share.chance;
}

static bool has_moved(const Likelihood *likelihood, size_t choice) {
  const LikelihoodPoint *before = &likelihood->points[choice], *behind = before + 1;
  if (!is_looked_at(before) || !is_looked_at(behind))
    return false;
  return likelihood_differs(before, behind) && fabs(rise_of(likelihood, choice)) >= RISE_LEAST;
}

/* Of choices that moved it, those that did most, in their order. Of size_t; owned. */
static GArray *rows_choose(const Likelihood *likelihood) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(size_t));
  for (size_t at = 0; at < likelihood->line.count; at++)
    if (has_moved(likelihood, at))
      g_array_append_val(rows, at);
  while (rows->len > ROW_COUNT_MAX) {
    guint least = 0;
    for (guint i = 1; i < rows->len; i++)
      if (fabs(rise_of(likelihood, g_array_index(rows, size_t, i))) < fabs(rise_of(likelihood, g_array_index(rows, size_t, least))))
        least = i;
    g_array_remove_index(rows, least);
  }
  return rows;
}

/* ---- the chart ---- */

/* What it was is full, what it gained is hatched, what it lost is light. */
static void bar_put(GString *out, const ReportStyle *style, double before, double behind) {
  unsigned least = (unsigned)lround(MIN(before, behind) * BAR_COLUMNS), most = (unsigned)lround(MAX(before, behind) * BAR_COLUMNS);
  g_autoptr(GString) full = g_string_new(NULL), moved = g_string_new(NULL), rest = g_string_new(NULL);
  for (unsigned i = 0; i < BAR_COLUMNS; i++)
    g_string_append(i < least ? full : i < most ? moved : rest, i < least ? "█" : i >= most ? "·" : behind > before ? "▓" : "░");
  report_put(out, style, REPORT_PLAIN, full->str);
  report_put(out, style, behind > before ? REPORT_RED : REPORT_GREEN, moved->str);
  report_put(out, style, REPORT_DIM, rest->str);
}

static void number_put(GString *out, const char *text) {
  g_string_append_printf(out, "%*s%s", (int)(10 - MIN(report_columns(text), 10)), "", text);
}

/* What it would have been behind another answer. */
static void others_print(GString *out, const ReportStyle *style, const DecidedSubject *subject, size_t choice) {
  const SimProspectPoint *point = &subject->likelihood->line.points[choice];
  for (unsigned i = 1; i < point->count; i++) {
    const LikelihoodShare *share = &subject->likelihood->options[point->first + i];
    g_autofree char *words = decided_answer_words(subject, choice, i), *text = g_strconcat("else ", words, NULL);
    g_autofree char *chance = share->runs > 0 ? percent(share->chance) : g_strdup("");
    g_string_append_printf(out, "%*s", EVENT_COLUMNS + 2 + BAR_COLUMNS, "");
    number_put(out, chance);
    g_string_append(out, "   ");
    report_wrap(out, style, ROW_INDENT, ROW_INDENT + 2, text);
  }
}

static void row_print(GString *out, const ReportStyle *style, const DecidedSubject *subject, size_t choice) {
  const Likelihood *likelihood = subject->likelihood;
  const SimProspectPoint *point = &likelihood->line.points[choice];
  double before = likelihood->points[choice].share.chance, behind = likelihood->points[choice + 1].share.chance;
  g_autofree char *words = decided_answer_words(subject, choice, 0), *chance = point_percent(&likelihood->points[choice + 1]);
  const char *mark = choice + 1 == likelihood->proved  ? "  [decided]"
                     : choice + 1 == likelihood->tried ? "  [decided, as far as seen]"
                                                       : "";
  g_autofree char *text = g_strconcat(words, mark, NULL);
  g_string_append_printf(out, "%*u  ", EVENT_COLUMNS, point->event);
  bar_put(out, style, before, behind);
  number_put(out, chance);
  g_string_append(out, "   ");
  report_wrap(out, style, ROW_INDENT, ROW_INDENT + 2, text);
  others_print(out, style, subject, choice);
}

static bool all_looked_at(const Likelihood *likelihood, size_t from, size_t to) {
  while (from < to && likelihood->points[from].share.runs != 0)
    from++;
  return from == to;
}

/* What many choices did together, each of them little, as far as each was looked at. */
static void drift_print(GString *out, const ReportStyle *style, const Likelihood *likelihood, size_t from, size_t to) {
  const LikelihoodPoint *before = &likelihood->points[from], *behind = &likelihood->points[to];
  if (to <= from || !likelihood_differs(before, behind) || fabs(behind->share.chance - before->share.chance) < DRIFT_LEAST)
    return;
  g_autofree char *chance = point_percent(behind);
  g_string_append_printf(out, "%*s  ", EVENT_COLUMNS, "...");
  bar_put(out, style, before->share.chance, behind->share.chance);
  number_put(out, chance);
  g_string_append_printf(out, "   (%zu choice%s, %s)\n", to - from, to - from == 1 ? "" : "s",
                         all_looked_at(likelihood, from, to) ? "each of which moved it little"
                                                             : "behind each of which too few runs were made to tell");
}

static void first_print(GString *out, const ReportStyle *style, const Likelihood *likelihood) {
  double chance = likelihood->points[0].share.chance;
  g_autofree char *text = point_percent(&likelihood->points[0]);
  g_string_append_printf(out, "%*s  ", EVENT_COLUMNS, "-");
  bar_put(out, style, chance, chance);
  number_put(out, text);
  g_string_append(out, "   before the first choice\n");
}

static void chart_print(GString *out, const ReportStyle *style, const DecidedSubject *subject) {
  const Likelihood *likelihood = subject->likelihood;
  g_autoptr(GArray) rows = rows_choose(likelihood);
  g_autoptr(GString) head = g_string_new(NULL);
  g_string_append_printf(head, "%*s  %-*s%10s   choice", EVENT_COLUMNS, "event", BAR_COLUMNS, "likelihood", "behind it");
  report_put(out, style, REPORT_BOLD, head->str);
  g_string_append_c(out, '\n');
  first_print(out, style, likelihood);
  size_t from = 0;
  for (guint i = 0; i < rows->len; i++) {
    size_t choice = g_array_index(rows, size_t, i);
    drift_print(out, style, likelihood, from, choice);
    row_print(out, style, subject, choice);
    from = choice + 1;
  }
  drift_print(out, style, likelihood, from, likelihood->line.count);
  size_t others = likelihood->line.count - rows->len;
  if (others > 0)
    g_string_append_printf(out, "%*s(%zu other choice%s moved it less, or %s)\n", ROW_INDENT, "", others, others == 1 ? "" : "s",
                           all_looked_at(likelihood, 0, likelihood->line.count) ? "not at all" : "could not all be looked at");
  g_string_append_c(out, '\n');
}

/* ---- in sentences ---- */

char *decided_bounds(const Likelihood *likelihood) {
  SimSearchOptions options = likelihood->search;
  options.policy = &sim_policy_exhaustive; /* all that there are are what it would run */
  return run_search_bounds(&options);
}

/* "event 31, where cpu 1 ... while cpu 0 holds gA". Returns owned. */
static char *choice_words(const DecidedSubject *subject, size_t choice) {
  const SimProspectPoint *point = &subject->likelihood->line.points[choice];
  g_autofree char *words = decided_answer_words(subject, choice, 0), *held = decided_held_words(subject, choice);
  return g_strdup_printf("event %u, where %s%s", point->event, words, held);
}

static void proved_print(GString *out, const ReportStyle *style, const DecidedSubject *subject) {
  const Likelihood *likelihood = subject->likelihood;
  if (likelihood->is_cut)
    return;
  const LikelihoodShare *share = &likelihood->points[likelihood->proved].share;
  g_autofree char *bounds = decided_bounds(likelihood);
  g_autofree char *scope = g_strdup_printf("%s%s", *bounds != '\0' ? ", " : "", bounds);
  g_autofree char *all =
      share->runs == 1 ? g_strdup("there is but one") : g_strdup_printf("all %" G_GUINT64_FORMAT " that there are were run", share->runs);
  if (likelihood->proved == 0) {
    paragraph_putf(out, style, "inevitable", "from the beginning every schedule fails: %s%s", all, scope);
    return;
  }
  g_autofree char *choice = choice_words(subject, likelihood->proved - 1);
  paragraph_putf(out, style, "inevitable", "from %s, every schedule fails: %s%s", choice, all, scope);
}

static void tried_print(GString *out, const ReportStyle *style, const DecidedSubject *subject) {
  const Likelihood *likelihood = subject->likelihood;
  const LikelihoodPoint *point = &likelihood->points[likelihood->tried];
  if (likelihood->tried == likelihood->proved)
    return;
  g_autofree char *choice = likelihood->tried > 0 ? choice_words(subject, likelihood->tried - 1) : g_strdup("the beginning");
  paragraph_putf(out, style, "perhaps sooner",
                 "from %s, all %" G_GUINT64_FORMAT " that were drawn fail, which is no proof (more are run with --budget)", choice,
                 point->share.runs);
}

static char *critical_words(const DecidedSubject *subject, size_t choice) {
  const Likelihood *likelihood = subject->likelihood;
  g_autofree char *words = choice + 1 == likelihood->proved ? g_strdup("that choice") : choice_words(subject, choice);
  g_autofree char *before = share_words(&likelihood->points[choice]), *behind = share_words(&likelihood->points[choice + 1]);
  return g_strdup_printf("%s: %s -> %s", words, before, behind);
}

char *decided_words(const DecidedSubject *subject) {
  const Likelihood *likelihood = subject->likelihood;
  bool is_decided = likelihood->proved > 0 && likelihood->is_averted;
  size_t choice = is_decided ? likelihood->proved - 1 : likelihood->critical;
  if (likelihood->proved == 0 && !likelihood->is_cut)
    return g_strdup("the beginning: whatever is chosen, every schedule fails");
  if (choice == likelihood->line.count ||
      (!is_decided && !likelihood_differs(&likelihood->points[choice], &likelihood->points[choice + 1])))
    return NULL;
  g_autofree char *words = choice_words(subject, choice);
  g_autofree char *before = point_percent(&likelihood->points[choice]), *behind = point_percent(&likelihood->points[choice + 1]);
  return g_strdup_printf("%s: before it %s of schedules fail, behind it %s", words, before, is_decided ? "all" : behind);
}

char *decided_line(ScenarioRun *run, const SimSchedule *schedule) {
  const LikelihoodOptions options = { .draws = LINE_DRAW_COUNT, .runs = LINE_RUN_COUNT, .steps = LINE_STEP_COUNT, .seed = 1 };
  Likelihood likelihood;
  if (!likelihood_of(run, schedule, &options, &likelihood)) {
    likelihood_finish(&likelihood);
    return NULL;
  }
  SimRecord record = { 0 };
  RunResult result = { 0 };
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = schedule, .record = &record }, &result);
  Names *names = names_create(run, &record);
  char *words = decided_words(&(DecidedSubject){ .names = names, .likelihood = &likelihood });
  names_free(names);
  run_result_finish(&result);
  sim_record_finish(&record);
  likelihood_finish(&likelihood);
  return words;
}

static void counts_print(GString *out, const ReportStyle *style, const Likelihood *likelihood) {
  g_autofree char *chance = share_words(&likelihood->points[0]);
  paragraph_putf(out, style, "at first", "%s", chance);
  const char *cut = likelihood->is_cut ? "; the host's clock ended some of them, so that nothing is proved" : "";
  paragraph_putf(out, style, "looked at", "%zu choice%s; %" G_GUINT64_FORMAT " run%s drawn, %" G_GUINT64_FORMAT " counted%s",
                 likelihood->line.count, likelihood->line.count == 1 ? "" : "s", likelihood->drawn, likelihood->drawn == 1 ? "" : "s",
                 likelihood->counted, cut);
}

void decided_print(GString *out, const ReportStyle *style, const DecidedSubject *subject) {
  const Likelihood *likelihood = subject->likelihood;
  g_autofree char *failure = run_failure_words(names_run(subject->names), &likelihood->failure);
  report_putf(out, style, REPORT_RED, "when was it decided: %s", failure);
  g_string_append(out, "\n\n");
  if (likelihood->proved > 0)
    chart_print(out, style, subject);
  proved_print(out, style, subject);
  tried_print(out, style, subject);
  if (likelihood->critical < likelihood->line.count) {
    g_autofree char *critical = critical_words(subject, likelihood->critical);
    paragraph_put(out, style, "matters most", critical);
  }
  counts_print(out, style, likelihood);
}
