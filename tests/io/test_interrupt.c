/* Interrupt objects of drivers, and interprocessor calls. K-INT-1, K-INT-3, K-UNL-1. */
#include <ntifs.h>

#include "../ke/harness.h"

#include "../../model/io/interrupt.h"
#include "../../model/io/io_face.h"

#define UNLOAD_AT_NS 1000000

static NTSTATUS (*body)(void);
static void (*unload_body)(void);
static PKINTERRUPT *interrupt; /* guest memory */
static ULONG isr_count, sync_count;

static VOID unload(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  if (unload_body != NULL)
    unload_body();
}

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->DriverUnload = unload;
  isr_count = sync_count = 0;
  return body();
}

static void load(NTSTATUS (*what)(void), void (*at_unload)(void)) {
  body = what;
  unload_body = at_unload;
  interrupt = harness_memory(sizeof(PKINTERRUPT));
  uint32_t fw = io_driver_load(&(IoDriverLoad){ .name = "fw", .entry = (uint64_t)entry }, 0);
  io_driver_unload(fw, UNLOAD_AT_NS);
}

static void pass(uint64_t ns) { sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, ns); }

static BOOLEAN isr(PKINTERRUPT Interrupt, PVOID Context) {
  isr_count++;
  note(Interrupt == *interrupt && Context == (PVOID)7 ? "isr" : "other");
  note_number("at", KeGetCurrentIrql());
  pass(20000);
  note("end");
  return TRUE;
}

static NTSTATUS connect(KIRQL irql, KIRQL synchronize_irql) {
  IO_CONNECT_INTERRUPT_PARAMETERS parameters = { .Version = CONNECT_FULLY_SPECIFIED };
  parameters.FullySpecified.InterruptObject = interrupt;
  parameters.FullySpecified.ServiceRoutine = isr;
  parameters.FullySpecified.ServiceContext = (PVOID)7;
  parameters.FullySpecified.Irql = irql;
  parameters.FullySpecified.SynchronizeIrql = synchronize_irql;
  parameters.FullySpecified.ProcessorEnableMask = ~(KAFFINITY)0;
  return IoConnectInterruptEx(&parameters);
}

static void disconnect(void) {
  IO_DISCONNECT_INTERRUPT_PARAMETERS parameters = { .Version = CONNECT_FULLY_SPECIFIED };
  parameters.ConnectionContext.InterruptObject = *interrupt;
  IoDisconnectInterruptEx(&parameters);
}

static BOOLEAN in_step(PVOID Context) {
  sync_count++;
  note_number(Context, KeGetCurrentIrql());
  return sync_count == 1;
}

/* ---- K_INT_1: levels ---- */

static NTSTATUS levels_body(void) {
  NTSTATUS status = connect(5, 8);
  note(io_interrupt_raise((uint64_t)isr, 0) ? "known" : "unknown");
  pass(100000);
  note_number("result", KeSynchronizeExecution(*interrupt, in_step, (PVOID) "sync"));
  KIRQL old = KeAcquireInterruptSpinLock(*interrupt);
  note_number("held", KeGetCurrentIrql());
  KeReleaseInterruptSpinLock(*interrupt, old);
  note_number("now", KeGetCurrentIrql());
  return status;
}

static void levels_setup(void) { load(levels_body, disconnect); }

static void levels_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "known isr at=8 end sync=8 result=1 held=8 now=0");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 0);
}

/* ---- K_INT_1: one at a time, on two processors ---- */

static void other_cpu(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  pass(10000); /* the routine runs on the other one by now */
  KeSynchronizeExecution(*interrupt, in_step, (PVOID) "sync");
}

static NTSTATUS exclusion_body(void) {
  NTSTATUS status = connect(7, 7);
  harness_thread("other", 8, other_cpu, NULL);
  io_interrupt_raise((uint64_t)isr, 0);
  pass(1000);
  pass(200000);
  return status;
}

static void exclusion_setup(void) { load(exclusion_body, disconnect); }
static void exclusion_check(const HarnessRun *run) { EXPECT_NOTES(run, "isr at=7 end sync=7"); }

/* ---- connecting and disconnecting ---- */

