#include "words.h"

#include "model/events.h"
#include "model/rtl/rtl_face.h"
#include "model/tcpip/tcpip_face.h"
#include "model/wfp/wfp_face.h"

#include <string.h>

struct Words {
  const ScenarioRun *run;
  GHashTable *contexts; /* id -> name; looked up only */
};

/* ---- objects ---- */

char *words_object(uint32_t ordinal) {
  const Object *object = ordinal != 0 ? object_by_ordinal(ordinal) : NULL;
  if (object == NULL)
    return g_strdup("");
  const char *kind = object_kind_name((ObjectKind)object->kind);
  return object->name[0] != '\0' ? g_strdup_printf("%s %s", kind, object->name) : g_strdup_printf("%s %u", kind, object->number);
}

char *words_object_short(uint32_t ordinal) {
  const Object *object = ordinal != 0 ? object_by_ordinal(ordinal) : NULL;
  return object != NULL && object->name[0] != '\0' ? g_strdup(object->name) : words_object(ordinal);
}

/* ---- contexts: named after what they run ---- */

static void context_name(Words *words, uint32_t context, char *name) {
  if (context != 0 && !g_hash_table_contains(words->contexts, GUINT_TO_POINTER(context)))
    g_hash_table_insert(words->contexts, GUINT_TO_POINTER(context), name);
  else
    g_free(name);
}

static void contexts_collect(Words *words, const SimRecord *record) {
  for (size_t i = 0; i < record->count; i++) {
    const SimEvent *event = &record->events[i];
    if (event->kind == SIM_EVENT_CONTEXT_BEGIN || event->kind == EVENT_DPC_BEGIN)
      context_name(words, event->context, words_object_short(event->object));
    if (event->kind == EVENT_DPC_BEGIN) /* a drain runs several: the last one counts */
      g_hash_table_replace(words->contexts, GUINT_TO_POINTER(event->context), words_object_short(event->object));
  }
}

Words *words_create(const ScenarioRun *run, const SimRecord *record) {
  Words *words = g_new0(Words, 1);
  words->run = run;
  words->contexts = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  contexts_collect(words, record);
  return words;
}

void words_free(Words *words) {
  if (words == NULL)
    return;
  g_hash_table_unref(words->contexts);
  g_free(words);
}

const char *words_context(const Words *words, uint32_t context) {
  const char *name = g_hash_table_lookup(words->contexts, GUINT_TO_POINTER(context));
  return name != NULL ? name : "";
}

/* ---- numbers ---- */

const char *words_function(uint32_t id) {
  const DdiFunction *function = id != 0 ? ddi_function_by_id(id) : NULL;
  if (function != NULL)
    return function->name;
  const DdiCallback *callback = id != 0 ? ddi_callback_by_id(id) : NULL;
  return callback != NULL ? callback->name : "";
}

char *words_status(int32_t status) {
  const char *name = ddi_status_name(status);
  return name != NULL ? g_strdup(name) : g_strdup_printf("0x%08X", (unsigned)status);
}

const char *words_irql_short(SimIrql irql) {
  static const char *const names[] = {"PASSIVE", "APC", "DISPATCH"};
  if (irql <= SIM_IRQL_DISPATCH)
    return names[irql];
  return irql == SIM_IRQL_CLOCK ? "CLOCK" : irql == SIM_IRQL_IPI ? "IPI" : sim_irql_name(irql);
}

char *words_action(uint32_t action) {
  static const char *const names[] = {"FWP_ACTION_BLOCK", "FWP_ACTION_PERMIT", "FWP_ACTION_CONTINUE", "FWP_ACTION_NONE"};
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
    const DdiConstant *constant = ddi_constant_find(names[i]);
    if (constant != NULL && (uint32_t)constant->value == action)
      return g_strdup(names[i]);
  }
  return g_strdup_printf("action 0x%x", action);
}

