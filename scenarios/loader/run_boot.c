/* From a loaded scenario to a machine that waits for its first stimulus: Windows boots, drivers are loaded, the state is saved. */
#include "run_internal.h"

#include "model/flt/flt_face.h"
#include "model/guest/guest_face.h"
#include "model/io/io_face.h"
#include "model/ke/ke.h"
#include "model/model_face.h"
#include "model/wfp/wfp_face.h"

#include <string.h>

/* How long after the last driver's set-up boot goes on, so that threads which drivers started come to rest. */
#define SETTLE_NS 1000000ull
#define STATUS_OF_FAILURE ((int32_t)0xC0000001)

/* ---- options ---- */

static uint32_t leak_paths(unsigned bits) {
  static const struct {
    ScenarioLeakPath from;
    ModelLeakPath to;
  } paths[] = {
    { SCENARIO_LEAK_ALWAYS, MODEL_LEAK_ALWAYS },
    { SCENARIO_LEAK_ERROR_RETURN, MODEL_LEAK_ERROR_RETURN },
    { SCENARIO_LEAK_FLOW_CLOSING, MODEL_LEAK_FLOW_CLOSING },
    { SCENARIO_LEAK_INLINE_COMPLETION, MODEL_LEAK_INLINE_COMPLETION },
    { SCENARIO_LEAK_LOWER_CALLOUT_BLOCKS, MODEL_LEAK_LOWER_CALLOUT_BLOCKS },
  };
  uint32_t leaking = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
    if (bits & paths[i].from)
      leaking |= 1u << paths[i].to;
  return leaking;
}

static void verified_list(const Scenario *scenario, ModelOptions *options) {
  unsigned count = 0;
  for (size_t i = 0; i < scenario->driver_count && count < MODEL_VERIFIED_DRIVER_COUNT_MAX; i++) {
    const ScenarioDriver *driver = &scenario->drivers[i];
    if (driver->verifier_flags == 0)
      continue;
    g_strlcpy(options->verified[count].name, driver->name.text, MODEL_DRIVER_NAME_SIZE);
    options->verified[count++].flags = driver->verifier_flags;
  }
}

static void options_fill(const Scenario *scenario, ModelOptions *options) {
  const ScenarioMachine *machine = &scenario->machine;
  model_options_default(options, machine->windows);
  options->wait_at_dispatch = machine->wait_at_dispatch == SCENARIO_WAIT_HANG ? MODEL_WAIT_HIGH_HANG : MODEL_WAIT_HIGH_SWITCH;
  options->paging = machine->paging == SCENARIO_PAGING_TRIMMED ? MODEL_PAGING_TRIMMED
                    : machine->paging == SCENARIO_PAGING_ANY   ? MODEL_PAGING_ANY
                                                               : MODEL_PAGING_RESIDENT;
  options->netio = machine->netio == SCENARIO_NETIO_FIXED ? MODEL_NETIO_MENDED : MODEL_NETIO_FAULTY;
  options->leak_paths = leak_paths(machine->leak_paths);
  options->flt_send = machine->fltsend_order == SCENARIO_FLTSEND_WAIT_FIRST ? MODEL_FLT_SEND_WAIT_FIRST : MODEL_FLT_SEND_ATTACH_FIRST;
  verified_list(scenario, options);
}

/* ---- a steps driver without DriverEntry: what it would have done ---- */

typedef struct SetUp {
  ScenarioRun *run;
  const ScenarioDriver *driver;
  const char *why; /* it failed; NULL: nothing to say */
} SetUp;

/* The first word of a declaration: its type. */
static bool is_of_type(const ScenarioVariable *variable, const char *type) {
  size_t length = strlen(type);
  return strncmp(variable->declaration.text, type, length) == 0 && !g_ascii_isalnum(variable->declaration.text[length]) &&
         variable->declaration.text[length] != '_';
}

static uint64_t variable_address(const ScenarioRun *run, const ScenarioDriver *driver, const ScenarioVariable *variable) {
  return step_global_address(run->instance, step_global_find(run->steps, driver->name.text, variable->name.text));
}

static int32_t set_up_ports(ScenarioRun *run, const ScenarioDriver *driver, uint32_t ordinal) {
  uint64_t filter = 0;
  for (size_t i = 0; i < driver->global_count; i++)
    if (is_of_type(&driver->globals[i], "PFLT_FILTER"))
      filter = flt_driver_filter_open(ordinal, driver->name.text, variable_address(run, driver, &driver->globals[i]));
  for (size_t i = 0; i < driver->global_count; i++) {
    if (!is_of_type(&driver->globals[i], "PFLT_PORT"))
      continue;
    if (filter == 0)
      filter = flt_driver_filter_open(ordinal, driver->name.text, 0);
    g_autofree char *name = run_port_name(driver, driver->globals[i].name.text);
    int32_t status = flt_driver_port_open(filter, name, variable_address(run, driver, &driver->globals[i]));
    if (status < 0)
      return status;
  }
  return 0;
}

