#include "options.h"

#include "process.h"
#include "search.h"

SimOperation sim_vcpu_operation(const SimVcpu *vcpu) {
  if (sim_vcpu_is_interruptible(vcpu))
    return (SimOperation){ .object = sim_interrupt_first(vcpu)->object, .kind = SIM_POINT_RETURN };
  return vcpu->stack[vcpu->depth - 1]->pending;
}

/* Field by field, in place: a copy of what was just put together waits for the stores. */
static void context_option(const SimContext *context, uint32_t id, SimOption *option) {
  option->id = id;
  option->context = context->id;
  option->actor = context->slot;
  option->operation = context->pending;
}

static void vcpu_option(const SimVcpu *vcpu, SimOption *option) {
  if (!sim_vcpu_is_interruptible(vcpu)) {
    context_option(vcpu->stack[vcpu->depth - 1], vcpu->number, option);
    return;
  }
  option->id = vcpu->number;
  option->context = 0;
  option->actor = SIM_ACTOR_INTERRUPT + vcpu->number;
  option->operation = sim_vcpu_operation(vcpu);
}

static bool could_go_on(const SimContext *context) { return !context->is_spinning && !context->is_hung; }

void sim_options_held(SimVcpu *vcpu, uint64_t tick_ns) {
  for (uint32_t i = 0; i < vcpu->depth; i++)
    if (could_go_on(vcpu->stack[i]) && vcpu->stack[i]->held_from_ns == 0)
      vcpu->stack[i]->held_from_ns = tick_ns;
}

/* Held up from tick to tick, as by others that poll, nothing stands still for longer than by one tick. */
static bool is_held_long(const SimMachine *machine, uint64_t tick_ns) {
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    for (uint32_t k = 0; k < machine->vcpus[i].depth; k++) {
      const SimContext *context = machine->vcpus[i].stack[k];
      if (context->held_from_ns != 0 && could_go_on(context) && tick_ns > context->held_from_ns + SIM_HOLD_UP_NS_MAX)
        return true;
    }
  return false;
}

/* Timers and time-outs may come while others are held up; what the scenario does at a time comes at that time. Nothing holds up all cpus for longer:
 * a time-out of 10 s does not come while a thread makes one step. */
bool sim_may_hold_up(const SimMachine *machine) {
  const SimQueueEntry *first = sim_queue_first(&machine->queue);
  return first != NULL && first == machine->clock && first->time_ns <= machine->now_ns + SIM_HOLD_UP_NS_MAX &&
         !is_held_long(machine, first->time_ns);
}

bool sim_options_hold_up(const SimMachine *machine) {
  const SimRunOptions *options = &machine->options;
  return options->policy->holds_up || (options->search != NULL && options->search->options.holds_up);
}

/* Should a quantum end. Simplified: of very many ready threads only the first 190 are asked about; the others' turn comes. */
static uint32_t ready_count(SimMachine *machine, SimOptions *options) {
  uint32_t count = 0;
  options->run_count = machine->threads->ready(machine, options->runs, SIM_OPTION_THREAD_COUNT_MAX);
  for (uint32_t i = 0; i < options->run_count; i++) {
    SimReadyRun *run = &options->runs[i];
    if (run->count > SIM_OPTION_THREAD_COUNT_MAX - count)
      run->count = SIM_OPTION_THREAD_COUNT_MAX - count;
    count += run->count;
  }
  return count;
}

static void ready_list(const SimMachine *machine, SimOptions *options) {
  for (uint32_t i = 0; i < options->run_count; i++)
    for (uint32_t k = 0; k < options->runs[i].count; k++) {
      const SimContext *thread = &machine->contexts[options->runs[i].slots[k]];
      context_option(thread, thread->id, &options->list[options->listed++]);
    }
}

const SimOptions *sim_options_list(SimMachine *machine) {
  SimOptions *options = &sim_process()->options;
  options->listed = options->run_count = 0;
  for (uint64_t left = machine->enabled; left != 0; left &= left - 1)
    vcpu_option(&machine->vcpus[__builtin_ctzll(left)], &options->list[options->listed++]);
  if (sim_options_hold_up(machine) && sim_may_hold_up(machine))
    options->list[options->listed++] = (SimOption){ .id = SIM_OPTION_CLOCK, .actor = SIM_ACTOR_CLOCK };
  options->count = options->listed;
  if (!machine->has_ready_threads)
    return options;
  options->count += ready_count(machine, options);
  if (!machine->options.policy->by_id)
    ready_list(machine, options);
  return options;
}
