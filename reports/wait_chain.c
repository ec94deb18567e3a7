#include "wait_chain.h"

#include "paragraph.h"

#include "model/events.h"
#include "model/object.h"
#include "model/rules/rule_ids.h"
#include "model/rules/wait_graph.h"

#include <string.h>

#define SENTENCE_EDGES_MAX 3

static const SimContext *context_of(const Finding *finding) {
  const SimMachine *machine = sim_machine();
  for (unsigned slot = 0; slot < machine->context_count; slot++)
    if (machine->contexts[slot].is_live && machine->contexts[slot].id == finding->context)
      return &machine->contexts[slot];
  return NULL;
}

/* The edges of the circle; of a wait without an end: those who stand behind it, and itself last. Returns how many. */
static unsigned edges_of(const Finding *finding, WaitEdge *edges) {
  const SimContext *context = context_of(finding);
  WaitEdge own[WAIT_EDGE_COUNT_MAX];
  if (context == NULL)
    return 0;
  if (finding->rule == RULE_DEADLOCK)
    return wait_cycle(context, NULL, true, edges);
  if (finding->rule != RULE_WAITS_FOR_EVER || wait_edges(context, true, own) == 0)
    return 0;
  unsigned count = wait_is_wanted(context, &edges[0]) ? 1 : 0;
  edges[count++] = own[0];
  return count;
}

static const char *verb_of(const WaitEdge *edge) {
  switch ((WaitKind)edge->kind) {
  case WAIT_SPIN: return "spins on";
  case WAIT_THREAD: return "waits for the end of";
  default: return "waits for";
  }
}

/* A fast mutex is known by the event in it. Returns owned; NULL: it is none. */
static char *fast_mutex(const Names *names, const WaitEdge *edge) {
  const Object *object = edge->kind == WAIT_MUTEX ? object_by_ordinal(edge->object) : NULL;
  if (object == NULL || object->kind != OBJECT_EVENT)
    return NULL;
  char *name = names_object_short(names, edge->object), *offset = strstr(name, " + ");
  if (offset != NULL)
    *offset = '\0';
  return name;
}

/* "spins on spin lock gB". Returns owned. */
static char *wants(const Names *names, const WaitEdge *edge) {
  g_autofree char *object = names_object(names, edge->object), *mutex = fast_mutex(names, edge);
  if (mutex != NULL)
    return g_strdup_printf("waits for fast mutex %s", mutex);
  if (edge->kind == WAIT_INTERRUPTED)
    return g_strdup("was interrupted");
  if (edge->kind == WAIT_REPLY)
    return g_strdup("waits in FltSendMessage");
  return g_strdup_printf("%s %s", verb_of(edge), *object != '\0' ? object : "something");
}

static const char *who(const Names *names, const SimContext *context) {
  const char *name = context != NULL ? names_context(names, context->id) : "";
  return *name != '\0' ? name : "a thread";
}

/* What the holder has to do with it: "held since d.two step 1, 1.000110 ms". Returns owned. */
static char *held(const Names *names, const WaitEdge *edge) {
  const SimRecord *record = names_record(names);
  const char *name = who(names, edge->holder);
  switch ((WaitKind)edge->kind) {
  case WAIT_THREAD: return g_strdup_printf("%s does not end", name);
  case WAIT_REPLY: return edge->holder != NULL ? g_strdup_printf("%s is to reply", name) : g_strdup("nobody replies");
  case WAIT_WORKER: return g_strdup_printf("a work item is queued behind %s, and no worker thread is free", name);
  case WAIT_INTERRUPTED: return g_strdup_printf("by %s, on the same cpu", name);
  case WAIT_SIGNAL: return g_strdup("nobody is left who sets it");
  default: break;
  }
  if (edge->holder == NULL)
    return g_strdup("whoever had it has ended");
  if (edge->taken >= record->count)
    return g_strdup_printf("held by %s", name);
  const SimEvent *event = &record->events[edge->taken];
  g_autofree char *time = names_time(names_run(names), event->time_ns);
  g_autofree char *place = place_words(names_run(names), event->site);
  if (g_str_has_prefix(place, name)) /* "fw.OnSend step 2" says who */
    return g_strdup_printf("held since %s, %s", place, time);
  return g_strdup_printf("held by %s since %s%s%s%s", name, time, *place != '\0' ? " (" : "", place, *place != '\0' ? ")" : "");
}

char *wait_chain_sentence(const Names *names, const Finding *finding) {
  WaitEdge edges[WAIT_CYCLE_MAX + 1];
  unsigned count = edges_of(finding, edges);
  if (count == 0)
    return NULL;
  g_autoptr(GString) text = g_string_new(NULL);
  for (unsigned i = 0; i < count && i < SENTENCE_EDGES_MAX; i++) {
    g_autofree char *want = wants(names, &edges[i]);
    const char *holder = who(names, edges[i].holder);
    g_string_append_printf(text, "%s%s %s", i > 0 ? "; " : "", who(names, edges[i].waiter), want);
    if (edges[i].kind == WAIT_MUTEX && edges[i].holder == NULL)
      g_string_append(text, ", whose owner has ended");
    else if (edges[i].kind == WAIT_SPIN || edges[i].kind == WAIT_MUTEX)
      g_string_append_printf(text, ", which %s has", holder);
    else if (edges[i].kind == WAIT_REPLY && edges[i].holder != NULL)
      g_string_append_printf(text, " for a reply of %s", holder);
    else if (edges[i].kind == WAIT_WORKER)
      g_string_append_printf(text, " and a work item is queued behind %s", edges[i].holder == edges[i].waiter ? "it" : holder);
    else if (edges[i].kind == WAIT_SIGNAL)
      g_string_append(text, ", and nobody is left who sets it");
  }
  if (count > SENTENCE_EDGES_MAX)
    g_string_append_printf(text, "; and so on, %u in all", count);
  return g_strdup(text->str);
}

static unsigned widest(char *const *texts, unsigned count) {
  unsigned width = 0;
  for (unsigned i = 0; i < count; i++)
    width = MAX(width, report_columns(texts[i]));
  return width;
}

void wait_chain_print(GString *out, const ReportStyle *style, const Names *names, const Finding *finding) {
  WaitEdge edges[WAIT_CYCLE_MAX + 1];
  char *waiters[WAIT_CYCLE_MAX + 1], *wanted[WAIT_CYCLE_MAX + 1];
  unsigned count = edges_of(finding, edges);
  if (count == 0)
    return;
  for (unsigned i = 0; i < count; i++) {
    waiters[i] = g_strdup(who(names, edges[i].waiter));
    wanted[i] = wants(names, &edges[i]);
  }
  unsigned width = widest(waiters, count), width_wanted = widest(wanted, count);
  for (unsigned i = 0; i < count; i++) {
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *holder = held(names, &edges[i]);
    report_pad(line, waiters[i], width);
    g_string_append(line, "  ");
    report_pad(line, wanted[i], width_wanted);
    g_string_append_printf(line, "  -->  %s", holder);
    if (i == 0)
      paragraph_put(out, style, finding->rule == RULE_DEADLOCK ? "the circle" : "who waits", line->str);
    else
      paragraph_more(out, style, line->str);
    g_free(waiters[i]);
    g_free(wanted[i]);
  }
}
