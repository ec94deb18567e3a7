#include "fixture.h"

#include "model/guest/guest_face.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static FixtureRun *current;
static StepInstance *instance;

/* ---- loading ---- */

static void function_add(StepDriver *driver, const JsonMember *member) {
  const JsonValue *as = json_get(&member->value, "as"), *returns = json_get(&member->value, "returns");
  const JsonValue *parameters = json_get(&member->value, "parameters"), *locals = json_get(&member->value, "locals");
  bool is_list = member->value.kind == JSON_LIST;
  StepFunction *function = step_function_add(driver, member->key, as != NULL ? ddi_callback_find(as->text.text) : NULL,
                                             is_list ? &member->value : json_get(&member->value, "do"));
  for (size_t i = 0; parameters != NULL && i < parameters->count; i++)
    step_parameter_add(function, parameters->members[i].key, parameters->members[i].value.text);
  for (size_t i = 0; locals != NULL && i < locals->count; i++)
    step_local_add(function, locals->members[i].key, locals->members[i].value.text);
  if (returns != NULL)
    step_returns_set(function, returns->text);
}

static void driver_add(StepProgram *program, const JsonMember *member) {
  StepDriver *driver = step_driver_add(program, member->key);
  for (size_t i = 0; i < member->value.count; i++) {
    const JsonMember *part = &member->value.members[i];
    if (strcmp(part->key.text, "globals") != 0)
      function_add(driver, part);
    for (size_t j = 0; strcmp(part->key.text, "globals") == 0 && j < part->value.count; j++)
      step_global_add(driver, part->value.members[j].key, part->value.members[j].value.text);
  }
}

void fixture_open(Fixture *fixture, const char *json) {
  GError *error = NULL;
  *fixture = (Fixture){ .limits = sim_limits_default };
  fixture->document = json_document_parse("x.json", json, strlen(json), &error);
  if (fixture->document != NULL) {
    fixture->program = step_program_new("x.json");
    for (size_t i = 0; i < fixture->document->root.count; i++)
      driver_add(fixture->program, &fixture->document->root.members[i]);
    if (!step_program_compile(fixture->program, &error)) {
      step_program_free(fixture->program);
      fixture->program = NULL;
    }
  }
  if (error != NULL)
    fixture->error = g_strdup(error->message);
  g_clear_error(&error);
}

void fixture_close(Fixture *fixture) {
  step_program_free(fixture->program);
  if (fixture->document != NULL)
    json_document_free(fixture->document);
  g_free(fixture->error);
  *fixture = (Fixture){ 0 };
}

/* ---- what the model would do ---- */

static void stack_note(const SimContext *context) {
  current->frame_count = context->frame_count;
  current->site = context->site;
  memcpy(current->frames, context->frames, sizeof current->frames);
}

static void fault_note(SimMachine *machine, const SimFault *fault) {
  current->has_fault = true;
  current->fault = *fault;
  stack_note(machine->current);
  sim_stop(machine, SIM_STOP_GUEST_CRASH, "fault");
}

void guest_fault(uint64_t address, uint32_t size, bool is_write, bool is_execute) {
  SimFault fault = {
    .reason = SIM_FAULT_WILD, .address = address, .size = size, .kind = is_execute ? SIM_ACCESS_EXECUTE : (SimAccessKind)is_write
  };
  fault_note(sim_machine(), &fault);
  __builtin_unreachable();
}

void guest_exception(uint32_t status, uint64_t instruction) {
  current->fault = (SimFault){ .address = status, .site = (uint32_t)instruction };
  stack_note(sim_machine()->current);
  sim_stop(sim_machine(), SIM_STOP_GUEST_CRASH, "exception");
  __builtin_unreachable();
}

/* ---- running ---- */

typedef struct Thread {
  const StepFunction *function;
  uint64_t arguments[16];
  unsigned count;
} Thread;

static uint64_t call(uint64_t function, const uint64_t *arguments, unsigned count) {
  return step_instance_call(instance, function, arguments, count);
}

static void thread_main(SimMachine *machine, void *argument) {
  const Thread *thread = argument;
  (void)machine;
  current->result = step_instance_call(instance, step_function_address(thread->function), thread->arguments, thread->count);
}

static void thread_add(SimMachine *machine, unsigned vcpu, Thread *thread) {
  SimContext *context = sim_context_create(machine, NULL, SIM_CONTEXT_THREAD, thread_main, thread);
  sim_vcpu_set_thread(machine, &machine->vcpus[vcpu], context);
}

static void machine_open(Fixture *fixture, const SimPolicy *policy, uint64_t seed, unsigned cpus, FixtureRun *run) {
  SimRunOptions options = { .vcpu_count = cpus, .policy = policy, .seed = seed, .limits = fixture->limits, .name = "steps" };
  *run = (FixtureRun){ 0 };
  current = run;
  table_log = (TableLog){ 0 };
  table_call = call;
  assert_true(sim_arena_map());
  sim_arena_reset();
  sim_machine_begin(sim_machine(), &options);
  sim_machine()->fault_handler = fault_note;
  instance = fixture->instance = step_program_install(fixture->program, sim_machine());
}

static void machine_run(FixtureRun *run) {
  SimMachine *machine = sim_machine();
  run->stop = sim_machine_run(machine);
  run->hash = machine->hash;
  run->accesses = machine->access_count;
  run->steps = machine->step_count;
  run->time_ns = machine->vcpus[0].time_ns;
}

void fixture_run(Fixture *fixture, const char *function, const uint64_t *arguments, unsigned count, FixtureRun *run) {
  Thread thread = { .function = step_program_find(fixture->program, "fw", function), .count = count };
  assert_non_null(thread.function);
  for (unsigned i = 0; i < count; i++)
    thread.arguments[i] = arguments[i];
  machine_open(fixture, &sim_policy_timed, 0, 1, run);
  thread_add(sim_machine(), 0, &thread);
  machine_run(run);
}

void fixture_run_both(Fixture *fixture, const SimPolicy *policy, uint64_t seed, FixtureRun *run) {
  Thread threads[2] = { { .function = step_program_find(fixture->program, "fw", "a") },
                        { .function = step_program_find(fixture->program, "fw", "b") } };
  machine_open(fixture, policy, seed, 2, run);
  for (unsigned i = 0; i < 2; i++)
    thread_add(sim_machine(), i, &threads[i]);
  machine_run(run);
}

int64_t fixture_global(const Fixture *fixture, const char *name) {
  const StepGlobal *global = step_global_find(fixture->program, "fw", name);
  int64_t value = 0;
  assert_non_null(global);
  assert_true(step_global_read(fixture->instance, global, &value));
  return value;
}
