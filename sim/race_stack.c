/* Call stacks by number, so that the cell of an access has room for one. The same numbers are used by all runs of a process. */
#include "race_internal.h"

#include <string.h>

static uint32_t mix(uint32_t hash, uint32_t word) {
  hash = (hash ^ word) * 0x85ebca6bu;
  return hash ^ (hash >> 15);
}

static unsigned first_frame(const SimContext *context) {
  return context->frame_count > SIM_RACE_FRAME_COUNT_MAX ? context->frame_count - SIM_RACE_FRAME_COUNT_MAX : 0;
}

static uint32_t hash_of(const SimContext *context) {
  uint32_t hash = mix(context->frame_count, context->site);
  for (unsigned i = first_frame(context); i < context->frame_count; i++)
    hash = mix(mix(hash, context->frames[i].site), context->frames[i].function);
  return hash | 1;
}

static bool is_same(const RaceStack *stack, const SimContext *context, uint32_t hash) {
  unsigned first = first_frame(context), count = context->frame_count - first;
  return stack->hash == hash && stack->site == context->site && stack->frame_count == count &&
         memcmp(stack->frames, &context->frames[first], count * sizeof(SimFrame)) == 0;
}

unsigned race_stack_number(const SimContext *context) {
  RaceState *state = race_state();
  uint32_t hash = hash_of(context);
  for (unsigned at = (hash >> 8) % RACE_STACK_COUNT;; at = (at + 1) % RACE_STACK_COUNT) {
    RaceStack *stack = &state->stacks[at];
    if (at == 0)
      continue;
    if (is_same(stack, context, hash))
      return at;
    if (stack->hash != 0)
      continue;
    if (state->stack_count >= RACE_STACK_USED_MAX)
      return 0;
    unsigned first = first_frame(context);
    state->stack_count++;
    *stack = (RaceStack){ .hash = hash, .site = context->site, .frame_count = (uint16_t)(context->frame_count - first) };
    memcpy(stack->frames, &context->frames[first], stack->frame_count * sizeof(SimFrame));
    return at;
  }
}

void race_stacks_clear(void) {
  memset(race_state()->stacks, 0, sizeof race_state()->stacks);
  race_state()->stack_count = 0;
}
