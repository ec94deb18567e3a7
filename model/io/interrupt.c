/*
 * Interrupt objects of drivers: a service routine is connected, runs at its level with the interrupt's spin lock held, and shares data with the rest
 * of the driver under that lock (K-INT-1; kernel/introduction-to-interrupt-service-routines, kernel/using-interrupt-spin-locks).
 *
 * Simplified: there are no resources of a plug and play manager. A fully specified connection gets the level that it names; a line-based one, and
 * the fall-back of a message-based one, the level of LINE_IRQL.
 */
#include "interrupt.h"
#include "../ex/pool.h"
#include "../mm/mm.h"
#include "../verifier/verifier.h"
#include "ddi_callbacks.gen.h"
#include "io_internal.h"

#define LINE_IRQL 7
#define TAG_INTERRUPT 0x746e4949u /* 'IInt' */

/* An interrupt of a driver. On the heap as long as the run: it may be on its way while it is disconnected. */
typedef struct IoInterrupt {
  SimLink link;           /* in IoState.interrupts */
  Object *object;         /* what PKINTERRUPT points to; gone with the connection */
  KeInterrupt *interrupt; /* what interrupts: Windows' own, and stays */
  PKSPIN_LOCK lock;       /* the driver's, or Windows' own */
  SimIrql synchronize_irql;
  uint32_t driver; /* ordinal */
  uint32_t running;
  KeEvent *idle; /* of who disconnects; NULL: nobody waits */
  PKSERVICE_ROUTINE routine;
  PVOID context;
  uint64_t processors;
} IoInterrupt;

/* What the three kinds of connection have in common. */
typedef struct Connection {
  PKINTERRUPT *object;
  PKSERVICE_ROUTINE routine;
  PVOID context;
  PKSPIN_LOCK lock;
  KIRQL irql;
  KIRQL synchronize_irql;
  KAFFINITY processors;
} Connection;

/* ---- its lock ---- */

/* Who stands above its level may not take it: the holder could be what it interrupted. */
static KIRQL lock_take(const IoInterrupt *self) {
  KIRQL old = ke_irql();
  if (old > self->synchronize_irql)
    io_contract(self->object->ordinal, CONTRACT_LOWER_TO, self->synchronize_irql);
  if (old < self->synchronize_irql)
    KeRaiseIrql(self->synchronize_irql, &old);
  KeAcquireSpinLockAtDpcLevel(self->lock);
  return old;
}

static void lock_give(const IoInterrupt *self, KIRQL old) {
  KeReleaseSpinLockFromDpcLevel(self->lock);
  if (old < ke_irql())
    KeLowerIrql(old);
}

static PKSPIN_LOCK lock_create(void) {
  PKSPIN_LOCK lock = ex_pool_allocate_system(POOL_NONPAGED, sizeof *lock, TAG_INTERRUPT);
  if (lock == NULL)
    return NULL;
  KeInitializeSpinLock(lock);
  Object *object = object_find((uint64_t)lock, OBJECT_SPIN_LOCK);
  object->driver = 0;
  object_name_set(object, "interrupt spin lock");
  return lock;
}

/* ---- the service routine ---- */

static void interrupt_run(KeInterrupt *interrupt, void *argument) {
  IoInterrupt *self = argument;
  (void)interrupt;
  if (!self->object->is_alive) /* it was on the way when the driver disconnected */
    return;
  uint32_t outer = io_driver_enter(self->driver);
  self->running++;
  KIRQL old = lock_take(self);
  SimIrql before = ke_irql();
  ddi_callback_KSERVICE_ROUTINE(self->routine, (PKINTERRUPT)self->object->address, self->context);
  verifier_check_isr_return((uint64_t)self->routine, before, ke_irql());
  if (ke_irql() == before) /* else Windows notices when the interrupt ends: bug-check-0xc8 */
    lock_give(self, old);
  else
    KeReleaseSpinLockFromDpcLevel(self->lock);
  if (--self->running == 0 && self->idle != NULL)
    ke_event_set(self->idle, 0);
  io_driver_enter(outer);
}

/* ---- connecting ---- */

static bool is_valid(const Connection *given) {
  return given->routine != NULL && given->object != NULL && given->irql >= SIM_IRQL_DEVICE_LOWEST &&
         given->irql <= SIM_IRQL_DEVICE_HIGHEST && given->synchronize_irql >= given->irql &&
         given->synchronize_irql <= SIM_IRQL_DEVICE_HIGHEST;
}

static NTSTATUS connect(const Connection *given) {
  if (!is_valid(given))
    return STATUS_INVALID_PARAMETER;
  mm_probe_write(given->object, sizeof *given->object);
  PKSPIN_LOCK lock = given->lock != NULL ? given->lock : lock_create();
  if (lock == NULL)
    return STATUS_INSUFFICIENT_RESOURCES;
  IoInterrupt *self = sim_heap_allocate(sizeof *self);
  *self = (IoInterrupt){ .lock = lock,
                         .synchronize_irql = given->synchronize_irql,
                         .driver = io_driver_current(),
                         .routine = given->routine,
                         .context = given->context,
                         .processors = given->processors };
  const Object *driver = object_by_ordinal(self->driver);
  self->interrupt = ke_interrupt_create(driver != NULL ? driver->name : "a device", given->irql, interrupt_run, self);
  self->object = object_create_opaque(OBJECT_INTERRUPT, 0);
  self->object->driver = self->driver;
  sim_list_push_tail(&MODEL->io.interrupts, &self->link);
  *given->object = (PKINTERRUPT)self->object->address;
  return STATUS_SUCCESS;
}

