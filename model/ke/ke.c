#include "../ex/ex_face.h"
#include "../ex/ex_state.h"
#include "../io/io_face.h"
#include "ke_internal.h"

/* ---- where am I? ---- */

KePrcb *ke_prcb_first(void) { return &KE->prcbs[0]; }

KeThread *ke_thread_current(void) { return ke_prcb()->current; }

KeProcess *ke_process_current(void) { return ke_thread_current()->attached; }

bool ke_is_dpc_active(void) { return ke_prcb()->is_dpc_active; }

/* ---- identity ---- */

/* FNV-1a of three words, as sim numbers contexts. Never 0. */
static uint32_t path_id(uint32_t parent, uint32_t kind, uint32_t ordinal) {
  uint32_t words[3] = { parent, kind, ordinal };
  uint32_t hash = 2166136261u;
  for (unsigned i = 0; i < 12; i++) {
    hash ^= (words[i / 4] >> (8 * (i % 4))) & 0xff;
    hash *= 16777619u;
  }
  return hash != 0 ? hash : 1;
}

uint32_t ke_identity_next(SimContextKind kind) {
  SimMachine *machine = sim_machine();
  SimContext *parent = machine->current;
  uint32_t *children = parent != NULL ? parent->children : machine->child_count;
  return path_id(parent != NULL ? parent->id : 0, kind, children[kind]++);
}

void ke_identity_begin(KeIdentity *saved, uint32_t owner, uint32_t run, uint32_t object, void *context_owner) {
  SimContext *context = sim_machine()->current;
  sim_identity_leave(sim_machine());
  saved->id = context->id;
  saved->object = context->object;
  saved->access_ordinal = context->access_ordinal;
  saved->owner = context->owner;
  RtlCopyMemory(saved->children, context->children, sizeof saved->children);
  RtlCopyMemory(saved->choice_ordinals, context->choice_ordinals, sizeof saved->choice_ordinals);
  context->object = object;
  context->owner = context_owner;
  context->access_ordinal = 0;
  RtlZeroMemory(context->children, sizeof context->children);
  RtlZeroMemory(context->choice_ordinals, sizeof context->choice_ordinals);
  sim_identity_take(sim_machine(), path_id(owner, context->kind, run));
}

void ke_identity_end(const KeIdentity *saved) {
  SimContext *context = sim_machine()->current;
  sim_identity_leave(sim_machine());
  context->object = saved->object;
  context->access_ordinal = saved->access_ordinal;
  context->owner = saved->owner;
  RtlCopyMemory(context->children, saved->children, sizeof context->children);
  RtlCopyMemory(context->choice_ordinals, saved->choice_ordinals, sizeof context->choice_ordinals);
  sim_identity_take(sim_machine(), saved->id);
}

KeOutside ke_outside_begin(void) {
  KeOutside saved = { sim_machine()->current };
  sim_machine()->current = NULL;
  return saved;
}

void ke_outside_end(KeOutside saved) { sim_machine()->current = saved.context; }

/* ---- dispatcher objects ---- */

/* DISPATCHER_HEADER.Type, as debuggers show it. */
static const UCHAR header_types[] = {
  [KE_EVENT_NOTIFICATION] = 0, [KE_EVENT_SYNCHRONIZATION] = 1, [KE_SEMAPHORE] = 5, [KE_MUTEX] = 2,
  [KE_TIMER_NOTIFICATION] = 8, [KE_TIMER_SYNCHRONIZATION] = 9, [KE_THREAD] = 6,    [KE_PROCESS] = 3,
};

void ke_dispatcher_init(KeDispatcher *dispatcher, Object *object, KeDispatcherType type, int32_t signal_state) {
  dispatcher->object = object;
  dispatcher->type = (uint8_t)type;
  dispatcher->signal_state = signal_state;
  sim_list_init(&dispatcher->waiters);
}

void ke_dispatcher_mirror(const KeDispatcher *dispatcher) {
  if (dispatcher->object->size >= sizeof(DISPATCHER_HEADER))
    ((DISPATCHER_HEADER *)dispatcher->object->address)->SignalState = dispatcher->signal_state;
}

Object *ke_object_create(ObjectKind kind, volatile void *address, SIZE_T size, SIZE_T body_size) {
  Object *object = object_create(kind, (uint64_t)address, size, body_size);
  object->driver = io_driver_current();
  return object;
}

void *ke_dispatcher_create(void *address, SIZE_T size, SIZE_T body_size, ObjectKind kind, KeDispatcherType type, int32_t signal_state) {
  ke_range_forget((uint64_t)address, size);
  Object *object = ke_object_create(kind, address, size, body_size);
  ke_dispatcher_init(object->body, object, type, signal_state);
  DISPATCHER_HEADER *header = address;
  RtlZeroMemory(header, sizeof *header);
  header->Type = header_types[type];
  header->Size = (UCHAR)(size / sizeof(LONG));
  header->SignalState = signal_state;
  header->WaitListHead.Flink = header->WaitListHead.Blink = &header->WaitListHead;
  return object->body;
}

uint64_t ke_address(const KeDispatcher *dispatcher) { return dispatcher != NULL ? dispatcher->object->address : 0; }

