/* Sentences about mistakes that take two: races, and locks in two orders. */
#include "sentence_internal.h"

#include "model/rules/finding.h"

#include <string.h>

/* "fw.OnTimer (in a DPC on cpu 1)"; of a thread its routine alone. Returns owned. */
static char *other_who(const Names *names, const FindingOther *other) {
  g_autofree char *function = place_function(names_run(names), other->site);
  const char *who = *function != '\0' ? function : "the driver";
  if (other->cpu == 0xff)
    return g_strdup(who);
  return g_strdup_printf("%s (in %s on cpu %u)", who, other->irql == SIM_IRQL_DISPATCH ? "a DPC" : "an interrupt", other->cpu);
}

static const char *by_model(const Finding *finding, uint32_t flag, char **text) {
  const char *function = names_function(finding->function);
  *text = (finding->detail & flag) && *function != '\0' ? g_strdup_printf(" through %s", function) : g_strdup("");
  return *text;
}

char *sentence_of_race(const Names *names, const Finding *finding) {
  g_autofree char *who = sentence_who_where(names, finding), *other = other_who(names, &finding->other);
  g_autofree char *what = names_access(names, finding->value, 1, finding->site);
  g_autofree char *through = NULL;
  if ((finding->detail & FINDING_RACE_BY_MODEL) && g_str_has_prefix(names_function(finding->function), "ExFreePool"))
    return g_strdup_printf("%s gives back %s, which %s %s, and nothing orders the two", who, what, other,
                           finding->detail & FINDING_RACE_OTHER_WRITES ? "wrote" : "read");
  by_model(finding, FINDING_RACE_BY_MODEL, &through);
  return g_strdup_printf("%s %s %s%s, which %s %s, and nothing orders the two", who,
                         finding->detail & FINDING_RACE_WRITES ? "writes" : "reads", what, through, other,
                         finding->detail & FINDING_RACE_OTHER_WRITES ? "wrote" : "read");
}

char *sentence_of_lock_irql(const Names *names, const Finding *finding) {
  g_autofree char *who = sentence_who(names, finding), *other = place_function(names_run(names), finding->other.site);
  g_autofree char *lock = names_object(names, finding->object);
  bool is_interrupt = finding->irql >= SIM_IRQL_DEVICE_LOWEST && finding->irql == (finding->detail & 0xff);
  return g_strdup_printf("%s takes %s in an interrupt at level %u, and %s holds it at %s, where the interrupt may land",
                         is_interrupt ? who : other, lock, finding->detail & 0xff, is_interrupt ? other : who,
                         sim_irql_name((SimIrql)(finding->detail >> 8)));
}

char *sentence_of_lock_order(const Names *names, const Finding *finding) {
  g_autofree char *who = sentence_who_where(names, finding), *other = other_who(names, &finding->other);
  g_autofree char *lock = names_object(names, finding->object), *held = names_object(names, finding->detail);
  return g_strdup_printf("%s takes %s while it holds %s; %s has taken them in another order", who, lock, held, other);
}
