#include "debug_log.h"

#include "../../sim/machine.h"
#include "../events.h"
#include "../model.h"
#include "rtl_face.h"
#include "rtl_state.h"

void debug_log_append(const char *text, ULONG length) {
  RtlState *state = &MODEL->rtl;
  if (length > DEBUG_TEXT_SIZE_MAX)
    length = DEBUG_TEXT_SIZE_MAX;
  DebugText *slot = &state->debug[state->debug_count % DEBUG_LOG_CAPACITY];
  if (slot->text != NULL)
    sim_heap_free(slot->text, slot->size);
  slot->size = length + 1;
  slot->text = sim_heap_allocate(slot->size);
  memcpy(slot->text, text, length);
  slot->text[length] = 0;
  sim_event(sim_machine(), EVENT_DEBUG_PRINT, 0, 0, 0, 0, state->debug_count++);
}

const char *debug_log_text(uint64_t index) {
  const RtlState *state = &MODEL->rtl;
  if (index >= state->debug_count || state->debug_count - index > DEBUG_LOG_CAPACITY)
    return NULL;
  return state->debug[index % DEBUG_LOG_CAPACITY].text;
}

uint64_t debug_log_count(void) { return MODEL->rtl.debug_count; }
