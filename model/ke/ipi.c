/*
 * KeIpiGenericCall: a routine runs on all processors at the same time, at IPI_LEVEL (K-INT-3, wdm/nf-wdm-keipigenericcall). All meet before it and after it,
 * so a lock that somebody holds at a lower level is never given back inside of it.
 */
#include "ke_internal.h"

#include "../ddi/ddi_state.h"
#include "../ex/pool.h"
#include "../io/io_face.h"
#include "ddi_callbacks.gen.h"

#define TAG_IPI 0x20697049u /* 'Ipi ' */

/* One call. On the heap while it lasts. */
typedef struct IpiCall {
  PKIPI_BROADCAST_WORKER routine;
  ULONG_PTR context;
  PKSPIN_LOCK lock; /* guards `arrived`: who meets before the routine is ordered by it, and by no more than that */
  PKSPIN_LOCK end;  /* guards `done` */
  uint32_t count;   /* processors */
  uint32_t arrived; /* before the routine */
  uint32_t done;    /* with it */
  uint32_t left;
} IpiCall;

typedef struct IpiTarget {
  IpiCall *call;
  KeInterrupt *interrupt;
} IpiTarget;

static void wait_for(PKSPIN_LOCK lock, const uint32_t *counter, uint32_t count) {
  const Object *object = object_find((uint64_t)lock, OBJECT_SPIN_LOCK);
  while (*counter < count) {
    ke_watch_begin(ke_prcb());
    sim_spin(sim_machine(), (uint64_t)counter, object != NULL ? object->ordinal : 0);
  }
}

static void meet(PKSPIN_LOCK lock, uint32_t *counter, uint32_t count) {
  KeAcquireSpinLockAtDpcLevel(lock);
  bool is_last = ++*counter == count;
  KeReleaseSpinLockFromDpcLevel(lock);
  if (is_last)
    sim_spin_wake(sim_machine(), (uint64_t)counter);
  wait_for(lock, counter, count);
  KeAcquireSpinLockAtDpcLevel(lock);
  KeReleaseSpinLockFromDpcLevel(lock);
}

static ULONG_PTR routine_call(IpiCall *call) {
  meet(call->lock, &call->arrived, call->count);
  uint32_t outer = io_driver_enter(ddi_code_driver((uint64_t)call->routine));
  ULONG_PTR result = ddi_callback_KIPI_BROADCAST_WORKER(call->routine, call->context);
  io_driver_enter(outer);
  meet(call->end, &call->done, call->count);
  return result;
}

static void target_run(KeInterrupt *interrupt, void *argument) {
  IpiCall *call = ((IpiTarget *)argument)->call;
  (void)interrupt;
  routine_call(call);
  call->left++;
  sim_spin_wake(sim_machine(), (uint64_t)&call->left);
}

static PKSPIN_LOCK lock_create(const char *name) {
  PKSPIN_LOCK lock = ex_pool_allocate_system(POOL_NONPAGED, sizeof *lock, TAG_IPI);
  if (lock == NULL)
    sim_stop(sim_machine(), SIM_STOP_LIMIT_MEMORY, "an interprocessor call");
  KeInitializeSpinLock(lock);
  Object *object = object_find((uint64_t)lock, OBJECT_SPIN_LOCK);
  object->driver = 0;
  object_name_set(object, name);
  return lock;
}

/* What all calls share, made by the first: whose turn it is, and an interrupt a processor. */
typedef struct IpiState {
  PKSPIN_LOCK turn, lock, end;
  IpiTarget targets[];
} IpiState;

static IpiState *state_ensure(void) {
  if (KE->ipi != NULL)
    return KE->ipi;
  IpiState *state = sim_heap_allocate(sizeof *state + KE->prcb_count * sizeof state->targets[0]);
  state->turn = lock_create("turn of interprocessor calls");
  state->lock = lock_create("interprocessor call");
  state->end = lock_create("end of an interprocessor call");
  for (uint32_t cpu = 0; cpu < KE->prcb_count; cpu++)
    state->targets[cpu].interrupt = ke_interrupt_create("interprocessor interrupt", SIM_IRQL_IPI, target_run, &state->targets[cpu]);
  KE->ipi = state;
  return state;
}

static void others_request(IpiState *state, IpiCall *call, uint8_t self) {
  for (uint32_t cpu = 0; cpu < KE->prcb_count; cpu++)
    if (cpu != self) {
      state->targets[cpu].call = call;
      ke_interrupt_request(state->targets[cpu].interrupt, (uint8_t)cpu);
    }
}

/* wdm/nf-wdm-keipigenericcall. Calls take turns below IPI_LEVEL, where the interrupt of another one still lands. */
ULONG_PTR KeIpiGenericCall(PKIPI_BROADCAST_WORKER BroadcastFunction, ULONG_PTR Context) {
  IpiState *state = state_ensure();
  KIRQL old = ke_irql(), turn;
  KeRaiseIrql(old < SIM_IRQL_DEVICE_HIGHEST ? SIM_IRQL_DEVICE_HIGHEST : old, &turn);
  KeAcquireSpinLockAtDpcLevel(state->turn);
  IpiCall *call = sim_heap_allocate(sizeof *call);
  *call = (IpiCall){ .routine = BroadcastFunction, .context = Context, .lock = state->lock, .end = state->end, .count = KE->prcb_count };
  others_request(state, call, ke_prcb()->number);
  KIRQL level;
  KeRaiseIrql(SIM_IRQL_IPI, &level);
  ULONG_PTR result = routine_call(call);
  wait_for(call->end, &call->left, call->count - 1);
  sim_heap_free(call, sizeof *call);
  KeLowerIrql(level);
  KeReleaseSpinLockFromDpcLevel(state->turn);
  KeLowerIrql(old);
  return result;
}
