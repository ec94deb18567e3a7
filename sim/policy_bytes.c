/* Bytes: each answer is the next byte, modulo the options; natural ones when there are none left. Any bytes are an order that is possible: what a fuzzer
 * changes. */
#include "draw.h"
#include "machine.h"
#include "search.h"

typedef struct Bytes {
  const uint8_t *bytes; /* borrowed */
  size_t count;
  size_t used; /* in this run */
} Bytes;

static Bytes *bytes_of(const SimMachine *machine) {
  SIM_ASSERT(machine->options.search != NULL);
  return machine->options.search->state;
}

void sim_policy_bytes_give(SimSearch *search, const uint8_t *bytes, size_t count) {
  SIM_ASSERT(search->options.policy == &sim_policy_bytes);
  *(Bytes *)search->state = (Bytes){ .bytes = bytes, .count = count };
}

static bool next(SimMachine *machine, uint8_t *byte) {
  Bytes *self = bytes_of(machine);
  if (self->used >= self->count)
    return false;
  *byte = self->bytes[self->used++];
  return true;
}

static void begin(SimMachine *machine) { bytes_of(machine)->used = 0; }

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  uint8_t byte;
  if (!next(machine, &byte))
    return point->natural;
  return sim_point_id(point, byte % point->option_count);
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  uint8_t byte;
  (void)context;
  return next(machine, &byte) ? 1u + byte : UINT32_MAX;
}

const SimPolicy sim_policy_bytes = {
  .name = "bytes",
  .title = "each answer from a byte of a fuzzer's",
  .paper = "after Zalewski: american fuzzy lop, 2013",
  .explores = true,
  .by_id = true,
  .state_size = sizeof(Bytes),
  .begin = begin,
  .answer = answer,
  .access_budget = access_budget,
};
