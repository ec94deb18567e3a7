#include "phrase.h"

#include "model/events.h"
#include "model/rtl/rtl_face.h"
#include "model/rules/finding.h"
#include "model/tcpip/tcpip_face.h"
#include "model/user/user_face.h"

#include <string.h>

/* ---- the shapes ---- */

/* WHAT OBJECT, or WHAT alone. */
static char *with_object(const Names *names, const char *what, const SimEvent *event) {
  g_autofree char *object = names_object(names, event->object);
  return *object != '\0' ? g_strdup_printf("%s %s", what, object) : g_strdup(what);
}

static char *with_status(const Names *names, const char *what, const SimEvent *event) {
  g_autofree char *object = names_object(names, event->object);
  g_autofree char *status = names_status(event->status);
  return g_strdup_printf("%s%s%s: %s", what, *object != '\0' ? " " : "", object, status);
}

/* Kinds whose line is a phrase and an object. */
static const char *phrase_of(unsigned kind) {
  switch (kind) {
  case SIM_EVENT_SPIN: return "spins on";
  case EVENT_THREAD_CREATE: return "makes";
  case EVENT_THREAD_EXIT: return "ends:";
  case EVENT_SIGNAL: return "sets";
  case EVENT_CLEAR: return "clears";
  case EVENT_ATTACH: return "attaches to";
  case EVENT_DETACH: return "detaches from";
  case EVENT_LOCK_ACQUIRE: return "takes";
  case EVENT_LOCK_RELEASE: return "gives back";
  case EVENT_LOCK_RECURSION: return "wants, and its CPU holds it already:";
  case EVENT_LOCK_NOT_HELD: return "gives back what nobody holds:";
  case EVENT_DPC_QUEUE: return "queues";
  case EVENT_DPC_REMOVE: return "takes back";
  case EVENT_DPC_BEGIN: return "Windows runs";
  case EVENT_TIMER_SET: return "sets";
  case EVENT_TIMER_CANCEL: return "cancels";
  case EVENT_TIMER_EXPIRE: return "expires:";
  case EVENT_WORK_QUEUE: return "queues";
  case EVENT_WORK_BEGIN: return "Windows runs";
  case EVENT_PEND: return "pends:";
  case EVENT_PEND_COMPLETE: return "completes";
  case EVENT_MESSAGE_SEND: return "queues";
  case EVENT_MESSAGE_TAKE: return "receives";
  case EVENT_PORT_DISCONNECT: return "disconnects";
  case EVENT_DRIVER_UNLOAD: return "unloads";
  default: return NULL;
  }
}

/* ---- calls ---- */

char *phrase_call(const Names *names, const SimEvent *call, const SimEvent *end) {
  const char *name = names_function(call->function);
  g_autofree char *object = names_object_short(names, call->object);
  g_autofree char *result = end != NULL ? names_result(call->function, end->status) : NULL;
  g_autoptr(GString) text = g_string_new(name);
  if (*object != '\0')
    g_string_append_printf(text, "(%s)", object);
  if (result != NULL)
    g_string_append_printf(text, " = %s", result);
  const DdiFunction *function = ddi_function_by_id(call->function);
  if (end != NULL && end->irql != call->irql)
    g_string_append_printf(text, ": %s %s",
                           function == NULL || !function->changes_irql ? "returns at"
                           : end->irql > call->irql                    ? "raises to"
                                                                       : "lowers to",
                           names_irql_short(end->irql));
  return g_strdup(text->str);
}

static char *of_callback(const Names *names, const SimEvent *event) {
  g_autofree char *routine = place_routine(names_run(names), event->value);
  return g_strdup_printf("Windows calls %s (%s)", routine != NULL ? routine : "driver code", names_function(event->function));
}

static char *of_callback_return(const SimEvent *event) {
  const DdiCallback *callback = ddi_callback_by_id(event->function);
  bool has_status = callback != NULL && ddi_types[callback->returns].is_signed && ddi_types[callback->returns].size == 4;
  g_autofree char *status = has_status ? names_status(event->status) : NULL;
  return g_strdup_printf("%s returns%s%s", names_function(event->function), status != NULL ? " " : "", status != NULL ? status : "");
}

/* ---- levels, interrupts ---- */

static char *of_irql(const SimEvent *event) {
  const char *function = names_function(event->function);
  bool is_raise = event->irql > event->detail;
  if (*function == '\0')
    return g_strdup_printf("IRQL %s from %s to %s", is_raise ? "raised" : "lowered", names_irql_short((SimIrql)event->detail),
                           names_irql_short(event->irql));
  return g_strdup_printf("%s %s the IRQL from %s to %s", function, is_raise ? "raises" : "lowers", names_irql_short((SimIrql)event->detail),
                         names_irql_short(event->irql));
}

