/* The names of numbers: functions, statuses, levels, actions, layers, times. */
#include "names.h"

#include "reference.h"

#include "model/wfp/wfp_face.h"

#include <string.h>

const char *names_function(uint32_t id) {
  const DdiFunction *function = id != 0 ? ddi_function_by_id(id) : NULL;
  if (function != NULL)
    return function->name;
  const DdiCallback *callback = id != 0 ? ddi_callback_by_id(id) : NULL;
  return callback != NULL ? callback->name : "";
}

char *names_status(int32_t status) {
  const char *name = ddi_status_name(status);
  return name != NULL ? g_strdup(name) : g_strdup_printf("0x%08X", (unsigned)status);
}

char *names_result(uint32_t id, int32_t status) {
  const DdiFunction *function = ddi_function_by_id(id);
  const ReferenceEntry *entry = function != NULL ? reference_find(function->name) : NULL;
  if (function == NULL || ddi_types[function->returns].kind == DDI_TYPE_VOID)
    return NULL;
  if (reference_returns(entry, "NTSTATUS"))
    return names_status(status);
  if (reference_returns(entry, "KIRQL"))
    return g_strdup((unsigned)status < SIM_IRQL_COUNT ? sim_irql_name((SimIrql)status) : "no IRQL");
  if (reference_returns(entry, "BOOLEAN"))
    return g_strdup((status & 0xff) != 0 ? "TRUE" : "FALSE");
  if (ddi_types[function->returns].kind == DDI_TYPE_POINTER)
    return g_strdup(status != 0 ? "a pointer" : "NULL");
  return ddi_types[function->returns].is_signed ? g_strdup_printf("%d", status) : g_strdup_printf("%u", (unsigned)status);
}

const char *names_irql_short(SimIrql irql) {
  static const char *const names[] = { "PASSIVE", "APC", "DISPATCH" };
  if (irql <= SIM_IRQL_DISPATCH)
    return names[irql];
  return irql == SIM_IRQL_CLOCK ? "CLOCK" : irql == SIM_IRQL_IPI ? "IPI" : sim_irql_name(irql);
}

char *names_action(uint32_t action) {
  static const char *const names[] = { "FWP_ACTION_BLOCK", "FWP_ACTION_PERMIT", "FWP_ACTION_CONTINUE", "FWP_ACTION_NONE" };
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
    const DdiConstant *constant = ddi_constant_find(names[i]);
    if (constant != NULL && (uint32_t)constant->value == action)
      return g_strdup(names[i]);
  }
  return g_strdup_printf("action 0x%x", action);
}

const char *names_layer(uint32_t id) {
  const WfpLayer *layer = wfp_layer_by_id(id);
  return layer != NULL ? layer->name : "no layer";
}

char *names_time(const ScenarioRun *run, uint64_t time_ns) {
  uint64_t origin_ns = scenario_run_origin_ns(run);
  bool is_boot = time_ns < origin_ns; /* which begins at 0 */
  uint64_t since_ns = is_boot ? time_ns : time_ns - origin_ns;
  return g_strdup_printf("%s%" G_GUINT64_FORMAT ".%06" G_GUINT64_FORMAT " ms", is_boot ? "boot+" : "", since_ns / 1000000,
                         since_ns % 1000000);
}
