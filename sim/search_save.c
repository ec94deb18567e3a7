#include "search_save.h"

#include "process.h"
#include "sanitizer.h"

#include <stdlib.h>
#include <string.h>

/* So many bytes are copied in the time of one step or event of Windows' model. */
#define BYTES_A_STEP 16384
/* Runs that go on from whole copies before pages are tracked, which makes copies smaller: both cost. */
#define RESUMES_BEFORE_TRACKING 32
#define LINE_SIZE 64

typedef struct Save {
  size_t point;
  uint64_t progress; /* steps and events before it */
  bool is_partial;   /* without the pages that no run had written */
  uint32_t epoch;    /* of the tracking of pages, when it was saved */
  uint32_t grown;
  uint32_t span_count, span_capacity;
  SimExtent *spans;
  char *bytes; /* of the spans, in their order, each standing in its line as in the arena */
  size_t size, capacity;
  char *data; /* the policy's */
  size_t data_size, data_capacity;
  size_t exception_count, event_count, kept_count;
} Save;

struct SimSaves {
  Save **items; /* the deepest last; behind them, up to `made`, what is used again */
  size_t count, made, capacity;
  size_t size;                               /* of all that are made */
  bool is_on;                                /* states of this run may be saved */
  bool has_exceptions, has_record, has_kept; /* of the runs they were saved in */
  uint64_t begin_progress;
  uint32_t whole_resumes;
  SimSchedule exceptions; /* of the last run, whose prefixes those of all states are */
  SimRecord record, kept;
  SimSavesCount counted;
  SimExtentList extents; /* scratch */
  struct SimSavesPut *put;
};

typedef struct SimSavesPut {
  SimSaves *saves;
  size_t point, data_size, size_max;
  const void *data;
} SimSavesPut;

SimSaves *sim_saves_create(void) {
  SimSaves *saves = calloc(1, sizeof *saves);
  SIM_ASSERT(saves != NULL);
  return saves;
}

static void save_free(SimSaves *saves, Save *save) {
  saves->size -= save->capacity;
  free(save->spans);
  free(save->bytes);
  free(save->data);
  free(save);
}

void sim_saves_destroy(SimSaves **saves) {
  if (*saves == NULL)
    return;
  while ((*saves)->made > 0)
    save_free(*saves, (*saves)->items[--(*saves)->made]);
  free((*saves)->items);
  free((*saves)->extents.items);
  sim_schedule_finish(&(*saves)->exceptions);
  sim_record_finish(&(*saves)->record);
  sim_record_finish(&(*saves)->kept);
  free(*saves);
  *saves = NULL;
}

void sim_saves_forget_all(SimSaves *saves) { saves->count = 0; }

const SimSavesCount *sim_saves_count(const SimSaves *saves) { return &saves->counted; }

static uint64_t progress_of(const SimMachine *machine) { return machine->step_count + machine->event_count; }

void sim_saves_begin(SimSaves *saves, const SimMachine *machine) {
  saves->is_on = !machine->options.is_whole && !machine->options.races;
  if (!saves->is_on) /* what was saved of its beginning is as good for the next */
    return;
  saves->count = 0;
  saves->has_exceptions = machine->options.exceptions != NULL;
  saves->has_record = machine->options.record != NULL;
  saves->has_kept = machine->options.kept != NULL;
  saves->begin_progress = progress_of(machine);
}

bool sim_saves_wants(const SimSaves *saves, const SimMachine *machine) {
  if (!saves->is_on || machine->current == NULL || machine->dying != NULL || machine->firing != NULL)
    return false;
  const Save *last = saves->count > 0 ? saves->items[saves->count - 1] : NULL;
  uint64_t since = progress_of(machine) - (last != NULL ? last->progress : saves->begin_progress);
  size_t size = saves->made > 0 ? saves->items[0]->size : 0;
  return since >= size / BYTES_A_STEP;
}

/* ---- saving ---- */

static void *grown(void *block, size_t count, size_t size) {
  block = realloc(block, count * size);
  SIM_ASSERT(block != NULL);
  return block;
}

static void span_add(Save *save, uint64_t address, uint64_t end) {
  if (save->span_count == save->span_capacity) {
    save->span_capacity = save->span_capacity > 0 ? save->span_capacity * 2 : 64;
    save->spans = grown(save->spans, save->span_capacity, sizeof *save->spans);
  }
  save->spans[save->span_count++] = (SimExtent){ address, end - address };
}

