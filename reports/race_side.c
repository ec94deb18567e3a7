#include "race_side.h"

#include "held.h"
#include "where.h"

#include "model/rules/rule_ids.h"

#include <string.h>

#define TEXT_COLUMNS_MAX 48

bool race_side(const Names *names, const Finding *finding, RaceOrdinal which, RaceSide *side) {
  const FindingOther *other = &finding->other;
  if (finding->rule != RULE_DATA_RACE || (which == RACE_FIRST ? other->event : finding->event) >= names_record(names)->count)
    return false;
  bool is_freed = (finding->detail & FINDING_RACE_BY_MODEL) && g_str_has_prefix(names_function(finding->function), "ExFreePool");
  if (which == RACE_FIRST)
    *side = (RaceSide){ .site = other->site,
                        .context = other->context,
                        .event = other->event,
                        .time_ns = other->time_ns,
                        .cpu = other->at_cpu,
                        .irql = other->at_irql,
                        .is_by_model = finding->detail & FINDING_RACE_OTHER_BY_MODEL,
                        .frames = other->frames,
                        .frame_count = other->frame_count,
                        .does = finding->detail & FINDING_RACE_OTHER_WRITES ? "writes" : "reads" };
  else
    *side = (RaceSide){ .site = finding->site,
                        .context = finding->context,
                        .event = finding->event,
                        .time_ns = finding->time_ns,
                        .cpu = finding->cpu,
                        .irql = finding->irql,
                        .is_by_model = finding->detail & FINDING_RACE_BY_MODEL,
                        .frames = finding->frames,
                        .frame_count = finding->frame_count,
                        .does = is_freed                                ? "gives back"
                                : finding->detail & FINDING_RACE_WRITES ? "writes"
                                                                        : "reads" };
  side->sequence = names_event_of(names, side->context, side->event);
  return true;
}

/* The source line or step, cut to what a line has room for. Returns owned. */
static char *text_of(const Names *names, uint32_t site) {
  RunSite where;
  if (!scenario_run_site(names_run(names), site, &where) || where.text == NULL)
    return g_strdup("");
  g_autoptr(GString) text = g_string_new(NULL);
  g_autofree char *stripped = g_strstrip(g_strdup(where.text));
  if (report_columns(stripped) <= TEXT_COLUMNS_MAX)
    return g_strdup(stripped);
  report_pad(text, stripped, TEXT_COLUMNS_MAX);
  return g_strdup(text->str);
}

char *race_side_words(const Names *names, const Finding *finding, const RaceSide *side) {
  g_autofree char *what = names_access(names, finding->value, 1, side->site), *place = place_file_line(names_run(names), side->site);
  g_autofree char *text = text_of(names, side->site);
  return g_strdup_printf("%s %s%s%s%s%s", side->does, what, *place != '\0' ? ", " : "", place, *text != '\0' ? ": " : "", text);
}

/* "the first: fw.classify, in thread connect on cpu 0 at PASSIVE_LEVEL, holding no lock". */
static void side_print(GString *out, const ReportStyle *style, const Names *names, const Finding *finding, RaceOrdinal which) {
  RaceSide side;
  if (!race_side(names, finding, which, &side))
    return;
  g_autofree char *who = place_function(names_run(names), side.site), *in = names_in(names, side.sequence);
  g_autofree char *held = held_words(names, side.context, side.event), *what = names_access(names, finding->value, 1, side.site);
  g_autofree char *line = g_strdup_printf("%s: %s %s %s, %s%son cpu %u at %s, holding %s", which == RACE_FIRST ? "the first" : "the second",
                                          *who != '\0' ? who : "the driver", side.does, what, in, *in != '\0' ? " " : "", side.cpu,
                                          sim_irql_name(side.irql), held);
  g_autoptr(GString) title = g_string_new("\n  ");
  report_wrap(title, style, 2, 4, line);
  where_print_frames(out, style, names, title->str, side.site, side.frames, side.frame_count);
}

bool race_sides_print(GString *out, const ReportStyle *style, const Names *names, const Finding *finding) {
  RaceSide side;
  if (!race_side(names, finding, RACE_FIRST, &side))
    return false;
  side_print(out, style, names, finding, RACE_FIRST);
  side_print(out, style, names, finding, RACE_SECOND);
  return true;
}
