/* SURW: each run chooses one to three places that contexts share. Who of them touches one next is drawn in proportion to how often it still will; that
 * one is intended, and until it has, nobody else touches one; all else steps as it comes. So the orders at those places are uniform, however much else
 * happens in between. */
#include "drawing.h"

/* A context that is not known to touch the places has a small chance, too: it may have a way that no run has shown yet. */
#define UNIT 4

static bool is_chosen(const SimDrawing *drawing, const SimOperation *operation) {
  uint64_t key = sim_place_key(operation);
  for (uint32_t i = 0; i < drawing->chosen_count; i++)
    if (drawing->chosen[i] == key)
      return true;
  return false;
}

static uint32_t own(const SimDrawing *drawing, uint32_t context) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < drawing->chosen_count; i++)
    count += sim_profile_touches(&drawing->profile, context, sim_profile_place(&drawing->profile, drawing->chosen[i]));
  return count > 0 ? count * UNIT : 1;
}

/* Places that two or more touch and somebody writes, each as likely as any other; a place drawn twice counts once. */
static void places_choose(SimDrawing *drawing) {
  static const uint8_t counts[8] = { 1, 1, 1, 1, 2, 2, 2, 3 };
  const SimProfile *profile = &drawing->profile;
  uint32_t wanted = counts[sim_draw_below(&drawing->draw, 8)];
  for (uint32_t attempt = 0; attempt < 64 && drawing->chosen_count < wanted && profile->place_count > 0; attempt++) {
    const SimPlace *place = &profile->places[sim_draw_below(&drawing->draw, profile->place_count)];
    SimOperation touch = { .address = place->key };
    if (sim_place_is_shared(place) && !is_chosen(drawing, &touch))
      drawing->chosen[drawing->chosen_count++] = place->key;
  }
}

static void begin(SimMachine *machine) {
  SimDrawing *drawing = sim_drawing_begin(machine);
  places_choose(drawing);
  sim_drawing_weigh(drawing, own);
}

static void intend(SimDrawing *drawing, const SimPoint *point) {
  const SimOption *option = &point->options[sim_option_weighed(drawing, point)];
  drawing->intended = option->actor;
  drawing->intended_context = option->context;
}

static bool is_intended(const SimDrawing *drawing, const SimOption *option) {
  return option->actor == drawing->intended && option->context == drawing->intended_context;
}

/* Those that may step: whoever touches no chosen place, and the intended one. */
static uint32_t candidates_list(const SimDrawing *drawing, const SimPoint *point, uint8_t *candidates) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < point->option_count; i++) {
    const SimOption *option = &point->options[i];
    if (option->actor != SIM_ACTOR_CLOCK && (is_intended(drawing, option) || !is_chosen(drawing, &option->operation)))
      candidates[count++] = (uint8_t)i;
  }
  return count;
}

/* Where the intended one has just made another, the touch that is meant may be one of the other's: drawn by what each of the two is to do. */
static void children_meet(SimDrawing *drawing, const SimPoint *point) {
  for (uint32_t i = 0; i < point->option_count; i++) {
    const SimOption *option = &point->options[i];
    const SimActor *actor = &drawing->actors[option->actor];
    if (option->actor == SIM_ACTOR_CLOCK || (actor->run == drawing->profile.run && actor->context == option->context))
      continue;
    uint32_t weight = sim_drawing_actor(drawing, option)->weight;
    if (drawing->intended == SIM_ACTOR_COUNT || point->context != drawing->intended_context)
      continue;
    if (sim_draw_below(&drawing->draw, weight + drawing->actors[drawing->intended].weight) < weight) {
      drawing->intended = option->actor;
      drawing->intended_context = option->context;
    }
  }
}

static uint32_t pick(SimDrawing *drawing, const SimPoint *point) {
  uint8_t candidates[SIM_OPTION_COUNT_MAX];
  children_meet(drawing, point);
  if (drawing->intended == SIM_ACTOR_COUNT)
    intend(drawing, point);
  uint32_t count = candidates_list(drawing, point, candidates);
  if (count == 0) { /* it waits, or has ended */
    intend(drawing, point);
    count = candidates_list(drawing, point, candidates);
  }
  uint32_t index = candidates[sim_draw_below(&drawing->draw, count)];
  if (is_chosen(drawing, &point->options[index].operation)) {
    sim_actor_spend(sim_drawing_actor(drawing, &point->options[index]), UNIT);
    drawing->intended = SIM_ACTOR_COUNT;
  }
  return index;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) { return sim_drawing_answer(machine, point, pick); }

const SimPolicy sim_policy_surw = {
  .name = "surw",
  .title = "all orders alike at a few shared places that each run chooses",
  .paper = "Zhao, Wolff, Mathur, Roychoudhury: Selectively uniform concurrency testing, ASPLOS 2025",
  SIM_POLICY_DRAWS,
  .begins_late = true,
  .begin = begin,
  .answer = answer,
};