/* Without what no run has written. Stacks are never protected where they are live. */
static void extent_add(Save *save, const SimExtent *extent) {
  uint64_t end = extent->address + extent->size;
  if (!save->is_partial || sim_stack_slot_of(extent->address) < SIM_CONTEXT_COUNT_MAX) {
    span_add(save, extent->address, end);
    return;
  }
  for (uint64_t at = extent->address; at < end;) {
    bool is_cold = sim_written_is_cold(at);
    uint64_t to = at;
    while (to < end && sim_written_is_cold(to) == is_cold)
      to = (to | (SIM_PAGE_SIZE - 1)) + 1;
    to = to < end ? to : end;
    if (!is_cold)
      span_add(save, at, to);
    at = to;
  }
}

static size_t place_after(size_t place, uint64_t address) { return place + ((address - place) & (LINE_SIZE - 1)); }

static size_t spans_size(const Save *save) {
  size_t size = 0;
  for (uint32_t i = 0; i < save->span_count; i++)
    size = place_after(size, save->spans[i].address) + save->spans[i].size;
  return size;
}

static void bytes_reserve(SimSaves *saves, Save *save) {
  if (save->size <= save->capacity)
    return;
  saves->size -= save->capacity;
  free(save->bytes);
  save->capacity = (save->size + save->size / 4 + LINE_SIZE - 1) & ~(size_t)(LINE_SIZE - 1);
  save->bytes = aligned_alloc(LINE_SIZE, save->capacity);
  SIM_ASSERT(save->bytes != NULL);
  saves->size += save->capacity;
}

static void state_copy(SimSaves *saves, Save *save) {
  const SimWritten *written = &sim_process()->written;
  save->is_partial = written->is_on;
  save->epoch = written->epoch;
  save->grown = written->grown;
  save->span_count = 0;
  sim_extents_collect(&saves->extents);
  for (uint32_t i = 0; i < saves->extents.count; i++)
    extent_add(save, &saves->extents.items[i]);
  save->size = spans_size(save);
  bytes_reserve(saves, save);
  size_t place = 0;
  for (uint32_t i = 0; i < save->span_count; i++) {
    const SimExtent *span = &save->spans[i];
    place = place_after(place, span->address);
    SIM_UNPOISON((void *)span->address, span->size);
    memcpy(save->bytes + place, (const void *)span->address, span->size);
    place += span->size;
  }
}

/* The one that is the cheapest to come to again: nearest behind the one before it. Not the deepest, which is needed first. */
static void drop_one(SimSaves *saves) {
  size_t cheapest = 0;
  uint64_t least = UINT64_MAX, before = saves->begin_progress;
  for (size_t i = 0; i + 1 < saves->count; i++) {
    uint64_t cost = saves->items[i]->progress - before;
    before = saves->items[i]->progress;
    if (cost < least) {
      least = cost;
      cheapest = i;
    }
  }
  Save *dropped = saves->items[cheapest];
  for (size_t i = cheapest; i + 1 < saves->count; i++)
    saves->items[i] = saves->items[i + 1];
  saves->items[--saves->count] = dropped;
  saves->counted.dropped++;
}

/* One that is free; NULL: there is no room for any. */
static Save *save_take(SimSaves *saves, size_t size_max) {
  if (saves->count == saves->made && saves->made > 0 && saves->size + saves->items[0]->capacity > size_max)
    drop_one(saves);
  if (saves->count == saves->made) {
    if (saves->made == saves->capacity) {
      saves->capacity = saves->capacity > 0 ? saves->capacity * 2 : 64;
      saves->items = grown(saves->items, saves->capacity, sizeof *saves->items);
    }
    saves->items[saves->made] = calloc(1, sizeof(Save));
    SIM_ASSERT(saves->items[saves->made] != NULL);
    saves->made++;
  }
  return saves->items[saves->count++];
}

