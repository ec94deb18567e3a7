#include "internal.h"

static SimContext *top_of(const SimVcpu *vcpu) { return vcpu->depth > 0 ? vcpu->stack[vcpu->depth - 1] : NULL; }

/* Keeps the machine's set of enabled cpus: to be called whenever depth, IRQL, spinning or pending interrupts of a cpu changed. */
void sim_vcpu_update(SimMachine *machine, SimVcpu *vcpu) {
  SimContext *top = top_of(vcpu);
  bool can_step = !vcpu->is_hung && (sim_vcpu_is_interruptible(vcpu) || (top != NULL && !top->is_spinning && !top->is_hung));
  uint64_t bit = 1ULL << vcpu->number;
  machine->enabled = can_step ? machine->enabled | bit : machine->enabled & ~bit;
}

/* ---- IRQL ---- */

static void irql_set(SimMachine *machine, SimVcpu *vcpu, SimIrql irql) {
  if (vcpu->irql < SIM_IRQL_DISPATCH && irql >= SIM_IRQL_DISPATCH) {
    vcpu->high_since_ns = vcpu->executed_ns;
    vcpu->irql_raised_by = machine->event_count;
  }
  vcpu->irql = irql;
}

static void irql_change(SimMachine *machine, SimIrql irql, uint32_t function) {
  SimVcpu *vcpu = sim_vcpu(machine);
  SimIrql old = vcpu->irql;
  SIM_ASSERT(machine->current == top_of(vcpu) && irql < SIM_IRQL_COUNT);
  irql_set(machine, vcpu, irql);
  machine->current->irql = irql;
  sim_vcpu_update(machine, vcpu);
  if (old != irql)
    sim_event(machine, SIM_EVENT_IRQL, function, 0, 0, old, 0);
}

void sim_irql_raise(SimMachine *machine, SimIrql irql, uint32_t function) { irql_change(machine, irql, function); }

void sim_irql_lower(SimMachine *machine, SimIrql irql, uint32_t function) {
  irql_change(machine, irql, function);
  sim_point(machine, SIM_POINT_LOWER, function, 0, 0);
}

/* ---- what a cpu runs ---- */

static void context_push(SimMachine *machine, SimVcpu *vcpu, SimContext *context) {
  if (!vcpu->has_thread) /* who looks for an idle cpu sees it */
    sim_touch_shared(machine, SIM_TOUCH_TURN + vcpu->number, true);
  if (vcpu->depth == SIM_VCPU_DEPTH_MAX) /* only where interrupt routines lower the IRQL below their own */
    sim_stop(machine, SIM_STOP_LIMIT_MEMORY, "interrupts within one another");
  vcpu->stack[vcpu->depth++] = context;
  context->vcpu = vcpu;
  context->is_waiting = false;
  irql_set(machine, vcpu, context->irql);
  sim_vcpu_update(machine, vcpu);
}

static void context_pop(SimMachine *machine, SimVcpu *vcpu) {
  if (!vcpu->has_thread)
    sim_touch_shared(machine, SIM_TOUCH_TURN + vcpu->number, true);
  SIM_ASSERT(vcpu->depth > 0);
  vcpu->stack[--vcpu->depth]->vcpu = NULL;
  SimContext *top = top_of(vcpu);
  irql_set(machine, vcpu, top != NULL ? top->irql : SIM_IRQL_PASSIVE);
  sim_vcpu_update(machine, vcpu);
}

void sim_vcpu_set_thread(SimMachine *machine, SimVcpu *vcpu, SimContext *thread) {
  sim_touch(machine, SIM_TOUCH_VCPU, vcpu->number, true);
  if (thread != NULL)
    sim_touch(machine, SIM_TOUCH_CONTEXT, thread->id, true);
  if (vcpu->has_thread) {
    vcpu->stack[0]->is_waiting = true;
    vcpu->stack[0]->vcpu = NULL;
  }
  unsigned above = vcpu->depth - vcpu->has_thread;
  if (vcpu->has_thread && thread == NULL)
    for (unsigned i = 0; i < above; i++)
      vcpu->stack[i] = vcpu->stack[i + 1];
  if (!vcpu->has_thread && thread != NULL) {
    if (vcpu->depth == SIM_VCPU_DEPTH_MAX)
      sim_stop(machine, SIM_STOP_LIMIT_MEMORY, "interrupts within one another");
    for (unsigned i = above; i > 0; i--)
      vcpu->stack[i] = vcpu->stack[i - 1];
  }
  vcpu->has_thread = thread != NULL;
  vcpu->depth = (uint8_t)(above + vcpu->has_thread);
  if (thread != NULL) {
    vcpu->stack[0] = thread;
    thread->vcpu = vcpu;
    thread->is_waiting = false;
  }
  SimContext *top = top_of(vcpu);
  irql_set(machine, vcpu, top != NULL ? top->irql : SIM_IRQL_PASSIVE);
  sim_vcpu_update(machine, vcpu);
}

/* ---- interrupts ---- */

