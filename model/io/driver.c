/*
 * Drivers: loading and unloading, each in a system thread at PASSIVE_LEVEL. wdm/nc-wdm-driver_initialize, wdm/nc-wdm-driver_unload (K-UNL-1).
 */
#include "../ddi/ddi_state.h"
#include "../events.h"
#include "../ex/pool.h"
#include "../flt/flt.h"
#include "../wfp/wfp_face.h"
#include "ddi_callbacks.gen.h"
#include "io_internal.h"

#define IO_TYPE_DRIVER_OBJECT 4
#define SYSTEM_THREAD_PRIORITY 8

typedef struct DriverStart {
  uint32_t driver;
  int32_t (*set_up)(void *argument, uint32_t driver);
  void *argument;
} DriverStart;

IoDriver *io_driver_body(uint32_t ordinal) {
  const Object *object = object_by_ordinal(ordinal);
  return object != NULL && object->kind == OBJECT_DRIVER ? object->body : NULL;
}

const IoDriver *io_driver(uint32_t driver) { return io_driver_body(driver); }

static bool equals(const char *left, const char *right) {
  for (; *left != 0 && *left == *right; left++)
    right++;
  return *left == *right;
}

uint32_t io_driver_find(const char *name) {
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const IoDriver *driver = io_driver_body(ordinal);
    if (driver != NULL && driver->state != IO_DRIVER_GONE && equals(object_by_ordinal(ordinal)->name, name))
      return ordinal;
  }
  return 0;
}

bool io_code_is_loaded(uint64_t address) {
  const IoDriver *driver = io_driver_body(ddi_code_driver(address));
  return driver == NULL || driver->state != IO_DRIVER_GONE;
}

/* ---- the structures ---- */

static PDRIVER_OBJECT driver_object_create(const IoDriverLoad *load) {
  PDRIVER_OBJECT driver = ex_pool_allocate_system(POOL_NONPAGED, sizeof *driver + sizeof(DRIVER_EXTENSION), IO_TAG_DRIVER);
  if (driver == NULL)
    io_memory_end();
  PDRIVER_EXTENSION extension = (PDRIVER_EXTENSION)(driver + 1);
  PUNICODE_STRING service = io_string_create(load->name, "");
  extension->DriverObject = driver;
  extension->ServiceKeyName = *service;
  driver->Type = IO_TYPE_DRIVER_OBJECT;
  driver->Size = sizeof *driver;
  driver->DriverStart = (PVOID)load->code_address;
  driver->DriverSize = (ULONG)load->code_size;
  driver->DriverExtension = extension;
  driver->DriverName = *io_string_create("\\Driver\\", load->name);
  driver->HardwareDatabase = io_string_create("\\REGISTRY\\MACHINE\\HARDWARE\\DESCRIPTION\\SYSTEM", "");
  driver->DriverInit = (PDRIVER_INITIALIZE)load->entry;
  driver->DriverUnload = (PDRIVER_UNLOAD)load->unload;
  for (unsigned major = 0; major <= IRP_MJ_MAXIMUM_FUNCTION; major++)
    driver->MajorFunction[major] = (PDRIVER_DISPATCH)IO_INVALID_DEVICE_REQUEST;
  return driver;
}

static void verifier_set(IoDriver *driver, const char *name) {
  for (unsigned at = 0; at < MODEL_VERIFIED_DRIVER_COUNT_MAX && MODEL->options.verified[at].name[0] != 0; at++) {
    const ModelVerifiedDriver *verified = &MODEL->options.verified[at];
    if (equals(verified->name, name)) {
      driver->is_verified = true;
      driver->verifier_flags = verified->flags;
    }
  }
}

/* ---- its image ---- */

static bool is_image(const IoDriver *driver) { return driver->code_address - SIM_IMAGE_BASE < SIM_IMAGE_END - SIM_IMAGE_BASE; }

static uint64_t image_page_count(const IoDriver *driver) { return (driver->code_size + SIM_PAGE_SIZE - 1) / SIM_PAGE_SIZE; }

