/* Feedback: which write was read by which read is what a schedule comes to. Each run wishes for one to four such pairs of sites, above all for those that
 * few runs have shown: who would read too early waits for the write, who would overwrite it waits for the read. Wishes whose run showed a new pair
 * are kept, and later runs change them a little. Locks and events count as places, too: who takes one reads what the last did to it. */
#include "drawing.h"

#include <stdlib.h>

#define PAIR_CELL_COUNT 16384u
#define PAIR_COUNT_MAX 12288u
#define SITE_COUNT_MAX 4096u
#define KEPT_COUNT_MAX 64u
#define TRIES 8
#define NEW_COUNT_MAX 3
/* What a wish that could not be granted counts, beside those that were made. */
#define DROPPED 2
/* How often a site is wished for that has so far had to do with its own context alone, as who gives a lock back: once in so many times. */
#define OWN_RARELY 4
/* Points after which a run's wishes are given up, for each that a run may be expected to have. */
#define PATIENCE 4

typedef struct Pair {
  uint64_t key;    /* hash of place, writer, reader, and whether they are one context; 0: free */
  uint32_t count;  /* runs that showed it */
  uint32_t wished; /* runs that wished for it: not all can be had */
  uint32_t run;    /* the last that showed it */
} Pair;

typedef struct ReadSite {
  uint64_t place;
  uint32_t site;
  uint32_t next; /* of the same place: index + 1 */
  bool reads;
  bool writes;
  bool reads_others; /* has read what another context wrote */
  bool is_read;      /* ... and has written what another read */
} ReadSite;

typedef struct Kept {
  uint32_t count;
  SimWish wishes[SIM_WISH_COUNT_MAX];
} Kept;

typedef struct SimReads {
  uint32_t pair_count;
  uint32_t site_count;
  uint32_t kept_count; /* ever: the newest KEPT_COUNT_MAX are there */
  Kept kept[KEPT_COUNT_MAX];
  ReadSite sites[SITE_COUNT_MAX];
  Pair pairs[PAIR_CELL_COUNT];
} SimReads;

/* ---- what is seen ---- */

static uint64_t mix(uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
  return word ^ (word >> 27);
}

static Pair *pair_cell(SimReads *reads, uint64_t place, uint32_t writer, uint32_t reader, bool is_own) {
  uint64_t key = mix(mix(place ^ (uint64_t)is_own << 63) + ((uint64_t)writer << 32 | reader)) | 1;
  uint32_t cell = (uint32_t)(key >> 20) & (PAIR_CELL_COUNT - 1);
  while (reads->pairs[cell].key != 0 && reads->pairs[cell].key != key)
    cell = (cell + 1) & (PAIR_CELL_COUNT - 1);
  reads->pairs[cell].key = reads->pair_count < PAIR_COUNT_MAX ? key : reads->pairs[cell].key;
  return &reads->pairs[cell];
}

/* Entered if it is new; NULL: there are too many. */
static ReadSite *site_find(SimReads *reads, SimPlace *place, uint32_t site) {
  for (uint32_t at = place->sites; at != 0; at = reads->sites[at - 1].next)
    if (reads->sites[at - 1].site == site)
      return &reads->sites[at - 1];
  if (reads->site_count == SITE_COUNT_MAX)
    return NULL;
  reads->sites[reads->site_count] = (ReadSite){ .place = place->key, .site = site, .next = place->sites };
  place->sites = ++reads->site_count;
  return &reads->sites[reads->site_count - 1];
}

static void site_note(SimReads *reads, SimPlace *place, uint32_t site, bool is_write, bool is_read, bool is_own) {
  ReadSite *self = site_find(reads, place, site);
  if (self != NULL) {
    self->reads |= is_read;
    self->writes |= is_write;
    self->reads_others |= is_read && !is_own;
  }
  ReadSite *writer = is_read && !is_own && place->writer_site != 0 ? site_find(reads, place, place->writer_site) : NULL;
  if (writer != NULL)
    writer->is_read = true;
}

/* Plain accesses read or write; whatever happens to an object depends on what was done to it before. */
static bool is_reading(const SimOperation *operation) { return operation->kind != SIM_POINT_ACCESS || !operation->is_write; }

static void wishes_note(SimDrawing *drawing, const SimPlace *place, uint32_t site) {
  for (uint32_t i = 0; i < drawing->wish_count; i++) {
    SimWish *wish = &drawing->wishes[i];
    if (!wish->is_over && wish->place == place->key && wish->reader == site)
      wish->is_over = true;
  }
}