const char *words_layer(uint32_t id) {
  const WfpLayer *layer = wfp_layer_by_id(id);
  return layer != NULL ? layer->name : "no layer";
}

char *words_site(const ScenarioRun *run, uint32_t site) {
  RunSite where;
  if (site == 0 || !scenario_run_site(run, site, &where))
    return g_strdup("");
  if (where.step != 0)
    return g_strdup_printf("%s.%s step %u", where.driver, where.function, where.step);
  return g_strdup_printf("%s, %s:%u", where.function, where.file, where.line);
}

char *words_time(const ScenarioRun *run, uint64_t time_ns) {
  uint64_t origin_ns = scenario_run_origin_ns(run);
  bool is_before = time_ns < origin_ns;
  uint64_t since_ns = is_before ? origin_ns - time_ns : time_ns - origin_ns;
  return g_strdup_printf("%s%" G_GUINT64_FORMAT ".%06" G_GUINT64_FORMAT " ms", is_before ? "-" : "", since_ns / 1000000,
                         since_ns % 1000000);
}

/* ---- events in words ---- */

static char *of_return(const SimEvent *event) {
  const DdiFunction *function = ddi_function_by_id(event->function);
  if (function == NULL)
    return NULL;
  const DdiType *type = &ddi_types[function->returns];
  if (type->kind == DDI_TYPE_VOID)
    return g_strdup_printf("%s returns", function->name);
  g_autofree char *status = type->kind == DDI_TYPE_INTEGER && type->is_signed && type->size == 4 ? words_status(event->status)
                                                                                                : g_strdup_printf("%u", (unsigned)event->status);
  return g_strdup_printf("%s = %s", function->name, status);
}

static char *of_classify(const SimEvent *event, const char *what) {
  g_autofree char *object = words_object_short(event->object);
  return g_strdup_printf("%s %s at %s%s", what, object, words_layer(event->detail & 0xffff),
                         (event->detail >> 16) & 1 ? ", reauthorization" : "");
}

static char *of_fault(const SimEvent *event) {
  static const char *const reasons[] = {"NULL pointer", "wild address",   "freed memory",   "memory outside of its block",
                                        "pageable memory that is not in memory", "pageable memory", "read-only memory",
                                        "the guard page of the kernel stack",    "a user address"};
  unsigned reason = event->detail & 0xff;
  unsigned kind = (event->detail >> 8) & 0xff;
  return g_strdup_printf("%s of %s", kind == SIM_ACCESS_WRITE ? "write" : kind == SIM_ACCESS_EXECUTE ? "execution" : "read",
                         reason < G_N_ELEMENTS(reasons) ? reasons[reason] : "bad memory");
}

static char *with_object(const char *what, const SimEvent *event) {
  g_autofree char *object = words_object(event->object);
  return *object != '\0' ? g_strdup_printf("%s: %s", what, object) : g_strdup(what);
}

static char *with_status(const char *what, const SimEvent *event) {
  g_autofree char *object = words_object(event->object);
  g_autofree char *status = words_status(event->status);
  return g_strdup_printf("%s: %s, %s", what, object, status);
}

static char *of_irql(const SimEvent *event) {
  const char *function = words_function(event->function);
  return g_strdup_printf("%s the IRQL from %s to %s%s%s", event->irql > event->detail ? "raises" : "lowers",
                         words_irql_short((SimIrql)event->detail), words_irql_short(event->irql), *function != '\0' ? ": " : "", function);
}

static char *of_print(const SimEvent *event) {
  const char *text = debug_log_text((uint32_t)event->value);
  g_autofree char *flat = g_strdup(text != NULL ? text : "");
  g_strdelimit(flat, "\r\n\t", ' ');
  return g_strdup_printf("DbgPrint: %s", g_strchomp(flat));
}

