/* Does an expectation hold in a run? Read from the result and from the machine as the run left it. */
#include "run_internal.h"

#include "model/io/io_face.h"
#include "model/ke/ke_state.h"
#include "model/tcpip/tcpip_face.h"

#include <string.h>

/* ---- a driver's globals ---- */

static bool is_global_at(const ScenarioRun *run, const ScenarioDriver *driver, const char *name, uint64_t address) {
  const GuestImage *image = run_image_of(run, driver);
  if (image != NULL) {
    gsize size;
    return address != 0 && guest_image_find_variable((GuestImage *)image, name, &size) == address;
  }
  const StepGlobal *global = run->steps != NULL ? step_global_find(run->steps, driver->name.text, name) : NULL;
  return global != NULL && step_global_address(run->instance, global) == address;
}

/* An object goes by the name of the global it lies in, whichever driver's. */
static bool is_object_named(const ScenarioRun *run, const Object *object, const char *name) {
  if (strcmp(object->name, name) == 0)
    return true;
  for (size_t i = 0; i < run->scenario->driver_count; i++)
    if (is_global_at(run, &run->scenario->drivers[i], name, object->address))
      return true;
  return false;
}

/* ---- bug checks ---- */

/* The object a parameter names: by the model's note, or whatever living object has that address. */
static const Object *parameter_object(const KeBugcheck *bugcheck, unsigned index) {
  if (bugcheck->objects[index] != 0)
    return object_by_ordinal(bugcheck->objects[index]);
  return bugcheck->parameters[index] != 0 ? object_find(bugcheck->parameters[index], OBJECT_NONE) : NULL;
}

static bool is_step_function_of(const ScenarioRun *run, const StepFunction *function, const ExpectParameter *expected) {
  const ScenarioDriver *driver = scenario_driver_find(run->scenario, expected->driver);
  for (size_t i = 0; driver != NULL && i < driver->function_count; i++) {
    const char *name = driver->functions[i].name.text;
    if ((expected->name == NULL || strcmp(name, expected->name) == 0) && step_program_find(run->steps, expected->driver, name) == function)
      return true;
  }
  return false;
}

static bool is_code_of(const ScenarioRun *run, uint64_t value, const ExpectParameter *expected) {
  RunSite where;
  uint32_t site = 0;
  if (value >= SIM_IMAGE_BASE && value < SIM_IMAGE_END) {
    /* A routine's own address, as bug checks about routines have it; a site is behind its instruction. */
    const ScenarioDriver *driver = scenario_driver_find(run->scenario, expected->driver);
    if (expected->name != NULL && driver != NULL && run_image_symbol(run, driver, expected->name) == value)
      return true;
    site = (uint32_t)(value - SIM_IMAGE_BASE);
  } else if (run->steps != NULL) {
    const StepFunction *function = step_program_find_by_address(run->steps, value);
    if (function != NULL)
      return is_step_function_of(run, function, expected);
    site = (uint32_t)value;
  }
  if (!scenario_run_site(run, site, &where))
    return false;
  return strcmp(where.driver, expected->driver) == 0 && (expected->name == NULL || strcmp(where.function, expected->name) == 0);
}

/* A negative 32-bit value, such as an NTSTATUS, is widened by its sign in some bug checks (0x7E) and not in others (0x3B). */
static bool number_holds(uint64_t expected, uint64_t value) {
  return value == expected || ((int64_t)expected < 0 && (int64_t)expected >= INT32_MIN && value == (uint32_t)expected);
}

static bool parameter_holds(const ScenarioRun *run, const ExpectParameter *expected, const KeBugcheck *bugcheck, unsigned index) {
  const Object *object;
  const ScenarioDriver *driver;
  switch (expected->kind) {
  case EXPECT_PARAMETER_ANY: return true;
  case EXPECT_PARAMETER_NUMBER: return number_holds(expected->number, bugcheck->parameters[index]);
  case EXPECT_PARAMETER_OBJECT:
    driver = expected->driver != NULL ? scenario_driver_find(run->scenario, expected->driver) : NULL;
    if (driver != NULL && is_global_at(run, driver, expected->name, bugcheck->parameters[index]))
      return true;
    object = parameter_object(bugcheck, index);
    return object != NULL && (expected->object_kind == OBJECT_NONE || object->kind == expected->object_kind) &&
           strcmp(object->name, expected->name) == 0;
  case EXPECT_PARAMETER_OBJECT_KIND:
    object = parameter_object(bugcheck, index);
    return object != NULL && object->kind == expected->object_kind;
  case EXPECT_PARAMETER_CODE: return is_code_of(run, bugcheck->parameters[index], expected);
  }
  return false;
}

