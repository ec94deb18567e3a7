#include "drawing.h"

#include "frontier.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define ACCESS_DISTANCE_MEAN 48
#define CLOCK_CHANCE_MAX 256

/* Where few points come before the clock ticks by itself, as many runs have a tick at each of them. */
static uint16_t clock_chance(const SimDrawing *drawing, uint32_t drawn) {
  uint32_t count = drawing->tick_counts[drawing->visits], once = count > 0 ? 1024 / count : 0;
  uint32_t chance = drawn > 0 && once > drawn ? once : drawn;
  return (uint16_t)(chance < CLOCK_CHANCE_MAX ? chance : CLOCK_CHANCE_MAX);
}

static SimVisits visits_draw(SimDrawing *drawing, const SimSearchOptions *options) {
  uint32_t word = sim_draw_below(&drawing->draw, 8);
  if (options->visits_accesses)
    return word == 0 ? SIM_VISITS_ALL : SIM_VISITS_SHARED;
  if (sim_drawing_is_large(drawing))
    return word < 4 ? SIM_VISITS_NONE : SIM_VISITS_SOME;
  return word < 2 ? SIM_VISITS_NONE : word < 4 ? SIM_VISITS_SOME : word < 7 ? SIM_VISITS_SHARED : SIM_VISITS_ALL;
}

SimDrawing *sim_drawing_begin(SimMachine *machine) {
  static const uint16_t others[4] = { 0, 64, 256, 512 }, clocks[4] = { 0, 16, 16, 32 };
  SimDrawing *drawing = sim_drawing(machine);
  drawing->draw.word = machine->options.seed;
  sim_profile_begin(&drawing->profile);
  drawing->is_begun = true;
  drawing->is_weighed = false;
  drawing->point_count = drawing->tick_count = drawing->pairs_new = drawing->states_new = 0;
  drawing->chosen_count = drawing->wish_count = 0;
  drawing->intended = SIM_ACTOR_COUNT;
  drawing->alone_count = drawing->rest_left = drawing->later_count = 0;
  uint64_t word = sim_draw(&drawing->draw);
  uint32_t clock_drawn = 0;
  for (unsigned kind = 0; kind < SIM_CHOICE_KIND_COUNT; kind++, word >>= 2) {
    drawing->other_chance[kind] = others[word & 3];
    if (kind == SIM_CHOICE_CLOCK) /* the next bits are those of holding up */
      clock_drawn = clocks[(word >>= 2) & 3];
  }
  const SimPolicy *policy = machine->options.policy;
  bool is_member = machine->options.search->options.policy == &sim_policy_portfolio; /* learns for the others, too */
  drawing->follows = is_member || policy == &sim_policy_feedback;
  drawing->notes_states = is_member || policy == &sim_policy_frontier;
  if (drawing->follows && drawing->reads == NULL)
    drawing->reads = sim_reads_create();
  if (drawing->notes_states)
    sim_frontier_begin(drawing, policy == &sim_policy_frontier);
  drawing->visits = (uint8_t)visits_draw(drawing, &machine->options.search->options);
  drawing->clock_chance = policy->holds_up ? clock_chance(drawing, clock_drawn) : 0;
  return drawing;
}

void sim_drawing_end(SimMachine *machine) {
  SimDrawing *drawing = sim_drawing(machine);
  if (drawing->is_begun) {
    sim_profile_end(&drawing->profile, machine->access_count);
    drawing->tick_counts[drawing->visits] = drawing->tick_count;
  }
  drawing->is_begun = false;
}

void sim_drawing_finish(void *state) {
  SimDrawing *drawing = state;
  sim_profile_finish(&drawing->profile);
  free(drawing->reads);
  sim_frontier_finish(drawing->frontier);
  free(drawing->standing);
}

static uint32_t visit_budget(SimDrawing *drawing) {
  switch ((SimVisits)drawing->visits) {
  case SIM_VISITS_NONE: return UINT32_MAX;
  case SIM_VISITS_SOME: return sim_draw_distance(&drawing->draw, ACCESS_DISTANCE_MEAN);
  default: return 1;
  }
}

uint32_t sim_drawing_access_budget(SimMachine *machine, const SimContext *context) {
  SimDrawing *drawing = sim_drawing(machine);
  uint32_t drawn = visit_budget(drawing), way = drawing->notes_states ? sim_frontier_distance(drawing, context) : UINT32_MAX;
  return way < drawn ? way : drawn;
}

bool sim_drawing_passes(const SimDrawing *drawing, const SimPoint *point, const SimOption *own) {
  if (point->option_count == 1 || own->operation.kind == SIM_POINT_INTERLOCKED) /* that was asked about a moment ago */
    return true;
  uint64_t key = sim_place_key(&own->operation);
  return drawing->visits == SIM_VISITS_SHARED && key != 0 && !sim_place_is_shared(sim_profile_place(&drawing->profile, key));
}

uint32_t sim_drawing_answer_other(SimDrawing *drawing, const SimPoint *point) {
  if (sim_point_is_step(point) || point->option_count == 1 || !sim_draw_chance(&drawing->draw, drawing->other_chance[point->kind]))
    return point->natural;
  uint32_t index = sim_draw_below(&drawing->draw, point->option_count - 1);
  if (point->options == NULL)
    return index < point->natural ? index : index + 1;
  for (uint32_t i = 0; i <= index; i++) /* the index-th of those that are not the natural one */
    index += point->options[i].id == point->natural;
  return point->options[index].id;
}

