/*
 * A sentence a rule. Each says who did what to which thing; where it happened stands below it as a source line. A rule without a sentence of its
 * own has its title.
 */
#include "sentence_internal.h"

#include "phrase.h"
#include "wait_chain.h"

#include "model/events.h"
#include "model/rules/rule_ids.h"
#include "model/tcpip/tcpip_face.h"

#include <string.h>

/* ---- what sentences are made of ---- */

static const SimEvent *event_of(const Names *names, uint32_t sequence) {
  return sequence < names_record(names)->count ? &names_record(names)->events[sequence] : NULL;
}

const SimEvent *sentence_related(const Names *names, const Finding *finding) { return event_of(names, finding->event_related); }

const char *sentence_function_of(const Finding *finding) {
  const char *name = names_function(finding->function);
  return *name != '\0' ? name : "the driver";
}

/* The driver's function that did it: "fw.classify"; "the driver" when that is not known. Returns owned. */
char *sentence_who(const Names *names, const Finding *finding) {
  char *function = place_function(names_run(names), finding->site);
  if (*function != '\0')
    return function;
  g_free(function);
  return g_strdup("the driver");
}

/* ", in a DPC"; "" when it was a plain thread at a level that needs no explaining. Returns owned. */
char *sentence_context(const Names *names, const Finding *finding) {
  const char *kind = names_kind(names, names_event_of(names, finding->context, finding->event));
  bool is_plain = strcmp(kind, "a thread") == 0 || *kind == '\0';
  return is_plain ? g_strdup("") : g_strdup_printf(", in %s", kind);
}

/* The same behind who did it: "fw.OnTimer (in a DPC)". Returns owned. */
char *sentence_who_where(const Names *names, const Finding *finding) {
  g_autofree char *whose = sentence_who(names, finding), *in = sentence_context(names, finding);
  return *in != '\0' ? g_strdup_printf("%s (%s)", whose, in + strlen(", ")) : g_strdup(whose);
}

/* The routine whose return the finding is about: "fw.classify". Returns owned. */
char *sentence_callback_routine(const Names *names, const Finding *finding) {
  const SimRecord *record = names_record(names);
  unsigned depth = 0;
  for (uint32_t i = MIN(finding->event, (uint32_t)record->count); i-- > 0;) {
    const SimEvent *event = &record->events[i];
    if (event->context != finding->context || (event->kind != EVENT_CALLBACK && event->kind != EVENT_CALLBACK_RETURN))
      continue;
    if (event->kind == EVENT_CALLBACK_RETURN) {
      depth++;
    } else if (depth-- == 0) {
      char *routine = place_routine(names_run(names), event->value);
      return routine != NULL ? routine : g_strdup("a routine of the driver");
    }
  }
  return g_strdup("a routine of the driver");
}

/* ---- IRQL ---- */

static char *of_level(const Names *names, const Finding *finding) {
  const DdiFunction *function = ddi_function_by_id(finding->function);
  g_autofree char *in = sentence_context(names, finding);
  if (function == NULL)
    return NULL;
  bool is_widest = finding->irql_min == function->irql_min && finding->irql_max == function->irql_max;
  if (is_widest && strstr(function->contract, "; ") == NULL) /* one condition: as it is written */
    return g_strdup_printf("%s needs %s and was called at %s%s", function->name, function->contract, sim_irql_name(finding->irql), in);
  bool is_high = finding->irql > finding->irql_max;
  return g_strdup_printf("%s, called like this, needs IRQL %s %s and was called at %s%s", function->name,
                         is_high ? "<=" : ">=", sim_irql_name(is_high ? finding->irql_max : finding->irql_min),
                         sim_irql_name(finding->irql), in);
}

static char *of_leak(const Names *names, const Finding *finding) {
  (void)names;
  return g_strdup_printf("%s was called at %s and returned at %s", sentence_function_of(finding), sim_irql_name(finding->irql_min),
                         sim_irql_name(finding->irql_max));
}

static char *of_leak_callback(const Names *names, const Finding *finding) {
  g_autofree char *routine = sentence_callback_routine(names, finding);
  return g_strdup_printf("%s (%s) was called at %s and returned at %s", routine, sentence_function_of(finding),
                         sim_irql_name(finding->irql_min), sim_irql_name(finding->irql_max));
}

