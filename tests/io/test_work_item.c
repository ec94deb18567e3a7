/* K-WI: work items. */
#include <ntifs.h>

#include "../ke/harness.h"

#include "../../model/io/io_face.h"

static PDEVICE_OBJECT device;
static PIO_WORKITEM item;
static WORK_QUEUE_ITEM *ex_item;
static void (*body)(void);

static void workers(ModelOptions *options) { options->worker_count = 2; }

static void workers_7(ModelOptions *options) {
  workers(options);
  options->windows = DDI_WINDOWS_7_SP1;
}

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(RegistryPath);
  IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
  item = IoAllocateWorkItem(device);
  body();
  return STATUS_SUCCESS;
}

static void load(void (*what)(void)) {
  body = what;
  ex_item = harness_memory(sizeof *ex_item);
  io_driver_load(&(IoDriverLoad){ .name = "fw", .entry = (uint64_t)entry }, 0);
}

/* ---- K_WI_1: PASSIVE_LEVEL, in a worker of the System process; queued from DISPATCH_LEVEL ---- */

static VOID plain(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  note_number("irql", KeGetCurrentIrql());
  note(DeviceObject == device && Context == &device ? "parameters" : "other");
  note(ke_process_current() == MODEL->ke.system_process ? "System" : "other");
  IoFreeWorkItem(item); /* legal inside of its routine */
}

static void plain_body(void) {
  KIRQL old;
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  IoQueueWorkItem(item, plain, DelayedWorkQueue, &device);
  note("queued");
  KeLowerIrql(old);
}

static void plain_setup(void) { load(plain_body); }

static void plain_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "queued irql=0 parameters System");
  EXPECT_EQUAL(event_count(run, EVENT_WORK_QUEUE), 1);
  EXPECT_EQUAL(event_count(run, EVENT_WORK_BEGIN), 1);
  EXPECT_EQUAL(event_count(run, EVENT_WORK_END), 1);
  EXPECT(run->bugcheck == NULL);
}

/* The item holds its device until the routine has returned. */
static VOID holder(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  note(object_find((uint64_t)DeviceObject, OBJECT_DEVICE) != NULL ? "device" : "gone");
}

static void holder_body(void) {
  IoQueueWorkItem(item, holder, DelayedWorkQueue, NULL);
  IoDeleteDevice(device);
  note(object_find((uint64_t)device, OBJECT_DEVICE) != NULL ? "held" : "gone");
}

static void holder_setup(void) { load(holder_body); }

static void holder_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "held device");
  EXPECT(object_find((uint64_t)device, OBJECT_DEVICE) == NULL);
}

/* ---- K_WI_2: it leaves the queue before the routine is called ---- */

static unsigned count;

static VOID again(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  note_number("run", ++count);
  if (count < 3)
    IoQueueWorkItem(item, again, DelayedWorkQueue, Context);
  UNREFERENCED_PARAMETER(DeviceObject);
}

static void again_body(void) {
  count = 0;
  IoQueueWorkItem(item, again, DelayedWorkQueue, NULL);
}

static void again_setup(void) { load(again_body); }

static void again_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "run=1 run=2 run=3");
  EXPECT(run->bugcheck == NULL);
}

static void twice_body(void) {
  IoQueueWorkItem(item, plain, DelayedWorkQueue, NULL);
  IoQueueWorkItem(item, plain, DelayedWorkQueue, NULL);
}

static void twice_setup(void) { load(twice_body); }

static void twice_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xe4);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0x1);
  EXPECT_EQUAL(run->bugcheck->parameters[1], (uint64_t)item);
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT, 0)->detail, CONTRACT_WORK_ITEM_QUEUED);
}

static void twice_7_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x96);
  EXPECT_EQUAL(run->bugcheck->parameters[0], (uint64_t)item);
  EXPECT_EQUAL(run->bugcheck->parameters[3], (uint64_t)plain);
}

static void freed_body(void) {
  IoQueueWorkItem(item, plain, DelayedWorkQueue, NULL);
  IoFreeWorkItem(item);
}

static void freed_setup(void) { load(freed_body); }

static void freed_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xe4);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0x2);
}

static VOID extended(PVOID IoObject, PVOID Context, PIO_WORKITEM IoWorkItem_) {
  note(IoObject == device && Context == NULL && IoWorkItem_ == item ? "parameters" : "other");
}

static void try_body(void) {
  note(IoTryQueueWorkItem(item, extended, DelayedWorkQueue, NULL) ? "queued" : "not");
  note(IoTryQueueWorkItem(item, extended, DelayedWorkQueue, NULL) ? "queued" : "not");
}

static void try_setup(void) { load(try_body); }
static void try_check(const HarnessRun *run) { EXPECT_NOTES(run, "queued not parameters"); }

