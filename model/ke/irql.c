/* IRQL: raised, lowered, asked for. Windows does it silently; what is broken shows elsewhere (K-IRQL-5, K-IRQL-8). */
#include "ke_internal.h"

#include "../verifier/verifier.h"

SimIrql ke_irql_raise(SimIrql irql, uint32_t function) {
  KePrcb *prcb = ke_prcb();
  SimIrql old = prcb->vcpu->irql;
  sim_irql_raise(sim_machine(), irql, function);
  if (old < SIM_IRQL_DISPATCH) {
    ke_watch_update(prcb);
    verifier_raised(old);
  }
  return old;
}

void ke_irql_lower(SimIrql irql, uint32_t function) {
  KePrcb *prcb = ke_prcb();
  if (irql < SIM_IRQL_DISPATCH)
    ke_watch_end(prcb);
  else
    ke_watch_begin(prcb);
  sim_irql_lower(sim_machine(), irql, function);
}

/* The documents say only that a bug check follows; the codes are those whose names say it. Their parameters are undocumented: here the level
 * asked for and the current one. */
static SimIrql raise_checked(KIRQL irql, uint32_t function) {
  SimIrql current = ke_irql();
  if (irql < current)
    sim_event(sim_machine(), EVENT_CONTRACT, function, 0, 0, CONTRACT_LOWER_TO, irql);
  verifier_check_raise(irql);
  if (irql < current)
    ke_bugcheck_raise(0x9, irql, current, 0, 0);
  return ke_irql_raise(irql & 15, function);
}

/* Below DISPATCH_LEVEL in a DPC routine nobody but Driver Verifier looks. */
static void lower_checked(KIRQL irql, uint32_t function) {
  SimIrql current = ke_irql();
  if (irql > current || (irql < DISPATCH_LEVEL && ke_is_dpc_active()))
    sim_event(sim_machine(), EVENT_CONTRACT, function, 0, 0, CONTRACT_LOWER_TO, irql);
  verifier_check_lower(irql);
  if (irql > current)
    ke_bugcheck_raise(0xA, irql, current, 0, 0);
  ke_irql_lower(irql, function);
}

KIRQL KeGetCurrentIrql(VOID) { return ke_irql(); }

/* wdm/nf-wdm-keraiseirql */
VOID KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql) { *OldIrql = raise_checked(NewIrql, DDI_KeRaiseIrql); }
KIRQL KfRaiseIrql(KIRQL NewIrql) { return raise_checked(NewIrql, DDI_KfRaiseIrql); }

/* wdm/nf-wdm-kelowerirql: what waits for a lower level happens before it returns. */
VOID KeLowerIrql(KIRQL NewIrql) { lower_checked(NewIrql, DDI_KeLowerIrql); }
VOID KfLowerIrql(KIRQL NewIrql) { lower_checked(NewIrql, DDI_KfLowerIrql); }

/* wdm/nf-wdm-keraiseirqltodpclevel */
KIRQL KeRaiseIrqlToDpcLevel(VOID) { return raise_checked(DISPATCH_LEVEL, DDI_KeRaiseIrqlToDpcLevel); }

KIRQL KeRaiseIrqlToSynchLevel(VOID) { return raise_checked(SIM_IRQL_DEVICE_HIGHEST, DDI_KeRaiseIrqlToSynchLevel); }

/* ntddk/nf-ntddk-keshouldyieldprocessor: somebody waits for this cpu's level to fall. */
LOGICAL KeShouldYieldProcessor(VOID) { return ke_prcb()->vcpu->pending_levels != 0; }
