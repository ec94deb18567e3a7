/*
 * Classification: the filters of a layer are asked in their order and arbitrated. W-ARB-1 to W-ARB-7, W-CO-2, W-CO-5.
 */
#include "wfp.h"

#include "../events.h"
#include "../model.h"

/* ---- a classification on the stack ---- */

static uint32_t layer_detail(const WfpRequest *request, uint32_t more) {
  return (uint32_t)wfp_layer_index(request->layer) | (uint32_t)request->is_reauthorize << 16 | more;
}

static bool can_pend(const WfpRequest *request) {
  if (!(request->layer->flags & WFP_LAYER_CAN_PEND))
    return false;
  /* semantics open question 5 */
  return !request->is_reauthorize ||
         (MODEL->options.allows_repend && request->reason == FWP_CONDITION_REAUTHORIZE_REASON_CLASSIFY_COMPLETION);
}

void wfp_run_begin(WfpRun *run, const WfpRequest *request) {
  SimMachine *machine = sim_machine();
  TcpipConnection *connection = request->connection;
  WfpClassification *classification = sim_heap_allocate(sizeof *classification);
  *run = (WfpRun){ .request = request, .classification = classification };
  run->object =
      connection->flow != NULL && (request->layer->flags & WFP_LAYER_IS_STREAM) ? connection->flow->ordinal : connection->object->ordinal;
  classification->context = machine->current->id;
  classification->cpu = sim_vcpu(machine)->number;
  classification->layer = (int16_t)wfp_layer_index(request->layer);
  classification->is_reauthorize = request->is_reauthorize;
  classification->flow_id = connection->flow_id;
  if (can_pend(request))
    classification->operation = wfp_operation_create(connection, classification->layer);
  sim_list_push_tail(&wfp_state()->classifications, &classification->link);
  sim_event(machine, EVENT_CLASSIFY, 0, run->object, 0, layer_detail(request, 0), connection->flow_id);
}

bool wfp_run_end(WfpRun *run, const WfpDecision *decision) {
  WfpClassification *classification = run->classification;
  uint32_t absorb = (uint32_t)decision->is_absorbed << 16;
  uint32_t layer = (uint32_t)wfp_layer_index(run->request->layer);
  sim_event(sim_machine(), EVENT_CLASSIFY_DECISION, 0, run->object, (int32_t)decision->action, layer | absorb, 0);
  if (run->frame != NULL)
    wfp_frame_destroy(run->frame);
  sim_list_remove(&classification->link);
  if (run->request->path != NULL)
    sim_heap_free(run->request->path, run->request->path_size);
  WfpOperation *operation = classification->operation;
  sim_heap_free(classification, sizeof *classification);
  return operation != NULL && wfp_operation_return(operation);
}

/* ---- which filters ---- */

static bool filter_applies(const WfpFilter *filter, const WfpRequest *request, const WfpSubLayer *below) {
  if (filter->layer != wfp_layer_index(request->layer) || !wfp_item_is_enforced(&filter->item))
    return false;
  if (below != NULL && filter->sublayer->weight >= below->weight)
    return false;
  return wfp_filter_matches(filter, request);
}

uint32_t wfp_filters_match(const WfpRequest *request, const WfpSubLayer *below, WfpFilter ***filters) {
  SimLink *link, *following;
  uint32_t count = 0;
  SIM_LIST_EACH(&wfp_state()->filters, link, following)
    count += filter_applies((WfpFilter *)SIM_CONTAINER(link, WfpItem, link), request, below);
  *filters = count > 0 ? sim_heap_allocate(count * sizeof **filters) : NULL;
  uint32_t at = 0;
  SIM_LIST_EACH(&wfp_state()->filters, link, following) {
    WfpFilter *filter = (WfpFilter *)SIM_CONTAINER(link, WfpItem, link);
    if (filter_applies(filter, request, below))
      (*filters)[at++] = filter;
  }
  return count;
}

