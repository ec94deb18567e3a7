/*
 * Each event gets a weight, by what it has to do with the end of the story: who did it (the context that made the mistake, those it is stuck with,
 * others), when (in what that context was doing then, or before), and to which things. The heaviest are told. Weights are compared only with each
 * other; between equals the later one is told.
 */
#include "story_internal.h"

#include "model/events.h"
#include "model/rules/rule_ids.h"

#include <string.h>

/* ---- which call an event belongs to ---- */

/* Kinds that only say something about the call they happen in. */
static bool is_inside_call(unsigned kind) {
  switch (kind) {
  case EVENT_CONTRACT_IRQL:
  case EVENT_CONTRACT_IRQL_RETURN:
  case EVENT_CONTRACT_POINTER:
  case EVENT_CONTRACT:
  case EVENT_WAIT_HIGH:
  case EVENT_LOCK_ACQUIRE:
  case EVENT_LOCK_RELEASE:
  case EVENT_LOCK_RECURSION:
  case EVENT_LOCK_NOT_HELD:
  case EVENT_PEND:
  case EVENT_PEND_FAILED:
  case EVENT_PEND_STALE:
  case EVENT_PEND_COMPLETE:
  case EVENT_POOL_ALLOCATE:
  case EVENT_POOL_FREE:
  case EVENT_SIGNAL:
  case EVENT_CLEAR:
  case EVENT_MESSAGE_DONE:
  case EVENT_MESSAGE_SEND:
  case EVENT_RETURN:
  case EVENT_FAULT:
  case EVENT_WAIT:
  case EVENT_MADE_TO_FAIL:
  case SIM_EVENT_SPIN:
  case SIM_EVENT_IRQL: return true;
  default: return false;
  }
}

/* The event whose line tells this one too: the call it happened in, or the answer before it. */
uint32_t story_line_of(const Choosing *choosing, uint32_t sequence) {
  const SimEvent *event = at(choosing, sequence);
  if (event->kind == EVENT_PEND_WITHOUT_ABSORB)
    return sequence > 0 && at(choosing, sequence - 1)->kind == EVENT_CLASSIFY_ANSWER ? sequence - 1 : sequence;
  bool is_inside = choosing->calls[sequence] != STORY_NONE && (is_inside_call(event->kind) || story_is_own_wake(choosing, sequence));
  if (event->kind == EVENT_CONTRACT_IRQL_RETURN && ((event->detail >> 16) & 1)) /* of a callback */
    return sequence;
  return is_inside ? choosing->calls[sequence] : sequence;
}

/* ---- who and what it is about ---- */

static bool is_begin(const SimEvent *event) {
  return event->kind == EVENT_DPC_BEGIN || event->kind == EVENT_WORK_BEGIN || event->kind == EVENT_SYSTEM_CALL ||
         event->kind == SIM_EVENT_CONTEXT_BEGIN || event->kind == SIM_EVENT_INTERRUPT;
}

static uint32_t last_of_context(const Choosing *choosing, uint32_t context) {
  for (uint32_t i = choosing->last + 1; i-- > 0;)
    if (at(choosing, i)->context == context)
      return i;
  return STORY_NONE;
}

uint32_t story_begin_of(const Choosing *choosing, uint32_t context, uint32_t last) {
  uint32_t first = last;
  for (uint32_t i = last + 1; i-- > 0;) {
    if (at(choosing, i)->context != context)
      continue;
    if (is_begin(at(choosing, i)))
      return i;
    first = i;
  }
  for (uint32_t i = first; i-- > 0;) /* an interrupt: taken under another id */
    if (at(choosing, i)->kind == SIM_EVENT_INTERRUPT && at(choosing, i)->cpu == at(choosing, first)->cpu)
      return i;
  return first;
}

/* Who queued the DPC or work item that then ran, or the timer that did. */
static uint32_t asked_of(const Choosing *choosing, uint32_t begin) {
  const SimEvent *event = at(choosing, begin);
  for (uint32_t i = begin; event->object != 0 && i-- > 0;) {
    const SimEvent *other = at(choosing, i);
    if (other->object == event->object &&
        (other->kind == EVENT_DPC_QUEUE || other->kind == EVENT_WORK_QUEUE || other->kind == EVENT_THREAD_CREATE))
      return i;
  }
  return STORY_NONE;
}

static void thing_add(Choosing *choosing, uint32_t ordinal) {
  if (ordinal != 0)
    g_hash_table_add(choosing->things, GUINT_TO_POINTER(ordinal));
}

/* `then`: an event of what it was doing. */
static void focus_add(Choosing *choosing, uint32_t context, uint32_t then) {
  for (unsigned i = 0; i < choosing->focus_count; i++)
    if (choosing->focus[i].context == context)
      return;
  if (context == 0 || choosing->focus_count == FOCUS_COUNT_MAX || then > choosing->last)
    return;
  uint32_t begin = story_begin_of(choosing, context, then);
  choosing->focus[choosing->focus_count++] = (Focus){ .context = context, .begin = begin, .asked = asked_of(choosing, begin) };
}