/* wdm/nf-wdm-ioconnectinterruptex. Without messages a message-based connection falls back to the line, and says so in Version. */
NTSTATUS IoConnectInterruptEx(PIO_CONNECT_INTERRUPT_PARAMETERS Parameters) {
  Connection given = { .irql = LINE_IRQL, .processors = UINT64_MAX };
  switch (Parameters->Version) {
  case CONNECT_FULLY_SPECIFIED:
  case CONNECT_FULLY_SPECIFIED_GROUP: {
    const IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS *full = &Parameters->FullySpecified;
    given = (Connection){ full->InterruptObject, full->ServiceRoutine,     full->ServiceContext, full->SpinLock, full->Irql,
                          full->SynchronizeIrql, full->ProcessorEnableMask };
    break;
  }
  case CONNECT_LINE_BASED: {
    const IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS *line = &Parameters->LineBased;
    given.object = line->InterruptObject, given.routine = line->ServiceRoutine, given.context = line->ServiceContext;
    given.lock = line->SpinLock, given.synchronize_irql = line->SynchronizeIrql;
    break;
  }
  case CONNECT_MESSAGE_BASED: {
    const IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS *message = &Parameters->MessageBased;
    given.object = message->ConnectionContext.InterruptObject, given.routine = message->FallBackServiceRoutine;
    given.context = message->ServiceContext, given.lock = message->SpinLock, given.synchronize_irql = message->SynchronizeIrql;
    if (given.routine == NULL)
      return STATUS_NOT_FOUND;
    break;
  }
  default: return STATUS_NOT_SUPPORTED;
  }
  if (given.synchronize_irql == PASSIVE_LEVEL && Parameters->Version != CONNECT_FULLY_SPECIFIED)
    given.synchronize_irql = given.irql;
  NTSTATUS status = connect(&given);
  if (NT_SUCCESS(status) && Parameters->Version == CONNECT_MESSAGE_BASED)
    Parameters->Version = CONNECT_LINE_BASED;
  return status;
}

static IoInterrupt *find(const volatile void *address) {
  SimLink *link, *following;
  SIM_LIST_EACH(&MODEL->io.interrupts, link, following) {
    IoInterrupt *self = SIM_CONTAINER(link, IoInterrupt, link);
    if (self->object->is_alive && self->object->address == (uint64_t)address)
      return self;
  }
  return NULL;
}

static IoInterrupt *body_at(const volatile void *address) {
  IoInterrupt *self = find(address);
  if (self == NULL)
    io_body_missing(address);
  return self;
}

/* wdm/nf-wdm-iodisconnectinterruptex: comes back when the routine runs on no processor. */
VOID IoDisconnectInterruptEx(PIO_DISCONNECT_INTERRUPT_PARAMETERS Parameters) {
  IoInterrupt *self = body_at(Parameters->ConnectionContext.InterruptObject);
  object_delete(self->object);
  if (self->running > 0) {
    self->idle = ke_event_create("the end of a service routine", true, false);
    ke_wait_one(self->idle, false, KE_WAIT_FOREVER);
    self->idle = NULL;
  }
}

/* ---- sharing data with it ---- */

/* wdm/nf-wdm-kesynchronizeexecution */
BOOLEAN KeSynchronizeExecution(PKINTERRUPT Interrupt, PKSYNCHRONIZE_ROUTINE SynchronizeRoutine, PVOID SynchronizeContext) {
  const IoInterrupt *self = body_at(Interrupt);
  KIRQL old = lock_take(self);
  BOOLEAN result = ddi_callback_KSYNCHRONIZE_ROUTINE(SynchronizeRoutine, SynchronizeContext);
  lock_give(self, old);
  return result;
}

/* wdm/nf-wdm-keacquireinterruptspinlock */
KIRQL KeAcquireInterruptSpinLock(PKINTERRUPT Interrupt) { return lock_take(body_at(Interrupt)); }

/* wdm/nf-wdm-kereleaseinterruptspinlock */
VOID KeReleaseInterruptSpinLock(PKINTERRUPT Interrupt, KIRQL OldIrql) {
  const IoInterrupt *self = body_at(Interrupt);
  KeReleaseSpinLockFromDpcLevel(self->lock);
  KeLowerIrql(OldIrql);
}

uint8_t io_interrupt_irql(const volatile void *address, uint8_t unknown) {
  const IoInterrupt *self = find(address);
  return self != NULL ? self->synchronize_irql : unknown;
}

/* ---- the device's side ---- */

bool io_interrupt_raise(uint64_t routine, uint8_t cpu) {
  SimLink *link, *following;
  bool is_known = false;
  SIM_LIST_EACH(&MODEL->io.interrupts, link, following) {
    const IoInterrupt *self = SIM_CONTAINER(link, IoInterrupt, link);
    if ((uint64_t)self->routine != routine)
      continue;
    is_known = true;
    uint64_t present = self->processors & ((2ull << (sim_machine()->vcpu_count - 1)) - 1);
    if (self->object->is_alive && present != 0)
      ke_interrupt_request(self->interrupt, present >> cpu & 1 ? cpu : (uint8_t)__builtin_ctzll(present));
  }
  return is_known;
}
