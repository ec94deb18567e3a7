/*
 * The network adapter: packets arrive, it interrupts the processor that RSS chose, its DPC there hands them to the stack at
 * DISPATCH_LEVEL. What a processor whose DPCs do not run has queued stays where it is.
 */
#include "../io/io_face.h"
#include "../wfp/wfp.h"
#include "tcpip.h"

#include "../events.h"
#include "../model.h"

#define ADAPTER_IRQL 5
#define PACKET_COST_NS 1000

/* ---- completions ---- */

static void completion_passive(void *injection) { wfp_injection_complete(injection); }

/* The completion function may be called at any level up to DISPATCH_LEVEL: here and now, or by a worker thread at PASSIVE_LEVEL. */
static void completion_give(TcpipInjection *injection) {
  static const SimOption levels[] = { { .id = SIM_IRQL_DISPATCH }, { .id = SIM_IRQL_PASSIVE } };
  if (sim_choose_rare(sim_machine(), SIM_CHOICE_IRQL, 0, SIM_IRQL_DISPATCH, levels, 2) == SIM_IRQL_DISPATCH)
    wfp_injection_complete(injection);
  else
    io_work_queue(completion_passive, injection);
}

/* ---- what arrived is handled ---- */

static void packet_handle(TcpipPacket *packet) {
  TcpipConnection *connection = packet->connection;
  if (packet->is_copy)
    return;
  switch ((TcpipPacketKind)packet->kind) {
  case TCPIP_PACKET_SYN_ACK:
    if (tcpip_policy_check(connection, true))
      tcpip_establish(connection);
    break;
  case TCPIP_PACKET_DATA: tcpip_data_receive(connection, packet->size); break;
  case TCPIP_PACKET_ACK: completion_give(packet->payload); break;
  case TCPIP_PACKET_FIN:
  case TCPIP_PACKET_RST: tcpip_disconnect_receive(connection, packet->kind == TCPIP_PACKET_RST); break;
  case TCPIP_PACKET_END: tcpip_connection_end(connection, CONNECTION_CLOSED, STATUS_CONNECTION_ABORTED, 0); break;
  case TCPIP_PACKET_CONTINUE: tcpip_stream_resume(connection); break;
  case TCPIP_PACKET_CLIENT: tcpip_client_run(packet); break;
  }
}

static bool is_packet(const TcpipPacket *packet) { return packet->kind <= TCPIP_PACKET_RST; }

static void packet_take(TcpipCpu *cpu, TcpipPacket *packet) {
  SimMachine *machine = sim_machine();
  if (is_packet(packet)) {
    cpu->waiting--;
    cpu->delivered++;
    SimLink *next = sim_list_first(&cpu->packets);
    cpu->oldest_ns = next != NULL ? SIM_CONTAINER(next, TcpipPacket, link)->arrival.time_ns : 0;
    sim_event(machine, EVENT_PACKET, 0, packet->connection->object->ordinal, 0, packet->size, packet->kind);
  }
  sim_charge(machine, PACKET_COST_NS);
  packet_handle(packet);
  sim_heap_free(packet, sizeof *packet);
}

static void drain(TcpipCpu *cpu, SimLink *list) {
  SimLink *link;
  while ((link = sim_list_pop(list)) != NULL)
    packet_take(cpu, SIM_CONTAINER(link, TcpipPacket, link));
}

static void receive_dpc(KeDpc *dpc, void *argument) {
  TcpipCpu *cpu = argument;
  (void)dpc;
  drain(cpu, &cpu->packets);
}

static void client_dpc(KeDpc *dpc, void *argument) {
  TcpipCpu *cpu = argument;
  (void)dpc;
  drain(cpu, &cpu->work);
}

static void complete_dpc(KeDpc *dpc, void *argument) {
  TcpipCpu *cpu = argument;
  SimLink *link;
  (void)dpc;
  while ((link = sim_list_pop(&cpu->completions)) != NULL)
    completion_give(SIM_CONTAINER(link, TcpipInjection, link));
}

/* ---- the interrupt ---- */

static void adapter_interrupt(KeInterrupt *interrupt, void *argument) {
  TcpipCpu *cpu = argument;
  (void)interrupt;
  if (!sim_list_is_empty(&cpu->packets))
    ke_dpc_queue(cpu->dpc, -1);
  if (!sim_list_is_empty(&cpu->work))
    ke_dpc_queue(cpu->client_dpc, -1);
}