static char *of_raise_lower(const Names *names, const Finding *finding) {
  (void)names;
  const char *target = finding->value < SIM_IRQL_COUNT ? sim_irql_name((SimIrql)finding->value) : "no IRQL at all";
  if (strstr(sentence_function_of(finding), "Lower") != NULL && finding->value < finding->irql)
    return g_strdup_printf("%s goes down to %s, below the level at which Windows had called this code", sentence_function_of(finding),
                           target);
  return g_strdup_printf("%s to %s was called at %s, which is %s", sentence_function_of(finding), target, sim_irql_name(finding->irql),
                         finding->value < finding->irql ? "higher" : "lower");
}

static char *of_wait(const Names *names, const Finding *finding) {
  g_autofree char *object = names_object(names, finding->object);
  g_autofree char *in = sentence_context(names, finding);
  return g_strdup_printf("%s waits%s%s at %s%s", sentence_function_of(finding), *object != '\0' ? " for " : "", object,
                         sim_irql_name(finding->irql), in);
}

static char *of_network(const Names *names, const Finding *finding) {
  g_autofree char *since = names_time(names_run(names), finding->value);
  return g_strdup_printf("cpu %u stays at %s and runs no DPCs: %u packet%s wait%s for it, the first since %s", finding->cpu,
                         sim_irql_name(finding->irql), finding->detail, finding->detail == 1 ? "" : "s", finding->detail == 1 ? "s" : "",
                         since);
}

/* ---- WFP and messages ---- */

static char *of_decision(const Names *names, const Finding *finding) {
  const SimEvent *before = sentence_related(names, finding);
  g_autofree char *now = names_action((uint32_t)finding->status);
  if (before == NULL)
    return g_strdup_printf("the reauthorization was answered %s, against what had been decided", now);
  g_autofree char *then = names_action((uint32_t)before->status);
  return g_strdup_printf("%s had been decided, and the reauthorization that follows the pend was answered %s", then, now);
}

static char *of_twice(const Names *names, const Finding *finding) {
  g_autofree char *operation = names_object(names, finding->object);
  return g_strdup_printf("%s completes %s a second time", sentence_function_of(finding), operation);
}

static char *of_unchecked(const Names *names, const Finding *finding) {
  const SimEvent *failed = sentence_related(names, finding);
  g_autofree char *status = failed != NULL ? names_status(failed->status) : g_strdup("an error");
  return g_strdup_printf("FwpsPendOperation0 had failed with %s and set no context; %s uses what the variable held", status,
                         sentence_function_of(finding));
}

static char *of_garbage(const Names *names, const Finding *finding) {
  g_autofree char *address = names_address(names, finding->value);
  return g_strdup_printf("%s was given %s, a context that no pend has set", sentence_function_of(finding), address);
}

static char *of_not_completed(const Names *names, const Finding *finding) {
  const SimRecord *record = names_record(names);
  for (size_t i = 0; i < record->count; i++) {
    const SimEvent *event = &record->events[i];
    if (event->kind != EVENT_PEND || event->object != finding->object)
      continue;
    g_autofree char *connection = names_object_short(names, (uint32_t)event->value);
    return g_strdup_printf("the connect of %s was pended and never completed: it waits for ever", connection);
  }
  g_autofree char *operation = names_object(names, finding->object);
  return g_strdup_printf("%s was never completed", operation);
}

static char *of_absorb(const Names *names, const Finding *finding) {
  const SimEvent *answer = NULL;
  const SimRecord *record = names_record(names);
  for (uint32_t i = MIN(finding->event, (uint32_t)record->count); i-- > 0 && answer == NULL;)
    if (record->events[i].kind == EVENT_CLASSIFY_ANSWER && record->events[i].context == finding->context)
      answer = &record->events[i];
  g_autofree char *callout = answer != NULL ? names_object_short(names, answer->object) : g_strdup("the callout");
  g_autofree char *action = names_action((uint32_t)finding->status);
  if (strcmp(action, "FWP_ACTION_BLOCK") == 0)
    return g_strdup_printf("%s pended the operation and answered FWP_ACTION_BLOCK without FWPS_CLASSIFY_OUT_FLAG_ABSORB", callout);
  return g_strdup_printf("%s pended the operation and answered %s, where FWP_ACTION_BLOCK with ABSORB is due", callout, action);
}

static char *of_reply(const Names *names, const Finding *finding) {
  const SimEvent *done = sentence_related(names, finding);
  g_autofree char *whose = sentence_who(names, finding);
  g_autofree char *status = done != NULL ? names_status(done->status) : g_strdup("no reply");
  return g_strdup_printf("%s reads the reply buffer, but FltSendMessage returned %s: nobody has filled it", whose, status);
}