static void set_up_device(ScenarioRun *run, const ScenarioDriver *driver, uint32_t ordinal, uint64_t *device) {
  *device = io_device_create(ordinal, driver->name.text, 0);
  for (size_t i = 0; i < driver->global_count; i++)
    if (is_of_type(&driver->globals[i], "PDEVICE_OBJECT"))
      *(uint64_t *)variable_address(run, driver, &driver->globals[i]) = *device;
}

/* Whose callouts and filters these are: the driver whose classify they call; filters without a callout belong to the first driver. */
static bool is_callout_of(const ScenarioCallout *callout, const ScenarioDriver *driver) {
  return callout != NULL && callout->classify.driver == driver;
}

static int callout_index(const GArray *indexes, size_t callout) {
  for (guint i = 0; i < indexes->len; i++)
    if (g_array_index(indexes, size_t, i) == callout)
      return (int)i;
  return -1;
}

static GArray *callouts_of(const ScenarioRun *run, const ScenarioDriver *driver, GArray *indexes) {
  GArray *callouts = g_array_new(FALSE, TRUE, sizeof(WfpSetupCallout));
  for (size_t i = 0; i < run->scenario->callout_count; i++) {
    const ScenarioCallout *from = &run->scenario->callouts[i];
    if (!is_callout_of(from, driver))
      continue;
    WfpSetupCallout to = { .name = from->name.text,
                           .classify = run_routine_address(run, &from->classify),
                           .notify = run_routine_address(run, &from->notify),
                           .flow_delete = run_routine_address(run, &from->flow_delete),
                           .flags = from->flags };
    g_array_append_val(callouts, to);
    g_array_append_val(indexes, i);
  }
  return callouts;
}

static WfpSetupCondition *conditions_of(const ScenarioFilter *filter) {
  WfpSetupCondition *conditions = g_new0(WfpSetupCondition, filter->condition_count + 1);
  for (size_t i = 0; i < filter->condition_count; i++) {
    const ScenarioCondition *from = &filter->conditions[i];
    conditions[i] =
        (WfpSetupCondition){ .field = (WfpSetupField)from->kind, .value = from->value, .mask = from->mask, .value_high = from->value_high };
  }
  return conditions;
}

static GArray *filters_of(const ScenarioRun *run, const ScenarioDriver *driver, const GArray *indexes, GPtrArray *owned) {
  GArray *filters = g_array_new(FALSE, TRUE, sizeof(WfpSetupFilter));
  const Scenario *scenario = run->scenario;
  for (size_t i = 0; i < scenario->filter_count; i++) {
    const ScenarioFilter *from = &scenario->filters[i];
    bool is_ours = from->callout != NULL ? is_callout_of(from->callout, driver) : driver == &scenario->drivers[0];
    if (!is_ours)
      continue;
    WfpSetupCondition *conditions = conditions_of(from);
    g_ptr_array_add(owned, conditions);
    WfpSetupFilter to = {
      .name = from->name,
      .layer = from->layer->name,
      .action = from->action,
      .callout = from->callout != NULL ? callout_index(indexes, (size_t)(from->callout - scenario->callouts)) : -1,
      .sublayer = from->sublayer != NULL ? (int)(from->sublayer - scenario->sublayers) : -1,
      .has_weight = from->has_weight,
      .weight = from->weight,
      .flags = from->flags,
      .conditions = conditions,
      .condition_count = (uint32_t)from->condition_count,
    };
    g_array_append_val(filters, to);
  }
  return filters;
}

static int32_t set_up_filters(SetUp *self, uint64_t device) {
  ScenarioRun *run = self->run;
  const ScenarioDriver *driver = self->driver;
  g_autoptr(GArray) indexes = g_array_new(FALSE, FALSE, sizeof(size_t));
  g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) callouts = callouts_of(run, driver, indexes);
  g_autoptr(GArray) filters = filters_of(run, driver, indexes, owned);
  if (callouts->len == 0 && filters->len == 0)
    return 0;
  g_autoptr(GArray) sublayers = g_array_new(FALSE, TRUE, sizeof(WfpSetupSubLayer));
  for (size_t i = 0; i < run->scenario->sublayer_count; i++) {
    WfpSetupSubLayer sublayer = { .name = run->scenario->sublayers[i].name.text, .weight = run->scenario->sublayers[i].weight };
    g_array_append_val(sublayers, sublayer);
  }
  const char *what = NULL;
  WfpSetup setup = {
    .device = device,
    .callouts = (const WfpSetupCallout *)(const void *)callouts->data,
    .callout_count = callouts->len,
    .sublayers = (const WfpSetupSubLayer *)(const void *)sublayers->data,
    .sublayer_count = sublayers->len,
    .filters = (const WfpSetupFilter *)(const void *)filters->data,
    .filter_count = filters->len,
  };
  int32_t status = wfp_driver_setup(&setup, &what);
  if (status < 0) {
    char *why = g_strdup_printf("driver \"%s\" could not be set up: %s = 0x%08X", driver->name.text, what, (unsigned)status);
    g_ptr_array_add(run->texts, why);
    self->why = why;
  }
  return status;
}

