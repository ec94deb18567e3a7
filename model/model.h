/*
 * model.h: the state of Windows, in one structure at a fixed place of the arena. Each subsystem keeps its own part in its own state header;
 * those headers are stdint and sim only, so that rules, scenarios and reports may read them.
 */
#pragma once

#include "ddi/ddi_state.h"
#include "ex/ex_state.h"
#include "flt/flt_state.h"
#include "io/io_state.h"
#include "ke/ke_state.h"
#include "mm/mm_state.h"
#include "model_face.h"
#include "ndis/ndis_state.h"
#include "ob/ob_state.h"
#include "object.h"
#include "ps/ps_state.h"
#include "rtl/rtl_state.h"
#include "tcpip/tcpip_state.h"
#include "user/user_state.h"
#include "verifier/verifier_state.h"
#include "wfp/wfp_state.h"

/* What runs hardly ever change comes first, then what every run changes, close together: a restore copies pages that were written
 * (sim/written.c). */
typedef struct ModelState {
  ModelOptions options;
  VerifierState verifier;
  PsState ps;
  MmState mm;
  ObState ob;
  RtlState rtl;
  DdiState ddi;
  ObjectTable object_table; /* ends with a page of its own; what follows is small, but for pools and names of devices */
  ObjectState object;
  WfpState wfp;
  FltState flt;
  UserState user;
  NdisState ndis;
  KeState ke;
  TcpipState tcpip;
  IoState io;
  ExState ex;
} ModelState;

_Static_assert(sizeof(ModelState) <= SIM_RULES_BASE - SIM_MODEL_BASE, "the model's state fits its place in the arena");

#define MODEL ((ModelState *)SIM_MODEL_BASE)

/* object_by_ordinal in place: for what happens with every event. NULL: 0, or beyond the last. */
static inline Object *model_object(uint32_t ordinal) {
  if (ordinal - 1 >= MODEL->object.count)
    return NULL;
  return &MODEL->object_table.chunks[(ordinal - 1) / OBJECT_CHUNK_SIZE][(ordinal - 1) % OBJECT_CHUNK_SIZE];
}

/* Is the machine at least that Windows? */
static inline bool model_is_since(DdiWindows windows) { return MODEL->options.windows >= windows; }
