/*
 * A sentence a rule. Each says who did what to which thing; where it happened stands below it as a source line. A rule without a sentence of its
 * own has its title.
 */
#include "sentence.h"

#include "phrase.h"

#include "model/events.h"
#include "model/rules/rule_ids.h"
#include "model/tcpip/tcpip_face.h"

#include <string.h>

typedef char *Sentence(const Names *names, const Finding *finding);

/* ---- what sentences are made of ---- */

static const SimEvent *event_of(const Names *names, uint32_t sequence) {
  return sequence < names_record(names)->count ? &names_record(names)->events[sequence] : NULL;
}

static const SimEvent *related(const Names *names, const Finding *finding) { return event_of(names, finding->event_related); }

static const char *function_of(const Finding *finding) {
  const char *name = names_function(finding->function);
  return *name != '\0' ? name : "the driver";
}

/* The driver's function that did it: "fw.classify"; "the driver" when that is not known. Returns owned. */
static char *who(const Names *names, const Finding *finding) {
  char *function = place_function(names_run(names), finding->site);
  if (*function != '\0')
    return function;
  g_free(function);
  return g_strdup("the driver");
}

/* ", in a DPC"; "" when it was a plain thread at a level that needs no explaining. Returns owned. */
static char *context(const Names *names, const Finding *finding) {
  const char *kind = names_kind(names, finding->event);
  bool is_plain = strcmp(kind, "a thread") == 0 || *kind == '\0';
  return is_plain ? g_strdup("") : g_strdup_printf(", in %s", kind);
}

/* The same behind who did it: "fw.OnTimer (in a DPC)". Returns owned. */
static char *who_where(const Names *names, const Finding *finding) {
  g_autofree char *whose = who(names, finding), *in = context(names, finding);
  return *in != '\0' ? g_strdup_printf("%s (%s)", whose, in + strlen(", ")) : g_strdup(whose);
}

/* The routine whose return the finding is about: "fw.classify". Returns owned. */
static char *callback_routine(const Names *names, const Finding *finding) {
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
  g_autofree char *in = context(names, finding);
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
  return g_strdup_printf("%s was called at %s and returned at %s", function_of(finding), sim_irql_name(finding->irql_min),
                         sim_irql_name(finding->irql_max));
}

static char *of_leak_callback(const Names *names, const Finding *finding) {
  g_autofree char *routine = callback_routine(names, finding);
  return g_strdup_printf("%s (%s) was called at %s and returned at %s", routine, function_of(finding), sim_irql_name(finding->irql_min),
                         sim_irql_name(finding->irql_max));
}

static char *of_raise_lower(const Names *names, const Finding *finding) {
  (void)names;
  const char *target = finding->value < SIM_IRQL_COUNT ? sim_irql_name((SimIrql)finding->value) : "no IRQL at all";
  if (strstr(function_of(finding), "Lower") != NULL && finding->value < finding->irql)
    return g_strdup_printf("%s goes down to %s, below the level at which Windows had called this code", function_of(finding), target);
  return g_strdup_printf("%s to %s was called at %s, which is %s", function_of(finding), target, sim_irql_name(finding->irql),
                         finding->value < finding->irql ? "higher" : "lower");
}

static char *of_wait(const Names *names, const Finding *finding) {
  g_autofree char *object = names_object(names, finding->object);
  g_autofree char *in = context(names, finding);
  return g_strdup_printf("%s waits%s%s at %s%s", function_of(finding), *object != '\0' ? " for " : "", object, sim_irql_name(finding->irql),
                         in);
}

static char *of_network(const Names *names, const Finding *finding) {
  g_autofree char *since = names_time(names_run(names), finding->value);
  return g_strdup_printf("cpu %u stays at %s and runs no DPCs: %u packet%s wait%s for it, the first since %s", finding->cpu,
                         sim_irql_name(finding->irql), finding->detail, finding->detail == 1 ? "" : "s", finding->detail == 1 ? "s" : "",
                         since);
}

/* ---- memory ---- */

static char *of_access(const Names *names, const Finding *finding) {
  g_autofree char *whose = who_where(names, finding), *access = phrase_access(finding->detail);
  g_autofree char *address = names_address(names, finding->value);
  bool by_model = (finding->detail >> 16) & 1;
  return by_model ? g_strdup_printf("%s, called by %s, %s %s", function_of(finding), whose, access, address)
                  : g_strdup_printf("%s %s %s", whose, access, address);
}

