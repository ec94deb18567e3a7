/* Which processors a thread may run on (K-THR-3). There is one group of processors. */
#include "ke_internal.h"

/* Only processors that there are. */
static bool is_valid(uint64_t affinity) { return affinity != 0 && (affinity & ~(UINT64_MAX >> (64 - KE->prcb_count))) == 0; }

/* Below DISPATCH_LEVEL the thread moves before this returns; above, as soon as the IRQL falls. One that is not valid has no effect. */
static bool affinity_set(KeThread *thread, uint64_t affinity, uint32_t function) {
  KePrcb *prcb = ke_prcb();
  if (!is_valid(affinity))
    return false;
  thread->affinity = affinity;
  if (thread == prcb->current && !ke_may_run_on(thread, prcb)) {
    ke_dispatch_request(prcb);
    ke_pending_deliver(function);
  }
  return true;
}

/* What tells a later reverting what was before; 0: the user affinity. */
static uint64_t system_affinity(const KeThread *thread) { return thread->affinity == thread->user_affinity ? 0 : thread->affinity; }

/* ---- of the only group ---- */

/* wdm/nf-wdm-kesetsystemaffinitythreadex. Returns 0 when the thread had no system affinity before. */
KAFFINITY KeSetSystemAffinityThreadEx(KAFFINITY Affinity) {
  KeThread *thread = ke_thread_current();
  uint64_t old = system_affinity(thread);
  return affinity_set(thread, Affinity, DDI_KeSetSystemAffinityThreadEx) ? old : 0;
}

/* wdm/nf-wdm-kereverttouseraffinitythreadex */
VOID KeRevertToUserAffinityThreadEx(KAFFINITY Affinity) {
  KeThread *thread = ke_thread_current();
  affinity_set(thread, Affinity != 0 ? Affinity : thread->user_affinity, DDI_KeRevertToUserAffinityThreadEx);
}

/* wdm/nf-wdm-kesetsystemaffinitythread */
VOID KeSetSystemAffinityThread(KAFFINITY Affinity) { KeSetSystemAffinityThreadEx(Affinity); }

/* wdm/nf-wdm-kereverttouseraffinitythread */
VOID KeRevertToUserAffinityThread(VOID) { KeRevertToUserAffinityThreadEx(0); }

/* ---- with a group ---- */

/* wdm/nf-wdm-kesetsystemgroupaffinitythread. What was before is told in zeros where the thread had no system affinity: no affinity in its own right, but
 * what reverting takes for the user's. Where the new one is not valid nothing changes, and zeros are told, too. */
VOID KeSetSystemGroupAffinityThread(PGROUP_AFFINITY Affinity, PGROUP_AFFINITY PreviousAffinity) {
  KeThread *thread = ke_thread_current();
  uint64_t wanted = Affinity->Group == 0 ? Affinity->Mask : 0;
  uint64_t before = is_valid(wanted) ? system_affinity(thread) : 0;
  if (PreviousAffinity != NULL)
    *PreviousAffinity = (GROUP_AFFINITY){ .Mask = before };
  affinity_set(thread, wanted, DDI_KeSetSystemGroupAffinityThread);
}

/* wdm/nf-wdm-kereverttousergroupaffinitythread: a mask of zero is the affinity that the thread was made with. */
VOID KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY PreviousAffinity) {
  KeThread *thread = ke_thread_current();
  uint64_t wanted = PreviousAffinity->Mask == 0 ? thread->user_affinity : PreviousAffinity->Group == 0 ? PreviousAffinity->Mask : 0;
  affinity_set(thread, wanted, DDI_KeRevertToUserGroupAffinityThread);
}

/* wdm/nf-wdm-kequeryactivegroupcount, -kequerymaximumgroupcount, -kequerygroupaffinity */
USHORT KeQueryActiveGroupCount(VOID) { return 1; }

USHORT KeQueryMaximumGroupCount(VOID) { return 1; }

KAFFINITY KeQueryGroupAffinity(USHORT GroupNumber) { return GroupNumber == 0 ? KeQueryActiveProcessors() : 0; }
