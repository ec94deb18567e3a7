/*
 * Traffic as a scenario gives it: who connects, sends, closes, and where; what arrives, and when. What comes before its connection is
 * established waits for it, so that no order that is explored loses a stimulus.
 */
#include "../user/user_face.h"
#include "../wfp/wfp.h"
#include "tcpip.h"

#include "../events.h"
#include "../model.h"

#define SEGMENT_SIZE 1460
#define PRIORITY_CLIENT 8

typedef struct TcpipStimulusEntry {
  SimLink link; /* in TcpipState.stimuli while it is held */
  SimQueueEntry due;
  TcpipStimulus stimulus;
  uint64_t done;    /* repetitions so far */
  KeThread *thread; /* NULL: a DPC's, or a packet's */
} TcpipStimulusEntry;

/* ---- what it needs ---- */

static bool needs_connection(const TcpipStimulus *stimulus) { return stimulus->kind != TCPIP_CONNECT; }
static bool is_arrival(const TcpipStimulus *stimulus) {
  return stimulus->kind == TCPIP_DATA_IN || stimulus->kind == TCPIP_FIN_IN || stimulus->kind == TCPIP_RST_IN;
}

/* The end of a connection may also come while a FIN is under way. */
static bool is_connected(const TcpipStimulus *stimulus, TcpipConnection **connection) {
  bool is_end = stimulus->kind == TCPIP_CLOSE || stimulus->kind == TCPIP_ABORT || stimulus->kind == TCPIP_RST_IN;
  *connection = tcpip_connection_find(stimulus->local, stimulus->remote);
  if (*connection == NULL)
    return false;
  return (*connection)->state == CONNECTION_ESTABLISHED || (is_end && (*connection)->state == CONNECTION_CLOSING);
}

static bool is_lost(const TcpipStimulus *stimulus) {
  TcpipConnection *connection;
  return !is_connected(stimulus, &connection) && connection != NULL && tcpip_is_over(connection);
}

static bool next_repetition(TcpipStimulusEntry *entry, uint64_t *at_ns) {
  uint64_t times = entry->stimulus.times > 0 ? entry->stimulus.times : 1;
  if (++entry->done >= times)
    return false;
  *at_ns = entry->stimulus.at_ns + entry->done * entry->stimulus.every_ns;
  return true;
}

/* ---- doing it, in the context where it is to be done ---- */

static TcpipConnection *connect_begin(const TcpipStimulusEntry *entry) {
  const TcpipStimulus *stimulus = &entry->stimulus;
  TcpipEndpoint local = stimulus->local;
  if (local.port != 0)
    local.port = (uint16_t)(local.port + entry->done);
  return tcpip_connect_begin(stimulus->place.process, local, stimulus->remote, stimulus->receive_cpu);
}

static int32_t stimulus_do(const TcpipStimulusEntry *entry, TcpipConnection **connection) {
  const TcpipStimulus *stimulus = &entry->stimulus;
  switch (stimulus->kind) {
  case TCPIP_CONNECT: *connection = connect_begin(entry); return STATUS_PENDING;
  case TCPIP_DATA_OUT: return tcpip_send(*connection, stimulus->bytes);
  case TCPIP_CLOSE:
  case TCPIP_ABORT: tcpip_close(*connection, stimulus->kind == TCPIP_ABORT); return STATUS_SUCCESS;
  default: return STATUS_INVALID_PARAMETER;
  }
}

static void client_queue(TcpipStimulusEntry *entry, uint64_t at_ns) {
  tcpip_packet_send(NULL, TCPIP_PACKET_CLIENT, 0, entry->stimulus.place.cpu, at_ns)->payload = entry;
}

/* ---- in a thread ---- */

static uint32_t system_call_number(TcpipStimulusKind kind) {
  if (kind == TCPIP_CONNECT)
    return USER_TCP_CONNECT;
  return kind == TCPIP_DATA_OUT ? USER_TCP_SEND : USER_TCP_CLOSE;
}

/* NULL: it will never be established. */
static TcpipConnection *connection_await(const TcpipStimulus *stimulus, bool is_user) {
  TcpipState *state = tcpip_state();
  TcpipConnection *connection = NULL;
  int32_t status = STATUS_SUCCESS;
  state->watchers++;
  while (!is_connected(stimulus, &connection) && !is_lost(stimulus) && status == STATUS_SUCCESS) {
    ke_event_reset(state->changed);
    status = ke_wait_one(state->changed, is_user, KE_WAIT_FOREVER);
  }
  state->watchers--;
  return is_connected(stimulus, &connection) ? connection : NULL;
}