static char *of_livelock(const Names *names, const Finding *finding) {
  g_autofree char *whose = sentence_who(names, finding);
  const char *call = names_function(finding->function);
  g_autofree char *others = finding->detail > 1 ? g_strdup_printf(", and so %s %u other%s", finding->detail == 2 ? "does" : "do",
                                                                  finding->detail - 1, finding->detail == 2 ? "" : "s")
                                                : g_strdup("");
  return g_strdup_printf("%s goes round and round%s%s, and nothing changes%s", whose, *call != '\0' ? " with calls of " : "", call, others);
}

static char *of_starvation(const Names *names, const Finding *finding) {
  g_autofree char *whose = sentence_who(names, finding), *object = names_object(names, finding->object);
  return g_strdup_printf("%s does not let go of cpu %u at %s, and %s never runs", whose, finding->cpu, sim_irql_name(finding->irql),
                         object);
}

/* ---- which sentence ---- */

static const struct {
  uint32_t rule;
  Sentence *sentence;
} sentences[] = {
  { RULE_BAD_POINTER_ARGUMENT, sentence_of_argument },
  { RULE_DATA_RACE, sentence_of_race },
  { RULE_DEADLOCK, wait_chain_sentence },
  { RULE_DECISION_LOST_ON_REAUTHORIZE, of_decision },
  { RULE_FREED_WHILE_QUEUED, sentence_of_freed_queued },
  { RULE_IRQL_LEAK, of_leak },
  { RULE_IRQL_LEAK_CALLBACK, of_leak_callback },
  { RULE_IRQL_RAISE_LOWER_MISMATCH, of_raise_lower },
  { RULE_IRQL_TOO_HIGH, of_level },
  { RULE_IRQL_TOO_LOW, of_level },
  { RULE_KERNEL_STACK_OVERFLOW, sentence_of_stack },
  { RULE_LEFT_BEHIND_AT_UNLOAD, sentence_of_left_behind },
  { RULE_LOCK_ORDER, sentence_of_lock_order },
  { RULE_LIVELOCK, of_livelock },
  { RULE_NETWORK_STALLED, of_network },
  { RULE_NULL_ACCESS, sentence_of_null },
  { RULE_OBJECT_NOT_INITIALIZED, sentence_of_uninitialized },
  { RULE_OUT_OF_BOUNDS, sentence_of_bounds },
  { RULE_PAGED_AT_DISPATCH, sentence_of_paged },
  { RULE_PEND_COMPLETED_TWICE, of_twice },
  { RULE_PEND_CONTEXT_UNCHECKED, of_unchecked },
  { RULE_PEND_CONTEXT_UNINITIALIZED, of_garbage },
  { RULE_PEND_NOT_COMPLETED, of_not_completed },
  { RULE_PEND_WITHOUT_ABSORB, of_absorb },
  { RULE_READ_ONLY_WRITE, sentence_of_read_only },
  { RULE_REPLY_NOT_FILLED, of_reply },
  { RULE_SPIN_LOCK_FORM_MISMATCH, sentence_of_form },
  { RULE_SPIN_LOCK_IRQL, sentence_of_lock_irql },
  { RULE_SPIN_LOCK_LEAK, sentence_of_lock_leak },
  { RULE_SPIN_LOCK_NOT_HELD, sentence_of_not_held },
  { RULE_SPIN_LOCK_RECURSION, sentence_of_recursion },
  { RULE_SPIN_LOCK_WRONG_OWNER, sentence_of_owner },
  { RULE_STARVATION, of_starvation },
  { RULE_USE_AFTER_FREE, sentence_of_freed },
  { RULE_USER_ADDRESS_ACCESS, sentence_of_user },
  { RULE_WAIT_AT_DISPATCH, of_wait },
  { RULE_WAITS_FOR_EVER, wait_chain_sentence },
  { RULE_WILD_ACCESS, sentence_of_wild },
  { RULE_WORK_ITEM_QUEUED, sentence_of_work_item },
  { RULE_WRONG_OBJECT_KIND, sentence_of_kind },
};

char *sentence_finding(const Names *names, const Finding *finding) {
  for (unsigned i = 0; i < G_N_ELEMENTS(sentences); i++) {
    char *sentence = sentences[i].rule == finding->rule ? sentences[i].sentence(names, finding) : NULL;
    if (sentence != NULL)
      return sentence;
  }
  return g_strdup(rule_by_id(finding->rule)->title);
}
