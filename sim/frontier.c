#include "frontier.h"

#include <stdlib.h>
#include <string.h>

#define CELL_COUNT_MAX 32768u
#define SLOT_COUNT (CELL_COUNT_MAX * 2)
#define WAY_LENGTH_MAX 256u
#define WAYS_LENGTH_MAX (1u << 20)
#define ARCHIVE_COUNT 2
#define TRIES 8
#define STALE 4
#define STATE_WORD_COUNT 16384u
#define WORD_COUNT 4096u
/* Runs that begin at the beginning: one in so many. */
#define AFRESH 4
#define HERE UINT32_MAX

typedef struct Departure {
  uint32_t context;
  uint32_t ordinal;
  uint32_t answer;
  uint32_t kind;
} Departure;

/* A state, and the way to it. */
typedef struct Cell {
  uint64_t key;
  uint32_t seen;   /* times that runs came through */
  uint32_t chosen; /* ... and began to draw there */
  uint32_t way;    /* of ways */
  uint32_t length;
  uint32_t room;
  uint32_t renewed;
  uint64_t steps; /* points and accesses on the way */
} Cell;

typedef struct Archive {
  uint32_t count;
  Cell cells[CELL_COUNT_MAX];
  uint32_t slots[SLOT_COUNT]; /* index + 1 by hash; 0: free */
} Archive;

/* What memory holds. */
typedef struct Word {
  uint32_t run;
  uint64_t address;
  uint64_t hash; /* of the address and the value */
} Word;

/* What an actor that could step was last seen to touch. */
typedef struct Sight {
  uint64_t key;
  const SimPlace *place; /* NULL: none that was known when there were so many */
  uint32_t place_count;
} Sight;

struct SimFrontier {
  uint64_t values[2]; /* this run's state: what has changed at places that are written plainly, and at others */
  uint64_t written;   /* key of the place that the last step may change; 0: none */
  bool returns;       /* this run is one that goes back, and finds ways */
  bool has_sync;      /* ... and these have changed, ever: they alone tell states apart */
  uint64_t last[ARCHIVE_COUNT];
  uint32_t length; /* of this run so far; WAY_LENGTH_MAX: no way leads further */
  Departure here;  /* the point that is answered, with no answer */
  uint32_t back_length, back_next;
  uint32_t ways_length;
  uint32_t ways_room;
  Departure *ways; /* of all cells */
  Departure back[WAY_LENGTH_MAX];
  Departure way[WAY_LENGTH_MAX];
  uint32_t word_count; /* of this run */
  Word words[WORD_COUNT];
  Sight sights[SIM_ACTOR_COUNT];
  uint64_t met[STATE_WORD_COUNT]; /* fine states: a bit each, by hash */
  Archive archives[ARCHIVE_COUNT];
};

static uint64_t mix(uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
  return word ^ (word >> 31);
}

/* ---- states ---- */

/* NULL: there are too many. */
static Cell *cell_find(Archive *archive, uint64_t key) {
  uint32_t slot = (uint32_t)(key >> 20) % SLOT_COUNT;
  for (; archive->slots[slot] != 0; slot = (slot + 1) % SLOT_COUNT)
    if (archive->cells[archive->slots[slot] - 1].key == key)
      return &archive->cells[archive->slots[slot] - 1];
  if (archive->count == CELL_COUNT_MAX)
    return NULL;
  archive->cells[archive->count] = (Cell){ .key = key, .steps = UINT64_MAX };
  archive->slots[slot] = ++archive->count;
  return &archive->cells[archive->count - 1];
}

static bool ways_make_room(SimFrontier *self, uint32_t length) {
  if (self->ways_length + length > WAYS_LENGTH_MAX)
    return false;
  while (self->ways_length + length > self->ways_room) {
    self->ways_room = self->ways_room == 0 ? 4096 : self->ways_room * 2;
    self->ways = realloc(self->ways, self->ways_room * sizeof *self->ways);
    SIM_ASSERT(self->ways != NULL);
  }
  return true;
}

