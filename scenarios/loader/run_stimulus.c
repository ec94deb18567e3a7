/* Processes and traffic of a scenario, queued for the times after boot. */
#include "run_internal.h"

#include "model/io/io_face.h"
#include "model/io/stimulus.h"
#include "model/tcpip/tcpip_face.h"
#include "model/user/user_face.h"

#include <string.h>

/* ---- processes ---- */

static uint32_t driver_object(const ScenarioRun *run, const ScenarioDriver *driver) {
  return driver != NULL ? run->drivers[driver->number] : 0;
}

/* The name a port that irqlab opened for a steps driver's global goes by. */
char *run_port_name(const ScenarioDriver *driver, const char *global) { return g_strdup_printf("\\%s.%s", driver->name.text, global); }

static const char *port_name(ScenarioRun *run, const ScenarioPort *port) {
  if (port->driver == NULL || port->global == NULL)
    return port->name;
  char *name = run_port_name(port->driver, port->global);
  g_ptr_array_add(run->texts, name);
  return name;
}

static const UserOperationKind operation_kinds[] = {
  [SCRIPT_CONNECT] = USER_CONNECT,
  [SCRIPT_DISCONNECT] = USER_DISCONNECT,
  [SCRIPT_GET] = USER_GET,
  [SCRIPT_REPLY] = USER_REPLY,
  [SCRIPT_DELAY] = USER_DELAY,
  [SCRIPT_TCP_CONNECT] = USER_TCP_CONNECT,
  [SCRIPT_TCP_SEND] = USER_TCP_SEND,
  [SCRIPT_TCP_CLOSE] = USER_TCP_CLOSE,
  [SCRIPT_IOCTL] = USER_IOCTL,
  [SCRIPT_EXIT] = USER_EXIT,
  [SCRIPT_EXIT_PROCESS] = USER_EXIT_PROCESS,
  [SCRIPT_REPEAT] = USER_REPEAT,
};

static void script_flatten(ScenarioRun *run, const ScenarioScript *script, GArray *operations) {
  for (size_t i = 0; i < script->count; i++) {
    const ScriptOperation *from = &script->operations[i];
    UserOperation to = {
      .kind = operation_kinds[from->kind],
      .name = from->kind == SCRIPT_CONNECT ? port_name(run, &from->port) : from->device,
      .object = from->kind == SCRIPT_IOCTL ? driver_object(run, from->driver) : 0,
      .local_address = from->connection.local.address,
      .local_port = from->connection.local.port,
      .remote_address = from->connection.remote.address,
      .remote_port = from->connection.remote.port,
      .value = from->kind == SCRIPT_TCP_SEND || from->kind == SCRIPT_REPEAT ? from->number : from->value,
      .length = from->length,
      .duration_ns = from->duration_ns,
    };
    guint at = operations->len;
    g_array_append_val(operations, to);
    if (from->kind == SCRIPT_REPEAT) {
      script_flatten(run, from->body, operations);
      g_array_index(operations, UserOperation, at).body_count = operations->len - at - 1;
    }
  }
}

static void thread_queue(ScenarioRun *run, KeProcess *process, const ScenarioThread *thread) {
  GArray *operations = g_array_new(FALSE, FALSE, sizeof(UserOperation));
  script_flatten(run, &thread->script, operations);
  g_ptr_array_add(run->scripts, operations);
  char *name = g_strdup_printf("%s.%s", thread->process->name.text, thread->name.text);
  g_ptr_array_add(run->texts, name);
  user_thread_create(process, name, (int)thread->priority, thread->cpu, (const UserOperation *)operations->data, operations->len,
                     run->origin_ns + thread->start_ns);
}

static void processes_queue(ScenarioRun *run) {
  const Scenario *scenario = run->scenario;
  for (size_t i = 0; i < scenario->process_count; i++) {
    const ScenarioProcess *process = &scenario->processes[i];
    run->processes[i] = user_process_create(process->name.text);
    for (size_t k = 0; k < process->thread_count; k++)
      thread_queue(run, run->processes[i], &process->threads[k]);
  }
}

/* ---- traffic ---- */

