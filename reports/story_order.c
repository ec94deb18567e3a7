#include "story_order.h"

#include "model/events.h"

/* Nothing may be told on its other side. */
static bool is_barrier(const StoryRow *row) { return row->line == NULL || row->cpu == 0xff; }

/* Does the order of the two say something? */
static bool is_bound(const StoryRow *one, const StoryRow *other) {
  if (is_barrier(one) || is_barrier(other))
    return true;
  bool are_accesses = one->line->is_access && other->line->is_access;
  return one->cpu == other->cpu || one->context == other->context || (one->object != 0 && one->object == other->object) || are_accesses;
}

/* May the row at `index` be told before all that stand from `first` on? */
static bool is_free(const GArray *rows, guint first, guint index) {
  for (guint i = first; i < index; i++)
    if (is_bound(&g_array_index(rows, StoryRow, i), &g_array_index(rows, StoryRow, index)))
      return false;
  return true;
}

void story_order(GArray *rows) {
  for (guint first = 0; first < rows->len; first++) {
    guint next = first;
    for (guint i = first + 1; i < rows->len && !is_barrier(&g_array_index(rows, StoryRow, i)); i++)
      if (g_array_index(rows, StoryRow, i).time_ns < g_array_index(rows, StoryRow, next).time_ns && is_free(rows, first, i))
        next = i;
    StoryRow row = g_array_index(rows, StoryRow, next);
    for (guint i = next; i > first; i--)
      g_array_index(rows, StoryRow, i) = g_array_index(rows, StoryRow, i - 1);
    g_array_index(rows, StoryRow, first) = row;
  }
}