static void reinitialized_body(void) {
  PIO_WORKITEM own = harness_memory(IoSizeofWorkItem());
  IoInitializeWorkItem(device, own);
  IoQueueWorkItem(own, plain, DelayedWorkQueue, NULL);
  IoInitializeWorkItem(device, own);
}

static void reinitialized_setup(void) { load(reinitialized_body); }

static void reinitialized_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x96);
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT, 0)->detail, CONTRACT_WORK_ITEM_QUEUED);
}

/* ---- K_WI_3: the routine returns at another level ---- */

static VOID leak(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  KIRQL old;
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Context);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
}

static void leak_body(void) { IoQueueWorkItem(item, leak, DelayedWorkQueue, (PVOID)0x1234); }
static void leak_setup(void) { load(leak_body); }

static void leak_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xe1);
  EXPECT_EQUAL(run->bugcheck->parameters[0], (uint64_t)leak);
  EXPECT_EQUAL(run->bugcheck->parameters[1], DISPATCH_LEVEL);
  EXPECT_EQUAL(run->bugcheck->parameters[2], 0x1234);
  EXPECT_EQUAL(run->bugcheck->parameters[3], (uint64_t)item);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL_RETURN), 1);
}

static VOID region_leak(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Context);
  KeEnterCriticalRegion();
}

static void region_leak_body(void) { IoQueueWorkItem(item, region_leak, DelayedWorkQueue, NULL); }
static void region_leak_setup(void) { load(region_leak_body); }

static void region_leak_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x1);
  EXPECT_EQUAL(run->bugcheck->parameters[0], (uint64_t)region_leak);
  EXPECT_EQUAL(run->bugcheck->parameters[2], 0xffff);
  EXPECT_EQUAL(run->bugcheck->parameters[3], 1);
}

/* ---- K_WI_4: two workers, three items: the third waits for one that waits for it ---- */

static KEVENT *done;

static VOID waits(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  UNREFERENCED_PARAMETER(DeviceObject);
  note(Context);
  KeWaitForSingleObject(done, Executive, KernelMode, FALSE, NULL);
  note("woken");
}

static VOID sets(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Context);
  KeSetEvent(done, 0, FALSE);
}

static void deadlock_body(void) {
  done = harness_memory(sizeof *done);
  KeInitializeEvent(done, NotificationEvent, FALSE);
  IoQueueWorkItem(item, waits, DelayedWorkQueue, (PVOID) "a");
  IoQueueWorkItem(IoAllocateWorkItem(device), waits, DelayedWorkQueue, (PVOID) "b");
  IoQueueWorkItem(IoAllocateWorkItem(device), sets, DelayedWorkQueue, NULL);
}

static void deadlock_setup(void) { load(deadlock_body); }

static void deadlock_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "a b");
  EXPECT_EQUAL(event_count(run, EVENT_WORK_BEGIN), 2);
}

/* ---- ExQueueWorkItem ---- */

static VOID ex_routine(PVOID Parameter) {
  note(Parameter == &count ? "ex" : "other");
  if (count++ == 0)
    ExQueueWorkItem(ex_item, DelayedWorkQueue);
}

static void ex_body(void) {
  count = 0;
  ExInitializeWorkItem(ex_item, ex_routine, &count);
  ExQueueWorkItem(ex_item, DelayedWorkQueue);
}

static void ex_setup(void) { load(ex_body); }
static void ex_check(const HarnessRun *run) { EXPECT_NOTES(run, "ex ex"); }

#define CASE(text, prefix) .name = text, .setup = prefix##_setup, .check = prefix##_check, .options = workers

static const HarnessCase cases[] = {
  { CASE("K_WI_1 PASSIVE_LEVEL in the System process", plain) },
  { CASE("K_WI_1 the item holds its device", holder) },
  { CASE("K_WI_2 queued again by its own routine", again) },
  { CASE("K_WI_2 queued twice: 0xE4", twice) },
  { .name = "K_WI_2 queued twice before Windows 8: 0x96", .setup = twice_setup, .check = twice_7_check, .options = workers_7 },
  { CASE("K_WI_2 freed while queued", freed) },
  { CASE("K_WI_2 IoTryQueueWorkItem", try) },
  { CASE("K_WI_2 initialised anew while queued", reinitialized) },
  { CASE("K_WI_3 returns at DISPATCH_LEVEL: 0xE1", leak) },
  { CASE("K_WI_3 returns with APCs disabled: 0x1", region_leak) },
  { CASE("K_WI_4 workers are few", deadlock) },
  { CASE("ExQueueWorkItem", ex) },
};

int main(void) { return harness_main("work items", cases, RTL_NUMBER_OF(cases)); }
