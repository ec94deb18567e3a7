#include "held.h"

#include "model/events.h"

#include <string.h>

typedef enum Change { CHANGE_NONE, CHANGE_TAKE, CHANGE_GIVE } Change;

static bool is_kind(const SimEvent *event, unsigned kind) {
  const Object *object = event->object != 0 ? object_by_ordinal(event->object) : NULL;
  return object != NULL && object->kind == kind;
}

/* Spin locks tell it themselves; the others are seen by the calls that take them and give them back. */
static const struct {
  const char *function;
  unsigned event;
  Change change;
  bool if_true;  /* where it returns TRUE */
  bool of_mutex; /* where what it names is a mutex, and it returns STATUS_SUCCESS */
} calls[] = {
  { "ExAcquireFastMutex", EVENT_RETURN, CHANGE_TAKE, false, false },
  { "ExAcquireFastMutexUnsafe", EVENT_RETURN, CHANGE_TAKE, false, false },
  { "ExTryToAcquireFastMutex", EVENT_RETURN, CHANGE_TAKE, true, false },
  { "ExReleaseFastMutex", EVENT_CALL, CHANGE_GIVE, false, false },
  { "ExReleaseFastMutexUnsafe", EVENT_CALL, CHANGE_GIVE, false, false },
  { "KeWaitForSingleObject", EVENT_RETURN, CHANGE_TAKE, false, true },
  { "KeWaitForMutexObject", EVENT_RETURN, CHANGE_TAKE, false, true },
  { "KeReleaseMutex", EVENT_CALL, CHANGE_GIVE, false, false },
};

static Change change_of(const SimEvent *event) {
  if (event->kind == EVENT_LOCK_ACQUIRE)
    return CHANGE_TAKE;
  if (event->kind == EVENT_LOCK_RELEASE)
    return CHANGE_GIVE;
  if (event->kind != EVENT_CALL && event->kind != EVENT_RETURN)
    return CHANGE_NONE;
  const char *function = names_function(event->function);
  for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++)
    if (event->kind == calls[i].event && strcmp(function, calls[i].function) == 0 && (!calls[i].if_true || event->status != 0) &&
        (!calls[i].of_mutex || (event->status == 0 && is_kind(event, OBJECT_MUTEX))))
      return calls[i].change;
  return CHANGE_NONE;
}

static bool is_drivers(uint32_t ordinal) {
  const Object *object = ordinal != 0 ? object_by_ordinal(ordinal) : NULL;
  return object != NULL && object->driver != 0;
}

static void held_change(GArray *held, const SimEvent *event, Change change) {
  if (change == CHANGE_TAKE && is_drivers(event->object))
    g_array_append_val(held, event->object);
  for (guint i = held->len; change == CHANGE_GIVE && i-- > 0;)
    if (g_array_index(held, uint32_t, i) == event->object) {
      g_array_remove_index(held, i);
      return;
    }
}

/* Ordinals, in the order in which they were taken. Returns owned. */
static GArray *held_collect(const Names *names, uint32_t context, uint32_t sequence) {
  const SimRecord *record = names_record(names);
  GArray *held = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  for (uint32_t i = 0; i < record->count && i <= sequence; i++)
    if (record->events[i].context == context)
      held_change(held, &record->events[i], change_of(&record->events[i]));
  return held;
}

GArray *held_orders(const Names *names, uint32_t sequence) {
  const SimRecord *record = names_record(names);
  GArray *orders = g_array_new(FALSE, FALSE, sizeof(HeldOrder));
  g_autoptr(GHashTable) contexts = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref); /* id -> held; looked up only */
  for (uint32_t i = 0; i < record->count && i <= sequence; i++) {
    const SimEvent *event = &record->events[i];
    Change change = change_of(event);
    GArray *held = change != CHANGE_NONE ? g_hash_table_lookup(contexts, GUINT_TO_POINTER(event->context)) : NULL;
    if (change == CHANGE_NONE)
      continue;
    if (held == NULL) {
      held = g_array_new(FALSE, FALSE, sizeof(uint32_t));
      g_hash_table_insert(contexts, GUINT_TO_POINTER(event->context), held);
    }
    for (guint k = 0; change == CHANGE_TAKE && is_drivers(event->object) && k < held->len; k++) {
      HeldOrder order = { .held = g_array_index(held, uint32_t, k), .taken = event->object, .context = event->context, .sequence = i };
      g_array_append_val(orders, order);
    }
    held_change(held, event, change);
  }
  return orders;
}

char *held_words(const Names *names, uint32_t context, uint32_t sequence) {
  g_autoptr(GArray) held = held_collect(names, context, sequence);
  g_autoptr(GString) words = g_string_new(held->len == 0 ? "no lock" : "");
  for (guint i = 0; i < held->len; i++) {
    g_autofree char *name = names_object(names, g_array_index(held, uint32_t, i));
    g_string_append_printf(words, "%s%s", i == 0 ? "" : i + 1 == held->len ? " and " : ", ", name);
  }
  return g_strdup(words->str);
}
