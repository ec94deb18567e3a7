/*
 * Calls in a story: one that does what it does at once is told where it did, behind everybody who came first; one that had to wait where it began to, and
 * again where it had what it waited for.
 */
#include "story_internal.h"

#include "model/events.h"

/* ---- which events are calls ---- */

static void call_open(GArray *stack, uint32_t call) { g_array_append_val(stack, call); }

/* A wait that is over at once is none. */
static void block_note(Choosing *choosing, uint32_t call, uint32_t sequence) {
  const SimEvent *event = at(choosing, sequence);
  if (event->kind == SIM_EVENT_SPIN || (event->kind == EVENT_WAIT && event->detail != 3))
    choosing->blocks[call] = sequence;
  else if (event->kind == EVENT_WAKE)
    choosing->blocks[call] = STORY_NONE;
}

/* Open calls of each context, as stacks of sequences. */
void story_calls_match(Choosing *choosing) {
  g_autoptr(GHashTable) stacks = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
  for (uint32_t i = 0; i <= choosing->last; i++) {
    const SimEvent *event = at(choosing, i);
    GArray *stack = g_hash_table_lookup(stacks, GUINT_TO_POINTER(event->context));
    if (stack == NULL) {
      stack = g_array_new(FALSE, FALSE, sizeof(uint32_t));
      g_hash_table_insert(stacks, GUINT_TO_POINTER(event->context), stack);
    }
    choosing->ends[i] = choosing->calls[i] = choosing->blocks[i] = STORY_NONE;
    if (event->kind == EVENT_CALL)
      call_open(stack, i);
    if (stack->len > 0)
      choosing->calls[i] = g_array_index(stack, uint32_t, stack->len - 1);
    if (choosing->calls[i] != STORY_NONE)
      block_note(choosing, choosing->calls[i], i);
    if (event->kind == EVENT_RETURN && choosing->calls[i] != STORY_NONE)
      choosing->ends[choosing->calls[i]] = i;
    if (event->kind == EVENT_CALLBACK) /* driver code called back from inside a call: a level of its own */
      call_open(stack, STORY_NONE);
    if ((event->kind == EVENT_RETURN || event->kind == EVENT_CALLBACK_RETURN) && stack->len > 0)
      g_array_set_size(stack, stack->len - 1);
  }
}

bool story_is_own_wake(const Choosing *choosing, uint32_t sequence) {
  const SimEvent *event = at(choosing, sequence), *before = sequence > 0 ? at(choosing, sequence - 1) : event;
  return event->kind == EVENT_WAKE && before->kind == EVENT_WAIT && before->context == event->context;
}

uint32_t story_object_of(const Choosing *choosing, uint32_t call) {
  uint32_t end = choosing->ends[call] != STORY_NONE ? choosing->ends[call] : choosing->last;
  for (uint32_t i = call; i <= end; i++) {
    unsigned kind = at(choosing, i)->kind;
    bool names_it =
        kind == EVENT_CALL || kind == EVENT_WAIT || kind == EVENT_SIGNAL || kind == SIM_EVENT_SPIN || kind == EVENT_LOCK_ACQUIRE;
    if (names_it && choosing->calls[i] == call && at(choosing, i)->object != 0)
      return at(choosing, i)->object;
  }
  return 0;
}

/* ---- where they are told ---- */

static StoryLine *line_at(GArray *lines, guint index) { return &g_array_index(lines, StoryLine, index); }

static uint32_t context_of(const Choosing *choosing, const StoryLine *line) {
  if (!line->is_access)
    return at(choosing, line->sequence)->context;
  return line->which == RACE_FIRST ? line->finding->other.context : line->finding->context;
}

/* Is anything told between two events: by the context itself, or by others? */
static bool is_told_between(const Choosing *choosing, GArray *lines, uint32_t from, uint32_t to, bool by_itself) {
  for (guint i = 0; i < lines->len; i++) {
    const StoryLine *line = line_at(lines, i);
    if (line->place > from && line->place < to && (context_of(choosing, line) == at(choosing, from)->context) == by_itself)
      return true;
  }
  return false;
}

/* Where the call has what it waited for: it has taken the lock, or returns. */
static uint32_t had_at(const Choosing *choosing, const StoryLine *line, uint32_t block) {
  for (uint32_t i = block + 1; i < line->end; i++)
    if (at(choosing, i)->kind == EVENT_LOCK_ACQUIRE && choosing->calls[i] == line->sequence)
      return i;
  return line->end;
}

/* Where a call that does not wait is told: where it was found wrong; where it returns; at its beginning when more is told inside of it. */
static uint32_t place_of(const Choosing *choosing, GArray *lines, const StoryLine *line) {
  uint32_t end = line->end != STORY_NONE ? line->end : choosing->last;
  if (line->finding != NULL && line->finding->event > line->sequence && line->finding->event <= end)
    return line->finding->event;
  if (is_told_between(choosing, lines, line->sequence, end, true))
    return line->sequence;
  return line->end != STORY_NONE ? line->end : line->sequence;
}

static void call_place(const Choosing *choosing, GArray *lines, guint index) {
  StoryLine *line = line_at(lines, index);
  line->object = story_object_of(choosing, line->sequence);
  uint32_t block = choosing->blocks[line->sequence];
  if (block == STORY_NONE || line->repeats > 1) {
    line->place = place_of(choosing, lines, line);
    return;
  }
  line->place = block;
  line->part = STORY_WAITS;
  if (line->end == STORY_NONE)
    return;
  uint32_t had = had_at(choosing, line, block);
  if (!is_told_between(choosing, lines, block, had, false)) {
    line->part = STORY_WHOLE;
    line->place = had;
    return;
  }
  StoryLine has = *line;
  has.part = STORY_HAS;
  has.place = had;
  *(line->finding != NULL && line->finding->event > block ? &line->finding : &has.finding) = NULL; /* it stands where it was made */
  g_array_append_val(lines, has);
}

void story_calls_place(const Choosing *choosing, GArray *lines) {
  guint count = lines->len;
  for (guint i = 0; i < count; i++)
    if (!line_at(lines, i)->is_access && at(choosing, line_at(lines, i)->sequence)->kind == EVENT_CALL)
      call_place(choosing, lines, i);
}
