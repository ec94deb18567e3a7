#include "round.h"

#include "paragraph.h"
#include "phrase.h"

#include "model/events.h"
#include "model/rules/rule_ids.h"

#include <string.h>

#define LENGTH_MAX 16 /* calls in a round */
#define COUNT_MIN 4   /* rounds, or it is none */
#define ROUND_COUNT_MAX 8

typedef struct Round {
  uint32_t context;
  const char *who;
  uint32_t calls[LENGTH_MAX]; /* returns of its calls, in the order they are made */
  unsigned length;
  uint32_t count; /* how often */
  uint32_t first; /* the return of the first call of the first one */
} Round;

/* ---- finding it ---- */

static bool is_same(const SimEvent *one, const SimEvent *other) {
  return one->function == other->function && one->object == other->object && one->status == other->status && one->site == other->site;
}

/* Returns of calls of driver code in that context, the last first. Owned. */
static GArray *returns_collect(const SimRecord *record, uint32_t context) {
  GArray *returns = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  for (size_t i = record->count; i-- > 0;) {
    const SimEvent *event = &record->events[i];
    uint32_t sequence = (uint32_t)i;
    if (event->context == context && event->kind == EVENT_RETURN && event->site != 0)
      g_array_append_val(returns, sequence);
  }
  return returns;
}

static const SimEvent *return_at(const SimRecord *record, const GArray *returns, guint index) {
  return &record->events[g_array_index(returns, uint32_t, index)];
}

/* How many calls from the last one on are the same as those a round before. */
static guint same_count(const SimRecord *record, const GArray *returns, guint length) {
  guint i = 0;
  while (i + length < returns->len && is_same(return_at(record, returns, i), return_at(record, returns, i + length)))
    i++;
  return i;
}

static bool round_find(const Names *names, uint32_t context, Round *round) {
  const SimRecord *record = names_record(names);
  g_autoptr(GArray) returns = returns_collect(record, context);
  for (guint length = 1; length <= LENGTH_MAX && length < returns->len; length++) {
    guint same = same_count(record, returns, length);
    if (same < length * (COUNT_MIN - 1))
      continue;
    *round = (Round){ .context = context, .who = names_context(names, context), .length = length, .count = same / length + 1 };
    round->first = g_array_index(returns, uint32_t, same + length - 1);
    for (guint i = 0; i < length; i++)
      round->calls[i] = g_array_index(returns, uint32_t, length - 1 - i);
    return true;
  }
  return false;
}

/* Of whoever was running driver code in the end: those the finding is about, and who goes round with them. */
static unsigned rounds_collect(const Names *names, const Finding *finding, Round *rounds) {
  const SimMachine *machine = sim_machine();
  unsigned count = round_find(names, finding->context, &rounds[0]) ? 1 : 0;
  for (uint32_t i = 0; i < machine->vcpu_count && count > 0 && count < ROUND_COUNT_MAX; i++) {
    const SimVcpu *vcpu = &machine->vcpus[i];
    const SimContext *top = vcpu->depth > 0 ? vcpu->stack[vcpu->depth - 1] : NULL;
    if (top != NULL && top->frame_count > 0 && top->id != finding->context && finding->rule == RULE_LIVELOCK)
      count += round_find(names, top->id, &rounds[count]);
  }
  return count;
}

/* ---- what it wants ---- */

/* A call of the round that asks for a lock and does not get it; NULL: there is none. */
static const SimEvent *refused(const SimRecord *record, const Round *round) {
  for (unsigned i = 0; i < round->length; i++) {
    const SimEvent *event = &record->events[round->calls[i]];
    const char *function = names_function(event->function);
    if (event->object != 0 && event->status == 0 && (strstr(function, "TryToAcquire") != NULL || strstr(function, "TryConvert") != NULL))
      return event;
  }
  return NULL;
}

/* A call of the round that looks at something that does not change; NULL: there is none. */
static const SimEvent *polled(const SimRecord *record, const Round *round) {
  for (unsigned i = 0; i < round->length; i++) {
    const SimEvent *event = &record->events[round->calls[i]];
    const char *function = names_function(event->function);
    if (g_str_has_prefix(function, "Interlocked") || g_str_has_prefix(function, "KeReadState"))
      return event;
  }
  return NULL;
}

static bool uses(const SimRecord *record, const Round *round, uint32_t object) {
  for (unsigned i = 0; i < round->length; i++)
    if (record->events[round->calls[i]].object == object)
      return true;
  return false;
}