/* The run has come to that state: earlier than others, maybe. */
static void cell_reach(SimFrontier *self, Archive *archive, uint64_t key, uint64_t steps) {
  Cell *cell = cell_find(archive, key);
  if (cell == NULL)
    return;
  cell->seen++;
  uint32_t length = self->length + 1;
  bool is_stale = cell->chosen >= cell->renewed + STALE;
  if ((steps >= cell->steps && !is_stale) || length > WAY_LENGTH_MAX)
    return;
  if (length > cell->room) {
    if (!ways_make_room(self, length))
      return;
    cell->way = self->ways_length;
    cell->room = length;
    self->ways_length += length;
  }
  cell->steps = steps;
  cell->renewed = cell->chosen;
  cell->length = length;
  memcpy(self->ways + cell->way, self->way, self->length * sizeof self->way[0]);
  self->ways[cell->way + length - 1] = self->here;
}

/* Places of one word are one; an object is a word of its own. */
static uint64_t word_of(const SimPlace *place) { return place->key >= SIM_ARENA_BASE ? place->key & ~7ull : place->key; }

/* What memory holds there, or who has last done something to the object. */
static uint64_t value_at(uint64_t word, const SimPlace *place) {
  uint64_t value = 0;
  if (word < SIM_ARENA_BASE)
    return place->writer_site;
  if ((sim_page_attributes(sim_machine(), word) & SIM_PAGE_RESIDENT) != 0)
    memcpy(&value, (const void *)word, sizeof value);
  return value;
}

/* Entered as it is when this run first comes to it; NULL: there are too many. */
static Word *word_find(SimFrontier *self, const SimDrawing *drawing, const SimPlace *place) {
  uint64_t address = word_of(place);
  uint32_t slot = (uint32_t)(mix(address) >> 20) % WORD_COUNT;
  for (; self->words[slot].run == drawing->profile.run; slot = (slot + 1) % WORD_COUNT)
    if (self->words[slot].address == address)
      return &self->words[slot];
  if (self->word_count == WORD_COUNT / 2)
    return NULL;
  self->word_count++;
  self->words[slot] = (Word){ .run = drawing->profile.run, .address = address, .hash = mix(address * 31 + mix(value_at(address, place))) };
  return &self->words[slot];
}

static void word_settle(SimFrontier *self, const SimDrawing *drawing) {
  const SimPlace *place = self->written != 0 ? sim_profile_place(&drawing->profile, self->written) : NULL;
  Word *word = place != NULL ? word_find(self, drawing, place) : NULL;
  self->written = 0;
  if (word == NULL)
    return;
  uint64_t hash = mix(word->address * 31 + mix(value_at(word->address, place)));
  self->has_sync |= place->is_sync && hash != word->hash;
  self->values[place->is_sync] += hash - word->hash;
  word->hash = hash;
}

void sim_frontier_note(SimDrawing *drawing, const SimOption *option, const SimPlace *place) {
  SimFrontier *self = drawing->frontier;
  word_settle(self, drawing);
  if (!option->operation.is_write || !sim_place_is_shared(place))
    return;
  word_find(self, drawing, place);
  self->written = place->key;
}

/* Most of those that could step are about to do what they were at the point before. */
static const SimPlace *place_seen(const SimDrawing *drawing, const SimOption *option) {
  Sight *sight = &drawing->frontier->sights[option->actor];
  uint64_t key = sim_place_key(&option->operation);
  if (sight->key != key || (sight->place == NULL && sight->place_count != drawing->profile.place_count))
    *sight = (Sight){ .key = key, .place = sim_profile_place(&drawing->profile, key), .place_count = drawing->profile.place_count };
  return sight->place;
}

static uint64_t sights(const SimDrawing *drawing, const SimPoint *point) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < point->option_count; i++) {
    const SimOption *option = &point->options[i];
    if (sim_place_is_shared(place_seen(drawing, option)))
      sum += mix(sim_drawing_site(option));
  }
  return sum;
}

/* Has no run been in that state before, as far as a bit can tell? */
static bool state_is_new(SimFrontier *self, uint64_t key) {
  uint64_t bit = 1ull << (key & 63), *bits = &self->met[(key >> 6) % STATE_WORD_COUNT];
  bool is_new = (*bits & bit) == 0;
  *bits |= bit;
  return is_new;
}

