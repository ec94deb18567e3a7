/* Driver Verifier: bug check 0xC4 for each mistake it stops at, silence without it. Rows: what the driver does, parameter 1 with Verifier on. */
#include <ntifs.h>

#include "driver.h"

#include "../../model/io/io_face.h"

#define TAG 0x31676154u

static KSPIN_LOCK *lock;
static KEVENT *event;
static KIRQL old;
static LARGE_INTEGER later = { .QuadPart = -10000 };

/* ---- mistakes ---- */

static void raise_lower(void) {
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  KeRaiseIrql(APC_LEVEL, &old);
}

static void lower_higher(void) { KeLowerIrql(DISPATCH_LEVEL); }

static void release_low(void) {
  KeAcquireSpinLock(lock, &old);
  KeLowerIrql(PASSIVE_LEVEL);
  KeReleaseSpinLock(lock, PASSIVE_LEVEL);
}

static void at_dpc_level_low(void) { KeAcquireSpinLockAtDpcLevel(lock); }

static void from_dpc_level_low(void) {
  KeAcquireSpinLock(lock, &old);
  KeLowerIrql(PASSIVE_LEVEL);
  KeReleaseSpinLockFromDpcLevel(lock);
}

static void acquire_high(void) {
  KeRaiseIrql(DISPATCH_LEVEL + 1, &old);
  KeAcquireSpinLock(lock, &old);
}

static void wait_forever(void) {
  KeSetEvent(event, 0, FALSE);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  KeWaitForSingleObject(event, Executive, KernelMode, FALSE, NULL);
}

static void wait_timeout(void) {
  KeSetEvent(event, 0, FALSE);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  KeWaitForSingleObject(event, Executive, KernelMode, FALSE, &later);
}

static void set_event_high(void) {
  KeRaiseIrql(DISPATCH_LEVEL + 1, &old);
  KeSetEvent(event, 0, FALSE);
}

static void region_high(void) {
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  KeEnterCriticalRegion();
}

static void bad_handle(void) {
  PVOID object;
  if (ObReferenceObjectByHandle((HANDLE)0x1234, 0, NULL, KernelMode, &object, NULL) != STATUS_INVALID_HANDLE)
    note("other");
}

typedef struct Row {
  const char *name;
  void (*mistake)(void);
  uint32_t parameter1;
  uint32_t parameter1_before_8; /* 0: the same */
} Row;

static const Row rows[] = {
  { "K_IRQL_5 raise to a lower level", raise_lower, 0x30, 0 },
  { "K_IRQL_5 lower to a higher level", lower_higher, 0x31, 0 },
  { "K_SPIN release below DISPATCH_LEVEL", release_low, 0x32, 0 },
  { "K_SPIN at DPC level below DISPATCH_LEVEL", at_dpc_level_low, 0x40, 0 },
  { "K_SPIN from DPC level below DISPATCH_LEVEL", from_dpc_level_low, 0x41, 0 },
  { "K_SPIN_3 acquire above DISPATCH_LEVEL", acquire_high, 0x42, 0 },
  { "K_WAIT_3 for ever at DISPATCH_LEVEL", wait_forever, 0x121, 0x3b },
  { "K_WAIT_3 with a time-out at DISPATCH_LEVEL", wait_timeout, 0x122, 0x3b },
  { "K_EVT_1 KeSetEvent above DISPATCH_LEVEL", set_event_high, 0x80, 0 },
  { "K_APC_1 critical region above APC_LEVEL", region_high, 0x11a, 0 },
  { "a handle that is none", bad_handle, 0x3c, 0 },
};

static const Row *row; /* the one that runs */

static void row_body(void) {
  lock = harness_memory(sizeof *lock);
  event = harness_memory(sizeof *event);
  KeInitializeSpinLock(lock);
  KeInitializeEvent(event, NotificationEvent, FALSE);
  row->mistake();
}

static void row_setup(void) { driver_run(row_body); }

static void verified(ModelOptions *options) { driver_verify(options, MODEL_VERIFIER_STANDARD); }

static void verified_7(ModelOptions *options) {
  options->windows = DDI_WINDOWS_7_SP1;
  verified(options);
}

static void other_verified(ModelOptions *options) {
  memcpy(options->verified[0].name, "other", 6);
  options->verified[0].flags = MODEL_VERIFIER_STANDARD;
}

static void stopped_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xc4);
  EXPECT_EQUAL(run->bugcheck->parameters[0], row->parameter1);
}

static void stopped_7_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xc4);
  EXPECT_EQUAL(run->bugcheck->parameters[0], row->parameter1_before_8 != 0 ? row->parameter1_before_8 : row->parameter1);
}

/* Verifier is on for another driver: whatever Windows does then, it is not Verifier's doing. */
static void silent_check(const HarnessRun *run) { EXPECT(run->bugcheck == NULL || run->bugcheck->code != 0xc4); }

/* ---- unloading ---- */

static BOOLEAN leaks;

static VOID unload(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  note("unload");
}

static NTSTATUS leaking_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(RegistryPath);
  PVOID block = ExAllocatePoolWithTag(NonPagedPoolNx, 32, TAG);
  if (!leaks)
    ExFreePoolWithTag(block, TAG);
  DriverObject->DriverUnload = unload;
  return STATUS_SUCCESS;
}

static void leaking_load(void) {
  uint32_t driver = io_driver_load(&(IoDriverLoad){ .name = "fw", .entry = (uint64_t)leaking_entry }, 0);
  io_driver_unload(driver, 1000000);
}

static void leaking_setup(void) {
  leaks = TRUE;
  leaking_load();
}

static void clean_setup(void) {
  leaks = FALSE;
  leaking_load();
}

static void leaking_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "unload");
  EXPECT_BUGCHECK(run, 0xc4);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0x62);
  EXPECT_EQUAL(run->bugcheck->parameters[3], 1);
}

static void clean_check(const HarnessRun *run) {
  EXPECT(run->bugcheck == NULL);
  EXPECT_EQUAL(event_count(run, EVENT_DRIVER_UNLOAD), 1);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 0);
}

static void leaking_silent_check(const HarnessRun *run) {
  EXPECT(run->bugcheck == NULL);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 1);
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT, 0)->detail, CONTRACT_UNLOAD_RESOURCES);
}

int main(void) {
  static const HarnessCase unload_cases[] = {
    { .name = "pool leaked at unload", .setup = leaking_setup, .check = leaking_check, .options = verified },
    { .name = "pool leaked at unload, without Verifier", .setup = leaking_setup, .check = leaking_silent_check },
    { .name = "nothing leaked at unload", .setup = clean_setup, .check = clean_check, .options = verified },
  };
  int failures = harness_main("verifier at unload", unload_cases, RTL_NUMBER_OF(unload_cases));
  for (row = rows; row < rows + RTL_NUMBER_OF(rows); row++) {
    const HarnessCase cases[] = {
      { .name = row->name, .setup = row_setup, .check = stopped_check, .options = verified },
      { .name = "before Windows 8", .setup = row_setup, .check = stopped_7_check, .options = verified_7 },
      { .name = "on for another driver", .setup = row_setup, .check = silent_check, .options = other_verified },
    };
    failures += harness_main(row->name, cases, RTL_NUMBER_OF(cases));
  }
  return failures;
}