const Focus *story_focus_of(const Choosing *choosing, uint32_t context) {
  for (unsigned i = 0; i < choosing->focus_count; i++)
    if (choosing->focus[i].context == context)
      return &choosing->focus[i];
  return NULL;
}

/* Contexts that a machine which cannot go on is stuck in, and whoever holds what they spin on. */
static void stuck_add(Choosing *choosing) {
  const SimMachine *machine = sim_machine();
  for (uint32_t i = 0; i < machine->vcpu_count; i++) {
    const SimVcpu *vcpu = &machine->vcpus[i];
    for (unsigned depth = 0; depth < vcpu->depth; depth++) {
      const SimContext *context = vcpu->stack[depth];
      if (!context->is_spinning && !vcpu->is_hung)
        continue;
      focus_add(choosing, context->id, last_of_context(choosing, context->id));
      thing_add(choosing, context->is_spinning ? context->pending.object : 0);
    }
  }
  for (uint32_t i = choosing->last + 1; i-- > 0;) {
    const SimEvent *event = at(choosing, i);
    if (event->kind == EVENT_LOCK_ACQUIRE && g_hash_table_contains(choosing->things, GUINT_TO_POINTER(event->object)))
      focus_add(choosing, event->context, last_of_context(choosing, event->context));
  }
}

/* Who else was running driver code in the end. */
static void loops_add(Choosing *choosing) {
  const SimMachine *machine = sim_machine();
  for (uint32_t i = 0; i < machine->vcpu_count; i++) {
    const SimVcpu *vcpu = &machine->vcpus[i];
    const SimContext *top = vcpu->depth > 0 ? vcpu->stack[vcpu->depth - 1] : NULL;
    if (top != NULL && top->frame_count > 0)
      focus_add(choosing, top->id, last_of_context(choosing, top->id));
  }
}

static bool is_stuck(const RunResult *result) { return result->stop == SIM_STOP_HUNG || result->bugcheck.code == 0x133; }

/* The things the story is about: of the finding, of the bug check, and what its contexts classify, send or were queued as. */
static void things_collect(Choosing *choosing) {
  const Finding *main = choosing->main;
  if (main != NULL) {
    thing_add(choosing, main->object);
    if (main->event_related < choosing->record->count)
      thing_add(choosing, at(choosing, main->event_related)->object);
    const Object *block = main->value >= 0x10000 ? names_pool_block(main->value) : NULL;
    thing_add(choosing, block != NULL ? block->ordinal : 0);
  }
  for (unsigned i = 0; i < choosing->focus_count; i++) {
    const Focus *focus = &choosing->focus[i];
    for (uint32_t j = focus->begin; j <= choosing->last; j++) {
      const SimEvent *event = at(choosing, j);
      bool is_its = event->context == focus->context;
      if (is_its && (event->kind == EVENT_CLASSIFY || event->kind == EVENT_MESSAGE_SEND || event->kind == EVENT_PEND))
        thing_add(choosing, event->object);
    }
  }
}

/* ---- the end ---- */

static uint32_t last_of_kind(const SimRecord *record, unsigned kind) {
  for (size_t i = record->count; i > 0; i--)
    if (record->events[i - 1].kind == kind)
      return (uint32_t)(i - 1);
  return STORY_NONE;
}

/* The return of the call a finding was made in, so that its result is told; the finding's own event when there is none. */
static uint32_t return_after(const SimRecord *record, const Finding *finding) {
  for (uint32_t i = finding->event; finding->function != 0 && i < record->count; i++)
    if (record->events[i].kind == EVENT_RETURN && record->events[i].context == finding->context &&
        record->events[i].function == finding->function)
      return i;
  return finding->event;
}

/* The story ends with the bug check, or what was found last, or what the run ended with. */
static uint32_t end_of(const SimRecord *record, const RunResult *result, const Finding *main) {
  uint32_t bugcheck = result->bugcheck.code != 0 ? last_of_kind(record, EVENT_BUGCHECK) : STORY_NONE;
  uint32_t stop = last_of_kind(record, SIM_EVENT_STOP), last = 0;
  if (bugcheck != STORY_NONE)
    return bugcheck;
  if (main != NULL && main->rule == RULE_DATA_RACE && result->stop == SIM_STOP_QUIET && main->event < record->count)
    return main->event;
  for (uint32_t i = 0; result->stop == SIM_STOP_QUIET && i < result->finding_count; i++)
    if (result->findings[i].event < record->count)
      last = MAX(last, return_after(record, &result->findings[i]));
  return last != 0 ? last : stop != STORY_NONE ? stop : (uint32_t)record->count - 1;
}

static bool is_end_needed(const Choosing *choosing) {
  const SimEvent *end = at(choosing, choosing->last);
  if (end->kind == EVENT_BUGCHECK) /* it stops inside of the very call that is told: the paragraph below says so */
    return choosing->main == NULL || choosing->main->context != end->context ||
           choosing->calls[choosing->main->event] != choosing->calls[choosing->last];
  return end->kind == SIM_EVENT_STOP;
}

/* ---- picking ---- */

