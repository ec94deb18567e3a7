/* Filters: FltRegisterFilter to FltUnregisterFilter, as far as ports need them. Callbacks for I/O are kept but no I/O is sent through them yet. */
#include <fltKernel.h>

#include "../ddi/call.h"
#include "../ke/ke.h"
#include "../model.h"
#include "ddi_callbacks.gen.h"
#include "ddi_ids.gen.h"
#include "flt.h"

void flt_begin(void) {
  sim_list_init(&MODEL->flt.filters);
  MODEL->flt.is_begun = true;
}

FltFilter *flt_filter_at(uint64_t address) {
  Object *object = object_find(address, OBJECT_FLT_FILTER);
  return object != NULL ? object->body : NULL;
}

void flt_pointer_fault(uint64_t address, uint32_t function) {
  SimMachine *machine = sim_machine();
  sim_probe(machine, address, sizeof(uint64_t), SIM_ACCESS_READ);
  sim_event(machine, EVENT_CONTRACT, function, 0, 0, CONTRACT_OBJECT_KIND, address);
}

static FltFilter *filter_create(uint32_t driver, const char *name) {
  Object *object = object_create_opaque(OBJECT_FLT_FILTER, sizeof(FltFilter));
  FltFilter *filter = object->body;
  filter->object = object;
  object->driver = driver;
  object_name_set(object, name);
  sim_list_init(&filter->servers);
  sim_list_push_tail(&MODEL->flt.filters, &filter->link);
  return filter;
}

NTSTATUS FltRegisterFilter(PDRIVER_OBJECT Driver, const FLT_REGISTRATION *Registration, PFLT_FILTER *RetFilter) {
  /* fltkernel/nf-fltkernel-fltregisterfilter: a registration of another size or version is refused. */
  if (Registration->Size != sizeof(FLT_REGISTRATION) || (Registration->Version & 0xff00) != (FLT_REGISTRATION_VERSION & 0xff00))
    return STATUS_INVALID_PARAMETER;
  Object *driver = object_find((uint64_t)Driver, OBJECT_DRIVER);
  FltFilter *filter = filter_create(driver != NULL ? driver->ordinal : 0, driver != NULL ? driver->name : "");
  filter->unload_routine = (uint64_t)Registration->FilterUnloadCallback;
  filter->driver_unload = (uint64_t)Driver->DriverUnload;
  *RetFilter = (PFLT_FILTER)filter->object->address;
  return STATUS_SUCCESS;
}

NTSTATUS FltStartFiltering(PFLT_FILTER Filter) {
  FltFilter *filter = flt_filter_at((uint64_t)Filter);
  if (filter == NULL) {
    flt_pointer_fault((uint64_t)Filter, DDI_FltStartFiltering);
    return STATUS_INVALID_PARAMETER;
  }
  if (filter->is_started || filter->is_unregistering)
    return STATUS_INVALID_PARAMETER;
  filter->is_started = true;
  return STATUS_SUCCESS;
}

/* Routines that a connection's coming and going has called, on other processors. */
static void notifies_await(FltFilter *filter) {
  filter->notify_ended = ke_event_create("the end of a port's notifications", true, false);
  while (filter->notify_count > 0) {
    ke_event_reset(filter->notify_ended);
    ke_wait_one(filter->notify_ended, false, KE_WAIT_FOREVER);
  }
  ke_dispatcher_delete(filter->notify_ended);
  filter->notify_ended = NULL;
}

/* A server port that is still open keeps the filter alive: the call never returns (F-UNL-1, ifs/closing-the-communication-server-port). Client
 * ports are closed by the Filter Manager. */
VOID FltUnregisterFilter(PFLT_FILTER Filter) {
  FltFilter *filter = flt_filter_at((uint64_t)Filter);
  if (filter == NULL) {
    flt_pointer_fault((uint64_t)Filter, DDI_FltUnregisterFilter);
    return;
  }
  if (filter->is_unregistering) /* by another thread, which waits */
    return;
  filter->is_unregistering = true;
  if (!sim_list_is_empty(&filter->servers)) {
    KeEvent *never = ke_event_create("server port closed", true, false);
    ke_wait_one(never, false, KE_WAIT_FOREVER);
  }
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    Object *object = object_by_ordinal(ordinal);
    if (object->kind != OBJECT_FLT_CLIENT_PORT || !object->is_alive)
      continue;
    FltClientPort *client = object->body;
    if (client->filter == filter)
      flt_client_port_close(client);
  }
  notifies_await(filter);
  sim_list_remove(&filter->link);
  object_delete(filter->object);
}

static FltFilter *filter_of(uint32_t driver) {
  SimLink *link, *following;
  SIM_LIST_EACH(&MODEL->flt.filters, link, following) {
    FltFilter *filter = SIM_CONTAINER(link, FltFilter, link);
    if (filter->object->driver == driver)
      return filter;
  }
  return NULL;
}

static bool unloads(const FltFilter *filter, PDRIVER_OBJECT driver_object) {
  return filter != NULL && filter->unload_routine != 0 && (uint64_t)driver_object->DriverUnload == filter->driver_unload;
}

bool flt_driver_unloads(uint32_t driver) { return unloads(filter_of(driver), (PDRIVER_OBJECT)object_by_ordinal(driver)->address); }

/* ifs/writing-a-filterunloadcallback-routine. Mandatory, as when a service is stopped: what the routine returns is not asked (F-UNL-2). */
bool flt_driver_unload(uint32_t driver) {
  FltFilter *filter = filter_of(driver);
  PDRIVER_OBJECT driver_object = (PDRIVER_OBJECT)object_by_ordinal(driver)->address;
  if (!unloads(filter, driver_object))
    return false;
  PDRIVER_UNLOAD before = (PDRIVER_UNLOAD)filter->driver_unload;
  ddi_callback_PFLT_FILTER_UNLOAD_CALLBACK((PFLT_FILTER_UNLOAD_CALLBACK)filter->unload_routine, FLTFL_FILTER_UNLOAD_MANDATORY);
  if (before != NULL)
    ddi_callback_DRIVER_UNLOAD(before, driver_object);
  return true;
}

uint64_t flt_driver_filter_open(uint32_t driver, const char *name, uint64_t variable) {
  FltFilter *filter = filter_create(driver, name);
  filter->is_started = true;
  if (variable != 0)
    *(uint64_t *)variable = filter->object->address;
  return filter->object->address;
}