static NTSTATUS kinds_body(void) {
  note(connect(2, 2) == STATUS_INVALID_PARAMETER ? "low" : "other");   /* no device's level */
  note(connect(8, 7) == STATUS_INVALID_PARAMETER ? "below" : "other"); /* its own level is to be masked */
  IO_CONNECT_INTERRUPT_PARAMETERS message = { .Version = CONNECT_MESSAGE_BASED };
  message.MessageBased.ConnectionContext.InterruptObject = interrupt;
  note(IoConnectInterruptEx(&message) == STATUS_NOT_FOUND ? "no-messages" : "other");
  message.MessageBased.FallBackServiceRoutine = isr;
  message.MessageBased.ServiceContext = (PVOID)7;
  note_number("line", IoConnectInterruptEx(&message));
  note(message.Version == CONNECT_LINE_BASED ? "fell-back" : "other");
  io_interrupt_raise((uint64_t)isr, 0);
  pass(100000);
  disconnect();
  note(io_interrupt_raise((uint64_t)isr, 0) ? "known" : "unknown"); /* and not delivered */
  pass(100000);
  return STATUS_SUCCESS;
}

static void kinds_setup(void) { load(kinds_body, NULL); }

static void kinds_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "low below no-messages line=0 fell-back isr at=7 end known");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 0); /* nothing is left behind */
}

static NTSTATUS kept_body(void) { return connect(7, 7); }
static void kept_setup(void) { load(kept_body, NULL); }

static void kept_check(const HarnessRun *run) {
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 1);
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT, 0)->detail, CONTRACT_UNLOAD_RESOURCES);
  EXPECT_EQUAL(object_by_ordinal(event_at(run, EVENT_CONTRACT, 0)->object)->kind, OBJECT_INTERRUPT);
}

static NTSTATUS gone_body(void) {
  NTSTATUS status = connect(7, 7);
  disconnect();
  KeSynchronizeExecution(*interrupt, in_step, (PVOID) "sync");
  return status;
}

static void gone_setup(void) { load(gone_body, NULL); }

static void gone_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xA);
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT, 0)->detail, CONTRACT_OBJECT_FREED);
}

/* ---- K_INT_3: all processors at once ---- */

static ULONG inside, inside_most, ipi_count;

static ULONG_PTR ipi(ULONG_PTR Argument) {
  ipi_count++;
  inside++;
  if (inside > inside_most)
    inside_most = inside;
  if (KeGetCurrentProcessorNumber() == 0)
    note_number("ipi", KeGetCurrentIrql());
  pass(5000);
  inside--;
  return Argument + KeGetCurrentProcessorNumber();
}

static void caller(void *argument) {
  UNREFERENCED_PARAMETER(argument);
  inside = inside_most = ipi_count = 0;
  for (ULONG i = 0; i < 2; i++) {
    ULONG_PTR result = KeIpiGenericCall(ipi, 40);
    note(result == 40 + KeGetCurrentProcessorNumber() ? "mine" : "other"); /* what the caller's own call returned */
    note_number("count", ipi_count);
    note_number("now", KeGetCurrentIrql());
  }
}

static void ipi_setup(void) { harness_thread("caller", 8, caller, NULL); }

static void ipi_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "ipi=14 mine count=3 now=0 ipi=14 mine count=6 now=0");
  EXPECT_EQUAL(inside_most, 3);
}

/* Two at once take turns. */
static void ipi_two_setup(void) {
  harness_thread("one", 8, caller, NULL);
  harness_thread("two", 8, caller, NULL);
}

static void ipi_two_check(const HarnessRun *run) { EXPECT_EQUAL(run->stop, SIM_STOP_QUIET); }

#define CASE(text, prefix) .name = text, .setup = prefix##_setup, .check = prefix##_check

static const HarnessCase cases[] = {
  { CASE("K_INT_1 the levels of an interrupt object", levels) },
  { CASE("K_INT_1 the routine and who is in step with it exclude one another", exclusion), .cpus = 2 },
  { CASE("kinds of connection", kinds) },
  { CASE("K_UNL_1 a connection is left behind", kept) },
  { CASE("KeSynchronizeExecution without a connection", gone) },
  { CASE("K_INT_3 a routine on all processors", ipi), .cpus = 3 },
  { CASE("K_INT_3 on one", ipi_two), .cpus = 1 },
  { CASE("K_INT_3 two calls take turns", ipi_two), .cpus = 3 },
};

int main(void) { return harness_main("interrupts", cases, RTL_NUMBER_OF(cases)); }
