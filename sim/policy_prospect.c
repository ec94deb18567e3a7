/* Prospect: goes as a line goes, and from some point of it on another way: drawn evenly (the uniform random walk), or every way there is, depth first,
 * from the end of the line towards its beginning. */
#include "draw.h"
#include "internal.h"
#include "prospect.h"
#include "search_path.h"
#include "search_save.h"

#include <stdlib.h>
#include <string.h>

typedef enum ProspectMode { PROSPECT_FOLLOW, PROSPECT_DRAW, PROSPECT_ENUMERATE } ProspectMode;

typedef struct PathPoint {
  uint32_t first; /* of its options */
  uint32_t count;
  uint32_t taken; /* index of the option this run takes */
} PathPoint;

typedef struct Prospect {
  ProspectMode mode;
  size_t limit;       /* of the run: the point at which it may leave the line, or does */
  size_t depth;       /* points it has met */
  uint32_t first_new; /* drawing: what was taken at `limit` */
  SimDraw draw;
  SimProspectOver *is_over;
  void *data;
  SimProspectLine line;
  bool is_shared[SIM_CONTEXT_COUNT_MAX];    /* by slot: somebody else touches that context's stack */
  bool is_found_out[SIM_CONTEXT_COUNT_MAX]; /* in runs since the line was followed */
  bool has_found_out;
  /* Enumerating: the path, the line's at first. */
  PathPoint *points;
  size_t count;
  size_t capacity;
  uint32_t *ids;
  size_t id_capacity;
  size_t complete;
  SimProspectRun run; /* the last */
  SimSaves *saves;
} Prospect;

static Prospect *prospect_of(const SimMachine *machine) {
  SIM_ASSERT(machine->options.search != NULL);
  return machine->options.search->state;
}

static void finish(void *state) {
  Prospect *self = state;
  free(self->line.points);
  free(self->line.options);
  free(self->points);
  free(self->ids);
  sim_saves_destroy(&self->saves);
}

static void *grown(void *block, size_t *capacity, size_t count, size_t size) {
  if (count <= *capacity)
    return block;
  *capacity = count * 2 + 64;
  block = realloc(block, *capacity * size);
  SIM_ASSERT(block != NULL);
  return block;
}

/* ---- a run ---- */

static void run_begin(Prospect *self, const SimSearch *search) {
  self->draw.word = search->options.seed + search->number;
  self->draw.word = sim_draw(&self->draw); /* seeds in a row are far apart */
  self->first_new = 0;
}

static void begin(SimMachine *machine) {
  Prospect *self = prospect_of(machine);
  run_begin(self, machine->options.search);
  self->depth = 0;
  if (self->mode == PROSPECT_FOLLOW) {
    sim_policy_replay.begin(machine);
    self->line.count = self->line.option_count = 0;
  }
  if (self->saves == NULL && machine->options.search->options.saved_size_max > 0)
    self->saves = sim_saves_create();
  if (self->saves != NULL)
    sim_saves_begin(self->saves, machine);
}

static bool resume(void *state, const SimSnapshot *start, const SimRunOptions *options) {
  Prospect *self = state;
  if (self->saves == NULL || self->mode == PROSPECT_FOLLOW)
    return false;
  size_t point = self->mode == PROSPECT_DRAW ? self->limit : self->count - 1;
  if (sim_saves_resume(self->saves, point, start, options, &self->depth) == SIZE_MAX)
    return false;
  run_begin(self, options->search);
  return true;
}

static void end(SimMachine *machine) {
  Prospect *self = prospect_of(machine);
  if (self->saves != NULL)
    sim_saves_end(self->saves, machine);
  self->run = (SimProspectRun){ .parts = self->limit, .option = self->first_new, .chance = 1 };
  if (self->mode != PROSPECT_ENUMERATE)
    return;
  self->run.option = self->points[self->limit].taken;
  for (size_t i = self->limit; i < self->count; i++)
    self->run.chance /= self->points[i].count;
}

/* Enumerating: on to the next. */
static bool next(SimSearch *search, void *state) {
  Prospect *self = state;
  (void)search;
  if (self->mode != PROSPECT_ENUMERATE)
    return true;
  while (self->count > 0) {
    PathPoint *last = &self->points[self->count - 1];
    self->limit = self->count - 1 < self->limit ? self->count - 1 : self->limit;
    if (++last->taken < last->count)
      return true;
    self->count--;
    self->complete = self->count < self->complete ? self->count : self->complete;
  }
  return false;
}