static char *of_irql_return(const SimEvent *event) {
  return g_strdup_printf("%s returns at %s, called at %s", names_function(event->function), names_irql_short((event->detail >> 8) & 0xf),
                         names_irql_short(event->detail & 0xf));
}

static char *of_interrupt(const Names *names, const SimEvent *event) {
  g_autofree char *object = names_object_short(names, event->object);
  if (*object != '\0')
    return g_strdup_printf("interrupt of %s", object);
  return g_strdup(event->detail == SIM_IRQL_DISPATCH ? "DPC dispatch"
                  : event->detail == SIM_IRQL_CLOCK  ? "interrupt of the clock"
                                                     : "interrupt");
}

static char *of_switch(const Names *names, const SimEvent *event) {
  g_autofree char *object = names_object_short(names, event->object);
  return *object != '\0' ? g_strdup_printf("the CPU goes on with %s", object) : g_strdup("the CPU goes idle");
}

/* A condition of a function other than its IRQL and pointers. */
static char *of_contract(const Names *names, const SimEvent *event) {
  static const char *const texts[] = {
    [CONTRACT_OBJECT_NOT_INITIALIZED] = " was never initialized",
    [CONTRACT_OBJECT_FREED] = " was freed",
    [CONTRACT_OBJECT_KIND] = " is another kind of object",
    [CONTRACT_WORK_ITEM_QUEUED] = " is queued already",
    [CONTRACT_TIMER_FREED] = " is still queued, and its memory goes",
    [CONTRACT_LOWER_TO] = "the level is on the wrong side",
    [CONTRACT_UNLOAD_RESOURCES] = " is left behind",
  };
  g_autofree char *object = event->object != 0 ? names_object(names, event->object) : names_address(names, event->value);
  const char *text = event->detail < G_N_ELEMENTS(texts) ? texts[event->detail] : NULL;
  return text != NULL && *text == ' ' ? g_strconcat(object, text, NULL) : g_strdup(text);
}

/* ---- waits ---- */

static char *of_wait(const Names *names, const SimEvent *event) {
  g_autofree char *object = names_object(names, event->object);
  if (event->detail == 3)
    return g_strdup_printf("looks at %s", object);
  if (*object == '\0')
    return g_strdup("waits for its time");
  return g_strdup_printf("waits for %s%s", object, event->detail == 2 ? ", with a time-out" : "");
}

static char *of_wake(const Names *names, const SimEvent *event) {
  g_autofree char *thread = names_object_short(names, event->object);
  g_autofree char *status = names_status(event->status);
  return g_strdup_printf("%s wakes: %s", thread, status);
}

/* ---- the network ---- */

static char *of_classify(const Names *names, const SimEvent *event, const char *what) {
  g_autofree char *object = names_object_short(names, event->object);
  return g_strdup_printf("%s %s at %s%s", what, object, names_layer(event->detail & 0xffff),
                         (event->detail >> 16) & 1 ? " (reauthorization)" : "");
}

/* The callout by its name, and the driver's function behind it, which the next event calls. */
static char *of_callout(const Names *names, const SimEvent *event) {
  const SimRecord *record = names_record(names);
  const SimEvent *next = event->sequence + 1 < record->count ? &record->events[event->sequence + 1] : NULL;
  bool is_called = next != NULL && next->kind == EVENT_CALLBACK && next->context == event->context;
  g_autofree char *routine = is_called ? place_routine(names_run(names), next->value) : NULL;
  g_autofree char *object = names_object_short(names, event->object);
  bool is_same = routine == NULL || strcmp(routine, object) == 0;
  return g_strdup_printf("%s%s%s classifies at %s%s", is_same ? object : routine, is_same ? "" : ", callout ", is_same ? "" : object,
                         names_layer(event->detail & 0xffff), (event->detail >> 16) & 1 ? " (reauthorization)" : "");
}

static char *of_answer(const SimEvent *event) {
  g_autofree char *action = names_action((uint32_t)event->status);
  return g_strdup_printf("the callout answers %s%s", action, event->detail & 1 ? " with ABSORB" : "");
}

static char *of_decision(const SimEvent *event) {
  g_autofree char *action = names_action((uint32_t)event->status);
  return g_strdup_printf("decided at %s: %s%s", names_layer(event->detail & 0xffff), action, (event->detail >> 16) & 1 ? ", absorbed" : "");
}

