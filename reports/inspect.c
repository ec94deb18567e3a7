#include "inspect.h"

#include "phrase.h"
#include "style.h"

#include "run_internal.h" /* globals of the drivers */

#include "model/events.h"
#include "model/ke/ke_state.h"

#include <string.h>

/* ---- events ---- */

void inspect_event(GString *out, const Names *names, uint32_t sequence) {
  const SimEvent *event = &names_record(names)->events[sequence];
  g_autofree char *time = names_time(names_run(names), event->time_ns);
  g_autofree char *what = phrase_event(names, event);
  g_autofree char *place = place_words(names_run(names), event->site);
  g_autofree char *object = names_object(names, event->object);
  const char *running = names_running(names, sequence);
  g_autoptr(GString) cpu = g_string_new("      ");
  if (event->cpu != 0xff)
    g_string_printf(cpu, "cpu %u  %s", event->cpu, names_irql_short(event->irql));
  g_string_append_printf(out, "event %u  %s  %s  %s%s%s: ", sequence, time, cpu->str, running, *running != '\0' ? "  " : "",
                         model_event_name(event->kind));
  if (what != NULL)
    g_string_append(out, what);
  else
    g_string_append_printf(out, "%s %s", names_function(event->function), object);
  g_string_append_printf(out, "%s%s%s\n", *place != '\0' ? "  (" : "", place, *place != '\0' ? ")" : "");
}

/* What the context was running at that event. */
static const char *running_at(const Names *names, uint32_t event, uint32_t context) {
  const SimRecord *record = names_record(names);
  for (uint32_t i = MIN(event, (uint32_t)record->count - 1) + 1; i-- > 0;)
    if (record->events[i].context == context)
      return names_running(names, i);
  return "";
}

/* ---- CPUs ---- */

static const char *doing(const SimContext *context, const SimVcpu *vcpu, bool is_top) {
  if (context->is_spinning)
    return ", spins";
  if (context->is_hung || (is_top && vcpu->is_hung))
    return ", hangs";
  return is_top ? "" : ", interrupted";
}

void inspect_cpus(GString *out, const Names *names, uint32_t event) {
  const SimMachine *machine = sim_machine();
  for (uint32_t i = 0; i < machine->vcpu_count; i++) {
    const SimVcpu *vcpu = &machine->vcpus[i];
    if (vcpu->depth == 0)
      g_string_append_printf(out, "  cpu %u  %-9s  %s\n", i, names_irql_short(vcpu->irql), vcpu->is_hung ? "hangs" : "idle");
    for (unsigned depth = vcpu->depth; depth-- > 0;) {
      const SimContext *context = vcpu->stack[depth];
      bool is_top = depth + 1u == vcpu->depth;
      g_autofree char *place = place_words(names_run(names), context->frame_count > 0 ? context->site : 0);
      g_autofree char *head = is_top ? g_strdup_printf("cpu %u", i) : g_strdup("");
      const char *running = running_at(names, event, context->id);
      g_string_append_printf(out, "  %-5s  %-9s  %s%s%s%s\n", head, names_irql_short(context->irql),
                             *running != '\0' ? running : "(about to begin)", doing(context, vcpu, is_top), *place != '\0' ? ", at " : "",
                             place);
    }
  }
}

/* ---- stacks ---- */

static void stack_append(GString *out, const Names *names, uint32_t event, const SimContext *context) {
  if (context->frame_count == 0)
    return;
  const DdiFunction *call = context->call != 0 ? ddi_function_by_id(context->call) : NULL;
  g_string_append_printf(out, "  %s:\n", running_at(names, event, context->id));
  if (call != NULL)
    g_string_append_printf(out, "    %s\n", call->name);
  g_autofree char *here = place_words(names_run(names), context->site);
  if (*here != '\0')
    g_string_append_printf(out, "    %s\n", here);
  for (unsigned i = context->frame_count; i-- > 1;) {
    g_autofree char *place = place_words(names_run(names), context->frames[i].site);
    if (*place != '\0')
      g_string_append_printf(out, "    %s\n", place);
  }
}

