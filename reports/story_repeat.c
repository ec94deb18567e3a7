/* The same call again and again in one context, or the same few, with nothing to tell in between: each is one line, which counts at its first. */
#include "story_internal.h"

#include "model/events.h"

#define ROUND_LENGTH_MAX 8
#define ROUND_COUNT_MIN 4 /* of several calls: fewer rounds are told as they are */

static bool is_same_line(const Choosing *choosing, uint32_t a, uint32_t b) {
  const SimEvent *first = at(choosing, a), *second = at(choosing, b);
  if (first->kind != EVENT_CALL || second->kind != EVENT_CALL || first->function != second->function ||
      story_object_of(choosing, a) != story_object_of(choosing, b) || first->irql != second->irql || first->cpu != second->cpu ||
      choosing->ends[a] == STORY_NONE || choosing->ends[b] == STORY_NONE || choosing->blocks[a] != STORY_NONE ||
      choosing->blocks[b] != STORY_NONE)
    return false;
  const SimEvent *first_end = at(choosing, choosing->ends[a]), *second_end = at(choosing, choosing->ends[b]);
  return first_end->status == second_end->status && first_end->irql == second_end->irql && story_finding_at(choosing, a) == NULL &&
         story_finding_at(choosing, b) == NULL;
}

static uint32_t line_at(const GArray *lines, guint index) { return g_array_index(lines, uint32_t, index); }

/* How many rounds of that many lines begin there that are all the same. */
static guint round_count(const Choosing *choosing, const GArray *lines, guint first, guint length) {
  guint same = 0;
  while (first + same + length < lines->len && is_same_line(choosing, line_at(lines, first + same), line_at(lines, first + same + length)))
    same++;
  return same / length + 1;
}

static void rounds_join(Choosing *choosing, const GArray *lines, guint first, guint length, guint count) {
  for (guint i = 0; i < length; i++) {
    uint32_t told = line_at(lines, first + i);
    choosing->repeats[told] = count;
    for (guint k = 1; k < count; k++) {
      uint32_t other = line_at(lines, first + k * length + i);
      weigh(choosing, told, choosing->weights[other]);
      choosing->weights[other] = WEIGHT_NOTHING;
    }
  }
}

/* What the context had begun of one more round when it ended: nothing new. */
static guint rest_count(const Choosing *choosing, const GArray *lines, guint first, guint length, guint next) {
  guint count = 0;
  for (; count < length && next + count < lines->len; count++) {
    const SimEvent *told = at(choosing, line_at(lines, first + count)), *other = at(choosing, line_at(lines, next + count));
    bool is_waiting = choosing->blocks[line_at(lines, next + count)] != STORY_NONE;
    if (other->kind != EVENT_CALL || is_waiting || other->function != told->function ||
        story_finding_at(choosing, line_at(lines, next + count)) != NULL)
      return 0;
  }
  return next + count == lines->len ? count : 0;
}

static void lines_join(Choosing *choosing, const GArray *lines) {
  for (guint i = 0; i < lines->len;) {
    guint length = 1, count = round_count(choosing, lines, i, 1);
    for (guint longer = 2; count == 1 && longer <= ROUND_LENGTH_MAX; longer++)
      if (round_count(choosing, lines, i, longer) >= ROUND_COUNT_MIN) {
        length = longer;
        count = round_count(choosing, lines, i, longer);
      }
    rounds_join(choosing, lines, i, length, count);
    guint next = i + length * count, rest = count >= ROUND_COUNT_MIN ? rest_count(choosing, lines, i, length, next) : 0;
    for (guint k = 0; k < rest; k++)
      choosing->weights[line_at(lines, next + k)] = WEIGHT_NOTHING;
    i = next + rest;
  }
}

void story_repeats_join(Choosing *choosing) {
  g_autoptr(GHashTable) lines = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref); /* by context; looked up only */
  g_autoptr(GPtrArray) lists = g_ptr_array_new();
  for (uint32_t i = 0; i <= choosing->last; i++) {
    gpointer context = GUINT_TO_POINTER(at(choosing, i)->context);
    GArray *list = g_hash_table_lookup(lines, context);
    if (choosing->weights[i] == WEIGHT_NOTHING)
      continue;
    if (list == NULL) {
      list = g_array_new(FALSE, FALSE, sizeof(uint32_t));
      g_hash_table_insert(lines, context, list);
      g_ptr_array_add(lists, list);
    }
    g_array_append_val(list, i);
  }
  for (guint i = 0; i < lists->len; i++)
    lines_join(choosing, g_ptr_array_index(lists, i));
}