static void put(void *argument) {
  const SimSavesPut *self = argument;
  SimSaves *saves = self->saves;
  const SimMachine *machine = sim_machine();
  Save *save = save_take(saves, self->size_max);
  save->point = self->point;
  save->progress = progress_of(machine);
  save->exception_count = machine->options.exceptions != NULL ? machine->options.exceptions->count : 0;
  save->kept_count = machine->options.kept != NULL ? machine->options.kept->count : 0;
  save->event_count = machine->options.record != NULL ? machine->options.record->count : 0;
  if (self->data_size > save->data_capacity) {
    save->data = grown(save->data, self->data_size, 1);
    save->data_capacity = self->data_size;
  }
  save->data_size = self->data_size;
  memcpy(save->data, self->data, self->data_size);
  state_copy(saves, save);
  saves->counted.saved++;
  if (saves->size > saves->counted.size_most)
    saves->counted.size_most = saves->size;
}

void sim_saves_put(SimSaves *saves, SimMachine *machine, size_t point, const void *data, size_t data_size, size_t size_max) {
  SimSavesPut self = { .saves = saves, .point = point, .data = data, .data_size = data_size, .size_max = size_max };
  sim_aside(machine, put, &self);
}

/* ---- going on ---- */

static void exceptions_copy(SimSchedule *to, const SimSchedule *from, size_t first, size_t count) {
  to->count = first;
  for (size_t i = first; i < count; i++)
    sim_schedule_append(to, from->exceptions[i]);
}

static void record_copy(SimRecord *to, const SimRecord *from, size_t count) {
  if (to->capacity < count) {
    to->capacity = count * 2;
    to->events = grown(to->events, to->capacity, sizeof *to->events);
  }
  if (count > 0)
    memcpy(to->events, from->events, count * sizeof *to->events);
  to->count = count;
}

void sim_saves_end(SimSaves *saves, const SimMachine *machine) {
  if (saves->count == 0 || !saves->is_on)
    return;
  const Save *last = saves->items[saves->count - 1];
  if (saves->has_exceptions) {
    size_t count = last->exception_count;
    exceptions_copy(&saves->exceptions, machine->options.exceptions, 0, count);
  }
  if (saves->has_record)
    record_copy(&saves->record, machine->options.record, last->event_count);
  if (saves->has_kept)
    record_copy(&saves->kept, machine->options.kept, last->kept_count);
}

static void state_copy_back(const Save *save, const SimSnapshot *start) {
  uint64_t pages_before = sim_restore_begin(sim_machine());
  if (save->is_partial && save->grown != sim_process()->written.grown) /* pages that it does not have were written since: as they were */
    sim_snapshot_copy_back(start);
  size_t place = 0;
  for (uint32_t i = 0; i < save->span_count; i++) {
    const SimExtent *span = &save->spans[i];
    place = place_after(place, span->address);
    SIM_UNPOISON((void *)span->address, span->size);
    memcpy((void *)span->address, save->bytes + place, span->size);
    place += span->size;
  }
  sim_restore_end(sim_machine(), pages_before);
}

/* Is what it leaves out still as it was? */
static bool is_valid(const Save *save, const SimSnapshot *start) {
  const SimWritten *written = &sim_process()->written;
  return save->epoch == written->epoch && written->snapshot == sim_snapshot_serial(start);
}

size_t sim_saves_resume(SimSaves *saves, size_t point, const SimSnapshot *start, const SimRunOptions *options, void *data) {
  while (saves->count > 0 && saves->items[saves->count - 1]->point > point)
    saves->count--;
  bool is_alike = (options->exceptions != NULL) == saves->has_exceptions && (options->record != NULL) == saves->has_record &&
                  (options->kept != NULL) == saves->has_kept;
  if (options->is_whole || options->races)
    return SIZE_MAX;
  if (!is_alike || saves->count == 0 || !is_valid(saves->items[saves->count - 1], start)) {
    saves->count = 0;
    return SIZE_MAX;
  }
  const Save *save = saves->items[saves->count - 1];
  if (!save->is_partial && ++saves->whole_resumes == RESUMES_BEFORE_TRACKING) {
    sim_written_hurry();
    saves->count = 0;
    return SIZE_MAX;
  }
  state_copy_back(save, start);
  if (saves->has_exceptions)
    exceptions_copy(options->exceptions, &saves->exceptions, 0, save->exception_count);
  if (saves->has_record)
    record_copy(options->record, &saves->record, save->event_count);
  if (saves->has_kept)
    record_copy(options->kept, &saves->kept, save->kept_count);
  memcpy(data, save->data, save->data_size);
  saves->is_on = true;
  sim_machine_resume(sim_machine(), options);
  saves->counted.resumed++;
  return save->point;
}