/* ---- the line ---- */

static void option_push(SimProspectLine *line, const SimPoint *point, uint32_t id) {
  SimOption option = { .id = id };
  for (uint32_t i = 0; point->options != NULL && i < point->option_count; i++)
    if (point->options[i].id == id)
      option = point->options[i];
  line->options = grown(line->options, &line->option_capacity, line->option_count + 1, sizeof *line->options);
  line->options[line->option_count++] = option;
}

/* What the line answers first: it may be one that bounds or futility leave out elsewhere. */
static void line_push(SimMachine *machine, SimProspectLine *line, const SimPoint *point, uint32_t answer, const SimPathOption *options,
                      uint32_t count) {
  const SimVcpu *vcpu = sim_vcpu(machine);
  line->points = grown(line->points, &line->capacity, line->count + 1, sizeof *line->points);
  SimProspectPoint *met = &line->points[line->count++];
  *met = (SimProspectPoint){ .context = point->context,
                             .ordinal = point->ordinal,
                             .natural = point->natural,
                             .event = machine->event_count,
                             .first = (uint32_t)line->option_count,
                             .kind = (uint8_t)point->kind,
                             .cpu = vcpu != NULL ? vcpu->number : 0xff };
  option_push(line, point, answer);
  for (uint32_t i = 0; i < count; i++)
    if (options[i].id != answer)
      option_push(line, point, options[i].id);
  met->count = (uint16_t)(line->option_count - met->first);
}

/* The run has not left the line, and this is the line's next point. */
static bool is_on_line(const Prospect *self, const SimPoint *point) {
  if (self->depth > self->limit || self->depth >= self->line.count)
    return false;
  const SimProspectPoint *next = &self->line.points[self->depth];
  return next->context == point->context && next->kind == point->kind && next->ordinal == point->ordinal;
}

/* ---- the path ---- */

static void path_push(Prospect *self, const uint32_t *ids, uint32_t count) {
  const PathPoint *last = self->count > 0 ? &self->points[self->count - 1] : NULL;
  uint32_t first = last != NULL ? last->first + last->count : 0;
  self->points = grown(self->points, &self->capacity, self->count + 1, sizeof *self->points);
  self->ids = grown(self->ids, &self->id_capacity, first + count, sizeof *self->ids);
  memcpy(self->ids + first, ids, count * sizeof *ids);
  self->points[self->count++] = (PathPoint){ .first = first, .count = count };
}

static void path_push_options(Prospect *self, const SimPathOption *options, uint32_t count) {
  uint32_t ids[SIM_OPTION_COUNT_MAX];
  for (uint32_t i = 0; i < count; i++)
    ids[i] = options[i].id;
  path_push(self, ids, count);
}

static void path_begin(Prospect *self) {
  uint32_t ids[SIM_OPTION_COUNT_MAX];
  self->count = 0;
  for (size_t at = 0; at < self->line.count; at++) {
    const SimProspectPoint *point = &self->line.points[at];
    for (uint32_t i = 0; i < point->count; i++)
      ids[i] = self->line.options[point->first + i].id;
    path_push(self, ids, point->count);
  }
}

/* ---- answers ---- */

/* Only where another run can go on from: of the line, and of ways that have not been gone. Comes back for each run that does. */
static void state_save(Prospect *self, SimMachine *machine, size_t at) {
  if (self->saves == NULL || !sim_saves_wants(self->saves, machine))
    return;
  bool is_wanted = self->mode == PROSPECT_FOLLOW || at <= self->limit ||
                   (self->mode == PROSPECT_ENUMERATE && self->points[at].taken + 1 < self->points[at].count);
  if (is_wanted)
    sim_saves_put(self->saves, machine, at, &self->depth, sizeof self->depth, machine->options.search->options.saved_size_max);
}

static uint32_t draw(Prospect *self, size_t at, const SimPathOption *options, uint32_t count) {
  if (at > self->limit)
    return options[sim_draw_below(&self->draw, count)].id;
  const SimProspectPoint *point = &self->line.points[at];
  if (at == self->limit)
    self->first_new = sim_draw_below(&self->draw, point->count);
  return self->line.options[point->first + (at == self->limit ? self->first_new : 0)].id;
}

