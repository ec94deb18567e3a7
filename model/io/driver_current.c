#include "../ddi/ddi_state.h"
#include "../model.h"
#include "io_face.h"

static IoContextDriver *slot_of(const SimContext *context) { return &MODEL->io.context_drivers[context->slot]; }

uint32_t io_driver_enter(uint32_t driver) {
  const SimContext *context = sim_machine()->current;
  if (context == NULL)
    return 0;
  IoContextDriver *slot = slot_of(context);
  uint32_t before = slot->context == context->id ? slot->driver : 0;
  *slot = (IoContextDriver){ context->id, driver };
  return before;
}

/* What was said by io_driver_enter; else what the place in an image says; else the only driver there is. */
uint32_t io_driver_current(void) {
  const SimContext *context = sim_machine()->current;
  if (context == NULL)
    return 0;
  const IoContextDriver *slot = slot_of(context);
  if (slot->context == context->id && slot->driver != 0)
    return slot->driver;
  if (context->site == 0)
    return 0;
  if (!(context->site & SIM_SITE_STEP))
    return ddi_code_driver(SIM_IMAGE_BASE + (context->site >> 24) * SIM_IMAGE_SLOT_SIZE + (context->site & 0xffffff));
  return MODEL->io.driver_count == 1 ? MODEL->io.driver_last : 0;
}