/* What its pages are changes when it unloads or is trimmed, so it belongs to the state of a run. */
static void image_claim(const IoDriver *driver) {
  if (is_image(driver))
    sim_arena_claim(SIM_PAGE_TABLE_BASE + ((driver->code_address - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT), image_page_count(driver));
}

/* ---- the end of a driver ---- */

/* Its image is no more: from now on a call of it is one of freed memory. */
static void driver_gone(IoDriver *driver) {
  driver->state = IO_DRIVER_GONE;
  MODEL->io.driver_count--;
  if (is_image(driver))
    sim_pages_set(sim_machine(), driver->code_address, image_page_count(driver), SIM_PAGE_FREED);
  ex_pool_free_system((PVOID)driver->driver_object);
}

void io_driver_hold(uint32_t driver) {
  IoDriver *body = io_driver_body(driver);
  if (body != NULL)
    body->holds++;
}

void io_driver_release(uint32_t driver) {
  IoDriver *body = io_driver_body(driver);
  if (body == NULL || --body->holds != 0 || body->state != IO_DRIVER_UNLOADING)
    return;
  if (body->lent_device != 0)
    IoDeleteDevice((PDEVICE_OBJECT)body->lent_device);
  io_leftovers_check(body);
  sim_event(sim_machine(), EVENT_DRIVER_UNLOAD, 0, driver, 0, 0, 0);
  driver_gone(body);
}

/* ---- load ---- */

static NTSTATUS driver_entry(IoDriver *driver) {
  /* Freed when DriverEntry has returned: a driver that keeps the pointer instead of a copy keeps nothing. */
  PUNICODE_STRING path =
      io_string_create("\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\", object_by_ordinal(driver->object)->name);
  driver->registry_path = (uint64_t)path;
  NTSTATUS status = ddi_callback_DRIVER_INITIALIZE((PDRIVER_INITIALIZE)driver->entry, (PDRIVER_OBJECT)driver->driver_object, path);
  driver->registry_path = 0;
  io_string_free(path);
  return status;
}

static void load_main(void *argument) {
  DriverStart start = *(DriverStart *)argument;
  sim_heap_free(argument, sizeof(DriverStart));
  IoDriver *driver = io_driver_body(start.driver);
  NTSTATUS status = STATUS_SUCCESS;
  io_driver_enter(start.driver);
  if (driver->has_entry)
    status = driver_entry(driver);
  else if (start.set_up != NULL)
    status = start.set_up(start.argument, start.driver);
  io_driver_enter(0);
  driver->status = status;
  sim_event(sim_machine(), EVENT_DRIVER_LOAD, 0, start.driver, status, 0, 0);
  if (NT_SUCCESS(status)) {
    driver->state = IO_DRIVER_LOADED;
    io_devices_start(driver);
  } else {
    io_leftovers_check(driver);
    driver_gone(driver);
  }
  ke_thread_exit(STATUS_SUCCESS);
}

uint32_t io_driver_adopt(const IoDriverLoad *load, uint64_t time_ns, int32_t (*set_up)(void *argument, uint32_t driver), void *argument) {
  PDRIVER_OBJECT driver_object = driver_object_create(load);
  Object *object = object_create(OBJECT_DRIVER, (uint64_t)driver_object, sizeof *driver_object, sizeof(IoDriver));
  object_name_set(object, load->name);
  IoDriver *driver = object->body;
  driver->object = object->ordinal;
  driver->has_entry = load->entry != 0;
  driver->entry = load->entry;
  driver->code_address = load->code_address;
  driver->code_size = load->code_size;
  driver->driver_object = (uint64_t)driver_object;
  verifier_set(driver, load->name);
  image_claim(driver);
  if (load->code_size != 0)
    ddi_code_add(load->code_address, load->code_size, object->ordinal);
  MODEL->io.driver_count++;
  MODEL->io.driver_last = object->ordinal;

  DriverStart *start = sim_heap_allocate(sizeof *start);
  *start = (DriverStart){ object->ordinal, set_up, argument };
  KeThread *thread = ke_thread_create(MODEL->ke.system_process, load_main, start, SYSTEM_THREAD_PRIORITY, "driver loader");
  ke_thread_ready_at(thread, time_ns);
  return object->ordinal;
}

uint32_t io_driver_load(const IoDriverLoad *load, uint64_t time_ns) { return io_driver_adopt(load, time_ns, NULL, NULL); }

/* ---- unload ---- */

/* wdm/nc-wdm-driver_unload, or the Filter Manager's in its place. Without either a driver stays where it is. */
static bool unload_routine_call(uint32_t ordinal, PDRIVER_OBJECT driver_object) {
  if (flt_driver_unload(ordinal))
    return true;
  if (driver_object->DriverUnload == NULL)
    return false;
  ddi_callback_DRIVER_UNLOAD(driver_object->DriverUnload, driver_object);
  return true;
}

/* Who set it up tears it down. Around its own routine: no classify comes behind what that frees, and the routine may remove the flow contexts
 * that kept a callout registered. */
static bool adopted_unload(const IoDriver *driver, PDRIVER_OBJECT driver_object) {
  wfp_driver_teardown(driver->object);
  bool is_unloaded = unload_routine_call(driver->object, driver_object);
  if (is_unloaded)
    wfp_driver_teardown(driver->object);
  return is_unloaded;
}

/* kernel/unload-routine-environment: not while a file of a device is open or a request is outstanding; who gives up the last one tries again. What
 * cannot be unloaded is not to unload, and is opened as before. */
static bool unload_waits(IoDriver *driver) {
  sim_touch_shared(sim_machine(), SIM_TOUCH_REST, true);
  driver->unloads_later =
      driver->references != 0 && (((PDRIVER_OBJECT)driver->driver_object)->DriverUnload != NULL || flt_driver_unloads(driver->object));
  return driver->unloads_later;
}

bool io_driver_refer(uint32_t driver) {
  IoDriver *body = io_driver_body(driver);
  sim_touch_shared(sim_machine(), SIM_TOUCH_REST, true);
  if (body->unloads_later || body->state == IO_DRIVER_UNLOADING || body->state == IO_DRIVER_GONE)
    return false;
  body->references++;
  return true;
}

void io_driver_unrefer(uint32_t driver) {
  IoDriver *body = io_driver_body(driver);
  sim_touch_shared(sim_machine(), SIM_TOUCH_REST, true);
  if (--body->references == 0 && body->unloads_later)
    io_driver_unload(driver, ke_now_ns());
}

static void unload_main(void *argument) {
  uint32_t ordinal = (uint32_t)(uint64_t)argument;
  IoDriver *driver = io_driver_body(ordinal);
  if (driver->state != IO_DRIVER_LOADED || unload_waits(driver))
    ke_thread_exit(STATUS_SUCCESS);
  driver->unloads_later = false;
  driver->state = IO_DRIVER_UNLOADING;
  io_driver_hold(ordinal);
  io_driver_enter(ordinal);
  PDRIVER_OBJECT driver_object = (PDRIVER_OBJECT)driver->driver_object;
  bool is_unloaded = driver->has_entry ? unload_routine_call(ordinal, driver_object) : adopted_unload(driver, driver_object);
  io_driver_enter(0);
  if (is_unloaded)
    KeFlushQueuedDpcs(); /* Windows does so before it frees the image; it cancels no timers */
  else
    driver->state = IO_DRIVER_LOADED;
  io_driver_release(ordinal);
  ke_thread_exit(STATUS_SUCCESS);
}

void io_driver_unload(uint32_t driver, uint64_t time_ns) {
  if (io_driver_body(driver) == NULL)
    return;
  KeThread *thread =
      ke_thread_create(MODEL->ke.system_process, unload_main, (void *)(uint64_t)driver, SYSTEM_THREAD_PRIORITY, "driver unloader");
  ke_thread_ready_at(thread, time_ns);
}