/* What memory holds that nobody has written: compilers' and pools' patterns. */
static char *of_wild(const Names *names, const Finding *finding) {
  static const struct {
    uint64_t pattern; /* its low 48 bits */
    const char *means;
  } patterns[] = {
    { 0xcccccccccccc, "an uninitialized local" }, { 0xfefefefefefe, "an uninitialized local" },
    { 0xaaaaaaaaaaaa, "an uninitialized local" }, { 0xcdcdcdcdcdcd, "pool that was never written" },
    { 0xdddddddddddd, "pool that was freed" },
  };
  g_autofree char *access = of_access(names, finding);
  for (unsigned i = 0; i < G_N_ELEMENTS(patterns); i++)
    if (((finding->value ^ patterns[i].pattern) & 0xffffffff0000) == 0)
      return g_strdup_printf("%s: the pattern of %s", access, patterns[i].means);
  return g_strdup_printf("%s: there is no memory", access);
}

static char *of_null(const Names *names, const Finding *finding) {
  g_autofree char *access = of_access(names, finding);
  return g_strdup_printf("%s: the pointer is NULL", access);
}

static char *of_paged(const Names *names, const Finding *finding) {
  g_autofree char *access = of_access(names, finding);
  bool is_resident = (finding->detail & 0xff) == SIM_FAULT_PAGED_HIGH;
  return g_strdup_printf("%s: pageable memory, at %s; this time the page %s in memory", access, sim_irql_name(finding->irql),
                         is_resident ? "was" : "was not");
}

/* The event that freed the block at an address; NULL: none. */
static const SimEvent *free_of(const Names *names, const Finding *finding) {
  const Object *block = names_pool_block(finding->value);
  const SimRecord *record = names_record(names);
  for (uint32_t i = MIN(finding->event, (uint32_t)record->count); block != NULL && i-- > 0;)
    if (record->events[i].kind == EVENT_POOL_FREE && record->events[i].object == block->ordinal)
      return &record->events[i];
  return NULL;
}

static char *of_freed(const Names *names, const Finding *finding) {
  const SimEvent *freed = free_of(names, finding);
  bool is_access = (finding->detail & 0xff) == SIM_FAULT_FREED && finding->value >= 0x10000;
  g_autofree char *place = freed != NULL ? place_words(names_run(names), freed->site) : g_strdup("");
  g_autofree char *by = *place != '\0' ? g_strdup_printf(", which %s had freed", place) : g_strdup(", which was freed");
  if (is_access) {
    g_autofree char *access = of_access(names, finding);
    return g_strdup_printf("%s%s", access, by);
  }
  g_autofree char *object = finding->object != 0 ? names_object(names, finding->object) : names_address(names, finding->value);
  return g_strdup_printf("%s was given %s%s", function_of(finding), object, by);
}

static char *of_bounds(const Names *names, const Finding *finding) {
  g_autofree char *beside = names_beside(names, finding->value), *whose = who_where(names, finding);
  if (*beside == '\0')
    return of_access(names, finding);
  g_autofree char *does = phrase_access(finding->detail); /* "reads 4 bytes at": the last word gives way */
  return g_strdup_printf("%s %.*s %s", whose, (int)(strlen(does) - strlen(" at")), does, beside);
}

static char *of_read_only(const Names *names, const Finding *finding) {
  g_autofree char *access = of_access(names, finding);
  return g_strdup_printf("%s, which is read-only", access);
}

static char *of_user(const Names *names, const Finding *finding) { return of_access(names, finding); }

/* The parameter of the call that the pointer was handed in: told by the event before the fault. */
static char *of_argument(const Names *names, const Finding *finding) {
  const DdiFunction *function = ddi_function_by_id(finding->function);
  const SimEvent *before = finding->event > 0 ? event_of(names, finding->event - 1) : NULL;
  const char *parameter = NULL;
  if (function != NULL && before != NULL && before->kind == EVENT_CONTRACT_POINTER && before->detail < function->parameter_count)
    parameter = function->parameters[before->detail].name;
  g_autofree char *access = phrase_access(finding->detail), *address = names_address(names, finding->value);
  g_autofree char *does = g_strndup(access, strlen(access) - (g_str_has_suffix(access, " at") ? strlen(" at") : 0));
  return g_strdup_printf("%s was handed %s%s%s and %s there", function_of(finding), parameter != NULL ? parameter : "",
                         parameter != NULL ? " = " : "", address, does);
}