void wfp_filters_free(WfpFilter **filters, uint32_t count) {
  if (filters != NULL)
    sim_heap_free(filters, count * sizeof *filters);
}

/* Where no callout is called nobody sees the level. */
uint8_t wfp_level_begin(WfpFilter *const *filters, uint32_t count) {
  for (uint32_t at = 0; at < count; at++)
    if (filters[at]->callout != NULL && filters[at]->callout->is_registered)
      return ke_callback_level_begin();
  return KE_LEVEL_AS_IS;
}

/* ---- one callout ---- */

bool wfp_callout_is_called(const WfpRun *run, const WfpFilter *filter, WfpAnswer *answer) {
  const WfpCallout *callout = filter->callout;
  *answer = (WfpAnswer){ .action = FWP_ACTION_CONTINUE };
  if (!callout->is_registered) {
    if (filter->action != FWP_ACTION_CALLOUT_INSPECTION)
      answer->action = filter->flags & FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED ? FWP_ACTION_PERMIT : FWP_ACTION_BLOCK;
    return false;
  }
  if (callout->flags & FWP_CALLOUT_FLAG_CONDITIONAL_ON_FLOW)
    return wfp_flow_context_find(run->request->connection, callout, run->classification->layer) != NULL;
  return true;
}

/* A callout that pended has to answer BLOCK with ABSORB (W-PND-2). */
static void pend_check(const WfpClassification *classification, uint32_t pended, const WfpAnswer *answer) {
  if (classification->pends == 0)
    return;
  if (answer->action == FWP_ACTION_BLOCK && (answer->flags & FWPS_CLASSIFY_OUT_FLAG_ABSORB))
    return;
  sim_event(sim_machine(), EVENT_PEND_WITHOUT_ABSORB, 0, pended, (int32_t)answer->action, answer->flags, 0);
}

void wfp_callout_classify(WfpRun *run, WfpFilter *filter, uint32_t rights, WfpAnswer *answer) {
  SimMachine *machine = sim_machine();
  WfpClassification *classification = run->classification;
  WfpCallout *callout = filter->callout;
  TcpipConnection *connection = run->request->connection;
  uint32_t ordinal = callout->item.object->ordinal;
  if (run->frame == NULL)
    run->frame = wfp_frame_create(run);
  WfpFlowContext *context = wfp_flow_context_find(connection, callout, classification->layer);
  sim_event(machine, EVENT_CLASSIFY_CALLOUT, 0, ordinal, (int32_t)rights, layer_detail(run->request, 0), filter->filter_id);
  classification->callout = callout;
  classification->flow_context = context != NULL ? context->context : 0;
  classification->pends = 0;
  callout->running++;
  if (context != NULL)
    wfp_flow_context_enter(context);
  wfp_frame_call(run->frame, run, filter, classification->flow_context, rights, answer);
  classification->callout = NULL;
  uint32_t detail = (answer->flags & 0xffff) | (answer->rights & 0xff) << 16 | (uint32_t)run->request->is_reauthorize << 24;
  sim_event(machine, EVENT_CLASSIFY_ANSWER, 0, ordinal, (int32_t)answer->action, detail, 0);
  pend_check(classification, classification->pended, answer);
  if (context != NULL)
    wfp_flow_context_leave(connection, context);
  if (--callout->running == 0 && callout->idle != NULL)
    ke_event_set(callout->idle, 0);
}

FWP_ACTION_TYPE wfp_answer_action(const WfpFilter *filter, uint32_t rights_given, const WfpAnswer *answer) {
  if (filter->action == FWP_ACTION_CALLOUT_INSPECTION)
    return FWP_ACTION_CONTINUE;
  if (answer->action == FWP_ACTION_BLOCK)
    return FWP_ACTION_BLOCK;
  if (!(rights_given & FWPS_RIGHT_ACTION_WRITE))
    return FWP_ACTION_CONTINUE; /* without the right it may only veto (W-ARB-4) */
  if (answer->action == FWP_ACTION_PERMIT)
    return FWP_ACTION_PERMIT;
  return filter->action == FWP_ACTION_CALLOUT_TERMINATING ? FWP_ACTION_BLOCK : FWP_ACTION_CONTINUE;
}

