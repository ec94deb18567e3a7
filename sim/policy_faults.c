/* Faults: whatever can fail does so once, in a run of its own, all else as it is by nature; what is met only behind a failure is found on the way.
 * Then by pairs (Marinescu, Candea: LFI, a practical and general library-level fault injector, DSN 2009; Jiang, Bai, Lu, Hu: Fuzzing error
 * handling code using context-sensitive software fault injection, USENIX Security 2020: the path of calls belongs to the key). */
#include "faults.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define PAIR_COUNT_MAX (1u << 20)
#define PLACE_COUNT_MAX (1u << 20)

/* A hash table of numbers by 64-bit keys; 0 is no key. */
typedef struct Table {
  uint64_t *keys;
  uint32_t *values;
  uint32_t *runs; /* in which run the value was set: those of former runs count as 0 */
  uint32_t count, capacity;
} Table;

typedef struct Queue {
  uint32_t first, last;
} Queue;

typedef struct SimFaultTables {
  Table met;     /* key -> points of it in this run */
  Table places;  /* key and ordinal -> first place + 1 */
  Queue *queues; /* untried places, by ordinal */
  uint32_t queue_count;
  uint32_t queue_low; /* the first that may hold something */
  uint32_t run;
  uint32_t (*pairs)[2];
} SimFaultTables;

static SimFaults *faults_of(const SimMachine *machine) {
  SIM_ASSERT(machine->options.search != NULL);
  return machine->options.search->state;
}

static void *array_resize(void *array, size_t count, size_t size) {
  void *resized = realloc(array, count * size);
  SIM_ASSERT(resized != NULL);
  return resized;
}

/* ---- tables ---- */

static uint64_t mix(uint64_t word) {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
  word ^= word >> 31;
  return word != 0 ? word : 1;
}

static uint32_t slot_find(const Table *table, uint64_t key) {
  uint32_t at = (uint32_t)(mix(key) & (table->capacity - 1));
  while (table->keys[at] != 0 && table->keys[at] != key)
    at = (at + 1) & (table->capacity - 1);
  return at;
}

static void table_grow(Table *table) {
  Table old = *table;
  table->capacity = old.capacity > 0 ? old.capacity * 2 : 1024;
  table->keys = calloc(table->capacity, sizeof *table->keys);
  table->values = calloc(table->capacity, sizeof *table->values);
  table->runs = calloc(table->capacity, sizeof *table->runs);
  SIM_ASSERT(table->keys != NULL && table->values != NULL && table->runs != NULL);
  for (uint32_t i = 0; i < old.capacity; i++) {
    if (old.keys[i] == 0)
      continue;
    uint32_t at = slot_find(table, old.keys[i]);
    table->keys[at] = old.keys[i];
    table->values[at] = old.values[i];
    table->runs[at] = old.runs[i];
  }
  free(old.keys);
  free(old.values);
  free(old.runs);
}

/* The value of that key in that run, 0 at first. */
static uint32_t *table_at(Table *table, uint64_t key, uint32_t run) {
  if (table->count * 2 >= table->capacity)
    table_grow(table);
  uint32_t at = slot_find(table, key);
  if (table->keys[at] == 0) {
    table->keys[at] = key;
    table->count++;
  }
  if (table->runs[at] != run) {
    table->runs[at] = run;
    table->values[at] = 0;
  }
  return &table->values[at];
}

static void table_free(Table *table) {
  free(table->keys);
  free(table->values);
  free(table->runs);
}

/* ---- places ---- */

static void queue_push(SimFaults *faults, uint32_t place) {
  SimFaultTables *tables = faults->tables;
  uint32_t ordinal = faults->places[place].ordinal;
  if (ordinal >= tables->queue_count) {
    uint32_t count = ordinal * 2 + 16;
    tables->queues = array_resize(tables->queues, count, sizeof *tables->queues);
    for (uint32_t i = tables->queue_count; i < count; i++)
      tables->queues[i] = (Queue){ SIM_FAULT_NONE, SIM_FAULT_NONE };
    tables->queue_count = count;
  }
  Queue *queue = &tables->queues[ordinal];
  if (queue->first == SIM_FAULT_NONE)
    queue->first = place;
  else
    faults->places[queue->last].next = place;
  queue->last = place;
  if (ordinal < tables->queue_low)
    tables->queue_low = ordinal;
}

static uint32_t queue_take(SimFaults *faults) {
  SimFaultTables *tables = faults->tables;
  while (tables->queue_low < tables->queue_count && tables->queues[tables->queue_low].first == SIM_FAULT_NONE)
    tables->queue_low++;
  if (tables->queue_low >= tables->queue_count)
    return SIM_FAULT_NONE;
  Queue *queue = &tables->queues[tables->queue_low];
  uint32_t place = queue->first;
  queue->first = faults->places[place].next;
  return place;
}

static void place_add(SimFaults *faults, const SimMachine *machine, const SimPoint *point, uint64_t key, uint32_t ordinal,
                      uint32_t answer) {
  if (faults->count == faults->capacity) {
    faults->capacity = faults->capacity > 0 ? faults->capacity * 2 : 256;
    faults->places = array_resize(faults->places, faults->capacity, sizeof *faults->places);
  }
  const SimContext *context = machine->current;
  faults->places[faults->count] = (SimFaultPlace){ .key = key,
                                                   .ordinal = ordinal,
                                                   .answer = answer,
                                                   .function = context != NULL ? context->call : 0,
                                                   .site = context != NULL ? context->site : 0,
                                                   .next = SIM_FAULT_NONE,
                                                   .kind = (uint8_t)point->kind };
  queue_push(faults, faults->count++);
}