void sim_reads_note(SimDrawing *drawing, SimPlace *place, uint32_t context, uint32_t site, const SimOperation *operation) {
  SimReads *reads = drawing->reads;
  bool is_read = is_reading(operation);
  bool is_own = place->writer_context == context;
  site_note(reads, place, site, operation->is_write, is_read, is_own);
  if (!is_read)
    return;
  wishes_note(drawing, place, site);
  Pair *pair = pair_cell(reads, place->key, place->writer_site, site, is_own);
  if (pair->run == drawing->profile.run)
    return;
  pair->run = drawing->profile.run;
  if (pair->count++ == 0 && pair->key != 0) {
    reads->pair_count++;
    drawing->pairs_new += sim_place_is_shared(place);
  }
}

/* ---- what is wished ---- */

static bool is_wanted(SimDrawing *drawing, bool meets_others) { return meets_others || sim_draw_below(&drawing->draw, OWN_RARELY) == 0; }

/* A write that this read may see: nobody's, or that of a site that writes the place. */
static uint32_t writer_draw(SimDrawing *drawing, const SimPlace *place) {
  uint32_t count = 1, drawn = 0;
  for (uint32_t at = place->sites; at != 0; at = drawing->reads->sites[at - 1].next) {
    const ReadSite *writer = &drawing->reads->sites[at - 1];
    if (writer->writes && is_wanted(drawing, writer->is_read) && sim_draw_below(&drawing->draw, ++count) == 0)
      drawn = writer->site;
  }
  return drawn;
}

/* The one of some that runs have shown least. */
static bool wish_draw(SimDrawing *drawing, SimWish *wish) {
  SimReads *reads = drawing->reads;
  uint32_t fewest = UINT32_MAX;
  Pair *best = NULL;
  for (uint32_t i = 0; i < TRIES && reads->site_count > 0; i++) {
    const ReadSite *reader = &reads->sites[sim_draw_below(&drawing->draw, reads->site_count)];
    const SimPlace *place = sim_profile_place(&drawing->profile, reader->place);
    if (!reader->reads || !sim_place_is_shared(place) || !is_wanted(drawing, reader->reads_others))
      continue;
    uint32_t writer = writer_draw(drawing, place);
    Pair *pair = pair_cell(reads, place->key, writer, reader->site, false);
    if (pair->count + pair->wished >= fewest)
      continue;
    fewest = pair->count + pair->wished;
    best = pair;
    *wish = (SimWish){ .place = place->key, .writer = writer, .reader = reader->site };
  }
  if (best != NULL)
    best->wished++;
  return best != NULL;
}

static void wish_forget(SimDrawing *drawing, uint32_t index) { drawing->wishes[index] = drawing->wishes[--drawing->wish_count]; }

/* Two wishes for one place are rarely both granted; for different ones they often are. */
static bool is_wished_there(const SimDrawing *drawing, const SimWish *wish) {
  for (uint32_t i = 0; i < drawing->wish_count; i++)
    if (drawing->wishes[i].place == wish->place)
      return true;
  return false;
}

static void wishes_draw(SimDrawing *drawing) {
  const SimReads *reads = drawing->reads;
  uint32_t kept = reads->kept_count < KEPT_COUNT_MAX ? reads->kept_count : KEPT_COUNT_MAX;
  drawing->wish_count = 0;
  if (kept > 0 && sim_draw_below(&drawing->draw, 2) == 0) {
    const Kept *base = &reads->kept[sim_draw_below(&drawing->draw, kept)];
    for (; drawing->wish_count < base->count; drawing->wish_count++)
      drawing->wishes[drawing->wish_count] = base->wishes[drawing->wish_count];
    if (drawing->wish_count == SIM_WISH_COUNT_MAX || sim_draw_below(&drawing->draw, 4) == 0)
      wish_forget(drawing, sim_draw_below(&drawing->draw, drawing->wish_count));
  }
  uint32_t more = 1 + sim_draw_below(&drawing->draw, NEW_COUNT_MAX);
  for (; more > 0 && drawing->wish_count < SIM_WISH_COUNT_MAX; more--)
    if (wish_draw(drawing, &drawing->wishes[drawing->wish_count]) && !is_wished_there(drawing, &drawing->wishes[drawing->wish_count]))
      drawing->wish_count++;
  for (uint32_t i = 0; i < drawing->wish_count; i++)
    drawing->wishes[i].is_over = false;
}

struct SimReads *sim_reads_create(void) {
  SimReads *reads = calloc(1, sizeof *reads);
  SIM_ASSERT(reads != NULL);
  return reads;
}

/* ---- a run ---- */

static void begin(SimMachine *machine) {
  SimDrawing *drawing = sim_drawing_begin(machine);
  drawing->manner = sim_draw_below(&drawing->draw, 3);
  wishes_draw(drawing);
}