static TcpipPlace place_of(const ScenarioRun *run, const ScenarioContext *context) {
  static const TcpipPlaceKind kinds[] = {
    [SCENARIO_CONTEXT_DEFAULT] = TCPIP_PLACE_DEFAULT,
    [SCENARIO_CONTEXT_THREAD] = TCPIP_PLACE_THREAD,
    [SCENARIO_CONTEXT_SYSTEM_THREAD] = TCPIP_PLACE_SYSTEM_THREAD,
    [SCENARIO_CONTEXT_DPC] = TCPIP_PLACE_DPC,
  };
  return (TcpipPlace){ .kind = kinds[context->kind],
                       .process = context->process != NULL ? run->processes[context->process->number] : NULL,
                       .cpu = context->cpu,
                       .irql = context->irql };
}

static void traffic_queue(const ScenarioRun *run, const ScenarioStimulus *stimulus, TcpipStimulusKind kind) {
  tcpip_stimulus_add(&(TcpipStimulus){
      .kind = kind,
      .place = place_of(run, &stimulus->context),
      .local = { .address = stimulus->connection.local.address, .port = stimulus->connection.local.port },
      .remote = { .address = stimulus->connection.remote.address, .port = stimulus->connection.remote.port },
      .bytes = stimulus->byte_count,
      .receive_cpu = -1,
      .at_ns = run->origin_ns + stimulus->at_ns,
      .every_ns = stimulus->every_ns,
      .times = stimulus->times,
  });
}

/* The address of a driver's routine: of a step function, or of a symbol of its image. */
uint64_t run_routine_address(const ScenarioRun *run, const ScenarioRoutine *routine) {
  if (routine->driver == NULL)
    return 0;
  if (routine->function != NULL)
    return step_function_address(step_program_find(run->steps, routine->driver->name.text, routine->name));
  return run_image_symbol(run, routine->driver, routine->name);
}

static void routine_queue(const ScenarioRun *run, const ScenarioStimulus *stimulus, IoStimulusKind kind) {
  const ScenarioDriver *called = stimulus->routine.driver;
  const IoDriver *state = called != NULL ? io_driver(run->drivers[called->number]) : NULL;
  if (state != NULL && state->status < 0) /* nobody calls what is not loaded */
    return;
  io_stimulus_add(&(IoStimulus){
      .kind = kind,
      .driver = driver_object(run, stimulus->driver != NULL ? stimulus->driver : stimulus->routine.driver),
      .routine = run_routine_address(run, &stimulus->routine),
      .cpu = stimulus->context.cpu,
      .irql = stimulus->irql,
      .at_ns = run->origin_ns + stimulus->at_ns,
      .every_ns = stimulus->every_ns,
      .times = stimulus->times,
  });
}

static void stimulus_queue(const ScenarioRun *run, const ScenarioStimulus *stimulus) {
  switch (stimulus->kind) {
  case SCENARIO_TCP_CONNECT: traffic_queue(run, stimulus, TCPIP_CONNECT); return;
  case SCENARIO_TCP_DATA_IN: traffic_queue(run, stimulus, TCPIP_DATA_IN); return;
  case SCENARIO_TCP_DATA_OUT: traffic_queue(run, stimulus, TCPIP_DATA_OUT); return;
  case SCENARIO_TCP_CLOSE: traffic_queue(run, stimulus, TCPIP_CLOSE); return;
  case SCENARIO_DPC: routine_queue(run, stimulus, IO_STIMULUS_DPC); return;
  case SCENARIO_INTERRUPT: routine_queue(run, stimulus, IO_STIMULUS_INTERRUPT); return;
  case SCENARIO_WORK_ITEM: routine_queue(run, stimulus, IO_STIMULUS_WORK_ITEM); return;
  case SCENARIO_THREAD: routine_queue(run, stimulus, IO_STIMULUS_THREAD); return;
  case SCENARIO_UNLOAD: routine_queue(run, stimulus, IO_STIMULUS_UNLOAD); return;
  case SCENARIO_PAGE_OUT: routine_queue(run, stimulus, IO_STIMULUS_PAGE_OUT); return;
  }
}

void run_stimuli_queue(ScenarioRun *run) {
  processes_queue(run);
  for (size_t i = 0; i < run->scenario->stimulus_count; i++)
    stimulus_queue(run, &run->scenario->stimuli[i]);
}