/* Stands for DriverEntry, in a system thread at PASSIVE_LEVEL. */
static int32_t set_up(void *argument, uint32_t ordinal) {
  SetUp *self = argument;
  ScenarioRun *run = self->run;
  uint64_t device = 0;
  set_up_device(run, self->driver, ordinal, &device);
  int32_t status = set_up_ports(run, self->driver, ordinal);
  if (status >= 0)
    status = set_up_filters(self, device);
  return status;
}

/* ---- loading ---- */

static uint64_t steps_range(const ScenarioRun *run, const ScenarioDriver *driver, uint64_t *size) {
  uint64_t low = UINT64_MAX, high = 0;
  for (size_t i = 0; i < driver->function_count; i++) {
    uint64_t address = step_function_address(step_program_find(run->steps, driver->name.text, driver->functions[i].name.text));
    low = MIN(low, address);
    high = MAX(high, address + 1);
  }
  *size = high > low ? high - low : 0;
  return high > low ? low : 0;
}

static void driver_load(ScenarioRun *run, const ScenarioDriver *driver, SetUp *self) {
  IoDriverLoad load = { .name = driver->name.text };
  const GuestImage *image = run_image_of(run, driver);
  if (image != NULL) {
    load.entry = image->entry;
    load.code_address = image->base;
    load.code_size = image->end - image->base;
  } else {
    load.code_address = steps_range(run, driver, &load.code_size);
    if (driver->driver_entry != NULL)
      load.entry = step_function_address(step_program_find(run->steps, driver->name.text, driver->driver_entry->name.text));
    if (driver->unload != NULL)
      load.unload = step_function_address(step_program_find(run->steps, driver->name.text, driver->unload->name.text));
  }
  *self = (SetUp){ .run = run, .driver = driver };
  run->drivers[driver->number] = load.entry != 0 ? io_driver_load(&load, 0) : io_driver_adopt(&load, 0, set_up, self);
}

/* ---- calls that fail ---- */

static void faults_add(const ScenarioRun *run) {
  for (size_t i = 0; i < run->scenario->fault_count; i++) {
    const ScenarioFault *from = &run->scenario->faults[i];
    DdiFault fault = { .function = from->function->id, .failure = from->failure, .nth = from->nth };
    if (from->within.name != NULL) {
      fault.code_address = run_routine_address(run, &from->within);
      fault.code_size = 1;
    } else if (from->within.driver != NULL) {
      const GuestImage *image = run_image_of(run, from->within.driver);
      fault.code_address = image != NULL ? image->base : steps_range(run, from->within.driver, &fault.code_size);
      if (image != NULL)
        fault.code_size = image->end - image->base;
    }
    ddi_fault_add(&fault);
  }
  if (run->boot_fault.function != 0)
    ddi_fault_add(&run->boot_fault);
}

/* ---- boot ---- */

static void machine_begin(ScenarioRun *run, const SimRunOptions *options) {
  ModelOptions model;
  sim_machine_begin(sim_machine(), options);
  run_kept_begin(run);
  options_fill(run->scenario, &model);
  model_begin(&model);
  rules_begin();
  run_images_begin(run);
  if (run->steps != NULL) {
    run->instance = step_program_install(run->steps, sim_machine());
    guest_step_program_set(step_instance_call, run->instance);
  }
  faults_add(run);
}

/* Pauses when every driver is loaded and the machine has had time to settle. */
typedef struct BootWatch {
  SimQueueEntry entry;
  ScenarioRun *run;
} BootWatch;

static bool are_drivers_loaded(const ScenarioRun *run) {
  for (size_t i = 0; i < run->scenario->driver_count; i++) {
    const IoDriver *driver = io_driver(run->drivers[i]);
    if (driver != NULL && driver->state == IO_DRIVER_LOADING)
      return false;
  }
  return true;
}

static void boot_watch_fire(SimMachine *machine, SimQueueEntry *entry) {
  BootWatch *watch = (BootWatch *)(void *)entry;
  if (are_drivers_loaded(watch->run))
    sim_pause(machine);
  else if (machine->enabled == 0 && sim_queue_first(&machine->queue) == NULL)
    sim_stop(machine, SIM_STOP_HUNG, "a DriverEntry that never returns");
  else
    sim_queue_push(&machine->queue, entry, machine->now_ns + SETTLE_NS);
}

