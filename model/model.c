#include "model.h"

#include "events.h"
#include "ke/ke.h"

#include "flt/flt.h"
#include "io/io_face.h"
#include "mm/mm_face.h"

/* 2020-01-01 00:00 UTC, in units of 100 ns since 1601. */
#define EPOCH_100NS 132223104000000000ULL

void model_options_default(ModelOptions *options, DdiWindows windows) {
  *options = (ModelOptions){
    .windows = windows,
    .tick_ns = 15625000,
    .dpc_depth_max = 4,
    .dpc_rate_min = 3,
    .watchdog_single_ticks = 0x500,
    .watchdog_total_ticks = 0x1e00,
    .has_watchdog = windows >= DDI_WINDOWS_8,
    .worker_count = 2,
    .epoch_100ns = EPOCH_100NS,
  };
}

void model_begin(const ModelOptions *options) {
  sim_arena_claim(SIM_MODEL_BASE, sizeof(ModelState));
  MODEL->options = *options;
  mm_begin();
  ke_begin();
  io_begin();
  flt_begin();
}
