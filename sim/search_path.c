#include "search_path.h"

#include "internal.h"

/* ---- options ---- */

bool sim_path_is_futile(const SimMachine *machine, const SimOption *option) {
  return !machine->options.search->options.makes_attempts && machine->threads != NULL && machine->threads->is_futile != NULL &&
         option->actor < SIM_CONTEXT_COUNT_MAX && machine->threads->is_futile(&machine->contexts[option->actor]);
}

/* The cpu that was stepping, if it is among those that can. */
static uint32_t stepping_cpu(const SimMachine *machine, const SimPoint *point) {
  const SimVcpu *vcpu = sim_vcpu(machine);
  if (vcpu == NULL || !sim_point_is_step(point))
    return UINT32_MAX;
  for (uint32_t i = 0; i < point->option_count; i++)
    if (point->options[i].id == vcpu->number && !sim_path_is_futile(machine, &point->options[i]))
      return vcpu->number;
  return UINT32_MAX;
}

/* The interrupt that a point asks about was put off before. */
static bool is_late(const SimMachine *machine, const SimPoint *point) {
  const SimVcpu *vcpu = &machine->vcpus[point->options[1].actor - SIM_ACTOR_INTERRUPT];
  return vcpu->late_levels >> sim_interrupt_first(vcpu)->irql & 1;
}

static bool preempts(const SimMachine *machine, const SimPoint *point, uint32_t stepping, uint32_t answer) {
  if (point->kind == SIM_CHOICE_INTERRUPT)
    return answer == 0 && !is_late(machine, point);
  if (!sim_point_is_step(point) || point->options == NULL)
    return false;
  return stepping != UINT32_MAX && answer != stepping;
}

bool sim_path_preempts(const SimMachine *machine, const SimPoint *point, uint32_t answer) {
  return preempts(machine, point, stepping_cpu(machine, point), answer);
}

uint64_t sim_path_late(const SimMachine *machine) {
  uint64_t late = 0;
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    late = late * 0x9e3779b97f4a7c15ULL + machine->vcpus[i].late_levels;
  return late;
}

uint64_t sim_path_held(const SimMachine *machine) {
  uint64_t held = 0;
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    for (uint32_t k = 0; k < machine->vcpus[i].depth; k++)
      held = held * 0x9e3779b97f4a7c15ULL + machine->vcpus[i].stack[k]->held_from_ns;
  return held;
}

static bool is_any_useful(const SimMachine *machine, const SimPoint *point) {
  for (uint32_t i = 0; i < point->option_count; i++)
    if (point->options[i].actor != SIM_ACTOR_CLOCK && !sim_path_is_futile(machine, &point->options[i]))
      return true;
  return false;
}

static bool is_natural_futile(const SimMachine *machine, const SimPoint *point) {
  for (uint32_t i = 0; i < point->option_count; i++)
    if (point->options[i].id == point->natural)
      return sim_path_is_futile(machine, &point->options[i]);
  return false;
}

uint32_t sim_path_going_on(const SimMachine *machine, const SimPoint *point) {
  if (point->kind == SIM_CHOICE_INTERRUPT)
    return is_late(machine, point) ? 0 : point->natural;
  if (!sim_point_is_step(point) || point->options == NULL)
    return point->natural;
  uint32_t stepping = stepping_cpu(machine, point);
  if (stepping != UINT32_MAX)
    return stepping;
  if (!is_natural_futile(machine, point))
    return point->natural;
  for (uint32_t i = 0; i < point->option_count; i++)
    if (point->options[i].actor != SIM_ACTOR_CLOCK && !sim_path_is_futile(machine, &point->options[i]))
      return point->options[i].id;
  return point->natural;
}

static void to_front(SimPathOption *options, uint32_t at) {
  SimPathOption first = options[at];
  for (; at > 0; at--)
    options[at] = options[at - 1];
  options[0] = first;
}

uint32_t sim_path_options(SimMachine *machine, const SimPoint *point, bool stays_first, SimPathOption *options) {
  bool is_step = sim_point_is_step(point) && point->options != NULL;
  bool leaves_futile = is_step && is_any_useful(machine, point);
  uint32_t stepping = stepping_cpu(machine, point), count = 0;
  for (uint32_t i = 0; i < point->option_count; i++) {
    uint32_t id = sim_point_id(point, i);
    if (leaves_futile && sim_path_is_futile(machine, &point->options[i]))
      continue;
    options[count++] = (SimPathOption){ .id = id, .preempts = preempts(machine, point, stepping, id) };
    if (id == point->natural)
      to_front(options, count - 1);
  }
  for (uint32_t i = 1; i < count; i++) /* where the natural one is futile, the first does for it */
    options[i].delays = true;
  for (uint32_t i = 1; stays_first && i < count; i++)
    if (options[i].id == stepping)
      to_front(options, i);
  return count;
}

/* ---- shards ---- */

void sim_shard_note(SimSearch *search, SimShard shard) {
  search->is_others = shard.count > 1 && search->options.first % search->options.stride != shard.first;
}

SimShard sim_shard_begin(SimSearch *search) {
  SimShard shard = { 0, search->options.stride > UINT32_MAX ? UINT32_MAX : (uint32_t)search->options.stride };
  sim_shard_note(search, shard);
  return shard;
}

uint32_t sim_shard_split(const SimSearch *search, SimShard *shard, SimPathOption *options, uint32_t count) {
  uint32_t self = (uint32_t)(search->options.first % search->options.stride), kept = 0;
  if (shard->count == 1 || count == 1)
    return count;
  SimShard whole = *shard;
  for (uint32_t i = 0; i < count; i++) {
    SimShard part = { whole.first + i % whole.count, 1 };
    if (count < whole.count) { /* several shards an option */
      part.first = whole.first + (uint32_t)((uint64_t)i * whole.count / count);
      part.count = whole.first + (uint32_t)((uint64_t)(i + 1) * whole.count / count) - part.first;
    }
    if (self - part.first >= part.count)
      continue;
    options[kept++] = options[i];
    *shard = part;
  }
  return kept;
}