void sim_interrupt_init(SimInterrupt *interrupt, SimIrql irql, SimContextKind kind, void (*routine)(SimMachine *, void *), void *argument) {
  *interrupt = (SimInterrupt){ .irql = irql, .context_kind = (uint8_t)kind, .routine = routine, .argument = argument };
  sim_list_init(&interrupt->link);
}

void sim_interrupt_request(SimMachine *machine, SimVcpu *vcpu, SimInterrupt *interrupt) {
  sim_touch(machine, SIM_TOUCH_VCPU, vcpu->number, true);
  if (interrupt->is_pending)
    return;
  interrupt->is_pending = true;
  sim_list_push_tail(&vcpu->pending[interrupt->irql], &interrupt->link);
  vcpu->pending_levels |= 1u << interrupt->irql;
  sim_vcpu_update(machine, vcpu);
}

SimInterrupt *sim_interrupt_first(const SimVcpu *vcpu) {
  SIM_ASSERT(vcpu->pending_levels != 0);
  unsigned level = 31u - (unsigned)__builtin_clz(vcpu->pending_levels);
  return SIM_CONTAINER(sim_list_first(&vcpu->pending[level]), SimInterrupt, link);
}

static void interrupt_main(SimMachine *machine, void *argument) {
  SimInterrupt *interrupt = argument;
  interrupt->routine(machine, interrupt->argument);
}

/* Takes the first pending interrupt: a context of its own on top of the cpu. Its parent is the cpu, not whatever it interrupts, so that its id
 * does not depend on where it landed. */
void sim_interrupt_take(SimMachine *machine, SimVcpu *vcpu) {
  SimInterrupt *interrupt = sim_interrupt_first(vcpu);
  sim_list_remove(&interrupt->link);
  interrupt->is_pending = false;
  vcpu->late_levels &= ~(1u << interrupt->irql);
  if (sim_list_is_empty(&vcpu->pending[interrupt->irql]))
    vcpu->pending_levels &= ~(1u << interrupt->irql);
  SimContext *context = sim_context_create_interrupt(machine, vcpu, interrupt->irql, interrupt->context_kind, interrupt_main, interrupt);
  context->object = interrupt->object;
  SimEvent event = { .kind = SIM_EVENT_INTERRUPT, .object = interrupt->object, .detail = interrupt->irql };
  context_push(machine, vcpu, context);
  sim_event_emit_as(machine, vcpu, context, &event);
}

void sim_context_exit(SimMachine *machine) {
  SimContext *self = machine->current;
  SimVcpu *vcpu = self->vcpu;
  bool is_thread = self->kind == SIM_CONTEXT_THREAD;
  sim_event(machine, is_thread ? SIM_EVENT_CONTEXT_END : SIM_EVENT_INTERRUPT_END, 0, self->object, 0, 0, 0);
  if (vcpu != NULL) { /* a thread that ended may have been taken off its cpu by the dispatcher already */
    SIM_ASSERT(top_of(vcpu) == self);
    if (is_thread)
      sim_vcpu_set_thread(machine, vcpu, NULL);
    else
      context_pop(machine, vcpu);
  }
  machine->dying = self;
  sim_reschedule(machine);
  SIM_ASSERT(!"a context that ended goes on");
  __builtin_unreachable();
}

/* ---- spinning ---- */

void sim_spin(SimMachine *machine, uint64_t address, uint32_t object) {
  SimContext *self = machine->current;
  self->is_spinning = true;
  machine->spinning_count++;
  self->spin_address = address;
  sim_touch(machine, SIM_TOUCH_CELL, address >> 3, true);
  self->pending = (SimOperation){ .object = object, .kind = SIM_POINT_SPIN, .is_write = 1 };
  sim_event(machine, SIM_EVENT_SPIN, 0, object, 0, 0, address);
  sim_vcpu_update(machine, self->vcpu);
  sim_reschedule(machine);
}

void sim_spin_wake(SimMachine *machine, uint64_t address) {
  sim_touch(machine, SIM_TOUCH_CELL, address >> 3, true);
  for (uint32_t i = 0; i < machine->vcpu_count && machine->spinning_count > 0; i++) {
    SimVcpu *vcpu = &machine->vcpus[i];
    for (unsigned depth = 0; depth < vcpu->depth; depth++) {
      SimContext *context = vcpu->stack[depth];
      if (!context->is_spinning || context->spin_address != address)
        continue;
      context->is_spinning = false;
      machine->spinning_count--;
      sim_touch(machine, SIM_TOUCH_VCPU, vcpu->number, true);
      /* It spun until now: charged in bulk. */
      uint64_t now = sim_time_ns(machine);
      if (vcpu->time_ns < now) {
        vcpu->executed_ns += now - vcpu->time_ns;
        vcpu->time_ns = now;
      }
      sim_vcpu_update(machine, vcpu);
    }
  }
}

void sim_vcpu_hang(SimMachine *machine) {
  SimVcpu *vcpu = sim_vcpu(machine);
  vcpu->is_hung = machine->current->is_hung = true;
  sim_vcpu_update(machine, vcpu);
  sim_reschedule(machine);
  SIM_ASSERT(!"a cpu that hangs goes on");
  __builtin_unreachable();
}
