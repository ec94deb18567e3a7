#include "headline.h"

#include "phrase.h"
#include "sentence.h"

#include "model/rules/rule_ids.h"

#include <string.h>

char *headline_finding(const Names *names, const Finding *finding) {
  g_autofree char *sentence = sentence_finding(names, finding);
  return g_strdup_printf("%s: %s", rule_by_id(finding->rule)->name, sentence);
}

/* ---- how a run ended ---- */

static const char *limit_name(SimStop stop) {
  switch (stop) {
  case SIM_STOP_LIMIT_STEPS: return "the steps (scheduling points) of its budget are used up";
  case SIM_STOP_LIMIT_EVENTS: return "the events of its budget are used up";
  case SIM_STOP_LIMIT_ACCESSES: return "the memory accesses of its budget are used up";
  case SIM_STOP_LIMIT_VIRTUAL_TIME: return "the virtual time of its budget is used up";
  case SIM_STOP_LIMIT_HOST_TIME: return "the host time of its budget is used up";
  default: return "the machine's memory is used up";
  }
}

char *headline_end(const Names *names, const RunResult *result) {
  const DdiBugcheck *row = result->bugcheck.code != 0 ? ddi_bugcheck_find(result->bugcheck.code) : NULL;
  g_autofree char *bucket = run_result_bucket(result);
  (void)names;
  if (result->bugcheck.code != 0)
    return g_strdup_printf("%s%s%s", bucket, row != NULL ? ": " : "", row != NULL ? row->meaning : "");
  switch (result->stop) {
  case SIM_STOP_HUNG: return g_strdup("hung: no CPU can go on, and nothing is left that could wake one");
  case SIM_STOP_NOT_MODELLED: return g_strdup_printf("not-modelled: %s was called, which irqlab does not model yet", result->stop_text);
  case SIM_STOP_GUEST_CRASH: return g_strdup("crash: driver code crashed in a way that no check saw");
  case SIM_STOP_QUIET: return g_strdup("clean: nothing was found, and nothing is left to do");
  case SIM_STOP_LIMIT_MEMORY:
    return g_strdup_printf("%s: %s%s%s%s", bucket, limit_name(result->stop), result->stop_text[0] != '\0' ? " (" : "", result->stop_text,
                           result->stop_text[0] != '\0' ? ")" : "");
  default: return g_strdup_printf("%s: the run was ended because %s", bucket, limit_name(result->stop));
  }
}

/* ---- what a report is about ---- */

/* A level or a lock that was kept: whatever breaks later in that context breaks because of it. */
static bool is_root(const Finding *finding) {
  return finding->rule == RULE_IRQL_LEAK || finding->rule == RULE_IRQL_LEAK_CALLBACK || finding->rule == RULE_SPIN_LOCK_LEAK ||
         finding->rule == RULE_SPIN_LOCK_FORM_MISMATCH;
}

/* Of a bug check what was found last in its context, or the leak that led there; else a leak, else what was found first. */
/* A level that was kept because a lock was, or lowered too far: that is what it is about. */
static const Finding *deeper(const RunResult *result, const Finding *root) {
  for (uint32_t i = 0; root->rule == RULE_IRQL_LEAK_CALLBACK && i < result->finding_count; i++) {
    const Finding *finding = &result->findings[i];
    bool is_deeper = finding->rule == RULE_SPIN_LOCK_LEAK || finding->rule == RULE_IRQL_RAISE_LOWER_MISMATCH;
    if (is_deeper && finding->context == root->context && finding->event <= root->event + 2)
      return finding;
  }
  return root;
}

const Finding *headline_choose(const RunResult *result) {
  const Finding *last = NULL;
  for (uint32_t i = 0; i < result->finding_count; i++) {
    const Finding *finding = &result->findings[i];
    bool is_there = result->bugcheck.code != 0 && finding->context == result->bugcheck.context;
    if (is_there && is_root(finding))
      return deeper(result, finding);
    if (is_there)
      last = finding;
  }
  static const uint32_t hung[] = { RULE_DEADLOCK, RULE_WAITS_FOR_EVER }; /* what never came to its end, did not because of it */
  for (unsigned n = 0; n < sizeof hung / sizeof hung[0] && last == NULL; n++)
    for (uint32_t i = 0; i < result->finding_count && last == NULL; i++)
      if (result->findings[i].rule == hung[n])
        last = &result->findings[i];
  for (uint32_t i = 0; i < result->finding_count && last == NULL; i++)
    if (is_root(&result->findings[i]))
      last = deeper(result, &result->findings[i]);
  return last != NULL ? last : result->finding_count > 0 ? &result->findings[0] : NULL;
}