static char *of_stack(const Names *names, const Finding *finding) {
  g_autofree char *whose = who(names, finding);
  return g_strdup_printf("%s has used up the 24 KiB of its kernel stack", whose);
}

/* ---- objects ---- */

/* The thing a finding is about: its object, or the address it was named by. Returns owned. */
static char *thing(const Names *names, const Finding *finding) {
  const Object *object = finding->object != 0 ? object_by_ordinal(finding->object) : NULL;
  if (object != NULL && object->kind == OBJECT_POOL_BLOCK)
    return names_address(names, object->address);
  return finding->object != 0 ? names_object(names, finding->object) : names_address(names, finding->value);
}

static char *of_uninitialized(const Names *names, const Finding *finding) {
  g_autofree char *object = thing(names, finding);
  return g_strdup_printf("%s was given %s, which was never initialized", function_of(finding), object);
}

static char *of_kind(const Names *names, const Finding *finding) {
  g_autofree char *object = thing(names, finding);
  return g_strdup_printf("%s was given %s, which is not the kind of object it takes", function_of(finding), object);
}

static char *of_freed_queued(const Names *names, const Finding *finding) {
  g_autofree char *object = thing(names, finding);
  return g_strdup_printf("%s gave memory away while %s in it was still queued", function_of(finding), object);
}

static char *of_work_item(const Names *names, const Finding *finding) {
  g_autofree char *object = thing(names, finding);
  return g_strdup_printf("%s was given %s, which is queued already", function_of(finding), object);
}

static char *of_left_behind(const Names *names, const Finding *finding) {
  const Object *left = finding->object != 0 ? object_by_ordinal(finding->object) : NULL;
  g_autofree char *object = thing(names, finding), *driver = names_object_short(names, left != NULL ? left->driver : 0);
  return g_strdup_printf("%s was unloaded and left %s behind", *driver != '\0' ? driver : "the driver", object);
}

/* ---- spin locks ---- */

static const char *form_name(uint32_t form) {
  static const char *const names[] = { "KeAcquireSpinLock", "KeAcquireSpinLockAtDpcLevel", "KeAcquireInStackQueuedSpinLock",
                                       "KeAcquireInStackQueuedSpinLockAtDpcLevel" };
  return form < G_N_ELEMENTS(names) ? names[form] : "another form";
}

static char *of_form(const Names *names, const Finding *finding) {
  const SimEvent *event = related(names, finding);
  const char *acquire = event != NULL ? names_function(event->function) : "";
  g_autofree char *lock = names_object(names, finding->object);
  return g_strdup_printf("%s releases %s, which was acquired by %s", function_of(finding), lock,
                         *acquire != '\0' ? acquire : form_name((finding->detail >> 8) & 0xff));
}

/* " (acquired by fw.work step 2)"; "" when that is not known. Returns owned. */
static char *acquired_by(const Names *names, const Finding *finding) {
  const SimEvent *event = related(names, finding);
  g_autofree char *place = event != NULL ? place_words(names_run(names), event->site) : g_strdup("");
  return *place != '\0' ? g_strdup_printf(", acquired by %s", place) : g_strdup("");
}

static char *of_lock_leak(const Names *names, const Finding *finding) {
  g_autofree char *lock = names_object(names, finding->object), *by = acquired_by(names, finding);
  g_autofree char *routine = callback_routine(names, finding);
  return g_strdup_printf("%s returned with %s held%s", routine, lock, by);
}

static char *of_not_held(const Names *names, const Finding *finding) {
  g_autofree char *lock = names_object(names, finding->object);
  return g_strdup_printf("%s releases %s, which nobody holds", function_of(finding), lock);
}

static char *of_recursion(const Names *names, const Finding *finding) {
  g_autofree char *lock = names_object(names, finding->object), *by = acquired_by(names, finding);
  return g_strdup_printf("%s waits for %s, which this CPU holds itself%s", function_of(finding), lock, by);
}

static char *of_owner(const Names *names, const Finding *finding) {
  g_autofree char *lock = names_object(names, finding->object), *by = acquired_by(names, finding);
  return g_strdup_printf("%s releases %s, which somebody else holds%s", function_of(finding), lock, by);
}

/* ---- WFP and messages ---- */

