#include "verifier.h"

#include "../io/io_face.h"
#include "../ke/ke.h"
#include "../mm/bugcheck_codes.h"
#include "../mm/mm_face.h"
#include "../model.h"

static const IoDriver *driver_of(uint32_t ordinal) {
  const Object *object = object_by_ordinal(ordinal);
  return object != NULL && object->kind == OBJECT_DRIVER ? object->body : NULL;
}

static bool is_anybody_verified(void) { return MODEL->options.verified[0].name[0] != '\0'; }

bool verifier_is_on_for(uint32_t driver, uint32_t flags) {
  if (!is_anybody_verified())
    return false;
  const IoDriver *body = driver_of(driver);
  return body != NULL && body->is_verified && (flags == 0 || (body->verifier_flags & flags) != 0);
}

bool verifier_is_on(uint32_t flags) { return is_anybody_verified() && verifier_is_on_for(io_driver_current(), flags); }

static void stop(uint64_t p1, uint64_t p2, uint64_t p3, uint64_t p4) {
  ke_bugcheck_raise(BUGCHECK_DRIVER_VERIFIER_DETECTED_VIOLATION, p1, p2, p3, p4);
}

/* ---- IRQL ---- */

void verifier_check_raise(SimIrql level) {
  if ((level < ke_irql() || level > SIM_IRQL_HIGH) && verifier_is_on(0))
    stop(0x30, ke_irql(), level, 0);
}

void verifier_check_lower(SimIrql level) {
  bool is_higher = level > ke_irql();
  bool is_in_dpc = level < SIM_IRQL_DISPATCH && ke_is_dpc_active();
  if ((is_higher || is_in_dpc) && verifier_is_on(0))
    stop(0x31, ke_irql(), level, is_higher ? 0 : 1);
}

void verifier_raised(SimIrql before) {
  if (before >= SIM_IRQL_DISPATCH || ke_irql() < SIM_IRQL_DISPATCH || !verifier_is_on(MODEL_VERIFIER_FORCE_IRQL))
    return;
  sim_touch_shared(sim_machine(), SIM_TOUCH_REST, true);
  MODEL->verifier.trim_count++;
  mm_trim();
}

/* ---- waits, events, spin locks, regions ---- */

void verifier_check_wait(uint64_t object, bool has_timeout) {
  SimIrql irql = ke_irql();
  if (irql < SIM_IRQL_DISPATCH || !verifier_is_on(0))
    return;
  if (!model_is_since(DDI_WINDOWS_8))
    stop(0x3b, irql, object, has_timeout);
  else if (irql > SIM_IRQL_DISPATCH)
    stop(0x120, irql, object, has_timeout);
  else
    stop(has_timeout ? 0x122 : 0x121, irql, object, has_timeout);
}

void verifier_check_event_set(uint64_t event) {
  if (ke_irql() > SIM_IRQL_DISPATCH && verifier_is_on(0))
    stop(0x80, ke_irql(), event, 0);
}

static bool is_raising(LockForm form) { return form == LOCK_FORM_RAISE || form == LOCK_FORM_QUEUED; }

void verifier_check_lock_acquire(uint64_t lock, LockForm form) {
  SimIrql irql = ke_irql();
  bool is_wrong = is_raising(form) ? irql > SIM_IRQL_DISPATCH : irql < SIM_IRQL_DISPATCH;
  if (is_wrong && verifier_is_on(0))
    stop(is_raising(form) ? 0x42 : 0x40, irql, lock, 0);
}

void verifier_check_lock_release(uint64_t lock, LockForm form) {
  SimIrql irql = ke_irql();
  bool is_wrong = is_raising(form) ? irql != SIM_IRQL_DISPATCH : irql < SIM_IRQL_DISPATCH;
  if (is_wrong && verifier_is_on(0))
    stop(is_raising(form) ? 0x32 : 0x41, irql, lock, 0);
}

void verifier_check_region_enter(void) {
  if (ke_irql() > SIM_IRQL_APC && verifier_is_on(0))
    stop(0x11a, ke_irql(), 0, 0);
}

void verifier_check_region_leave(bool is_inside) {
  if (!verifier_is_on(0))
    return;
  if (ke_irql() > SIM_IRQL_APC)
    stop(0x11b, ke_irql(), 0, 0);
  if (!is_inside)
    stop(0x3e, 0, 0, 0);
}

void verifier_check_fast_mutex(uint64_t mutex, bool is_release, bool is_unsafe) {
  SimIrql irql = ke_irql();
  const KeThread *thread = ke_thread_current();
  bool has_region = thread->kernel_apc_disable != 0 || thread->special_apc_disable != 0;
  bool is_wrong = is_unsafe ? irql != SIM_IRQL_APC && !has_region : is_release ? irql != SIM_IRQL_APC : irql > SIM_IRQL_APC;
  if (!is_wrong || !verifier_is_on(0))
    return;
  uint64_t disable_count = (uint16_t)thread->kernel_apc_disable;
  if (is_unsafe)
    stop(is_release ? 0x3a : 0x39, irql, disable_count, mutex);
  else if (is_release)
    stop(0x34, irql, disable_count, mutex);
  else
    stop(0x33, irql, mutex, 0);
}

void verifier_check_reference(uint64_t object, int64_t count) {
  if (verifier_is_on(0))
    stop(0x3f, object, (uint64_t)count, 0);
}

void verifier_check_handle(uint64_t handle) {
  if (verifier_is_on(0))
    stop(0x3c, handle, 0, 0);
}

void verifier_check_isr_return(uint64_t routine, SimIrql before, SimIrql after) {
  if (before != after && verifier_is_on(0))
    stop(0x111, routine, before, after);
}
