/*
 * Routines of a driver that something outside of it has run: system threads and work items that begin at a time.
 */
#include "../ps/ps_face.h"
#include "ddi_callbacks.gen.h"
#include "io_internal.h"
#include "work_item.h"

#define SYSTEM_THREAD_PRIORITY 8

typedef struct Outside {
  uint32_t driver;
  SimIrql irql;
  uint64_t routine;
  uint64_t context;
} Outside;

static KeThread *thread_create(KeThreadStart *start, const Outside *what, const char *name) {
  Outside *argument = sim_heap_allocate(sizeof *argument);
  *argument = *what;
  return ke_thread_create(MODEL->ke.system_process, start, argument, SYSTEM_THREAD_PRIORITY, name);
}

static Outside take(void *argument) {
  Outside what = *(Outside *)argument;
  sim_heap_free(argument, sizeof what);
  return what;
}

static bool is_loaded(uint32_t driver) {
  const IoDriver *body = io_driver_body(driver);
  return body != NULL && body->state != IO_DRIVER_GONE;
}

/* ---- a thread ---- */

static void thread_main(void *argument) {
  Outside what = take(argument);
  KIRQL old;
  if (what.irql > PASSIVE_LEVEL)
    KeRaiseIrql(what.irql, &old);
  io_driver_enter(what.driver);
  ddi_callback_KSTART_ROUTINE((PKSTART_ROUTINE)what.routine, (PVOID)what.context);
  ke_thread_exit(STATUS_SUCCESS);
}

void io_thread_at(uint32_t driver, uint64_t routine, uint64_t context, int cpu, SimIrql irql, uint64_t time_ns) {
  KeThread *thread = thread_create(thread_main, &(Outside){ driver, irql, routine, context }, NULL);
  thread->header.object->driver = driver;
  if (cpu >= 0)
    thread->affinity = 1ULL << cpu;
  ke_thread_ready_at(thread, time_ns);
}

/* ---- a work item ---- */

/* The driver's own device; else one lent for the purpose, without a name. */
static uint64_t device_of(uint32_t driver) {
  IoDriver *body = io_driver_body(driver);
  uint64_t device = io_driver_device(driver);
  if (device == 0 && body->lent_device == 0)
    body->lent_device = (uint64_t)io_device_new(body, 0, NULL);
  return device != 0 ? device : body->lent_device;
}

static void queuer_main(void *argument) {
  Outside what = take(argument);
  if (is_loaded(what.driver))
    io_work_item_queue_once(device_of(what.driver), what.routine, what.context);
  ke_thread_exit(STATUS_SUCCESS);
}

void io_work_item_at(uint32_t driver, uint64_t routine, uint64_t context, uint64_t time_ns) {
  if (io_driver_body(driver) != NULL)
    ke_thread_ready_at(thread_create(queuer_main, &(Outside){ driver, PASSIVE_LEVEL, routine, context }, "work item queuer"), time_ns);
}
