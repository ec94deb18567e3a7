#include "lock_circle.h"

#include "held.h"
#include "paragraph.h"

#include "model/rules/rule_ids.h"

#include <string.h>

#define LENGTH_MAX 6

/* ---- a way from one lock to another ---- */

typedef struct Search {
  const GArray *orders; /* HeldOrder */
  const HeldOrder *path[LENGTH_MAX];
  unsigned length;
} Search;

static bool is_taken(const Search *search, const HeldOrder *order) {
  for (unsigned i = 0; i < search->length; i++)
    if (search->path[i]->context == order->context || search->path[i]->taken == order->taken)
      return true;
  return false;
}

/* Over orders of different contexts, of exactly that length. */
static bool search_go(Search *search, uint32_t from, uint32_t to, uint32_t context, unsigned length) {
  for (guint i = 0; i < search->orders->len; i++) {
    const HeldOrder *order = &g_array_index(search->orders, HeldOrder, i);
    if (order->held != from || order->context == context || is_taken(search, order) || (length == 1) != (order->taken == to))
      continue;
    search->path[search->length++] = order;
    if (length == 1 || search_go(search, order->taken, to, context, length - 1))
      return true;
    search->length--;
  }
  return false;
}

/* ---- printing ---- */

static void line_put(GString *out, const ReportStyle *style, const char *who, unsigned width, const char *words, bool is_first) {
  g_autoptr(GString) line = g_string_new(NULL);
  report_pad(line, who, width);
  g_string_append_printf(line, "  %s", words);
  if (is_first)
    paragraph_put(out, style, "the circle", line->str);
  else
    paragraph_more(out, style, line->str);
}

static char *order_words(const Names *names, uint32_t taken, uint32_t held, uint32_t site) {
  g_autofree char *lock = names_object(names, taken), *other = names_object(names, held), *place = place_words(names_run(names), site);
  return g_strdup_printf("takes %s while it holds %s%s%s%s", lock, other, *place != '\0' ? "  (" : "", place, *place != '\0' ? ")" : "");
}

void lock_circle_print(GString *out, const ReportStyle *style, const Names *names, const Finding *finding) {
  if (finding->rule != RULE_LOCK_ORDER)
    return;
  g_autoptr(GArray) orders = held_orders(names, finding->event);
  Search search = { .orders = orders };
  const char *who = names_running(names, names_event_of(names, finding->context, finding->event));
  unsigned width = report_columns(who), length = 1;
  while (length <= LENGTH_MAX && !search_go(&search, finding->object, finding->detail, finding->context, length))
    length++;
  if (length > LENGTH_MAX)
    return;
  for (unsigned i = 0; i < search.length; i++)
    width = MAX(width, report_columns(names_running(names, search.path[i]->sequence)));
  g_autofree char *own = order_words(names, finding->object, finding->detail, finding->site);
  line_put(out, style, who, width, own, true);
  for (unsigned i = 0; i < search.length; i++) {
    const HeldOrder *order = search.path[i];
    const SimEvent *event = &names_record(names)->events[order->sequence];
    g_autofree char *words = order_words(names, order->taken, order->held, event->site);
    line_put(out, style, names_running(names, order->sequence), width, words, false);
  }
}
