/*
 * network-stalled: packets for a cpu have waited for a second, and the cpu has been at DISPATCH_LEVEL or above since before they came, so that
 * its receive DPC never runs. Looked at when the run ends, however it ends: before Windows 8 nothing in Windows notices.
 */
#include "rule_ids.h"
#include "rules.h"

#include "model/tcpip/tcpip_face.h"

#define STALLED_NS 1000000000ull

/* What keeps the DPCs off is at the bottom; an interrupt that is above it when the run ends, such as the watchdog's, is not it. */
static SimIrql level_of(const SimVcpu *vcpu) {
  for (uint32_t i = 0; i < vcpu->depth; i++)
    if (vcpu->stack[i]->irql >= SIM_IRQL_DISPATCH)
      return vcpu->stack[i]->irql;
  return vcpu->irql;
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  SimMachine *machine = sim_machine();
  for (uint32_t i = 0; i < machine->vcpu_count; i++) {
    const SimVcpu *vcpu = &machine->vcpus[i];
    uint64_t oldest_ns = tcpip_packets_waiting(i) > 0 ? tcpip_packet_oldest_ns(i) : 0;
    if (oldest_ns == 0 || machine->now_ns - oldest_ns < STALLED_NS || vcpu->irql < SIM_IRQL_DISPATCH)
      continue;
    SimEvent at = *event;
    at.cpu = vcpu->number;
    at.irql = level_of(vcpu);
    Finding *finding = rule_report(RULE_NETWORK_STALLED, &at);
    if (finding != NULL) {
      finding->irql_raised_by = vcpu->irql_raised_by;
      finding->value = oldest_ns;
      finding->detail = tcpip_packets_waiting(i);
    }
  }
}

static void begin(void) { rule_observe(observe, (const uint16_t[]){ SIM_EVENT_STOP, 0 }); }

const RuleDetector rule_network = { .begin = begin };