void inspect_stacks(GString *out, const Names *names, uint32_t event) {
  const SimMachine *machine = sim_machine();
  gsize before = out->len;
  for (uint32_t i = 0; i < machine->context_count; i++)
    if (machine->contexts[i].is_live)
      stack_append(out, names, event, &machine->contexts[i]);
  if (out->len > before)
    g_string_insert(out, (gssize)before, "stacks of driver code, innermost first\n");
}

/* ---- who holds, who waits ---- */

static void spin_lock_append(GString *out, const Names *names, const Object *object) {
  const KeSpinLock *lock = object->body;
  g_autofree char *name = names_object(names, object->ordinal);
  if (lock->is_garbage)
    g_string_append_printf(out, "  %s: never initialized, its memory says held\n", name);
  else if (lock->is_held)
    g_string_append_printf(out, "  %s: held on cpu %u\n", name, lock->owner_cpu);
  else if (lock->readers > 0)
    g_string_append_printf(out, "  %s: shared by %u\n", name, lock->readers);
}

static void mutex_append(GString *out, const Names *names, const Object *object) {
  const KeMutex *mutex = object->body;
  if (mutex->owner == NULL)
    return;
  g_autofree char *name = names_object(names, object->ordinal);
  g_autofree char *owner = names_object_short(names, mutex->owner->header.object->ordinal);
  g_string_append_printf(out, "  %s: held by %s\n", name, owner);
}

static void waiter_append(GString *out, const Names *names, const Object *object) {
  const KeThread *thread = object->body;
  if (thread->state != KE_THREAD_WAITING ||
      (!thread->is_user && object->driver == 0 && thread->context != NULL && thread->context->frame_count == 0))
    return;
  g_autofree char *name = names_object_short(names, object->ordinal);
  g_autofree char *waits = names_object(names, thread->wait_object);
  g_string_append_printf(out, "  %s waits for %s\n", name, *waits != '\0' ? waits : "its time");
}

void inspect_locks(GString *out, const Names *names, uint32_t event) {
  (void)event;
  gsize before = out->len;
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (object == NULL || !object->is_alive || object->body == NULL)
      continue;
    if (object->kind == OBJECT_SPIN_LOCK)
      spin_lock_append(out, names, object);
    else if (object->kind == OBJECT_MUTEX)
      mutex_append(out, names, object);
    else if (object->kind == OBJECT_THREAD)
      waiter_append(out, names, object);
  }
  if (out->len > before)
    g_string_insert(out, (gssize)before, "locks held, and who waits\n");
}

/* ---- what is queued ---- */

static void interrupts_append(GString *out, const SimVcpu *vcpu) {
  for (unsigned level = 0; level < SIM_IRQL_COUNT; level++)
    if (vcpu->pending_levels >> level & 1)
      g_string_append_printf(out, "  cpu %u: an interrupt of level %s is pending\n", vcpu->number, sim_irql_name((SimIrql)level));
}

static void object_queued_append(GString *out, const Names *names, const Object *object) {
  g_autofree char *name = names_object(names, object->ordinal);
  if (object->kind == OBJECT_DPC && ((const KeDpc *)object->body)->is_queued)
    g_string_append_printf(out, "  %s: queued on cpu %u\n", name, ((const KeDpc *)object->body)->cpu);
  if (object->kind == OBJECT_THREAD && ((const KeThread *)object->body)->state == KE_THREAD_READY)
    g_string_append_printf(out, "  %s: ready\n", name);
  if (object->kind == OBJECT_TIMER && object->body_size >= sizeof(KeTimer) && ((const KeTimer *)object->body)->entry.entry.time_ns != 0 &&
      ((const KeTimer *)object->body)->entry.timer != NULL &&
      ((const KeTimer *)object->body)->entry.entry.time_ns >= sim_machine()->now_ns) {
    g_autofree char *time = names_time(names_run(names), ((const KeTimer *)object->body)->entry.entry.time_ns);
    g_string_append_printf(out, "  %s: due at %s\n", name, time);
  }
}