void sim_frontier_look(SimDrawing *drawing, const SimPoint *point) {
  SimFrontier *self = drawing->frontier;
  uint64_t steps = sim_machine()->step_count + sim_machine()->access_count;
  word_settle(self, drawing);
  uint64_t values = self->values[true] + (self->has_sync ? 0 : self->values[false]);
  uint64_t keys[ARCHIVE_COUNT] = { mix(values), mix(values + mix(sights(drawing, point))) };
  if (keys[ARCHIVE_COUNT - 1] != self->last[ARCHIVE_COUNT - 1])
    drawing->states_new += state_is_new(self, keys[ARCHIVE_COUNT - 1]);
  for (unsigned i = 0; i < ARCHIVE_COUNT; i++)
    if (keys[i] != self->last[i] && self->returns)
      cell_reach(self, &self->archives[i], keys[i], steps);
  memcpy(self->last, keys, sizeof keys);
}

/* ---- a run ---- */

static void back_choose(SimFrontier *self, SimDraw *draw) {
  Archive *archive = &self->archives[sim_draw_below(draw, 4) != 0];
  Cell *best = NULL;
  for (unsigned i = 0; i < TRIES && archive->count > 0; i++) {
    Cell *cell = &archive->cells[sim_draw_below(draw, archive->count)];
    if (cell->length == 0)
      continue;
    if (best == NULL || cell->chosen < best->chosen || (cell->chosen == best->chosen && cell->seen < best->seen))
      best = cell;
  }
  if (best == NULL)
    return;
  best->chosen++;
  self->back_length = best->length;
  memcpy(self->back, self->ways + best->way, best->length * sizeof self->back[0]);
}

void sim_frontier_begin(SimDrawing *drawing, bool returns) {
  if (drawing->frontier == NULL)
    drawing->frontier = calloc(1, sizeof *drawing->frontier);
  SIM_ASSERT(drawing->frontier != NULL);
  SimFrontier *self = drawing->frontier;
  self->values[0] = self->values[1] = self->written = 0;
  memset(self->last, 0, sizeof self->last);
  self->length = self->back_length = self->back_next = self->word_count = 0;
  self->returns = returns;
  if (returns && sim_draw_below(&drawing->draw, AFRESH) != 0)
    back_choose(self, &drawing->draw);
}

void sim_frontier_finish(SimFrontier *frontier) {
  if (frontier != NULL)
    free(frontier->ways);
  free(frontier);
}

static bool is_of(const Departure *departure, const SimPoint *point) {
  return departure->context == point->context && departure->kind == point->kind && departure->ordinal == point->ordinal;
}

static void option_step(SimDrawing *drawing, const SimPoint *point, uint32_t id) {
  bool goes_on = point->kind == SIM_CHOICE_INTERRUPT && id != point->natural;
  if (!(sim_point_is_step(point) || goes_on) || point->options == NULL)
    return;
  for (uint32_t i = 0; i < point->option_count; i++)
    if (point->options[i].id == id && point->options[i].actor != SIM_ACTOR_CLOCK)
      sim_drawing_step(drawing, &point->options[i]);
}

bool sim_frontier_leads(SimDrawing *drawing, const SimPoint *point, uint32_t *answer) {
  SimFrontier *self = drawing->frontier;
  self->here = (Departure){ .context = point->context, .ordinal = point->ordinal, .kind = point->kind, .answer = HERE };
  if (self->back_next == self->back_length)
    return false;
  const Departure *next = &self->back[self->back_next];
  bool is_here = is_of(next, point);
  self->back_next += is_here;
  if (is_here && !sim_point_has(point, next->answer)) { /* it is here; or the way led by points that are no longer met */
    self->back_next = self->back_length;
    return false;
  }
  *answer = is_here ? next->answer : point->natural;
  option_step(drawing, point, *answer);
  return true;
}

uint32_t sim_frontier_distance(const SimDrawing *drawing, const SimContext *context) {
  const SimFrontier *frontier = drawing->frontier;
  for (uint32_t i = frontier->back_next; i < frontier->back_length; i++) {
    const Departure *next = &frontier->back[i];
    if (next->context == context->id && next->kind == SIM_CHOICE_ACCESS && next->ordinal > context->access_ordinal)
      return next->ordinal - context->access_ordinal;
  }
  return UINT32_MAX;
}

void sim_frontier_record(SimDrawing *drawing, const SimPoint *point, uint32_t answer) {
  SimFrontier *self = drawing->frontier;
  if (answer == point->natural || self->length == WAY_LENGTH_MAX)
    return;
  self->way[self->length] = self->here;
  self->way[self->length++].answer = answer;
}
