/* What code asks of the processor it runs on. */
#include "ke_internal.h"

ULONG KeGetCurrentProcessorNumber(VOID) { return ke_prcb()->number; }

ULONG KeGetCurrentProcessorIndex(VOID) { return ke_prcb()->number; }

/* wdm/nf-wdm-kegetcurrentprocessornumberex. One group of processors. */
ULONG KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber) {
  if (ProcNumber != NULL)
    *ProcNumber = (PROCESSOR_NUMBER){ .Group = 0, .Number = ke_prcb()->number };
  return ke_prcb()->number;
}

/* wdm/nf-wdm-kegetprocessornumberfromindex */
NTSTATUS KeGetProcessorNumberFromIndex(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNumber) {
  if (ProcIndex >= KE->prcb_count)
    return STATUS_INVALID_PARAMETER;
  *ProcNumber = (PROCESSOR_NUMBER){ .Group = 0, .Number = (UCHAR)ProcIndex };
  return STATUS_SUCCESS;
}

/* wdm/nf-wdm-kegetprocessorindexfromnumber */
ULONG KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER ProcNumber) {
  return ProcNumber->Group == 0 && ProcNumber->Number < KE->prcb_count ? ProcNumber->Number : INVALID_PROCESSOR_INDEX;
}

KAFFINITY KeQueryActiveProcessors(VOID) { return UINT64_MAX >> (64 - KE->prcb_count); }

ULONG KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors) {
  if (ActiveProcessors != NULL)
    *ActiveProcessors = KeQueryActiveProcessors();
  return KE->prcb_count;
}

ULONG KeQueryActiveProcessorCountEx(USHORT GroupNumber) {
  return GroupNumber == 0 || GroupNumber == ALL_PROCESSOR_GROUPS ? KE->prcb_count : 0;
}

ULONG KeQueryMaximumProcessorCount(VOID) { return KE->prcb_count; }

ULONG KeQueryMaximumProcessorCountEx(USHORT GroupNumber) { return KeQueryActiveProcessorCountEx(GroupNumber); }

/* ntddk/nf-ntddk-keisexecutingdpc */
LOGICAL KeIsExecutingDpc(VOID) { return ke_is_dpc_active(); }

/* wdm/nf-wdm-kestallexecutionprocessor: the processor is busy for that long; others go on. */
VOID KeStallExecutionProcessor(ULONG MicroSeconds) { sim_charge(sim_machine(), (uint64_t)MicroSeconds * 1000); }

/* YieldProcessor: the checked call was the scheduling point. */
VOID KeYieldProcessor(VOID) {}

/* wdm/nf-wdm-kequerydpcwatchdoginformation (K-DPC-9): in ticks. */
NTSTATUS KeQueryDpcWatchdogInformation(PKDPC_WATCHDOG_INFORMATION WatchdogInformation) {
  const KePrcb *prcb = ke_prcb();
  if (!MODEL->options.has_watchdog || !prcb->is_dpc_active)
    return STATUS_UNSUCCESSFUL;
  ULONG spent = (ULONG)((prcb->vcpu->executed_ns - prcb->dpc_begin_ns) / KE->tick_ns);
  ULONG total = (ULONG)((prcb->vcpu->executed_ns - prcb->vcpu->high_since_ns) / KE->tick_ns);
  RtlZeroMemory(WatchdogInformation, sizeof *WatchdogInformation);
  WatchdogInformation->DpcTimeLimit = MODEL->options.watchdog_single_ticks;
  WatchdogInformation->DpcTimeCount = MODEL->options.watchdog_single_ticks - spent;
  WatchdogInformation->DpcWatchdogLimit = MODEL->options.watchdog_total_ticks;
  WatchdogInformation->DpcWatchdogCount = MODEL->options.watchdog_total_ticks - total;
  return STATUS_SUCCESS;
}