void inspect_queues(GString *out, const Names *names, uint32_t event) {
  const SimMachine *machine = sim_machine();
  gsize before = out->len;
  (void)event;
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    interrupts_append(out, &machine->vcpus[i]);
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (object != NULL && object->is_alive && object->body != NULL)
      object_queued_append(out, names, object);
  }
  if (out->len > before)
    g_string_insert(out, (gssize)before, "queued\n");
}

/* ---- globals ---- */

static bool global_read(const ScenarioRun *run, const char *driver, const char *name, int64_t *value) {
  const StepGlobal *global = run->steps != NULL ? step_global_find(run->steps, driver, name) : NULL;
  return global != NULL ? step_global_read(run->instance, global, value) : run_image_global(run, driver, name, value);
}

/* A global that is an object of Windows. */
static bool object_append(GString *out, const Names *names, const char *driver, const char *name) {
  const ScenarioRun *run = names_run(names);
  const StepGlobal *global = run->steps != NULL ? step_global_find(run->steps, driver, name) : NULL;
  const Object *object = global != NULL ? object_find(step_global_address(run->instance, global), OBJECT_NONE) : NULL;
  if (object == NULL || object->body == NULL)
    return false;
  g_autofree char *words = names_object(names, object->ordinal);
  const char *state = "";
  if (object->kind == OBJECT_EVENT)
    state = ((const KeEvent *)object->body)->signal_state != 0 ? ", set" : ", not set";
  else if (object->kind == OBJECT_SPIN_LOCK)
    state = ((const KeSpinLock *)object->body)->is_held ? ", held" : ", free";
  else if (object->kind == OBJECT_MUTEX)
    state = ((const KeMutex *)object->body)->owner != NULL ? ", held" : ", free";
  g_string_append_printf(out, "  %s.%s: %s%s\n", driver, name, words, state);
  return true;
}

static void value_append(GString *out, const char *driver, const char *name, int64_t value) {
  g_string_append_printf(out, "  %s.%s = %" G_GINT64_FORMAT, driver, name, value);
  if (value < 0 || value > 9)
    g_string_append_printf(out, " (0x%" G_GINT64_MODIFIER "x)", (guint64)value);
  g_string_append_c(out, '\n');
}

void inspect_globals(GString *out, const Names *names, uint32_t event) {
  const ScenarioRun *run = names_run(names);
  gsize before = out->len;
  (void)event;
  for (size_t i = 0; i < run->scenario->driver_count; i++) {
    const ScenarioDriver *driver = &run->scenario->drivers[i];
    for (size_t k = 0; k < driver->global_count; k++) {
      int64_t value;
      if (!object_append(out, names, driver->name.text, driver->globals[k].name.text) &&
          global_read(run, driver->name.text, driver->globals[k].name.text, &value))
        value_append(out, driver->name.text, driver->globals[k].name.text, value);
    }
  }
  if (out->len > before)
    g_string_insert(out, (gssize)before, "globals of the drivers\n");
}

void inspect_global(GString *out, const Names *names, const char *name) {
  const ScenarioRun *run = names_run(names);
  const char *dot = strchr(name, '.');
  bool is_any = false;
  for (size_t i = 0; i < run->scenario->driver_count; i++) {
    const char *driver = run->scenario->drivers[i].name.text;
    int64_t value;
    if (dot != NULL && (strlen(driver) != (size_t)(dot - name) || strncmp(driver, name, strlen(driver)) != 0))
      continue;
    const char *global = dot != NULL ? dot + 1 : name;
    bool is_object = object_append(out, names, driver, global);
    if (!is_object && global_read(run, driver, global, &value))
      value_append(out, driver, global, value);
    else if (!is_object)
      continue;
    is_any = true;
  }
  if (!is_any)
    g_string_append_printf(out, "no driver has a global \"%s\" that is an object or of 1, 2, 4 or 8 bytes\n", name);
}

void inspect_all(GString *out, const Names *names, uint32_t event) {
  inspect_cpus(out, names, event);
  inspect_stacks(out, names, event);
  inspect_locks(out, names, event);
  inspect_queues(out, names, event);
  inspect_globals(out, names, event);
}