static KeDpc *dpc_create(const char *name, KeDpcRoutine *routine, TcpipCpu *cpu, uint32_t number) {
  KeDpc *dpc = ke_dpc_create(name, routine, cpu);
  dpc->has_target = true;
  dpc->target = (uint8_t)number;
  return dpc;
}

void tcpip_receive_begin(void) {
  MODEL->tcpip.cpus = sim_heap_allocate(MODEL->ke.prcb_count * sizeof *MODEL->tcpip.cpus);
  for (uint32_t number = 0; number < MODEL->ke.prcb_count; number++) {
    TcpipCpu *cpu = &MODEL->tcpip.cpus[number];
    sim_list_init(&cpu->packets);
    sim_list_init(&cpu->work);
    sim_list_init(&cpu->completions);
    cpu->interrupt = ke_interrupt_create("network adapter", ADAPTER_IRQL, adapter_interrupt, cpu);
    cpu->dpc = dpc_create("receive", receive_dpc, cpu, number);
    cpu->client_dpc = dpc_create("kernel client", client_dpc, cpu, number);
    cpu->complete_dpc = dpc_create("injection complete", complete_dpc, cpu, number);
  }
}

/* ---- arrival ---- */

/* Out of any context: only queues, and asks for the interrupt. */
static void packet_arrive(SimMachine *machine, SimQueueEntry *entry) {
  TcpipPacket *packet = SIM_CONTAINER(entry, TcpipPacket, arrival);
  TcpipCpu *cpu = &MODEL->tcpip.cpus[packet->cpu];
  (void)machine;
  if (is_packet(packet) && tcpip_network_keeps(packet))
    return;
  if (!is_packet(packet) && packet->kind == TCPIP_PACKET_CLIENT) {
    sim_list_push_tail(&cpu->work, &packet->link);
  } else {
    sim_list_push_tail(&cpu->packets, &packet->link);
    if (is_packet(packet) && cpu->waiting++ == 0)
      cpu->oldest_ns = entry->time_ns;
  }
  ke_interrupt_request(cpu->interrupt, packet->cpu);
}

TcpipPacket *tcpip_packet_send(TcpipConnection *connection, TcpipPacketKind kind, uint32_t size, int cpu, uint64_t at_ns) {
  TcpipPacket *packet = sim_heap_allocate(sizeof *packet);
  packet->connection = connection;
  packet->kind = (uint8_t)kind;
  packet->size = size;
  packet->cpu = connection != NULL ? connection->receive_cpu : 0;
  if (cpu >= 0 && (uint32_t)cpu < MODEL->ke.prcb_count)
    packet->cpu = (uint8_t)cpu;
  packet->arrival.fire = packet_arrive;
  sim_queue_push(&sim_machine()->queue, &packet->arrival, at_ns);
  return packet;
}

void tcpip_end_later(TcpipConnection *connection) { tcpip_packet_send(connection, TCPIP_PACKET_END, 0, -1, ke_now_ns()); }

void tcpip_stream_continue(TcpipConnection *connection) { tcpip_packet_send(connection, TCPIP_PACKET_CONTINUE, 0, -1, ke_now_ns()); }

/* ---- injected data ---- */

void tcpip_injection_queue(TcpipConnection *connection, TcpipInjection *injection) {
  if (injection->stream_flags & FWPS_STREAM_FLAG_SEND) {
    uint64_t answer_ns = ke_now_ns() + tcpip_state()->round_trip_ns;
    tcpip_packet_send(connection, TCPIP_PACKET_ACK, 0, -1, answer_ns)->payload = injection;
    return;
  }
  TcpipCpu *cpu = &tcpip_state()->cpus[ke_prcb()->number];
  sim_list_push_tail(&cpu->completions, &injection->link);
  ke_dpc_queue(cpu->complete_dpc, -1);
}

/* ---- for reports ---- */

static bool is_cpu(unsigned cpu) { return MODEL->tcpip.cpus != NULL && cpu < MODEL->ke.prcb_count; }

uint32_t tcpip_packets_waiting(unsigned cpu) { return is_cpu(cpu) ? MODEL->tcpip.cpus[cpu].waiting : 0; }
uint32_t tcpip_packets_delivered(unsigned cpu) { return is_cpu(cpu) ? MODEL->tcpip.cpus[cpu].delivered : 0; }
uint64_t tcpip_packet_oldest_ns(unsigned cpu) { return is_cpu(cpu) ? MODEL->tcpip.cpus[cpu].oldest_ns : 0; }
