#include "run_visit.h"

#include "run_internal.h"

#include <string.h>

#define EVENTS_BETWEEN_STATES 1000 /* at first: more where the run is long */
#define STATE_COUNT_MAX 64

typedef struct State {
  uint32_t event_count; /* events before it */
  SimSnapshot *snapshot;
} State;

struct RunVisit {
  ScenarioRun *run;
  const SimSchedule *schedule;
  SimRecord record;
  RunResult result;
  GArray *states;
  uint32_t between;
  uint32_t next_state; /* event_count at which the next is saved; UINT32_MAX: none */
  uint32_t wanted;     /* event to be visited; UINT32_MAX: none */
  RunVisitor *visitor;
  void *data;
};

static void state_clear(void *state) { sim_snapshot_destroy(&((State *)state)->snapshot); }

/* ---- the run ---- */

/* Every event passes here. */
static void observe(const SimEvent *event, void *data) {
  RunVisit *visit = data;
  if (event->sequence == visit->wanted) {
    visit->visitor(visit->data);
    visit->wanted = UINT32_MAX;
    sim_pause(sim_machine());
  } else if (event->sequence + 1 >= visit->next_state) {
    sim_hold(sim_machine());
  }
}

static void observe_all(RunVisit *visit) {
  SimEventMask mask;
  memset(&mask, 0xff, sizeof mask);
  sim_observer_add(sim_machine(), observe, visit, mask);
}

static SimStop go(RunVisit *visit) {
  sim_machine()->host_deadline_ns = UINT64_MAX; /* whoever looks takes his time */
  return run_machine(visit->run);
}

static void begin(RunVisit *visit, SimRecord *record, SimSchedule *exceptions) {
  const ScenarioRun *run = visit->run;
  SimRunOptions options = { .vcpu_count = run->scenario->machine.cpu_count,
                            .policy = &sim_policy_replay,
                            .replay = visit->schedule,
                            .races = run->races,
                            .limits = run->scenario->limits,
                            .exceptions = exceptions,
                            .record = record,
                            .name = run->scenario->file };
  sim_snapshot_restore(run->snapshot);
  sim_machine_begin(sim_machine(), &options);
  observe_all(visit);
}

/* ---- saved states ---- */

/* Every other one goes, and they come half as often from here on. */
static void states_thin(RunVisit *visit) {
  for (guint i = visit->states->len; i-- > 0;)
    if (i % 2 == 0)
      g_array_remove_index(visit->states, i);
  visit->between *= 2;
}

static void state_save(RunVisit *visit) {
  State state = { .event_count = sim_machine()->event_count, .snapshot = sim_snapshot_save() };
  g_array_append_val(visit->states, state);
  if (visit->states->len >= STATE_COUNT_MAX)
    states_thin(visit);
  visit->next_state = state.event_count + visit->between;
}

/* The run once, told as scenario_run_once tells it. */
static void run_all(RunVisit *visit) {
  scenario_run_once(visit->run, &(RunRequest){ .policy = &sim_policy_replay, .replay = visit->schedule, .record = &visit->record },
                    &visit->result);
  if (visit->run->snapshot == NULL || visit->result.event_count < EVENTS_BETWEEN_STATES)
    return;
  visit->next_state = run_visit_first(visit) + visit->between;
  begin(visit, NULL, NULL);
  while (go(visit) == SIM_STOP_NONE)
    state_save(visit);
  visit->next_state = UINT32_MAX;
  SIM_ASSERT(sim_machine()->hash == visit->result.hash || visit->result.stop == SIM_STOP_LIMIT_HOST_TIME);
}

RunVisit *run_visit_create(ScenarioRun *run, const SimSchedule *schedule) {
  RunVisit *visit = g_new0(RunVisit, 1);
  visit->run = run;
  visit->schedule = schedule;
  visit->states = g_array_new(FALSE, FALSE, sizeof(State));
  visit->between = EVENTS_BETWEEN_STATES;
  visit->next_state = visit->wanted = UINT32_MAX;
  g_array_set_clear_func(visit->states, state_clear);
  run_all(visit);
  return visit;
}

void run_visit_free(RunVisit *visit) {
  if (visit == NULL)
    return;
  g_array_unref(visit->states);
  sim_record_finish(&visit->record);
  run_result_finish(&visit->result);
  g_free(visit);
}

const RunResult *run_visit_result(const RunVisit *visit) { return &visit->result; }
const SimRecord *run_visit_record(const RunVisit *visit) { return &visit->record; }
uint32_t run_visit_first(const RunVisit *visit) { return (uint32_t)visit->run->boot_record.count; }
guint run_visit_state_count(const RunVisit *visit) { return visit->states->len; }

/* ---- visiting ---- */

static const State *state_before(const RunVisit *visit, uint32_t event) {
  const State *found = NULL;
  for (guint i = 0; i < visit->states->len; i++) {
    const State *state = &g_array_index(visit->states, State, i);
    if (state->event_count <= event)
      found = state;
  }
  return found;
}

bool run_visit_at(RunVisit *visit, uint32_t event, RunVisitor *visitor, void *data) {
  if (visit->run->snapshot == NULL || event < run_visit_first(visit) || event >= visit->record.count)
    return false;
  visit->visitor = visitor;
  visit->data = data;
  visit->wanted = event;
  const State *state = state_before(visit, event);
  if (state != NULL)
    sim_snapshot_restore(state->snapshot);
  else
    begin(visit, NULL, NULL);
  go(visit);
  return visit->wanted == UINT32_MAX;
}
