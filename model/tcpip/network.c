/*
 * What the network does with a packet before it arrives (SIM_CHOICE_PACKET): delivers, loses, doubles it, or lets the next one pass. TCP makes up
 * for all of it: what is lost comes again, copies are dropped, and the end of the stream waits for what is missing before it.
 *
 * Simplified: data that is late is not waited for by later data, since it has no contents here: the stream's bytes are as many, in other portions.
 */
#include "tcpip.h"

#include "../model.h"

#define RETRANSMIT_NS 300000000ull /* the shortest retransmission time-out of Windows */
#define OVERTAKEN_NS 20000ull

enum { NETWORK_DELIVERS, NETWORK_LOSES, NETWORK_DOUBLES, NETWORK_SWAPS, NETWORK_COUNT };

static void again_at(TcpipPacket *packet, uint64_t at_ns) {
  if (packet->kind == TCPIP_PACKET_DATA && !packet->is_late) {
    packet->is_late = true;
    packet->connection->late_count++;
  }
  sim_queue_push(&sim_machine()->queue, &packet->arrival, at_ns);
}

static void copy_send(const TcpipPacket *packet, uint64_t at_ns) {
  TcpipPacket *copy = tcpip_packet_send(packet->connection, (TcpipPacketKind)packet->kind, packet->size, packet->cpu, at_ns);
  copy->is_copy = copy->is_judged = true;
}

bool tcpip_network_keeps(TcpipPacket *packet) {
  SimMachine *machine = sim_machine();
  uint64_t now_ns = machine->now_ns;
  if (packet->kind == TCPIP_PACKET_FIN && packet->connection->late_count > 0) {
    again_at(packet, now_ns + RETRANSMIT_NS);
    return true;
  }
  if (packet->is_late) {
    packet->is_late = false;
    packet->connection->late_count--;
  }
  if (packet->is_judged)
    return false;
  packet->is_judged = true;
  switch (sim_choose_rare(machine, SIM_CHOICE_PACKET, 0, NETWORK_DELIVERS, NULL, NETWORK_COUNT)) {
  case NETWORK_LOSES:
    if (packet->kind == TCPIP_PACKET_RST) /* nobody sends it again */
      sim_heap_free(packet, sizeof *packet);
    else
      again_at(packet, now_ns + RETRANSMIT_NS);
    return true;
  case NETWORK_DOUBLES: copy_send(packet, now_ns); return false;
  case NETWORK_SWAPS: again_at(packet, now_ns + OVERTAKEN_NS); return true;
  default: return false;
  }
}