static bool bugcheck_holds(const ScenarioRun *run, const Expectation *expectation, const RunResult *result) {
  const ExpectBugcheck *expected = &expectation->bugcheck;
  if (result->bugcheck.code == 0)
    return false;
  if (expectation->cpu >= 0 && result->bugcheck.cpu != expectation->cpu)
    return false;
  if (expected->is_any)
    return true;
  if (result->bugcheck.code != expected->code)
    return false;
  for (unsigned i = 0; i < 4; i++)
    if (!parameter_holds(run, &expected->parameters[i], &result->bugcheck, i))
      return false;
  return true;
}

/* ---- findings ---- */

static bool finding_matches(const ScenarioRun *run, const Expectation *expectation, const Finding *finding) {
  const ExpectFinding *expected = &expectation->finding;
  if (!expected->is_any && finding->rule != expected->rule->id)
    return false;
  if (expected->function != NULL && finding->function != expected->function->id)
    return false;
  if (expected->callback != NULL && finding->function != expected->callback->id)
    return false;
  if (expectation->cpu >= 0 && finding->cpu != expectation->cpu)
    return false;
  if (expected->where_driver == NULL)
    return true;
  RunSite where;
  if (!scenario_run_site(run, finding->site, &where) || strcmp(where.driver, expected->where_driver) != 0)
    return false;
  return expected->where_function == NULL || strcmp(where.function, expected->where_function) == 0;
}

static bool count_holds(const Expectation *expectation, uint64_t count) {
  return expectation->has_count ? count == expectation->count : count > 0;
}

static uint64_t findings_count(const ScenarioRun *run, const Expectation *expectation, const RunResult *result) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < result->finding_count; i++)
    if (finding_matches(run, expectation, &result->findings[i]))
      count += result->findings[i].count;
  return count;
}

/* ---- events ---- */

static bool event_matches(const ScenarioRun *run, const ExpectEvent *expected, const SimEvent *event) {
  if (event->kind != expected->kind)
    return false;
  if ((expected->function != 0 && event->function != expected->function) || (expected->has_status && event->status != expected->status) ||
      (expected->has_detail && event->detail != expected->detail) || (expected->cpu >= 0 && event->cpu != expected->cpu) ||
      (expected->irql >= 0 && event->irql != expected->irql))
    return false;
  if (expected->object == NULL)
    return true;
  const Object *object = event->object != 0 ? object_by_ordinal(event->object) : NULL;
  return object != NULL && is_object_named(run, object, expected->object);
}

static uint64_t events_count(const ScenarioRun *run, const Expectation *expectation, const SimRecord *record) {
  uint64_t count = 0;
  for (size_t i = 0; i < record->count; i++)
    count += event_matches(run, &expectation->events[0], &record->events[i]);
  return count;
}

uint64_t run_expected_count(const ScenarioRun *run, const Expectation *expectation, const RunResult *result) {
  return expectation->kind == EXPECT_EVENT ? events_count(run, expectation, &result->record) : findings_count(run, expectation, result);
}

static bool order_holds(const ScenarioRun *run, const Expectation *expectation, const SimRecord *record) {
  size_t next = 0;
  for (size_t i = 0; i < record->count && next < expectation->event_count; i++)
    next += event_matches(run, &expectation->events[next], &record->events[i]);
  return next == expectation->event_count;
}

/* ---- outcome ---- */

static bool is_limit(SimStop stop) { return stop >= SIM_STOP_LIMIT_STEPS; }

static bool outcome_holds(const Expectation *expectation, const RunResult *result) {
  switch (expectation->outcome) {
  case EXPECT_CLEAN: return result->stop == SIM_STOP_QUIET && result->finding_count == 0;
  case EXPECT_QUIET: return result->stop == SIM_STOP_QUIET;
  case EXPECT_HUNG: return result->stop == SIM_STOP_HUNG;
  case EXPECT_NOT_MODELLED:
    return result->stop == SIM_STOP_NOT_MODELLED &&
           (expectation->not_modelled == NULL || strcmp(result->stop_text, expectation->not_modelled) == 0);
  case EXPECT_GUEST_CRASH: return result->stop == SIM_STOP_GUEST_CRASH;
  case EXPECT_LIMIT: return expectation->limit == SIM_STOP_NONE ? is_limit(result->stop) : result->stop == expectation->limit;
  }
  return false;
}

/* ---- final state ---- */