uint32_t sim_drawing_interrupt(SimDrawing *drawing, const SimPoint *point, uint32_t index) {
  const SimOption *option = &point->options[index];
  bool lands = option->id == point->natural || drawing->later_count == SIM_DRAWING_LATER_MAX;
  drawing->later_count = lands ? 0 : drawing->later_count + 1;
  if (!lands) /* where it was asked who steps, the interrupt did */
    sim_drawing_step(drawing, option);
  return lands ? point->natural : option->id;
}

/* ---- actors ---- */

/* What a context is met as in the profile: it was made, as far as anybody sees, by whoever ran until now. */
SimActor *sim_drawing_actor_meet(SimDrawing *drawing, const SimOption *option) {
  SimActor *actor = &drawing->actors[option->actor];
  const SimContext *asker = sim_machine()->current;
  SimActor *maker = asker != NULL && asker->id != option->context ? &drawing->actors[asker->slot] : NULL;
  if (maker != NULL && (maker->run != drawing->profile.run || maker->context != asker->id))
    maker = NULL;
  uint32_t id = option->context != 0 ? option->context : option->actor;
  uint32_t context = sim_profile_context(&drawing->profile, id, maker != NULL ? maker->profile : SIM_PROFILE_NONE);
  *actor = (SimActor){ .run = drawing->profile.run,
                       .context = option->context,
                       .profile = context,
                       .priority = (uint32_t)sim_draw(&drawing->draw) | 0x80000000u,
                       .weight = 1,
                       .met_at = drawing->point_count,
                       .stepped_at = drawing->point_count };
  if (!drawing->is_weighed || context == SIM_PROFILE_NONE || drawing->weights[context] == 0)
    return actor;
  actor->weight = drawing->weights[context];
  if (maker != NULL && drawing->profile.contexts[context].parent == maker->profile)
    sim_actor_spend(maker, actor->weight);
  return actor;
}

uint32_t sim_drawing_site(const SimOption *option) {
  uint32_t site = option->actor < SIM_CONTEXT_COUNT_MAX ? sim_machine()->contexts[option->actor].site : 0;
  return site != 0 ? site : option->operation.function != 0 ? option->operation.function : 1;
}

void sim_drawing_step(SimDrawing *drawing, const SimOption *option) {
  SimActor *actor = sim_drawing_actor(drawing, option);
  actor->stepped_at = drawing->point_count;
  bool is_own = sim_stack_slot_of(option->operation.address) == option->actor;
  SimPlace *place = sim_profile_note(&drawing->profile, actor->profile, &option->operation, is_own);
  if (drawing->notes_states)
    sim_frontier_note(drawing, option, place);
  if (place == NULL || !(drawing->follows || drawing->notes_states))
    return;
  uint32_t site = sim_drawing_site(option);
  if (drawing->follows)
    sim_reads_note(drawing, place, actor->profile, site, &option->operation);
  if (option->operation.is_write) {
    place->writer_site = site;
    place->writer_context = actor->profile;
  }
}

/* Contexts are entered after those that made them: one pass from the last to the first sums up. */
void sim_drawing_weigh(SimDrawing *drawing, uint32_t (*own)(const SimDrawing *drawing, uint32_t context)) {
  const SimProfile *profile = &drawing->profile;
  drawing->is_weighed = true;
  for (uint32_t i = 0; i < profile->context_count; i++)
    drawing->weights[i] = own(drawing, i);
  for (uint32_t i = profile->context_count; i-- > 0;)
    if (profile->contexts[i].parent < i)
      drawing->weights[profile->contexts[i].parent] += drawing->weights[i];
  if (profile->context_count < SIM_PROFILE_CONTEXT_COUNT_MAX)
    memset(drawing->weights + profile->context_count, 0,
           (SIM_PROFILE_CONTEXT_COUNT_MAX - profile->context_count) * sizeof drawing->weights[0]);
}

/* ---- ways of picking ---- */

uint32_t sim_option_weighed(SimDrawing *drawing, const SimPoint *point) {
  SimActor *actors[SIM_OPTION_COUNT_MAX];
  uint64_t total = 0;
  for (uint32_t i = 0; i < point->option_count; i++) /* whom this is the first look at takes its share from whoever made it */
    actors[i] = point->options[i].actor != SIM_ACTOR_CLOCK ? sim_drawing_actor(drawing, &point->options[i]) : NULL;
  for (uint32_t i = 0; i < point->option_count; i++)
    total += actors[i] != NULL ? actors[i]->weight : 0;
  uint64_t left = sim_draw(&drawing->draw) % total;
  uint32_t i = 0;
  while (actors[i] == NULL || left >= actors[i]->weight) {
    left -= actors[i] != NULL ? actors[i]->weight : 0;
    i++;
  }
  return i;
}

uint32_t sim_option_highest(SimDrawing *drawing, const SimPoint *point) {
  uint32_t best = UINT32_MAX, best_priority = 0;
  for (uint32_t i = 0; i < point->option_count; i++) {
    if (point->options[i].actor == SIM_ACTOR_CLOCK)
      continue;
    uint32_t priority = sim_drawing_actor(drawing, &point->options[i])->priority;
    if (best == UINT32_MAX || priority > best_priority)
      best = i, best_priority = priority;
  }
  return best;
}

void sim_drawing_redraw(SimDrawing *drawing, const SimPoint *point, uint32_t index) {
  const SimOption *stepping = &point->options[index];
  for (uint32_t i = 0; i < point->option_count; i++)
    if (i == index || sim_operations_race(&point->options[i].operation, &stepping->operation))
      drawing->actors[point->options[i].actor].priority = (uint32_t)sim_draw(&drawing->draw) | 0x80000000u;
}
