#include "../ddi/ddi_state.h"
#include "../model.h"
#include "io_face.h"

uint32_t io_driver_enter(uint32_t driver) {
  SimContext *context = sim_machine()->current;
  if (context == NULL)
    return 0;
  uint32_t before = context->driver_context == context->id ? context->driver : 0;
  context->driver_context = context->id;
  context->driver = driver;
  return before;
}

/* What was said by io_driver_enter; else what the place in an image says; else the only driver there is. */
uint32_t io_driver_current(void) {
  const SimContext *context = sim_machine()->current;
  if (context == NULL)
    return 0;
  if (context->driver_context == context->id && context->driver != 0)
    return context->driver;
  if (context->site == 0)
    return 0;
  if (!(context->site & SIM_SITE_STEP))
    return ddi_code_driver(SIM_IMAGE_BASE + (context->site >> 24) * SIM_IMAGE_SLOT_SIZE + (context->site & 0xffffff));
  return MODEL->io.driver_count == 1 ? MODEL->io.driver_last : 0;
}