/* ---- arbitration ---- */

/* The running result: an action and whether it may be overridden (W-ARB-2). */
typedef struct Result {
  FWP_ACTION_TYPE action; /* FWP_ACTION_NONE: nobody has said anything */
  bool is_hard;
  bool is_absorbed;
} Result;

/* What one filter says. False: nothing. */
static bool filter_ask(WfpRun *run, WfpFilter *filter, const Result *so_far, Result *said) {
  *said = (Result){ .action = filter->action };
  if (filter->callout == NULL) {
    said->is_hard = filter->action == FWP_ACTION_BLOCK || (filter->flags & FWPM_FILTER_FLAG_CLEAR_ACTION_RIGHT);
    return true;
  }
  WfpAnswer answer;
  uint32_t rights = so_far->is_hard ? 0 : FWPS_RIGHT_ACTION_WRITE;
  if (!wfp_callout_is_called(run, filter, &answer)) {
    said->action = answer.action;
    said->is_hard = answer.action == FWP_ACTION_BLOCK;
    return answer.action != FWP_ACTION_CONTINUE;
  }
  wfp_callout_classify(run, filter, rights, &answer);
  said->action = wfp_answer_action(filter, rights, &answer);
  said->is_hard = !(answer.rights & FWPS_RIGHT_ACTION_WRITE);
  said->is_absorbed = said->action == FWP_ACTION_BLOCK && (answer.flags & FWPS_CLASSIFY_OUT_FLAG_ABSORB) &&
                      (run->request->layer->flags & WFP_LAYER_CAN_ABSORB);
  return said->action != FWP_ACTION_CONTINUE;
}

/* A soft result is overridden; a hard permit only by a callout's veto (W-ARB-3); a hard block is final. */
static void result_combine(Result *so_far, const Result *said, bool is_callout) {
  if (so_far->is_hard && !(so_far->action == FWP_ACTION_PERMIT && said->action == FWP_ACTION_BLOCK && is_callout))
    return;
  *so_far = *said;
}

/* Sublayers from heavy to light, in each filters until one says permit or block (W-ARB-1). Every sublayer is asked, also below a hard block
 * (semantics open question 1). */
static void arbitrate(WfpRun *run, WfpFilter **filters, uint32_t count, Result *result) {
  const WfpSubLayer *settled = NULL;
  for (uint32_t at = 0; at < count; at++) {
    WfpFilter *filter = filters[at];
    Result said;
    if (filter->sublayer == settled || !wfp_item_is_enforced(&filter->item))
      continue;
    if (result->is_hard && result->action == FWP_ACTION_BLOCK && MODEL->options.stops_on_hard_block)
      return;
    if (!filter_ask(run, filter, result, &said))
      continue;
    settled = filter->sublayer;
    result_combine(result, &said, filter->callout != NULL);
  }
}

void wfp_classify(const WfpRequest *request, WfpDecision *decision) {
  WfpRun run;
  WfpFilter **filters;
  Result result = { .action = FWP_ACTION_NONE };
  wfp_run_begin(&run, request);
  uint32_t count = wfp_filters_match(request, NULL, &filters);
  uint8_t level = wfp_level_begin(filters, count);
  arbitrate(&run, filters, count, &result);
  ke_callback_level_end(level);
  wfp_filters_free(filters, count);
  const WfpOperation *operation = run.classification->operation;
  bool was_pended = operation != NULL && operation->pend_count > 0;
  *decision = (WfpDecision){ .action = result.action == FWP_ACTION_BLOCK ? FWP_ACTION_BLOCK : FWP_ACTION_PERMIT,
                             .is_absorbed = result.is_absorbed };
  bool was_last = wfp_run_end(&run, decision);
  decision->is_completed = was_pended && was_last;
  decision->is_pended = was_pended && !was_last;
}
