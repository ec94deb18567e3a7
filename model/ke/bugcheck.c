/* The end: KeBugCheckEx. */
#include "ke_internal.h"

#include "../mm/mm.h"

const KeBugcheck *ke_bugcheck(void) { return KE->bugcheck.code != 0 ? &KE->bugcheck : NULL; }

static uint32_t object_at(uint64_t address) {
  Object *object = address != 0 ? object_find(address, OBJECT_NONE) : NULL;
  return object != NULL ? object->ordinal : 0;
}

static void record(uint32_t code, const uint64_t *parameters) {
  KeBugcheck *bugcheck = &KE->bugcheck;
  const SimContext *context = sim_machine()->current;
  const KePrcb *prcb = ke_prcb();
  bugcheck->code = code;
  for (unsigned i = 0; i < 4; i++) {
    bugcheck->parameters[i] = parameters[i];
    bugcheck->objects[i] = object_at(parameters[i]);
  }
  bugcheck->cpu = prcb->number;
  bugcheck->irql = prcb->vcpu->irql;
  bugcheck->thread = prcb->current->header.object->ordinal;
  bugcheck->process = prcb->current->attached->header.object->ordinal;
  bugcheck->is_dpc_active = prcb->is_dpc_active;
  bugcheck->dpc = prcb->running_dpc;
  bugcheck->context = context != NULL ? context->id : 0;
  bugcheck->site = context != NULL ? context->site : 0;
}

/* The first bug check is the one that stops the machine. */
void ke_bugcheck_raise(uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3, uint64_t p4) {
  SimMachine *machine = sim_machine();
  const uint64_t parameters[4] = { p1, p2, p3, p4 };
  if (KE->bugcheck.code == 0) {
    record(code, parameters);
    sim_event(machine, EVENT_BUGCHECK, 0, 0, 0, code, p1);
  }
  sim_stop(machine, SIM_STOP_BUGCHECK, NULL);
}

void ke_raise_status(int32_t status) { mm_exception(status, 0, 0, 0); }

/* wdm/nf-wdm-kebugcheckex */
VOID KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR BugCheckParameter1, ULONG_PTR BugCheckParameter2, ULONG_PTR BugCheckParameter3,
                  ULONG_PTR BugCheckParameter4) {
  ke_bugcheck_raise(BugCheckCode, BugCheckParameter1, BugCheckParameter2, BugCheckParameter3, BugCheckParameter4);
  __builtin_unreachable();
}

/* ntddk/nf-ntddk-kebugcheck */
VOID KeBugCheck(ULONG BugCheckCode) { KeBugCheckEx(BugCheckCode, 0, 0, 0, 0); }