/* Kinds whose line is a phrase and an object. */
static const char *phrase_of(unsigned kind) {
  switch (kind) {
  case EVENT_WAIT:
    return "waits for";
  case EVENT_WAKE:
    return "a wait ends";
  case EVENT_SIGNAL:
    return "sets";
  case EVENT_ATTACH:
    return "attaches to";
  case EVENT_DETACH:
    return "detaches from";
  case EVENT_LOCK_ACQUIRE:
    return "takes";
  case EVENT_LOCK_RELEASE:
    return "gives back";
  case EVENT_LOCK_RECURSION:
    return "takes a lock that this CPU holds";
  case EVENT_LOCK_NOT_HELD:
    return "gives back a lock that nobody holds";
  case SIM_EVENT_SPIN:
    return "spins on";
  case EVENT_DPC_QUEUE:
    return "queues";
  case EVENT_DPC_BEGIN:
    return "runs";
  case EVENT_TIMER_EXPIRE:
    return "expires";
  case EVENT_WORK_QUEUE:
    return "queues";
  case EVENT_WORK_BEGIN:
    return "runs";
  case SIM_EVENT_INTERRUPT:
    return "interrupt";
  case EVENT_PEND:
    return "pends the operation";
  case EVENT_PEND_COMPLETE:
    return "completes the pended operation";
  case EVENT_PEND_WITHOUT_ABSORB:
    return "returns from the pending classify without BLOCK and ABSORB";
  case EVENT_MESSAGE_SEND:
    return "queues";
  case EVENT_MESSAGE_TAKE:
    return "takes";
  case EVENT_THREAD_EXIT:
    return "ends";
  case EVENT_PORT_DISCONNECT:
    return "disconnects";
  default:
    return NULL;
  }
}

char *words_event(const Words *words, const SimEvent *event) {
  g_autofree char *object = NULL;
  (void)words;
  switch (event->kind) {
  case EVENT_CALL:
    return g_strdup(words_function(event->function));
  case EVENT_RETURN:
    return of_return(event);
  case SIM_EVENT_IRQL:
    return of_irql(event);
  case EVENT_CLASSIFY:
    return of_classify(event, "classifies");
  case EVENT_CLASSIFY_CALLOUT:
    return of_classify(event, "calls the callout");
  case EVENT_CLASSIFY_ANSWER: {
    g_autofree char *action = words_action((uint32_t)event->status);
    return g_strdup_printf("the callout answers %s%s", action, event->detail & 1 ? " with ABSORB" : "");
  }
  case EVENT_CLASSIFY_DECISION: {
    g_autofree char *action = words_action((uint32_t)event->status);
    return g_strdup_printf("%s decides %s", words_layer(event->detail & 0xffff), action);
  }
  case EVENT_CONNECTION:
    object = words_object_short(event->object);
    return g_strdup_printf("%s is %s", object, tcpip_state_name((ConnectionState)event->detail));
  case EVENT_PACKET:
    object = words_object_short(event->object);
    return g_strdup_printf("a packet for %s", object);
  case EVENT_FAULT:
    return of_fault(event);
  case EVENT_PEND_FAILED:
    return with_status("pending fails", event);
  case EVENT_PEND_STALE:
    return g_strdup(event->detail == 1 ? "completes what was completed before" : "completes with a context that is none");
  case EVENT_MESSAGE_REPLY:
    return with_status("replies to", event);
  case EVENT_PORT_CONNECT:
    return with_status("connects", event);
  case EVENT_IRQL_LEAK_PATH:
    return g_strdup("netio releases its stream lock without restoring the IRQL (KB2664888)");
  case EVENT_DEBUG_PRINT:
    return of_print(event);
  case EVENT_SYSTEM_CALL:
    return g_strdup("enters the kernel");
  case EVENT_SYSTEM_RETURN:
    return g_strdup("returns to user mode");
  default:
    return phrase_of(event->kind) != NULL ? with_object(phrase_of(event->kind), event) : NULL;
  }
}