/* An upper component calls the stack while it holds its own spin lock, or at APC_LEVEL. */
static int32_t raised_do(const TcpipStimulusEntry *entry, TcpipConnection **connection, uint32_t level) {
  KIRQL irql;
  if (level >= DISPATCH_LEVEL && tcpip_state()->upper_lock == 0)
    tcpip_state()->upper_lock = wfp_lock_create("an upper component's lock");
  if (level >= DISPATCH_LEVEL)
    KeAcquireSpinLock((PKSPIN_LOCK)tcpip_state()->upper_lock, &irql);
  else
    KeRaiseIrql(APC_LEVEL, &irql);
  int32_t status = stimulus_do(entry, connection);
  if (level >= DISPATCH_LEVEL)
    KeReleaseSpinLock((PKSPIN_LOCK)tcpip_state()->upper_lock, irql);
  else
    KeLowerIrql(irql);
  return status;
}

enum { LEVEL_IN_DPC = SIM_IRQL_COUNT }; /* beside the levels */

/* A kernel client may call the stack at any level up to DISPATCH_LEVEL, and from a DPC of its own; where the scenario says nothing of it that is a
 * choice. */
static uint32_t level_choose(const TcpipStimulus *stimulus, bool is_user) {
  static const SimOption levels[] = { { .id = PASSIVE_LEVEL }, { .id = DISPATCH_LEVEL }, { .id = LEVEL_IN_DPC } };
  if (is_user || stimulus->place.irql != PASSIVE_LEVEL)
    return stimulus->place.irql;
  return sim_choose_rare(sim_machine(), SIM_CHOICE_IRQL, 0, PASSIVE_LEVEL, levels, 3);
}

/* This once, for its thread. */
static void dpc_do(const TcpipStimulusEntry *entry) {
  TcpipStimulusEntry *once = sim_heap_allocate(sizeof *once);
  once->stimulus = entry->stimulus;
  once->stimulus.times = entry->done + 1;
  once->done = entry->done;
  client_queue(once, ke_now_ns());
}

static void thread_do(TcpipStimulusEntry *entry, bool is_user) {
  const TcpipStimulus *stimulus = &entry->stimulus;
  TcpipConnection *connection = NULL;
  if (needs_connection(stimulus) && (connection = connection_await(stimulus, is_user)) == NULL)
    return;
  if (is_user)
    ke_system_call_enter(system_call_number(stimulus->kind), 0xfffff80000100000ull + 0x100 * system_call_number(stimulus->kind));
  uint32_t level = level_choose(stimulus, is_user);
  if (level == LEVEL_IN_DPC) {
    dpc_do(entry);
    return;
  }
  int32_t status = level > PASSIVE_LEVEL ? raised_do(entry, &connection, level) : stimulus_do(entry, &connection);
  if (stimulus->kind == TCPIP_CONNECT && level == PASSIVE_LEVEL)
    status = tcpip_connect_wait(connection, is_user);
  if (is_user)
    ke_system_call_return(status);
}

static void stimulus_thread(void *argument) {
  TcpipStimulusEntry *entry = argument;
  bool is_user = entry->thread->is_user;
  uint64_t at_ns = 0;
  do {
    if (at_ns != 0 && at_ns > ke_now_ns())
      ke_wait(&(KeWait){ .is_user = is_user, .due_ns = at_ns });
    if (entry->thread->is_terminating)
      return;
    thread_do(entry, is_user);
  } while (next_repetition(entry, &at_ns));
}

/* ---- in a kernel client's DPC ---- */

static void stimulus_hold(TcpipStimulusEntry *entry) { sim_list_push_tail(&tcpip_state()->stimuli, &entry->link); }

void tcpip_client_run(TcpipPacket *packet) {
  TcpipStimulusEntry *entry = packet->payload;
  TcpipConnection *connection = NULL;
  uint64_t at_ns;
  if (needs_connection(&entry->stimulus) && !is_connected(&entry->stimulus, &connection)) {
    if (!is_lost(&entry->stimulus))
      stimulus_hold(entry);
    return;
  }
  stimulus_do(entry, &connection);
  if (next_repetition(entry, &at_ns))
    client_queue(entry, at_ns > ke_now_ns() ? at_ns : ke_now_ns());
}