static char *of_connection(const Names *names, const SimEvent *event) {
  g_autofree char *object = names_object_short(names, event->object);
  switch ((ConnectionState)event->detail) {
  case CONNECTION_NEW: return g_strdup_printf("connect from %s", object);
  case CONNECTION_AUTHORIZING: return g_strdup_printf("%s asks for authorization", object);
  case CONNECTION_PENDED: return g_strdup_printf("%s is pended", object);
  case CONNECTION_SYN_SENT: return g_strdup_printf("%s is permitted, sends its SYN", object);
  default: return g_strdup_printf("%s is %s", object, tcpip_state_name((ConnectionState)event->detail));
  }
}

static char *of_packet(const Names *names, const SimEvent *event) {
  static const char *const kinds[] = { "SYN-ACK", "data", "ACK", "FIN", "RST" };
  g_autofree char *object = names_object_short(names, event->object);
  return g_strdup_printf("%s for %s arrives", event->value < G_N_ELEMENTS(kinds) ? kinds[event->value] : "work", object);
}

static char *of_bytes(const Names *names, const SimEvent *event, const char *what) {
  g_autofree char *object = names_object_short(names, event->object);
  return g_strdup_printf("%s: %u bytes, %s", what, event->detail, object);
}

/* ---- user mode ---- */

static char *of_system_call(const SimEvent *event) {
  static const char *const names[] = {
    [USER_CONNECT] = "FilterConnectCommunicationPort",
    [USER_DISCONNECT] = "CloseHandle of the port",
    [USER_GET] = "FilterGetMessage",
    [USER_REPLY] = "FilterReplyMessage",
    [USER_DELAY] = "Sleep",
    [USER_TCP_CONNECT] = "connect",
    [USER_TCP_SEND] = "send",
    [USER_TCP_CLOSE] = "closesocket",
    [USER_IOCTL] = "DeviceIoControl",
  };
  const char *name = event->function < G_N_ELEMENTS(names) ? names[event->function] : NULL;
  bool is_entry = event->kind == EVENT_SYSTEM_CALL;
  if (name == NULL)
    return g_strdup(is_entry ? "system call" : "returns to user mode");
  if (is_entry)
    return g_strdup_printf("system call %s", name);
  g_autofree char *status = names_status(event->status);
  return g_strdup_printf("%s returns to user mode: %s", name, status);
}

/* ---- memory and the end ---- */

char *phrase_access(uint32_t detail) {
  unsigned kind = (detail >> 8) & 0xff, size = detail >> 20;
  if (kind == SIM_ACCESS_EXECUTE)
    return g_strdup("runs code at");
  return g_strdup_printf("%s %u byte%s at", kind == SIM_ACCESS_WRITE ? "writes" : "reads", size, size == 1 ? "" : "s");
}

static char *of_fault(const Names *names, const SimEvent *event) {
  if (event->detail & FINDING_FAULT_BY_RETURN) {
    g_autofree char *where = names_address(names, event->value);
    return g_strdup_printf("returns to %s", where);
  }
  g_autofree char *access = phrase_access(event->detail);
  g_autofree char *beside = (event->detail & 0xff) == SIM_FAULT_OVERRUN ? names_beside(names, event->value) : g_strdup("");
  if (*beside != '\0')
    return g_strdup_printf("%.*s %s", (int)(strlen(access) - strlen(" at")), access, beside);
  g_autofree char *address = names_access(names, event->value, event->detail >> 20, event->site);
  return g_strdup_printf("%s %s", access, address);
}

static char *of_print(const SimEvent *event) {
  const char *text = debug_log_text(event->value);
  g_autofree char *flat = g_utf8_make_valid(text != NULL ? text : "(no longer kept)", -1);
  for (char *at = flat; *at != '\0'; at++)
    if ((unsigned char)*at < 0x20 || *at == 0x7f)
      *at = ' ';
  return g_strdup_printf("DbgPrint: %s", g_strchomp(flat));
}

char *phrase_bugcheck(uint32_t code) {
  const DdiBugcheck *row = ddi_bugcheck_find(code);
  return g_strdup_printf("0x%X%s%s", code, row != NULL ? " " : "", row != NULL ? row->name : "");
}

static char *of_stop(const SimEvent *event) {
  switch ((SimStop)event->detail) {
  case SIM_STOP_QUIET: return g_strdup("nothing is left to do");
  case SIM_STOP_HUNG: return g_strdup("no CPU can go on");
  case SIM_STOP_BUGCHECK: return g_strdup("the machine has stopped");
  case SIM_STOP_NOT_MODELLED: return g_strdup_printf("%s is not modelled", sim_machine()->stop_text);
  case SIM_STOP_GUEST_CRASH: return g_strdup("driver code crashes");
  default: return g_strdup("a limit of the budget is reached");
  }
}