static bool connection_is(const ExpectState *state) {
  TcpipEndpoint local = { .address = state->address, .port = state->port };
  const TcpipConnection *connection = tcpip_connection_find(local, (TcpipEndpoint){ 0 });
  if (connection == NULL)
    return state->is == EXPECT_IS_NONE;
  switch (connection->state) {
  case CONNECTION_NEW:
  case CONNECTION_AUTHORIZING: /* a classifyFn that has not answered yet holds it up as a pended operation does */
  case CONNECTION_PENDED: return state->is == EXPECT_IS_PENDING;
  case CONNECTION_SYN_SENT:
  case CONNECTION_ESTABLISHED: return state->is == EXPECT_IS_PERMITTED;
  case CONNECTION_BLOCKED: return state->is == EXPECT_IS_BLOCKED;
  case CONNECTION_CLOSING:
  case CONNECTION_CLOSED: return state->is == EXPECT_IS_CLOSED || (connection->was_refused && state->is == EXPECT_IS_BLOCKED);
  default: return false;
  }
}

/* User-mode threads are named "process.thread". */
static bool is_thread_named(const Object *object, const ExpectState *state) {
  size_t length = state->process != NULL ? strlen(state->process) : 0;
  const char *name = object->name;
  if (length > 0 && (strncmp(name, state->process, length) != 0 || name[length] != '.'))
    return false;
  return strcmp(length > 0 ? name + length + 1 : name, state->name) == 0;
}

static bool thread_is(const ExpectState *state) {
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->kind != OBJECT_THREAD || !is_thread_named(object, state))
      continue;
    if (!object->is_alive)
      return state->is == EXPECT_IS_ENDED;
    const KeThread *thread = object->body;
    switch (thread->state) {
    case KE_THREAD_READY:
    case KE_THREAD_STANDBY: return state->is == EXPECT_IS_READY;
    case KE_THREAD_RUNNING: return state->is == EXPECT_IS_RUNNING;
    case KE_THREAD_WAITING: return state->is == EXPECT_IS_WAITING;
    default: return state->is == EXPECT_IS_ENDED;
    }
  }
  return false;
}

static bool cpu_is(const ExpectState *state) {
  const SimMachine *machine = sim_machine();
  if (state->number >= machine->vcpu_count)
    return false;
  const SimVcpu *vcpu = &machine->vcpus[state->number];
  switch (state->is) {
  case EXPECT_IS_IDLE: return vcpu->depth == 0 && !vcpu->is_hung;
  case EXPECT_IS_SPINNING: return vcpu->depth > 0 && vcpu->stack[vcpu->depth - 1]->is_spinning;
  case EXPECT_IS_HUNG: return vcpu->is_hung;
  case EXPECT_IS_AT_IRQL: return vcpu->irql == state->irql;
  default: return false;
  }
}

static bool driver_is(const ScenarioRun *run, const ExpectState *state) {
  const ScenarioDriver *driver = scenario_driver_find(run->scenario, state->name);
  const IoDriver *loaded = driver != NULL ? io_driver(run->drivers[driver->number]) : NULL;
  bool is_loaded = loaded != NULL && loaded->state != IO_DRIVER_GONE;
  return state->is == EXPECT_IS_LOADED ? is_loaded : !is_loaded;
}

static bool state_holds(const ScenarioRun *run, const ExpectState *state) {
  switch (state->kind) {
  case EXPECT_STATE_CONNECTION: return connection_is(state);
  case EXPECT_STATE_THREAD: return thread_is(state);
  case EXPECT_STATE_CPU: return cpu_is(state);
  case EXPECT_STATE_DRIVER: return driver_is(run, state);
  }
  return false;
}

bool run_global_read(const ScenarioRun *run, const ExpectGlobal *expected, int64_t *value) {
  const StepGlobal *global = run->steps != NULL ? step_global_find(run->steps, expected->driver, expected->name) : NULL;
  return global != NULL ? step_global_read(run->instance, global, value) : run_image_global(run, expected->driver, expected->name, value);
}

static bool global_holds(const ScenarioRun *run, const ExpectGlobal *expected) {
  int64_t value;
  return run_global_read(run, expected, &value) && value == expected->value;
}

bool expectation_holds(const ScenarioRun *run, const Expectation *expectation, const RunResult *result) {
  switch (expectation->kind) {
  case EXPECT_BUGCHECK: return bugcheck_holds(run, expectation, result);
  case EXPECT_FINDING:
  case EXPECT_EVENT: return count_holds(expectation, run_expected_count(run, expectation, result));
  case EXPECT_ORDER: return order_holds(run, expectation, &result->record);
  case EXPECT_OUTCOME: return outcome_holds(expectation, result);
  case EXPECT_STATE: return state_holds(run, &expectation->state);
  case EXPECT_GLOBAL: return global_holds(run, &expectation->global);
  }
  return false;
}
