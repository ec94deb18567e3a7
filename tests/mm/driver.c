#include <ntddk.h>

#include "driver.h"

#include "../../model/io/io_face.h"

static void (*driver_body)(void);

static NTSTATUS driver_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  driver_body();
  return STATUS_SUCCESS;
}

void driver_run(void (*body)(void)) {
  driver_body = body;
  io_driver_load(&(IoDriverLoad){ .name = "fw", .entry = (uint64_t)driver_entry }, 0);
}

void driver_verify(ModelOptions *options, uint32_t flags) {
  memcpy(options->verified[0].name, "fw", 3);
  options->verified[0].flags = flags;
}

void touch(const volatile void *address, uint32_t size, SimAccessKind kind) {
  sim_access((uint64_t)address, size, kind, SIM_SITE_STEP | 7);
}

int fault_reason(const HarnessRun *run, size_t n) {
  const SimEvent *event = event_at(run, EVENT_FAULT, n);
  return event != NULL ? (int)(event->detail & 0xff) : -1;
}