/* Of a point: as many as it had other options when it was first met. What a failure changed before may have left it others. */
static uint32_t place_count(const SimFaults *faults, uint32_t first) {
  uint32_t last = first;
  while (last < faults->count && faults->places[last].key == faults->places[first].key &&
         faults->places[last].ordinal == faults->places[first].ordinal)
    last++;
  return last - first;
}

/* The first of the places of this point; SIM_FAULT_NONE: there are too many places. */
static uint32_t places_of(SimFaults *faults, const SimMachine *machine, const SimPoint *point) {
  SimFaultTables *tables = faults->tables;
  uint64_t key = point->key != 0 ? point->key : mix((uint64_t)point->context << 8 | point->kind);
  uint32_t ordinal = (*table_at(&tables->met, key, tables->run))++;
  uint32_t *first = table_at(&tables->places, mix(key ^ mix(ordinal + 1)), 0);
  if (*first == 0) {
    if (faults->count + point->option_count > PLACE_COUNT_MAX)
      return SIM_FAULT_NONE;
    *first = faults->count + 1;
    for (uint32_t i = 0; i < point->option_count; i++) {
      uint32_t id = sim_point_id(point, i);
      if (id != point->natural)
        place_add(faults, machine, point, key, ordinal, id);
    }
  }
  return *first - 1;
}

/* ---- pairs ---- */

static void pairs_note(SimFaults *faults, uint32_t first, uint32_t second, uint32_t count) {
  SimFaultTables *tables = faults->tables;
  for (uint32_t i = 0; i < count; i++) {
    if (faults->pair_count == PAIR_COUNT_MAX) {
      faults->is_pair_list_full = true;
      return;
    }
    if ((faults->pair_count & (faults->pair_count - 1)) == 0)
      tables->pairs = array_resize(tables->pairs, faults->pair_count > 0 ? faults->pair_count * 2 : 1, sizeof *tables->pairs);
    tables->pairs[faults->pair_count][0] = first;
    tables->pairs[faults->pair_count++][1] = second + i;
  }
}

/* ---- the policy ---- */

static void begin(SimMachine *machine) {
  SimFaults *faults = faults_of(machine);
  if (faults->tables == NULL) {
    faults->tables = calloc(1, sizeof *faults->tables);
    SIM_ASSERT(faults->tables != NULL);
    faults->chosen[0] = faults->chosen[1] = SIM_FAULT_NONE; /* the first run: nothing fails */
  }
  faults->tables->run++;
  faults->struck = 0;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  if ((SIM_CHOICE_RARE >> point->kind & 1) == 0 || point->option_count < 2)
    return point->natural;
  SimFaults *faults = faults_of(machine);
  uint32_t first = places_of(faults, machine, point);
  if (first == SIM_FAULT_NONE)
    return point->natural;
  for (unsigned i = 0; i < 2; i++) {
    uint32_t chosen = faults->chosen[i];
    if (chosen != SIM_FAULT_NONE && chosen >= first && chosen - first < place_count(faults, first) &&
        sim_point_has(point, faults->places[chosen].answer)) {
      faults->struck++;
      faults->struck_sites[i] = machine->current != NULL ? machine->current->site : 0;
      return faults->places[chosen].answer;
    }
  }
  if (faults->struck == 1 && faults->chosen[1] == SIM_FAULT_NONE && machine->options.search->options.depth >= 2)
    pairs_note(faults, faults->chosen[0], first, place_count(faults, first));
  return point->natural;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  (void)machine, (void)context;
  return UINT32_MAX;
}

static bool next(SimSearch *search, void *state) {
  SimFaults *faults = state;
  (void)search;
  if (faults->tables == NULL)
    return false; /* nothing was run */
  faults->chosen[0] = queue_take(faults);
  faults->chosen[1] = SIM_FAULT_NONE;
  if (faults->chosen[0] != SIM_FAULT_NONE) {
    faults->places[faults->chosen[0]].is_tried = true;
    faults->tried++;
    return true;
  }
  if (faults->pair_next == faults->pair_count)
    return false;
  memcpy(faults->chosen, faults->tables->pairs[faults->pair_next++], sizeof faults->chosen);
  return true;
}

static void finish(void *state) {
  SimFaults *faults = state;
  free(faults->places);
  if (faults->tables == NULL)
    return;
  table_free(&faults->tables->met);
  table_free(&faults->tables->places);
  free(faults->tables->queues);
  free(faults->tables->pairs);
  free(faults->tables);
}

const SimPolicy sim_policy_faults = {
  .name = "faults",
  .title = "each thing that can fail fails once, then by pairs",
  .paper = "Marinescu, Candea: LFI: a practical and general library-level fault injector, DSN 2009",
  .explores = true,
  .is_systematic = true,
  .varies = 1u << SIM_CHOICE_ALLOCATION | 1u << SIM_CHOICE_STATUS,
  .state_size = sizeof(SimFaults),
  .begin = begin,
  .answer = answer,
  .access_budget = access_budget,
  .next = next,
  .finish = finish,
};