static void end(SimMachine *machine) {
  SimDrawing *drawing = sim_drawing(machine);
  if (drawing->is_begun && drawing->pairs_new > 0 && drawing->wish_count > 0) {
    Kept *kept = &drawing->reads->kept[drawing->reads->kept_count++ % KEPT_COUNT_MAX];
    kept->count = drawing->wish_count;
    for (uint32_t i = 0; i < drawing->wish_count; i++)
      kept->wishes[i] = drawing->wishes[i];
  }
  sim_drawing_end(machine);
}

static uint32_t writer_now(const SimDrawing *drawing, const SimPlace *place) {
  return place->run == drawing->profile.run ? place->writer_site : 0;
}

/* Cannot be granted in this run, and less likely in others. */
static void wish_drop(SimDrawing *drawing, uint32_t index) {
  SimWish *wish = &drawing->wishes[index];
  wish->is_over = true;
  pair_cell(drawing->reads, wish->place, wish->writer, wish->reader, false)->wished += DROPPED;
}

/* Nobody can step but against a wish: one whose reader still waits for its write goes first, for others are as good as granted. */
static void any_wish_drop(SimDrawing *drawing) {
  uint32_t first = sim_draw_below(&drawing->draw, drawing->wish_count), victim = first;
  for (uint32_t i = 0; i < drawing->wish_count; i++) {
    uint32_t index = (first + i) % drawing->wish_count;
    const SimWish *wish = &drawing->wishes[index];
    const SimPlace *place = sim_profile_place(&drawing->profile, wish->place);
    if (wish->is_over)
      continue;
    victim = index;
    if (place != NULL && writer_now(drawing, place) != wish->writer)
      break;
  }
  if (!drawing->wishes[victim].is_over)
    wish_drop(drawing, victim);
}

/* Does a wish want that this waits? */
static bool is_held_up(SimDrawing *drawing, const SimOption *option) {
  uint64_t key = sim_place_key(&option->operation);
  if (key == 0)
    return false;
  for (uint32_t i = 0; i < drawing->wish_count; i++) {
    const SimWish *wish = &drawing->wishes[i];
    if (wish->is_over || wish->place != key)
      continue;
    uint32_t writer = writer_now(drawing, sim_profile_place(&drawing->profile, key));
    bool is_right = writer == wish->writer;
    if (wish->writer == 0 && writer != 0) { /* somebody has written, and nothing undoes that */
      wish_drop(drawing, i);
      continue;
    }
    bool is_reader = sim_drawing_site(option) == wish->reader && is_reading(&option->operation);
    if (is_reader ? !is_right : is_right && option->operation.is_write)
      return true;
  }
  return false;
}

/* Those that no wish holds up; wishes are dropped until there are some. */
static uint32_t candidates_list(SimDrawing *drawing, const SimPoint *point, uint8_t *candidates) {
  for (;;) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < point->option_count; i++)
      if (point->options[i].actor != SIM_ACTOR_CLOCK && !is_held_up(drawing, &point->options[i]))
        candidates[count++] = (uint8_t)i;
    if (count > 0)
      return count;
    any_wish_drop(drawing);
  }
}

static uint32_t pick(SimDrawing *drawing, const SimPoint *point) {
  uint8_t candidates[SIM_OPTION_COUNT_MAX];
  uint32_t best_priority = 0;
  if (drawing->point_count > PATIENCE * drawing->profile.step_count + 64)
    drawing->wish_count = 0;
  uint32_t count = candidates_list(drawing, point, candidates);
  uint32_t index = candidates[0];
  if (drawing->manner == 0)
    return candidates[sim_draw_below(&drawing->draw, count)];
  for (uint32_t i = 0; i < count; i++) {
    uint32_t priority = sim_drawing_actor(drawing, &point->options[candidates[i]])->priority;
    if (priority > best_priority)
      index = candidates[i], best_priority = priority;
  }
  if (drawing->manner == 1)
    sim_drawing_redraw(drawing, point, index);
  return index;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) { return sim_drawing_answer(machine, point, pick); }

const SimPolicy sim_policy_feedback = {
  .name = "feedback",
  .title = "wishes for who reads from whom, above all what no run has shown",
  .paper = "Wolff, Shi, Duck, Mathur, Roychoudhury: Greybox fuzzing for concurrency testing, ASPLOS 2024",
  .explores = true,
  .begins_late = true,
  .holds_up = true,
  .state_size = sizeof(SimDrawing),
  .begin = begin,
  .answer = answer,
  .access_budget = sim_drawing_access_budget,
  .end = end,
  .finish = sim_drawing_finish,
};