/* ---- packets that arrive ---- */

static void data_send(TcpipConnection *connection, const TcpipStimulus *stimulus, uint64_t at_ns) {
  for (uint64_t left = stimulus->bytes; left > 0;) {
    uint32_t size = left < SEGMENT_SIZE ? (uint32_t)left : SEGMENT_SIZE;
    tcpip_packet_send(connection, TCPIP_PACKET_DATA, size, stimulus->place.cpu, at_ns);
    left -= size;
  }
}

/* Out of any context: only packets are sent on their way. */
static void arrival_fire(SimMachine *machine, SimQueueEntry *due) {
  TcpipStimulusEntry *entry = SIM_CONTAINER(due, TcpipStimulusEntry, due);
  const TcpipStimulus *stimulus = &entry->stimulus;
  TcpipConnection *connection;
  uint64_t at_ns = machine->now_ns;
  if (!is_connected(stimulus, &connection)) {
    if (!is_lost(stimulus))
      stimulus_hold(entry);
    return;
  }
  if (stimulus->kind == TCPIP_DATA_IN)
    data_send(connection, stimulus, at_ns);
  else
    tcpip_packet_send(connection, stimulus->kind == TCPIP_FIN_IN ? TCPIP_PACKET_FIN : TCPIP_PACKET_RST, 0, stimulus->place.cpu, at_ns);
  if (next_repetition(entry, &at_ns))
    sim_queue_push(&machine->queue, &entry->due, at_ns > machine->now_ns ? at_ns : machine->now_ns);
}

/* ---- what waits ---- */

static void stimulus_release(TcpipStimulusEntry *entry) {
  SimMachine *machine = sim_machine();
  uint64_t at_ns = ke_now_ns() + tcpip_state()->round_trip_ns / 2; /* the far end hears of it */
  sim_list_remove(&entry->link);
  if (is_arrival(&entry->stimulus))
    sim_queue_push(&machine->queue, &entry->due, at_ns);
  else
    client_queue(entry, ke_now_ns());
}

void tcpip_changed(void) {
  TcpipState *state = tcpip_state();
  SimLink *link, *following;
  SIM_LIST_EACH(&state->stimuli, link, following) {
    TcpipStimulusEntry *entry = SIM_CONTAINER(link, TcpipStimulusEntry, link);
    TcpipConnection *connection;
    if (is_lost(&entry->stimulus))
      sim_list_remove(link);
    else if (is_connected(&entry->stimulus, &connection))
      stimulus_release(entry);
  }
  if (state->watchers > 0)
    ke_event_set(state->changed, 0);
}

/* ---- adding ---- */

static const char *const thread_names[] = {
  [TCPIP_CONNECT] = "connect",
  [TCPIP_DATA_OUT] = "send",
  [TCPIP_CLOSE] = "close",
  [TCPIP_ABORT] = "abort",
};

static void thread_add(TcpipStimulusEntry *entry) {
  const TcpipPlace *place = &entry->stimulus.place;
  bool is_system = place->kind == TCPIP_PLACE_SYSTEM_THREAD || place->process == NULL;
  KeProcess *process = is_system ? MODEL->ke.system_process : place->process;
  if (place->irql >= DISPATCH_LEVEL && tcpip_state()->upper_lock == 0)
    tcpip_state()->upper_lock = wfp_lock_create("an upper component's lock");
  entry->thread = ke_thread_create(process, stimulus_thread, entry, PRIORITY_CLIENT, thread_names[entry->stimulus.kind]);
  if (place->cpu >= 0)
    entry->thread->affinity = entry->thread->user_affinity = 1ull << place->cpu;
  ke_thread_ready_at(entry->thread, entry->stimulus.at_ns);
}

void tcpip_stimulus_add(const TcpipStimulus *stimulus) {
  SimMachine *machine = sim_machine();
  tcpip_begin();
  TcpipStimulusEntry *entry = sim_heap_allocate(sizeof *entry);
  entry->stimulus = *stimulus;
  entry->due.fire = arrival_fire;
  if (is_arrival(stimulus))
    sim_queue_push(&machine->queue, &entry->due, stimulus->at_ns);
  else if (stimulus->place.kind == TCPIP_PLACE_DPC)
    client_queue(entry, stimulus->at_ns);
  else
    thread_add(entry);
}
