/*
 * call.h: what every checked call of driver code passes: events, the scheduling point, the IRQL contract, the extents of pointers, the IRQL
 * at return. The generated wrappers ddi_NAME are made of these; model code uses ddi_phase, ddi_not_modelled and ddi_can_read.
 *
 * Not for calls of the model to itself: those call the bare body, KeSetEvent and not ddi_KeSetEvent.
 */
#pragma once

#include "../../sim/machine.h"
#include "../events.h"
#include "../object.h"
#include "ddi.h"

/* One call, on the host stack of the context that makes it. */
typedef struct DdiCall {
  SimMachine *machine;
  uint32_t function;
  uint32_t object; /* ordinal, 0: none */
  uint32_t outer;  /* the call this one is made in, through a callback; 0: none */
  SimIrql irql;    /* at entry */
} DdiCall;

/* The ordinal of the object at an address; 0: none that is known. */
static inline uint32_t ddi_object(uint64_t address, ObjectKind kind) {
  Object *object = address != 0 ? object_find(address, kind) : NULL;
  return object != NULL ? object->ordinal : 0;
}

/* EVENT_CALL and the scheduling point: whatever may happen before the function does anything happens here. `place`: the address of what the call is
 * about, where no object says it; 0: nothing does. */
static inline void ddi_begin(DdiCall *call, uint32_t function, uint32_t object, uint64_t place, SimPointKind point, uint64_t cost_ns) {
  call->machine = sim_machine();
  call->function = function;
  call->object = object;
  call->irql = sim_vcpu(call->machine)->irql;
  call->outer = call->machine->current->call;
  call->machine->current->call = function;
  sim_event(call->machine, EVENT_CALL, function, object, 0, 0, 0);
  sim_point_at(call->machine, point, function, object, true, object == 0 ? place : 0, cost_ns);
}

/* For what is no call at all in Windows (InsertTailList): only the memory it touches is judged. */
static inline void ddi_begin_plain(DdiCall *call, uint32_t function) {
  call->machine = sim_machine();
  call->function = function;
  call->object = 0;
  call->irql = sim_vcpu(call->machine)->irql;
}

/* EVENT_CONTRACT_IRQL when the level at entry is none of [min, max]. The call goes on, as it does in Windows. */
void ddi_irql_broken(const DdiCall *call, SimIrql min, SimIrql max) __attribute__((cold));
static inline void ddi_irql_check(const DdiCall *call, SimIrql min, SimIrql max) {
  if ((unsigned)call->irql - min > (unsigned)max - min)
    ddi_irql_broken(call, min, max);
}

/* A pointer parameter: EVENT_CONTRACT_POINTER when its extent may not be touched; then the touch itself, which ends the run where Windows
 * would stop. When it returns, the model may touch the extent. `optional`: NULL is allowed. */
void ddi_probe_checked(const DdiCall *call, unsigned parameter, uint64_t address, size_t size, SimAccessKind kind);
static inline void ddi_probe(const DdiCall *call, unsigned parameter, const volatile void *pointer, size_t size, SimAccessKind kind,
                             bool optional) {
  if (size != 0 && !(optional && pointer == NULL))
    ddi_probe_checked(call, parameter, (uint64_t)pointer, size, kind);
}
/* The same for an object that Windows keeps in order, whoever calls: no race there. */
void ddi_probe_object_checked(const DdiCall *call, unsigned parameter, uint64_t address, size_t size, SimAccessKind kind);
static inline void ddi_probe_object(const DdiCall *call, unsigned parameter, const volatile void *pointer, size_t size, SimAccessKind kind,
                                    bool optional) {
  if (size != 0 && !(optional && pointer == NULL))
    ddi_probe_object_checked(call, parameter, (uint64_t)pointer, size, kind);
}
/* The same for text that ends at a zero character of unit_size bytes. */
void ddi_probe_string(const DdiCall *call, unsigned parameter, const volatile void *pointer, size_t unit_size, bool optional);

/* EVENT_RETURN, after EVENT_CONTRACT_IRQL_RETURN when the level is not the documented one. */
void ddi_irql_return_broken(SimMachine *machine, uint32_t function, uint32_t object, SimIrql entry, SimIrql now, bool is_callback)
    __attribute__((cold));
static inline void ddi_end(const DdiCall *call, unsigned expected_irql, int32_t status, uint64_t value) {
  SimIrql now = sim_vcpu(call->machine)->irql;
  if (now != expected_irql)
    ddi_irql_return_broken(call->machine, call->function, call->object, call->irql, now, false);
  sim_event(call->machine, EVENT_RETURN, call->function, call->object, status, call->irql, value);
  call->machine->current->call = call->outer;
}

/* ---- calls that fail because somebody wants to see what the driver then does: fail.c ---- */

/* For a function whose row names failures. 0: it goes on; n: it fails with the n-th of them, before it has done anything. Asks
 * SIM_CHOICE_ALLOCATION when memory is all that it can be short of, else SIM_CHOICE_STATUS. */
uint32_t ddi_fails(const DdiCall *call, uint32_t count, bool is_allocation);

/* What a wrapper is compiled with: it looks at members of structures through pointers that may be anything. */
#define DDI_WRAPPER __attribute__((no_sanitize("undefined")))

/* Results as events carry them: addresses stay out of the hashed status. */
#define DDI_IS_POINTER(expression) (__builtin_classify_type(expression) == 5)
#define DDI_STATUS(result) (DDI_IS_POINTER(result) ? (int32_t)((uint64_t)(result) != 0) : (int32_t)(uint64_t)(result))

/* Reads memory that driver code named before its pointers are judged: 0 where it cannot be read. No event, no fault. */
uint64_t ddi_peek(uint64_t address, size_t size);
#define DDI_READ(lvalue) ((__typeof__(lvalue))ddi_peek((uint64_t) & (lvalue), sizeof(lvalue)))

/* Whether the model may touch the memory without any fault. For bodies that follow pointers beyond their documented extents. */
bool ddi_can_access(uint64_t address, size_t size, SimAccessKind kind);

/* How many arguments the printf format at an address asks for, at most `limit`. Reads as ddi_peek does. */
unsigned ddi_format_argument_count(uint64_t format, unsigned limit);
enum { DDI_VARIADIC_COUNT_MAX = 12 };

/* ---- for model code ---- */

/* An inner scheduling point of a function (DdiFunction.phases[index]): EVENT_PHASE, then others may run. */
void ddi_phase(SimMachine *machine, uint32_t function, unsigned index);

/* Driver code reached something that is not modelled: the run ends with the outcome `not-modelled NAME`. `name`: constant or in the image. */
void ddi_not_modelled(const char *name);

/* FNV-1a of a name: what ids are. */
uint32_t ddi_id(const char *name);

/* ---- callbacks: the generated callers ddi_callback_TYPE end here ---- */

/* One call of driver code that is active, on the host stack of its context: SimContext.path is the innermost. */
typedef struct DdiPath {
  const struct DdiPath *outer; /* NULL: the outermost */
  uint32_t callback;           /* DdiCallback.id */
  uint32_t call;               /* the function in which the model made it; 0: in none of driver code's */
  uint64_t routine;            /* address */
} DdiPath;

/* Calls driver code with arguments widened to 64 bit: EVENT_CALLBACK, guest_call, EVENT_CONTRACT_IRQL_RETURN where the level at its return is
 * not that at its entry (and it stays where it is), EVENT_CALLBACK_RETURN. The guest's call stack and place are afterwards what they were. */
uint64_t ddi_callback(uint32_t callback, uint64_t function, const uint64_t *arguments, unsigned count, bool returns_value);