static char *of_phase(const SimEvent *event) {
  const DdiFunction *function = ddi_function_by_id(event->function);
  const char *const *phases = function != NULL ? function->phases : NULL;
  for (uint32_t i = 0; phases != NULL && phases[i] != NULL; i++)
    if (i == event->detail)
      return g_strdup_printf("%s: %s", function->name, phases[i]);
  return NULL;
}

static char *of_pool(const Names *names, const SimEvent *event) {
  g_autofree char *object = names_object_short(names, event->object);
  g_autofree char *details = names_pool_details(names, event->object);
  return g_strdup_printf("%s %s%s%s%s", event->kind == EVENT_POOL_FREE ? "frees" : "allocates", object, *details != '\0' ? " (" : "",
                         details, *details != '\0' ? ")" : "");
}

/* ---- all ---- */

static char *phrase_network(const Names *names, const SimEvent *event) {
  switch (event->kind) {
  case EVENT_CLASSIFY: return of_classify(names, event, "classifies");
  case EVENT_CLASSIFY_CALLOUT: return of_callout(names, event);
  case EVENT_CLASSIFY_ANSWER: return of_answer(event);
  case EVENT_CLASSIFY_DECISION: return of_decision(event);
  case EVENT_CONNECTION: return of_connection(names, event);
  case EVENT_PACKET: return of_packet(names, event);
  case EVENT_STREAM_DATA: return of_bytes(names, event, "delivered");
  case EVENT_STREAM_INJECT: return of_bytes(names, event, "injects");
  case EVENT_STREAM_INJECTED: return with_object(names, "the injection is done:", event);
  case EVENT_IRQL_LEAK_PATH: return g_strdup("netio leaves its stream lock without restoring the IRQL (KB2664888)");
  case EVENT_PEND_FAILED: return with_status(names, "FwpsPendOperation0 fails", event);
  case EVENT_PEND_STALE:
    return g_strdup(event->detail == 1 ? "completes what was completed before" : "completes with a context that is none");
  case EVENT_PEND_WITHOUT_ABSORB: return g_strdup("and so does not answer BLOCK with ABSORB after a pend");
  case EVENT_MESSAGE_REPLY: return with_status(names, "replies to", event);
  case EVENT_PORT_CONNECT: return with_status(names, "connects", event);
  default: return NULL;
  }
}

char *phrase_event(const Names *names, const SimEvent *event) {
  switch (event->kind) {
  case SIM_EVENT_CONTEXT_BEGIN: return g_strdup("the thread begins");
  case SIM_EVENT_IRQL: return of_irql(event);
  case SIM_EVENT_INTERRUPT: return of_interrupt(names, event);
  case SIM_EVENT_PREEMPT: return g_strdup_printf("is held up here; cpu %u steps", event->detail);
  case SIM_EVENT_WATCH_READ: return g_strdup("reads the reply buffer");
  case SIM_EVENT_STOP: return of_stop(event);
  case EVENT_CALL: return phrase_call(names, event, NULL);
  case EVENT_RETURN: return phrase_call(names, event, event);
  case EVENT_CALLBACK: return of_callback(names, event);
  case EVENT_CALLBACK_RETURN: return of_callback_return(event);
  case EVENT_CONTRACT_IRQL_RETURN: return of_irql_return(event);
  case EVENT_CONTRACT: return of_contract(names, event);
  case EVENT_PHASE: return of_phase(event);
  case EVENT_MADE_TO_FAIL:
    return g_strdup_printf("%s fails here%s", names_function(event->function), event->detail == 1 ? ", by \"faults\"" : "");
  case EVENT_FAULT: return of_fault(names, event);
  case EVENT_BUGCHECK: {
    g_autofree char *bugcheck = phrase_bugcheck(event->detail);
    return g_strdup_printf("Windows stops: %s", bugcheck);
  }
  case EVENT_DEBUG_PRINT: return of_print(event);
  case EVENT_NOT_MODELLED: return g_strdup_printf("calls %s, which is not modelled", sim_machine()->stop_text);
  case EVENT_RUN: return of_switch(names, event);
  case EVENT_WAIT: return of_wait(names, event);
  case EVENT_WAKE: return of_wake(names, event);
  case EVENT_WAIT_HIGH: return with_object(names, event->detail == 1 ? "waits, in a DPC, for" : "waits at a raised IRQL for", event);
  case EVENT_SYSTEM_CALL:
  case EVENT_SYSTEM_RETURN: return of_system_call(event);
  case EVENT_POOL_ALLOCATE:
  case EVENT_POOL_FREE: return of_pool(names, event);
  case EVENT_DRIVER_LOAD: return with_status(names, "is loaded:", event);
  default: break;
  }
  if (phrase_of(event->kind) != NULL)
    return with_object(names, phrase_of(event->kind), event);
  return phrase_network(names, event);
}