/* "tries spin lock gA  -->  fw.OnSend has it in each of its rounds". Returns owned; NULL: nothing is known. */
static char *wanted_words(const Names *names, const Round *rounds, unsigned count, const Round *round) {
  const SimRecord *record = names_record(names);
  const SimEvent *lock = refused(record, round), *look = lock == NULL ? polled(record, round) : NULL;
  if (lock == NULL && look == NULL)
    return NULL;
  if (look != NULL) {
    RunSite where;
    bool is_known = scenario_run_site(names_run(names), look->site, &where);
    return g_strdup_printf("polls %s  -->  nothing that runs changes it",
                           is_known && *where.text != '\0' ? where.text : names_function(look->function));
  }
  g_autofree char *object = names_object(names, lock->object);
  for (unsigned i = 0; i < count; i++)
    if (&rounds[i] != round && uses(record, &rounds[i], lock->object))
      return g_strdup_printf("tries %s  -->  %s has it in each of its rounds", object, rounds[i].who);
  return g_strdup_printf("tries %s  -->  it is never given back", object);
}

/* ---- printing ---- */

/* "KeTryToAcquireSpinLockAtDpcLevel(gA) = FALSE, KeReleaseSpinLockFromDpcLevel(gB) (2,664 times since 1.000310 ms)". Returns owned. */
static char *calls_words(const Names *names, const Round *round) {
  const SimRecord *record = names_record(names);
  g_autoptr(GString) text = g_string_new(NULL);
  for (unsigned i = 0; i < round->length; i++) {
    const SimEvent *event = &record->events[round->calls[i]];
    SimEvent call = *event;
    call.irql = event->irql;
    g_autofree char *words = phrase_call(names, &call, event);
    g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", words);
  }
  g_autofree char *time = names_time(names_run(names), record->events[round->first].time_ns);
  g_string_append_printf(text, "  (%u times since %s)", round->count, time);
  return g_strdup(text->str);
}

static bool is_about(const Finding *finding) {
  return finding->rule == RULE_LIVELOCK || finding->rule == RULE_STARVATION || finding->rule == RULE_NETWORK_STALLED;
}

static void line_put(GString *out, const ReportStyle *style, const char *label, unsigned *count, const char *line) {
  if ((*count)++ == 0)
    paragraph_put(out, style, label, line);
  else
    paragraph_more(out, style, line);
}

/* "DPC fw.OnData  -->  waits on cpu 1 since 20.000000 ms, behind fw.worker". */
static void starved_put(GString *out, const ReportStyle *style, const Names *names, const Finding *finding) {
  const SimRecord *record = names_record(names);
  size_t i = record->count;
  while (i > 0 && (record->events[i - 1].object != finding->object ||
                   (record->events[i - 1].kind != EVENT_DPC_QUEUE && record->events[i - 1].kind != EVENT_READY)))
    i--;
  if (i == 0 || finding->object == 0)
    return;
  g_autofree char *who = names_object(names, finding->object), *time = names_time(names_run(names), record->events[i - 1].time_ns);
  paragraph_putf(out, style, "starved", "%s  -->  waits on cpu %u since %s, behind %s", who, finding->cpu, time,
                 names_context(names, finding->context));
}

void round_print(GString *out, const ReportStyle *style, const Names *names, const Finding *finding) {
  Round rounds[ROUND_COUNT_MAX];
  unsigned count = is_about(finding) ? rounds_collect(names, finding, rounds) : 0, told = 0, width = 0;
  for (unsigned i = 0; i < count; i++)
    width = MAX(width, report_columns(rounds[i].who));
  for (unsigned i = 0; i < count; i++) {
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *wanted = wanted_words(names, rounds, count, &rounds[i]);
    if (wanted == NULL)
      continue;
    report_pad(line, rounds[i].who, width);
    g_string_append_printf(line, "  %s", wanted);
    line_put(out, style, count > 1 ? "the circle" : "waits for", &told, line->str);
  }
  if (finding->rule == RULE_STARVATION)
    starved_put(out, style, names, finding);
  told = 0;
  for (unsigned i = 0; i < count; i++) {
    g_autofree char *calls = calls_words(names, &rounds[i]);
    g_autofree char *line = g_strdup_printf("%s: %s", rounds[i].who, calls);
    line_put(out, style, "each round", &told, line);
  }
}