/* A driver that could not be set up is the scenario's trouble, not Windows'. */
/* A DriverEntry that fails is the driver's decision: not what a scenario wants unless it says so. */
static void refusal_note(ScenarioRun *run) {
  for (size_t i = 0; i < run->scenario->driver_count && run->not_loaded == NULL; i++) {
    const ScenarioDriver *driver = &run->scenario->drivers[i];
    const IoDriver *state = io_driver(run->drivers[i]);
    if (state == NULL || state->status >= 0)
      continue;
    const char *status = ddi_status_name(state->status);
    run->not_loaded =
        status != NULL ? g_strdup_printf("DriverEntry of %s returned %s: it is not loaded", driver->name.text, status)
                       : g_strdup_printf("DriverEntry of %s returned 0x%08X: it is not loaded", driver->name.text, (unsigned)state->status);
  }
}

static bool check_loaded(const ScenarioRun *run, const SetUp *set_ups, GError **error) {
  for (size_t i = 0; i < run->scenario->driver_count; i++) {
    const ScenarioDriver *driver = &run->scenario->drivers[i];
    const IoDriver *state = io_driver(run->drivers[i]);
    bool is_set_up_by_us = !driver->is_source && driver->driver_entry == NULL;
    if (!is_set_up_by_us || state == NULL || state->status >= 0)
      continue;
    return scenario_error(run->scenario, driver->name.position, error, "%s",
                          set_ups[i].why != NULL ? set_ups[i].why : "its device or port exists already");
  }
  return true;
}

/* ---- what a machine begins with ---- */

typedef struct Boot {
  ScenarioRun *run;
  SimRunOptions options;
  SetUp *set_ups;
} Boot;

static void begin(void *argument) {
  Boot *boot = argument;
  ScenarioRun *run = boot->run;
  machine_begin(run, &boot->options);
  for (size_t i = 0; i < run->scenario->driver_count; i++)
    driver_load(run, &run->scenario->drivers[i], &boot->set_ups[i]);
  BootWatch *watch = sim_heap_allocate(sizeof *watch);
  watch->entry.fire = boot_watch_fire;
  watch->run = run;
  sim_queue_push(&sim_machine()->queue, &watch->entry, SETTLE_NS);
}

static void stimuli_queue(void *run) { run_stimuli_queue(run); }

/* The size of a scenario is the user's. */
static bool check_fits(const ScenarioRun *run, GError **error) {
  const SimMachine *machine = sim_machine();
  return machine->stop == SIM_STOP_NONE ||
         scenario_error(
             run->scenario, run->scenario->machine.position, error,
             "the scenario does not fit into the machine: no room for more %s; expected fewer or smaller drivers, threads and stimuli",
             machine->stop_text);
}

static SimStop boot_run(const ScenarioRun *run) {
  SimStop stop = run_machine(run);
  if (stop == SIM_STOP_QUIET || stop == SIM_STOP_HUNG)
    rules_end();
  return stop;
}

bool run_boot(ScenarioRun *run, GError **error) {
  const Scenario *scenario = run->scenario;
  g_autofree SetUp *set_ups = g_new0(SetUp, scenario->driver_count + 1);
  Boot boot = { .run = run,
                .set_ups = set_ups,
                .options = { .vcpu_count = scenario->machine.cpu_count,
                             .policy = &sim_policy_timed,
                             .limits = scenario->limits,
                             .record = &run->boot_record,
                             .name = scenario->file } };
  sim_arena_reset();
  run->kept = &run->boot_kept;
  if (!sim_machine_set_up(sim_machine(), begin, &boot))
    return check_fits(run, error);
  SimStop stop = boot_run(run);
  run->kept = NULL;
  run->origin_ns = sim_machine()->now_ns;
  if (!check_loaded(run, set_ups, error))
    return false;
  refusal_note(run);
  run->boot_hash = sim_machine()->hash;
  if (stop != SIM_STOP_NONE)
    return true; /* over before the first stimulus: that is what each run comes to */
  if (!sim_machine_set_up(sim_machine(), stimuli_queue, run))
    return check_fits(run, error);
  sim_heap_seal();
  run->snapshot = sim_snapshot_save();
  return true;
}

bool run_boot_again(ScenarioRun *run, const DdiFault *fault, GError **error) {
  run_prefix_drop(run);
  if (run->snapshot != NULL)
    sim_snapshot_destroy(&run->snapshot);
  run->boot_record.count = run->boot_kept.count = 0;
  g_clear_pointer(&run->not_loaded, g_free);
  run->boot_fault = fault != NULL ? *fault : (DdiFault){ 0 };
  return run_boot(run, error);
}