/* At a point with more than one way to go. A run that goes on from a saved state comes out of state_save. */
static uint32_t choose(Prospect *self, SimMachine *machine, const SimPathOption *options, uint32_t count, uint32_t said) {
  size_t at = self->depth++;
  if (self->mode == PROSPECT_ENUMERATE && at >= self->count)
    path_push_options(self, options, count);
  state_save(self, machine, at);
  if (self->mode == PROSPECT_FOLLOW)
    return said;
  if (self->mode == PROSPECT_DRAW)
    return draw(self, at, options, count);
  return self->ids[self->points[at].first + self->points[at].taken];
}

/* A run that follows a line is asked about everything. */
static bool is_open(const SimSearchOptions *options, SimChoiceKind kind) {
  if (kind == SIM_CHOICE_ACCESS)
    return options->visits_accesses;
  return (SIM_CHOICE_RARE >> kind & 1) == 0 || (options->varies >> kind & 1) != 0;
}

/* An access of a context's own stack, which nobody else touches, is no place to switch: what is different behind a switch there is so behind one at the
 * context's next. Who does touch it is noted for the next line: this one's points stay what they are. */
static bool is_private(Prospect *self, const SimMachine *machine, const SimPoint *point) {
  const SimContext *context = machine->current;
  if (point->kind != SIM_CHOICE_ACCESS || context == NULL)
    return false;
  unsigned slot = sim_stack_slot_of(context->pending.address);
  if (slot >= SIM_CONTEXT_COUNT_MAX || slot == context->slot)
    return slot < SIM_CONTEXT_COUNT_MAX && !self->is_shared[slot];
  self->has_found_out |= !self->is_shared[slot];
  self->is_found_out[slot] = true;
  return false;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  Prospect *self = prospect_of(machine);
  if (!is_open(&machine->options.search->options, point->kind))
    return point->natural;
  if (self->is_over != NULL && self->is_over(self->data))
    sim_stop(machine, SIM_STOP_KNOWN, NULL);
  SimPathOption options[SIM_OPTION_COUNT_MAX];
  uint32_t count = sim_path_options(machine, point, false, options), said = 0;
  bool is_line = self->mode != PROSPECT_FOLLOW && is_on_line(self, point);
  bool is_choice = count > 1 && !is_private(self, machine, point);
  if (self->mode == PROSPECT_FOLLOW) {
    said = sim_policy_replay.answer(machine, point);
    is_line = is_choice || said != options[0].id;
    if (is_line)
      line_push(machine, &self->line, point, said, options, count);
  }
  return is_choice || is_line ? choose(self, machine, options, count, said) : options[0].id;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  (void)context;
  return machine->options.search->options.visits_accesses ? 1 : UINT32_MAX;
}

const SimPolicy sim_policy_prospect = {
  .name = "prospect",
  .title = "a schedule's beginning again, and from there every way or one that is drawn",
  .explores = true,
  .state_size = sizeof(Prospect),
  .begin = begin,
  .answer = answer,
  .access_budget = access_budget,
  .resume = resume,
  .end = end,
  .next = next,
  .finish = finish,
};

/* ---- what is wanted of it ---- */

static Prospect *state_of(const SimSearch *search) {
  SIM_ASSERT(search->options.policy == &sim_policy_prospect);
  return search->state;
}

void sim_prospect_watch(SimSearch *search, SimProspectOver *is_over, void *data) {
  state_of(search)->is_over = is_over;
  state_of(search)->data = data;
}

void sim_prospect_follow(SimSearch *search) {
  Prospect *self = state_of(search);
  self->mode = PROSPECT_FOLLOW;
  self->limit = SIZE_MAX;
  self->has_found_out = false;
  for (unsigned slot = 0; slot < SIM_CONTEXT_COUNT_MAX; slot++)
    self->is_shared[slot] |= self->is_found_out[slot];
}

bool sim_prospect_is_mistaken(const SimSearch *search) { return state_of(search)->has_found_out; }

void sim_prospect_draw(SimSearch *search, size_t count) {
  Prospect *self = state_of(search);
  SIM_ASSERT(count < self->line.count);
  self->mode = PROSPECT_DRAW;
  self->limit = count;
}

bool sim_prospect_enumerate(SimSearch *search) {
  Prospect *self = state_of(search);
  self->mode = PROSPECT_ENUMERATE;
  self->limit = self->complete = self->line.count;
  path_begin(self);
  return next(search, self);
}

const SimProspectLine *sim_prospect_line(const SimSearch *search) { return &state_of(search)->line; }
SimProspectRun sim_prospect_run(const SimSearch *search) { return state_of(search)->run; }
size_t sim_prospect_complete(const SimSearch *search) { return state_of(search)->complete; }
