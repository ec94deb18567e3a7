/* What a checked call does beside calling the body: see call.h. */
#include "call.h"

#include "../guest/guest.h"
#include "../io/io_face.h"
#include "../model.h"

/* The longest text that is looked at for its end. */
#define STRING_SIZE_MAX 0x20000

void ddi_irql_broken(const DdiCall *call, SimIrql min, SimIrql max) {
  uint32_t detail = (uint32_t)min | (uint32_t)max << 8 | (uint32_t)call->irql << 16;
  sim_event(call->machine, EVENT_CONTRACT_IRQL, call->function, call->object, 0, detail, 0);
}

void ddi_irql_return_broken(SimMachine *machine, uint32_t function, uint32_t object, SimIrql entry, SimIrql now, bool is_callback) {
  uint32_t detail = (uint32_t)entry | (uint32_t)now << 8 | (uint32_t)is_callback << 16;
  sim_event(machine, EVENT_CONTRACT_IRQL_RETURN, function, object, 0, detail, 0);
}

/* What the call is about is one of Windows' own objects: driver code has its pointer and may not follow it, Windows may. */
static bool is_opaque_object(const DdiCall *call, uint64_t address) {
  const Object *object = call->object != 0 ? object_by_ordinal(call->object) : NULL;
  return object != NULL && object->is_alive && object->size == 0 && object->address == address;
}

/* False: it is one of Windows' own, which is not probed. */
static bool pointer_judge(const DdiCall *call, unsigned parameter, uint64_t address, size_t size, SimAccessKind kind) {
  SimFault fault;
  bool is_allowed = sim_access_judge(call->machine, address, size, kind, &fault);
  if (!is_allowed && is_opaque_object(call, address))
    return false;
  if (!is_allowed)
    sim_event(call->machine, EVENT_CONTRACT_POINTER, call->function, call->object, (int32_t)fault.reason, parameter, address);
  return true;
}

/* Nothing is wrong with it, and nobody wants to know more. */
static bool is_quiet(const SimMachine *machine, uint64_t address, size_t size) {
  return machine->footprint == NULL && sim_access_is_plain(address, size);
}

void ddi_probe_checked(const DdiCall *call, unsigned parameter, uint64_t address, size_t size, SimAccessKind kind) {
  if (is_quiet(call->machine, address, size) && !call->machine->race_is_on)
    return;
  if (pointer_judge(call, parameter, address, size, kind))
    sim_probe(call->machine, address, size, kind);
}

void ddi_probe_object_checked(const DdiCall *call, unsigned parameter, uint64_t address, size_t size, SimAccessKind kind) {
  if (is_quiet(call->machine, address, size))
    return;
  if (pointer_judge(call, parameter, address, size, kind))
    sim_probe_object(call->machine, address, size, kind);
}

/* Bytes up to and with the zero character, or up to the first that may not be read, which then is counted too. */
static size_t string_size(SimMachine *machine, uint64_t address, size_t unit_size) {
  size_t size = 0;
  while (size < STRING_SIZE_MAX) {
    SimFault fault;
    bool is_readable = sim_access_judge(machine, address + size, unit_size, SIM_ACCESS_READ, &fault);
    uint16_t unit = 0;
    if (is_readable || fault.reason == SIM_FAULT_PAGED_HIGH)
      __builtin_memcpy(&unit, (const void *)(address + size), unit_size);
    size += unit_size;
    if (unit == 0)
      break;
  }
  return size;
}

void ddi_probe_string(const DdiCall *call, unsigned parameter, const volatile void *pointer, size_t unit_size, bool optional) {
  if (optional && pointer == NULL)
    return;
  uint64_t address = (uint64_t)pointer;
  ddi_probe_checked(call, parameter, address, string_size(call->machine, address, unit_size), SIM_ACCESS_READ);
}

bool ddi_can_access(uint64_t address, size_t size, SimAccessKind kind) {
  SimFault fault;
  return sim_access_judge(sim_machine(), address, size, kind, &fault) || fault.reason == SIM_FAULT_PAGED_HIGH;
}

uint64_t ddi_peek(uint64_t address, size_t size) {
  uint64_t value = 0;
  if (size <= sizeof value && ddi_can_access(address, size, SIM_ACCESS_READ))
    __builtin_memcpy(&value, (const void *)address, size);
  return value;
}

static bool is_format_flag(char character) {
  switch (character) {
  case '-':
  case '+':
  case ' ':
  case '#':
  case '.':
  case '*': return true;
  default: return character >= '0' && character <= '9';
  }
}

unsigned ddi_format_argument_count(uint64_t format, unsigned limit) {
  unsigned count = 0;
  for (char now; count < limit && (now = (char)ddi_peek(format, 1)) != '\0'; format++) {
    if (now != '%')
      continue;
    for (format++; is_format_flag(now = (char)ddi_peek(format, 1)); format++)
      count += now == '*';
    if (now == '\0')
      break;
    count += now != '%';
  }
  return count < limit ? count : limit;
}

void ddi_phase(SimMachine *machine, uint32_t function, unsigned index) {
  sim_event(machine, EVENT_PHASE, function, 0, 0, index, 0);
  sim_point(machine, SIM_POINT_PHASE, function, 0, 0);
}

uint32_t ddi_id(const char *name) {
  uint32_t hash = 0x811c9dc5;
  for (; *name != '\0'; name++)
    hash = (hash ^ (uint8_t)*name) * 0x01000193;
  return hash;
}

void ddi_not_modelled(const char *name) {
  SimMachine *machine = sim_machine();
  sim_event(machine, EVENT_NOT_MODELLED, ddi_id(name), 0, 0, 0, 0);
  sim_stop(machine, SIM_STOP_NOT_MODELLED, name);
}

void ddi_code_add(uint64_t address, uint64_t size, uint32_t driver) {
  DdiState *state = &MODEL->ddi;
  SIM_ASSERT(state->code_count < DDI_CODE_COUNT_MAX);
  state->code[state->code_count++] = (DdiCode){ address, size, driver };
}

uint32_t ddi_code_driver(uint64_t address) {
  const DdiState *state = &MODEL->ddi;
  for (uint32_t at = 0; at < state->code_count; at++) {
    if (address - state->code[at].address < state->code[at].size)
      return state->code[at].driver;
  }
  return 0;
}

uint64_t ddi_callback(uint32_t callback, uint64_t function, const uint64_t *arguments, unsigned count, bool returns_value) {
  SimMachine *machine = sim_machine();
  SimContext *context = machine->current;
  SimIrql entry = context->vcpu->irql;
  uint32_t site = context->site;
  uint16_t frame_count = context->frame_count;
  uint32_t call = context->call;
  uint32_t driver = ddi_code_driver(function);
  DdiPath path = { context->path, callback, call, function };

  context->path = &path;
  context->call = 0;
  context->callback_depth++;
  uint32_t caller = driver != 0 ? io_driver_enter(driver) : 0;

  sim_event(machine, EVENT_CALLBACK, callback, driver, 0, 0, function);
  uint64_t result = guest_call(function, arguments, count);
  SimIrql now = context->vcpu->irql;
  if (now != entry)
    ddi_irql_return_broken(machine, callback, driver, entry, now, true);
  if (driver != 0)
    io_driver_enter(caller);
  context->frame_count = frame_count;
  context->site = site;
  sim_event(machine, EVENT_CALLBACK_RETURN, callback, driver, returns_value ? (int32_t)result : 0, entry, 0);
  context->callback_depth--;
  context->path = path.outer;
  context->call = call;
  return result;
}
