/*
 * driver.h: a driver for cases of model/wfp and model/tcpip: its callouts are plain C functions, which the harness lets the model call as
 * they are; it is set up by a thread at the start of the run, as a driver's DriverEntry would be.
 */
#pragma once

#include <fwpmk.h>
#include <fwpsk.h>

#include "../../model/tcpip/tcpip_face.h"
#include "../../model/wfp/wfp_face.h"
#include "harness.h"

#include "ddi_ids.gen.h"
#include "ddi_wrappers.gen.h"

#define MS 1000000ULL

typedef FWPS_CALLOUT_CLASSIFY_FN1 Classify;

/* One filter and, if it has a classifyFn, its callout. */
typedef struct DriverFilter {
  const char *layer;
  uint32_t action;
  Classify classify;
  FWPS_CALLOUT_NOTIFY_FN1 notify;
  FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0 flow_delete;
  uint32_t callout_flags;
  int sublayer;    /* 0: the default one; 1..: driver_sublayers[sublayer - 1] */
  uint64_t weight; /* 0: automatic */
  uint32_t flags;
  const WfpSetupCondition *conditions;
  uint32_t condition_count;
} DriverFilter;

/* Sublayers 1, 2, 3 of weights 0x3000, 0x2000, 0x1000; all below the default one. */
#define DRIVER_SUBLAYER_COUNT 3

/* At virtual time 0, in a thread of its own. Borrows the filters for the run. */
void driver_setup(const DriverFilter *filters, size_t count);
uint32_t driver_callout(const char *layer); /* calloutId of the first callout at the layer; 0: none */

extern const TcpipEndpoint local_end, remote_end;

/* A stimulus at that time. */
void traffic_connect(TcpipPlace place, uint64_t at_ns);
void traffic(TcpipStimulusKind kind, uint64_t bytes, int cpu, uint64_t at_ns);
TcpipPlace in_thread(void);
TcpipPlace in_dpc(int cpu);
TcpipPlace in_raised_thread(void);

ConnectionState connection_state(void); /* of the connection between the two ends */

/* Answers of a classifyFn. */
void answer(FWPS_CLASSIFY_OUT0 *out, FWP_ACTION_TYPE action, bool is_absorbed, bool clears_right);
bool is_reauthorize(const FWPS_INCOMING_VALUES0 *values); /* at ALE_AUTH_CONNECT_V4 */

/* Status of the n-th EVENT_CLASSIFY_DECISION at a layer; 0: there are fewer. */
uint32_t decision_at(const HarnessRun *run, const char *layer, size_t n);
