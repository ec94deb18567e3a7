#include "coverage_collect.h"

#include "model/ddi/ddi.h"
#include "model/events.h"
#include "model/ke/ke_state.h"

#include <string.h>
#include <sys/mman.h>

#define LINES_SIZE ((SIM_IMAGE_END - SIM_IMAGE_BASE) / 4 * sizeof(uint32_t))

Coverage *coverage_new(bool has_lines) {
  Coverage *coverage = g_new0(Coverage, 1);
  if (has_lines) {
    void *lines = mmap(NULL, LINES_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    coverage->lines = lines != MAP_FAILED ? lines : NULL;
  }
  return coverage;
}

void coverage_clear(Coverage *coverage) {
  coverage->run_count = 0;
  coverage->lock_edge_count = 0;
  for (unsigned i = 0; i < coverage->routine_count; i++)
    coverage->routines[i].entered = 0;
  memset(coverage->met, 0, sizeof coverage->met);
  memset(coverage->interrupted, 0, sizeof coverage->interrupted);
  memset(coverage->call_counts, 0, sizeof coverage->call_counts);
  memset(coverage->call_met, 0, sizeof coverage->call_met);
  memset(coverage->answers, 0, sizeof coverage->answers);
}

void coverage_free(Coverage *coverage) {
  if (coverage == NULL)
    return;
  if (coverage->lines != NULL)
    munmap(coverage->lines, LINES_SIZE);
  g_free(coverage);
}

/* ---- tables ---- */

/* -1: there is no room for another. */
static int routine_index(Coverage *coverage, uint64_t address, uint32_t callback) {
  for (unsigned i = 0; i < coverage->routine_count; i++)
    if (coverage->routines[i].address == address && coverage->routines[i].callback == callback)
      return (int)i;
  if (coverage->routine_count == COVERAGE_ROUTINE_COUNT_MAX)
    return -1;
  coverage->routines[coverage->routine_count] = (CoverageRoutine){ .address = address, .callback = callback };
  return (int)coverage->routine_count++;
}

static int call_index(Coverage *coverage, uint32_t function) {
  for (unsigned i = 0; i < coverage->call_count; i++)
    if (coverage->calls[i] == function)
      return (int)i;
  if (coverage->call_count == COVERAGE_CALL_COUNT_MAX)
    return -1;
  coverage->calls[coverage->call_count] = function;
  return (int)coverage->call_count++;
}

static CoverageActive *active_find(Coverage *coverage, uint32_t context) {
  for (unsigned i = 0; i < coverage->active_count; i++)
    if (coverage->active[i].context_id == context)
      return &coverage->active[i];
  return NULL;
}

/* ---- routines ---- */

/* Does it stand beneath `above` on the same cpu? Then it was interrupted. */
static bool is_beneath(const SimContext *below, const SimContext *above) {
  const SimVcpu *vcpu = above != NULL ? above->vcpu : NULL;
  for (unsigned i = 0; vcpu != NULL && i < vcpu->depth; i++) {
    if (vcpu->stack[i] == above)
      return false;
    if (vcpu->stack[i] == below)
      return true;
  }
  return false;
}

static void routine_meets(Coverage *coverage, unsigned routine, const SimContext *context, uint32_t id) {
  for (unsigned i = 0; i < coverage->active_count; i++) {
    const CoverageActive *other = &coverage->active[i];
    bool is_below = other->context_id != id && is_beneath(other->context, context);
    for (unsigned depth = 0; other->context_id != id && depth < other->depth; depth++) {
      unsigned met = other->routines[depth];
      if (is_below)
        coverage->interrupted[met][routine]++;
      else
        coverage->met[MIN(met, routine)][MAX(met, routine)]++;
    }
  }
}

static void observe_callback(Coverage *coverage, const SimEvent *event) {
  int routine = routine_index(coverage, event->value, event->function);
  const SimContext *context = sim_machine()->current;
  CoverageActive *active = active_find(coverage, event->context);
  if (routine < 0)
    return;
  coverage->routines[routine].entered++;
  routine_meets(coverage, (unsigned)routine, context, event->context);
  if (active == NULL && coverage->active_count < SIM_CONTEXT_COUNT_MAX) {
    active = &coverage->active[coverage->active_count++];
    *active = (CoverageActive){ .context_id = event->context, .call = -1 };
  }
  if (active == NULL)
    return;
  active->context = context;
  if (active->depth < COVERAGE_DEPTH_MAX)
    active->routines[active->depth] = (uint16_t)routine;
  active->depth++;
}

static void active_remove(Coverage *coverage, CoverageActive *active) { *active = coverage->active[--coverage->active_count]; }

static void observe_callback_return(Coverage *coverage, const SimEvent *event) {
  CoverageActive *active = active_find(coverage, event->context);
  if (active != NULL && --active->depth == 0)
    active_remove(coverage, active);
}

/* ---- calls ---- */

static void observe_call(Coverage *coverage, const SimEvent *event) {
  int call = call_index(coverage, event->function);
  CoverageActive *active = active_find(coverage, event->context);
  if (call < 0 || active == NULL)
    return;
  active->call = call;
  coverage->call_counts[call]++;
  for (unsigned i = 0; i < coverage->active_count; i++) {
    int other = coverage->active[i].call;
    if (coverage->active[i].context_id != event->context && other >= 0)
      coverage->call_met[MIN(other, call)][MAX(other, call)]++;
  }
}

/* ---- locks ---- */

static void edge_count(Coverage *coverage, uint32_t held, uint32_t taken) {
  for (unsigned i = 0; i < coverage->lock_edge_count; i++) {
    CoverageLockEdge *edge = &coverage->lock_edges[i];
    if (edge->held == held && edge->taken == taken) {
      edge->count++;
      return;
    }
  }
  if (coverage->lock_edge_count == COVERAGE_LOCK_EDGE_COUNT_MAX)
    return;
  const Object *one = object_by_ordinal(held), *other = object_by_ordinal(taken);
  coverage->lock_edges[coverage->lock_edge_count++] = (CoverageLockEdge){ .held = held,
                                                                          .taken = taken,
                                                                          .held_address = one != NULL ? one->address : 0,
                                                                          .taken_address = other != NULL ? other->address : 0,
                                                                          .count = 1 };
}

static void lock_taken(Coverage *coverage, uint32_t context, uint32_t object) {
  for (unsigned i = 0; i < coverage->held_count; i++)
    if (coverage->held[i].context == context && coverage->held[i].object != object)
      edge_count(coverage, coverage->held[i].object, object);
  if (coverage->held_count < G_N_ELEMENTS(coverage->held)) {
    coverage->held[coverage->held_count].context = context;
    coverage->held[coverage->held_count++].object = object;
  }
}

static void lock_given(Coverage *coverage, uint32_t context, uint32_t object) {
  for (unsigned i = coverage->held_count; i-- > 0;)
    if (coverage->held[i].object == object && coverage->held[i].context == context) {
      coverage->held[i] = coverage->held[--coverage->held_count];
      return;
    }
}

static bool is_mutex_call(uint32_t id) {
  const DdiFunction *function = ddi_function_by_id(id);
  return function != NULL && strstr(function->name, "FastMutex") != NULL;
}

/* A wait of a thread ends: has it got a mutex by it? */
static void observe_wake(Coverage *coverage, const SimEvent *event) {
  const Object *object = object_by_ordinal(event->object);
  const KeThread *thread = object != NULL && object->kind == OBJECT_THREAD && object->is_alive ? object->body : NULL;
  const SimContext *context = thread != NULL ? thread->context : NULL;
  if (context == NULL || event->status != 0)
    return;
  const Object *waited = context->pending.object != 0 ? object_by_ordinal(context->pending.object) : NULL;
  if (waited != NULL && (waited->kind == OBJECT_MUTEX || (waited->kind == OBJECT_EVENT && is_mutex_call(context->call))))
    lock_taken(coverage, context->id, waited->ordinal);
}

/* ---- events ---- */

static void observe(const SimEvent *event, void *data) {
  Coverage *coverage = data;
  switch (event->kind) {
  case EVENT_CALLBACK: observe_callback(coverage, event); return;
  case EVENT_CALLBACK_RETURN: observe_callback_return(coverage, event); return;
  case EVENT_CALL: observe_call(coverage, event); return;
  case EVENT_RETURN: {
    CoverageActive *active = active_find(coverage, event->context);
    if (active != NULL)
      active->call = -1;
    return;
  }
  case EVENT_LOCK_ACQUIRE: lock_taken(coverage, event->context, event->object); return;
  case EVENT_SIGNAL:
  case EVENT_LOCK_RELEASE: lock_given(coverage, event->context, event->object); return;
  case EVENT_WAKE: observe_wake(coverage, event); return;
  case EVENT_THREAD_EXIT: {
    CoverageActive *active = active_find(coverage, event->context);
    if (active != NULL)
      active_remove(coverage, active);
    return;
  }
  default: return;
  }
}

void coverage_run_begin(Coverage *coverage) {
  static const uint16_t kinds[] = { EVENT_CALLBACK,     EVENT_CALLBACK_RETURN, EVENT_CALL, EVENT_RETURN,     EVENT_LOCK_ACQUIRE,
                                    EVENT_LOCK_RELEASE, EVENT_SIGNAL,          EVENT_WAKE, EVENT_THREAD_EXIT };
  SimEventMask mask = { 0 };
  for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
    sim_event_mask_add(&mask, kinds[i]);
  coverage->held_count = 0;
  coverage->active_count = coverage->active_boot_count;
  memcpy(coverage->active, coverage->active_boot, coverage->active_count * sizeof *coverage->active);
  sim_observer_add(sim_machine(), observe, coverage, mask);
}

void coverage_run_end(Coverage *coverage, const RunResult *result) {
  coverage->run_count++;
  for (size_t i = 0; i < result->exceptions.count; i++) {
    const SimException *exception = &result->exceptions.exceptions[i];
    bool is_who = exception->kind == SIM_CHOICE_STEP || exception->kind == SIM_CHOICE_ACCESS || exception->kind == SIM_CHOICE_GRANT;
    coverage->answers[exception->kind][is_who ? COVERAGE_ANSWER_COUNT_MAX : MIN(exception->answer, COVERAGE_ANSWER_COUNT_MAX)]++;
  }
}

static const SimContext *context_by_id(uint32_t id) {
  for (unsigned slot = 0; slot < sim_machine()->context_count; slot++)
    if (sim_machine()->contexts[slot].is_live && sim_machine()->contexts[slot].id == id)
      return &sim_machine()->contexts[slot];
  return NULL;
}

void coverage_boot(Coverage *coverage, const SimRecord *record) {
  coverage->active_count = coverage->held_count = 0;
  for (size_t i = 0; i < record->count; i++)
    switch (record->events[i].kind) {
    case EVENT_CALLBACK: observe_callback(coverage, &record->events[i]); break;
    case EVENT_CALLBACK_RETURN: observe_callback_return(coverage, &record->events[i]); break;
    case EVENT_CALL: observe_call(coverage, &record->events[i]); break;
    default: break;
    }
  for (unsigned i = 0; i < coverage->active_count; i++) {
    coverage->active[i].context = context_by_id(coverage->active[i].context_id);
    if (coverage->active[i].context != NULL)
      coverage->active_boot[coverage->active_boot_count++] = coverage->active[i];
  }
}