KeDispatcher *ke_dispatcher_at(uint64_t address) {
  Object *object = object_find_among(address, KE_OBJECTS_WAITABLE);
  return object != NULL ? object->body : NULL;
}

KeThread *ke_thread_at(uint64_t address) {
  Object *object = object_find(address, OBJECT_THREAD);
  return object != NULL ? object->body : NULL;
}

KeProcess *ke_process_at(uint64_t address) {
  Object *object = object_find(address, OBJECT_PROCESS);
  return object != NULL ? object->body : NULL;
}

/* Windows follows the list heads it finds. Memory of zeroes or of an old pattern sends it to an address that is none, with the dispatcher's
 * lock held: IRQL_NOT_LESS_OR_EQUAL at DISPATCH_LEVEL. Simplified: another kind of object, whose list it could follow, ends the same way. */
static void contract_stop(const volatile void *address, uint32_t object, ModelContract contract) {
  uint64_t list = 0;
  SimFault fault;
  uint64_t field = (uint64_t)address + FIELD_OFFSET(DISPATCHER_HEADER, WaitListHead);
  sim_event(sim_machine(), EVENT_CONTRACT, ke_call(), object, 0, contract, (uint64_t)address);
  if (sim_access_judge(sim_machine(), field, sizeof list, SIM_ACCESS_READ, &fault))
    list = *(const volatile uint64_t *)field;
  ke_bugcheck_raise(0xA, list, SIM_IRQL_DISPATCH, 0, 0);
}

void ke_garbage(const volatile void *address) {
  const PoolBlock *block = ex_pool_block_at((uint64_t)address);
  Object *other = object_find_among((uint64_t)address, KE_OBJECTS_WAITABLE | 1ULL << OBJECT_DPC | 1ULL << OBJECT_SPIN_LOCK);
  if (other != NULL)
    contract_stop(address, other->ordinal, CONTRACT_OBJECT_KIND);
  contract_stop(address, 0, block != NULL && block->is_free ? CONTRACT_OBJECT_FREED : CONTRACT_OBJECT_NOT_INITIALIZED);
  __builtin_unreachable();
}

void *ke_body_at(const volatile void *address, ObjectKind kind) {
  Object *object = object_find((uint64_t)address, kind);
  if (object == NULL)
    ke_garbage(address);
  return object->body;
}

void ke_dispatcher_delete(KeDispatcher *dispatcher) {
  if (dispatcher == NULL)
    return;
  ke_waiters_forget(dispatcher);
  object_delete(dispatcher->object);
}

/* ---- memory that is used for something else ---- */

static void object_forget(Object *object) {
  switch (object->kind) {
  case OBJECT_TIMER: ke_timer_forget(object->body); break;
  case OBJECT_DPC: ke_dpc_forget(object->body); break;
  case OBJECT_MUTEX: sim_list_remove(&((KeMutex *)object->body)->link); break;
  default: break;
  }
  if (KE_OBJECTS_WAITABLE >> object->kind & 1)
    ke_waiters_forget(object->body);
  object_delete(object);
}

void ke_range_forget(uint64_t address, uint64_t size) {
  const uint64_t kinds = 1ULL << OBJECT_EVENT | 1ULL << OBJECT_SEMAPHORE | 1ULL << OBJECT_MUTEX | 1ULL << OBJECT_TIMER |
                         1ULL << OBJECT_DPC | 1ULL << OBJECT_SPIN_LOCK;
  Object *object;
  for (uint32_t after = 0; (object = object_in_range(address, size, after)) != NULL; after = object->ordinal)
    if (kinds >> object->kind & 1)
      object_forget(object);
}

/* ---- beginning ---- */

static void prcb_begin(KePrcb *prcb, SimVcpu *vcpu) {
  Object *object = object_create_opaque(OBJECT_THREAD, sizeof(KeThread));
  KeThread *idle = object->body;
  object_name_set(object, "Idle");
  ke_dispatcher_init(&idle->header, object, KE_THREAD, 0);
  idle->process = idle->attached = KE->idle_process;
  idle->state = KE_THREAD_RUNNING;
  idle->cpu = vcpu->number;
  sim_list_init(&idle->mutexes);
  prcb->number = vcpu->number;
  prcb->vcpu = vcpu;
  prcb->idle = prcb->current = idle;
  sim_list_init(&prcb->dpcs);
  sim_interrupt_init(&prcb->dispatch, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, ke_dispatch_interrupt, prcb);
  vcpu->owner = prcb;
}

void ke_begin(void) {
  SimMachine *machine = sim_machine();
  KE->prcb_count = machine->vcpu_count;
  KE->prcbs = sim_heap_allocate(KE->prcb_count * sizeof *KE->prcbs);
  machine->threads = &ke_threads;
  ke_ready_begin();
  KE->thread_id_next = 8;
  KE->idle_process = ke_process_create("Idle", false);
  KE->system_process = ke_process_create("System", false);
  for (uint32_t i = 0; i < KE->prcb_count; i++)
    prcb_begin(&KE->prcbs[i], &machine->vcpus[i]);
  ke_clock_begin();
}
