#include "stuck.h"

#include "paragraph.h"

#include "model/events.h"
#include "model/tcpip/tcpip_face.h"

#define WAIT_COUNT_MAX 8

/* ---- CPUs ---- */

/* The event by which the lock was taken that is still held; NULL: not recorded. */
static const SimEvent *acquire_of(const Names *names, uint32_t lock) {
  const SimRecord *record = names_record(names);
  for (size_t i = record->count; i-- > 0;) {
    const SimEvent *event = &record->events[i];
    if (event->object != lock)
      continue;
    if (event->kind == EVENT_LOCK_ACQUIRE)
      return event;
    if (event->kind == EVENT_LOCK_RELEASE)
      return NULL;
  }
  return NULL;
}

/* Who has what is spun on: "held by d.two on cpu 1 since 1.000110 ms (d.two step 1)". Returns owned. */
static char *holder_words(const Names *names, uint32_t lock) {
  const Object *object = lock != 0 ? object_by_ordinal(lock) : NULL;
  const KeSpinLock *state = object != NULL && object->kind == OBJECT_SPIN_LOCK && object->is_alive ? object->body : NULL;
  const SimEvent *event = acquire_of(names, lock);
  if (state != NULL && state->is_garbage)
    return g_strdup("never initialized: its memory says held, and nobody will release it");
  if (event == NULL)
    return state != NULL && state->is_held ? g_strdup_printf("held by cpu %u", state->owner_cpu) : g_strdup("");
  g_autofree char *time = names_time(names_run(names), event->time_ns);
  g_autofree char *place = place_words(names_run(names), event->site);
  const char *name = names_running(names, event->sequence);
  return g_strdup_printf("held by %s on cpu %u since %s%s%s%s", *name != '\0' ? name : "somebody", event->cpu, time,
                         *place != '\0' ? " (" : "", place, *place != '\0' ? ")" : "");
}

static void spinning_print(GString *text, const Names *names, const SimContext *context) {
  g_autofree char *object = names_object(names, context->pending.object);
  g_autofree char *holder = holder_words(names, context->pending.object);
  g_autofree char *place = place_words(names_run(names), context->site);
  const char *name = names_context(names, context->id);
  g_string_append_printf(text, "%s spins on %s%s%s%s", *name != '\0' ? name : "it", *object != '\0' ? object : "memory",
                         *place != '\0' ? ", at " : "", place, *holder != '\0' ? "\n" : "");
  if (*holder != '\0')
    g_string_append_printf(text, "%s: %s", *object != '\0' ? object : "it is", holder);
}

static char *cpu_words(const Names *names, const SimVcpu *vcpu) {
  const SimContext *top = vcpu->depth > 0 ? vcpu->stack[vcpu->depth - 1] : NULL;
  for (unsigned depth = 0; depth < vcpu->depth; depth++) /* a watchdog's interrupt stands on top of what spins */
    if (vcpu->stack[depth]->is_spinning)
      top = vcpu->stack[depth];
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_append_printf(text, "%s: ", sim_irql_name(top != NULL ? top->irql : vcpu->irql));
  if (top == NULL) {
    g_string_append(text, vcpu->is_hung ? "hangs" : "idle");
  } else if (top->is_spinning) {
    spinning_print(text, names, top);
  } else {
    const char *name = names_context(names, top->id);
    g_autofree char *place = place_words(names_run(names), top->site);
    g_string_append_printf(text, "%s%s%s%s", *name != '\0' ? name : "a thread", vcpu->is_hung ? " hangs" : " runs",
                           *place != '\0' ? ", at " : "", place);
  }
  return g_strdup(text->str);
}

void stuck_print_cpus(GString *out, const ReportStyle *style, const Names *names) {
  const SimMachine *machine = sim_machine();
  for (uint32_t i = 0; i < machine->vcpu_count; i++) {
    const SimVcpu *vcpu = &machine->vcpus[i];
    if (machine->vcpu_count > 4 && vcpu->depth == 0 && !vcpu->is_hung)
      continue;
    g_autofree char *label = g_strdup_printf("cpu %u", i);
    g_autofree char *text = cpu_words(names, vcpu);
    paragraph_put(out, style, label, text);
  }
}

char *stuck_words(const Names *names) {
  const SimMachine *machine = sim_machine();
  g_autoptr(GString) text = g_string_new(NULL);
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    for (unsigned depth = 0; depth < machine->vcpus[i].depth; depth++) {
      const SimContext *context = machine->vcpus[i].stack[depth];
      const char *name = names_context(names, context->id);
      g_autofree char *object = names_object(names, context->pending.object);
      if (context->is_spinning)
        g_string_append_printf(text, "%s%s spins on %s", text->len > 0 ? ", " : "", name, object);
      else if (machine->vcpus[i].is_hung)
        g_string_append_printf(text, "%s%s hangs", text->len > 0 ? ", " : "", name);
    }
  return g_strdup(text->str);
}

uint32_t stuck_site(void) {
  const SimMachine *machine = sim_machine();
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    for (unsigned depth = 0; depth < machine->vcpus[i].depth; depth++) {
      const SimContext *context = machine->vcpus[i].stack[depth];
      if ((context->is_spinning || machine->vcpus[i].is_hung) && context->frame_count > 0)
        return context->site;
    }
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    for (unsigned depth = machine->vcpus[i].depth; depth-- > 0;)
      if (machine->vcpus[i].stack[depth]->frame_count > 0)
        return machine->vcpus[i].stack[depth]->site;
  return 0;
}

/* ---- what is left ---- */

static bool is_of_interest(const Object *object, const KeThread *thread) { return thread->is_user || object->driver != 0; }

static void thread_print(GString *text, const Names *names, const Object *object) {
  const KeThread *thread = object->body;
  if (thread->state != KE_THREAD_WAITING || !is_of_interest(object, thread))
    return;
  g_autofree char *name = names_object_short(names, object->ordinal);
  g_autofree char *waits = names_object(names, thread->wait_object);
  g_autofree char *place = thread->context != NULL ? place_words(names_run(names), thread->context->site) : g_strdup("");
  g_string_append_printf(text, "%s%s waits for %s%s%s", text->len > 0 ? "\n" : "", name, *waits != '\0' ? waits : "its time",
                         *place != '\0' ? ", at " : "", place);
}

void stuck_print_end(GString *out, const ReportStyle *style, const Names *names) {
  g_autoptr(GString) text = g_string_new(NULL);
  unsigned count = 0;
  for (uint32_t ordinal = 1; ordinal <= object_count() && count < WAIT_COUNT_MAX; ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (!object->is_alive || object->body == NULL)
      continue;
    gsize before = text->len;
    if (object->kind == OBJECT_THREAD)
      thread_print(text, names, object);
    else if (object->kind == OBJECT_CONNECTION)
      g_string_append_printf(text, "%sconnection %s is %s", text->len > 0 ? "\n" : "", object->name,
                             tcpip_state_name((ConnectionState)((const TcpipConnection *)object->body)->state));
    count += text->len > before;
  }
  if (text->len > 0)
    paragraph_put(out, style, "at the end", text->str);
}