static char *of_decision(const Names *names, const Finding *finding) {
  const SimEvent *before = related(names, finding);
  g_autofree char *now = names_action((uint32_t)finding->status);
  if (before == NULL)
    return g_strdup_printf("the reauthorization was answered %s, against what had been decided", now);
  g_autofree char *then = names_action((uint32_t)before->status);
  return g_strdup_printf("%s had been decided, and the reauthorization that follows the pend was answered %s", then, now);
}

static char *of_twice(const Names *names, const Finding *finding) {
  g_autofree char *operation = names_object(names, finding->object);
  return g_strdup_printf("%s completes %s a second time", function_of(finding), operation);
}

static char *of_unchecked(const Names *names, const Finding *finding) {
  const SimEvent *failed = related(names, finding);
  g_autofree char *status = failed != NULL ? names_status(failed->status) : g_strdup("an error");
  return g_strdup_printf("FwpsPendOperation0 had failed with %s and set no context; %s uses what the variable held", status,
                         function_of(finding));
}

static char *of_garbage(const Names *names, const Finding *finding) {
  g_autofree char *address = names_address(names, finding->value);
  return g_strdup_printf("%s was given %s, a context that no pend has set", function_of(finding), address);
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
  const SimEvent *done = related(names, finding);
  g_autofree char *whose = who(names, finding);
  g_autofree char *status = done != NULL ? names_status(done->status) : g_strdup("no reply");
  return g_strdup_printf("%s reads the reply buffer, but FltSendMessage returned %s: nobody has filled it", whose, status);
}

/* ---- which sentence ---- */

static const struct {
  uint32_t rule;
  Sentence *sentence;
} sentences[] = {
  { RULE_BAD_POINTER_ARGUMENT, of_argument },
  { RULE_DECISION_LOST_ON_REAUTHORIZE, of_decision },
  { RULE_FREED_WHILE_QUEUED, of_freed_queued },
  { RULE_IRQL_LEAK, of_leak },
  { RULE_IRQL_LEAK_CALLBACK, of_leak_callback },
  { RULE_IRQL_RAISE_LOWER_MISMATCH, of_raise_lower },
  { RULE_IRQL_TOO_HIGH, of_level },
  { RULE_IRQL_TOO_LOW, of_level },
  { RULE_KERNEL_STACK_OVERFLOW, of_stack },
  { RULE_LEFT_BEHIND_AT_UNLOAD, of_left_behind },
  { RULE_NETWORK_STALLED, of_network },
  { RULE_NULL_ACCESS, of_null },
  { RULE_OBJECT_NOT_INITIALIZED, of_uninitialized },
  { RULE_OUT_OF_BOUNDS, of_bounds },
  { RULE_PAGED_AT_DISPATCH, of_paged },
  { RULE_PEND_COMPLETED_TWICE, of_twice },
  { RULE_PEND_CONTEXT_UNCHECKED, of_unchecked },
  { RULE_PEND_CONTEXT_UNINITIALIZED, of_garbage },
  { RULE_PEND_NOT_COMPLETED, of_not_completed },
  { RULE_PEND_WITHOUT_ABSORB, of_absorb },
  { RULE_READ_ONLY_WRITE, of_read_only },
  { RULE_REPLY_NOT_FILLED, of_reply },
  { RULE_SPIN_LOCK_FORM_MISMATCH, of_form },
  { RULE_SPIN_LOCK_LEAK, of_lock_leak },
  { RULE_SPIN_LOCK_NOT_HELD, of_not_held },
  { RULE_SPIN_LOCK_RECURSION, of_recursion },
  { RULE_SPIN_LOCK_WRONG_OWNER, of_owner },
  { RULE_USE_AFTER_FREE, of_freed },
  { RULE_USER_ADDRESS_ACCESS, of_user },
  { RULE_WAIT_AT_DISPATCH, of_wait },
  { RULE_WILD_ACCESS, of_wild },
  { RULE_WORK_ITEM_QUEUED, of_work_item },
  { RULE_WRONG_OBJECT_KIND, of_kind },
};

char *sentence_finding(const Names *names, const Finding *finding) {
  for (unsigned i = 0; i < G_N_ELEMENTS(sentences); i++) {
    char *sentence = sentences[i].rule == finding->rule ? sentences[i].sentence(names, finding) : NULL;
    if (sentence != NULL)
      return sentence;
  }
  return g_strdup(rule_by_id(finding->rule)->title);
}