static int compare_weights(const void *left, const void *right, void *data) {
  const Choosing *choosing = data;
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  if (choosing->weights[a] != choosing->weights[b])
    return choosing->weights[a] > choosing->weights[b] ? -1 : 1;
  return a > b ? -1 : a < b;
}

static int compare_lines(const void *left, const void *right) {
  const StoryLine *a = left, *b = right;
  if (a->place != b->place)
    return a->place < b->place ? -1 : 1;
  if (a->sequence != b->sequence)
    return a->sequence < b->sequence ? -1 : 1;
  if (a->is_access != b->is_access)
    return a->is_access ? 1 : -1;
  return (int)a->which - (int)b->which;
}

const Finding *story_finding_at(const Choosing *choosing, uint32_t line) {
  const Finding *found = NULL;
  for (uint32_t i = 0; i < choosing->result->finding_count; i++) {
    const Finding *finding = &choosing->result->findings[i];
    if (finding->rule != RULE_DATA_RACE && finding->event <= choosing->last && story_line_of(choosing, finding->event) == line &&
        (found == NULL || finding == choosing->main))
      found = finding;
  }
  return found;
}

/* Both accesses of a race: what the story is about. */
static void accesses_add(const Choosing *choosing, GArray *lines) {
  RaceSide side;
  for (RaceOrdinal which = RACE_FIRST; choosing->main != NULL && which <= RACE_SECOND; which++)
    if (race_side(choosing->names, choosing->main, which, &side)) {
      StoryLine line = { .sequence = side.event,
                         .place = side.event,
                         .end = STORY_NONE,
                         .repeats = 1,
                         .finding = choosing->main,
                         .is_access = true,
                         .which = which };
      g_array_append_val(lines, line);
    }
}

static StoryChoice pick(Choosing *choosing, unsigned count_max) {
  g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  story_repeats_join(choosing);
  for (uint32_t i = 0; i <= choosing->last; i++)
    if (choosing->weights[i] > WEIGHT_NOTHING)
      g_array_append_val(candidates, i);
  g_array_sort_with_data(candidates, compare_weights, choosing);
  StoryChoice choice = { .lines = g_array_new(FALSE, FALSE, sizeof(StoryLine)) };
  for (guint i = 0; i < candidates->len && i < count_max; i++) {
    uint32_t sequence = g_array_index(candidates, uint32_t, i);
    StoryLine line = { .sequence = sequence,
                       .place = sequence,
                       .end = choosing->ends[sequence],
                       .repeats = choosing->repeats[sequence],
                       .finding = story_finding_at(choosing, sequence),
                       .is_end = sequence == choosing->last && is_end_needed(choosing) };
    g_array_append_val(choice.lines, line);
  }
  accesses_add(choosing, choice.lines);
  story_calls_place(choosing, choice.lines);
  choice.left_out = candidates->len > count_max ? candidates->len - count_max : 0;
  g_array_sort(choice.lines, compare_lines);
  return choice;
}

StoryChoice story_choose(const Names *names, const RunResult *result, const Finding *main, bool has_marks, unsigned count_max) {
  const SimRecord *record = names_record(names);
  if (record->count == 0)
    return (StoryChoice){ .lines = g_array_new(FALSE, FALSE, sizeof(StoryLine)) };
  Choosing choosing = {
    .names = names, .record = record, .result = result, .main = main, .last = end_of(record, result, main), .has_marks = has_marks
  };
  choosing.things = g_hash_table_new(NULL, NULL);
  choosing.weights = g_new0(uint8_t, record->count);
  choosing.ends = g_new(uint32_t, record->count);
  choosing.repeats = g_new0(uint32_t, record->count);
  choosing.calls = g_new(uint32_t, record->count);
  choosing.blocks = g_new(uint32_t, record->count);
  story_calls_match(&choosing);
  if (main != NULL)
    focus_add(&choosing, main->context, main->event);
  if (main != NULL && main->rule == RULE_DATA_RACE && main->other.event < record->count)
    focus_add(&choosing, main->other.context, names_event_of(names, main->other.context, main->other.event));
  if (result->bugcheck.code != 0)
    focus_add(&choosing, result->bugcheck.context, choosing.last);
  bool is_about_all = result->bugcheck.code == 0 && (main == NULL || main->rule != RULE_DATA_RACE);
  for (uint32_t i = 0; is_about_all && i < result->finding_count; i++)
    focus_add(&choosing, result->findings[i].context, result->findings[i].event);
  if (is_stuck(result))
    stuck_add(&choosing);
  if (main != NULL && main->rule == RULE_LIVELOCK)
    loops_add(&choosing);
  things_collect(&choosing);
  story_weigh(&choosing);
  if (is_end_needed(&choosing))
    weigh(&choosing, choosing.last, WEIGHT_END);
  StoryChoice choice = pick(&choosing, count_max);
  g_hash_table_unref(choosing.things);
  g_free(choosing.weights);
  g_free(choosing.ends);
  g_free(choosing.repeats);
  g_free(choosing.calls);
  g_free(choosing.blocks);
  return choice;
}

void story_choice_finish(StoryChoice *choice) { g_clear_pointer(&choice->lines, g_array_unref); }
