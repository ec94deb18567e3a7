/* The events that expectations are about, kept while a run goes on: what nobody asks about is not even put together. */
#include "run_internal.h"

static size_t event_count(const Expectation *expectation) {
  return expectation->kind == EXPECT_EVENT ? 1 : expectation->kind == EXPECT_ORDER ? expectation->event_count : 0;
}

static bool is_wanted(const ExpectSet *set, const SimEvent *event) {
  for (size_t i = 0; i < set->count; i++)
    for (size_t k = 0; k < event_count(&set->items[i]); k++) {
      const ExpectEvent *expected = &set->items[i].events[k];
      if (expected->kind == event->kind && (expected->function == 0 || expected->function == event->function))
        return true;
    }
  return false;
}

static void append(SimRecord *record, const SimEvent *event) {
  if (record->count == record->capacity) {
    record->capacity = MAX(64, record->capacity * 2);
    record->events = g_realloc(record->events, record->capacity * sizeof *record->events);
  }
  record->events[record->count++] = *event;
}

static void observe(const SimEvent *event, void *data) {
  const ScenarioRun *run = data;
  if (run->kept != NULL && is_wanted(&run->scenario->expect, event))
    append(run->kept, event);
}

/* Kinds of which some are wanted of any function, and those of which only some functions' are: calls and returns above all, which are many. */
void run_kept_begin(ScenarioRun *run) {
  const ExpectSet *set = &run->scenario->expect;
  SimEventMask any = { 0 }, named = { 0 };
  g_autoptr(GArray) functions = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  if (!run->wants_events)
    return;
  for (size_t i = 0; i < set->count; i++)
    for (size_t k = 0; k < event_count(&set->items[i]); k++) {
      const ExpectEvent *event = &set->items[i].events[k];
      sim_event_mask_add(event->function == 0 ? &any : &named, event->kind);
      if (event->function != 0)
        g_array_append_val(functions, event->function);
    }
  for (unsigned word = 0; word < G_N_ELEMENTS(any.bits); word++)
    named.bits[word] &= ~any.bits[word];
  sim_observer_add(sim_machine(), observe, run, any);
  sim_observer_add(sim_machine(), observe, run, named);
  sim_observer_is_of_functions(sim_machine(), (const uint32_t *)(const void *)functions->data, functions->len);
}
