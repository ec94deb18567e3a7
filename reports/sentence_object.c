/* Sentences about objects of Windows and spin locks. */
#include "sentence_internal.h"

#include "phrase.h"
#include "sentence.h"

#include "model/events.h"
#include "model/rules/rule_ids.h"

#include <string.h>

/* ---- objects ---- */

/* The thing a finding is about: its object, or the address it was named by. Returns owned. */
static char *thing(const Names *names, const Finding *finding) {
  const Object *object = finding->object != 0 ? object_by_ordinal(finding->object) : NULL;
  if (object != NULL && object->kind == OBJECT_POOL_BLOCK)
    return names_address(names, object->address);
  return finding->object != 0 ? names_object(names, finding->object) : names_address(names, finding->value);
}

char *sentence_of_uninitialized(const Names *names, const Finding *finding) {
  g_autofree char *object = thing(names, finding);
  return g_strdup_printf("%s was given %s, which was never initialized", sentence_function_of(finding), object);
}

char *sentence_of_kind(const Names *names, const Finding *finding) {
  g_autofree char *object = thing(names, finding);
  return g_strdup_printf("%s was given %s, which is not the kind of object it takes", sentence_function_of(finding), object);
}

char *sentence_of_freed_queued(const Names *names, const Finding *finding) {
  g_autofree char *object = thing(names, finding);
  return g_strdup_printf("%s gave memory away while %s in it was still queued", sentence_function_of(finding), object);
}

char *sentence_of_work_item(const Names *names, const Finding *finding) {
  g_autofree char *object = thing(names, finding);
  return g_strdup_printf("%s was given %s, which is queued already", sentence_function_of(finding), object);
}

bool sentence_is_of_failed_entry(const Names *names, const Finding *finding) {
  const SimRecord *record = names_record(names);
  for (uint32_t i = MIN(finding->event, (uint32_t)record->count); i-- > 0 && finding->rule == RULE_LEFT_BEHIND_AT_UNLOAD;) {
    const SimEvent *event = &record->events[i];
    if (event->kind == EVENT_CALLBACK_RETURN && event->context == finding->context)
      return strcmp(names_function(event->function), "DRIVER_INITIALIZE") == 0 && event->status < 0;
  }
  return false;
}

char *sentence_of_left_behind(const Names *names, const Finding *finding) {
  const Object *left = finding->object != 0 ? object_by_ordinal(finding->object) : NULL;
  g_autofree char *object = thing(names, finding), *driver = names_object_short(names, left != NULL ? left->driver : 0);
  const char *who = *driver != '\0' ? driver : "the driver";
  if (sentence_is_of_failed_entry(names, finding))
    return g_strdup_printf("DriverEntry of %s failed and left %s behind", who, object);
  return g_strdup_printf("%s was unloaded and left %s behind", who, object);
}

/* ---- spin locks ---- */

static const char *form_name(uint32_t form) {
  static const char *const names[] = { "KeAcquireSpinLock", "KeAcquireSpinLockAtDpcLevel", "KeAcquireInStackQueuedSpinLock",
                                       "KeAcquireInStackQueuedSpinLockAtDpcLevel" };
  return form < G_N_ELEMENTS(names) ? names[form] : "another form";
}

char *sentence_of_form(const Names *names, const Finding *finding) {
  const SimEvent *event = sentence_related(names, finding);
  const char *acquire = event != NULL ? names_function(event->function) : "";
  g_autofree char *lock = names_object(names, finding->object);
  return g_strdup_printf("%s releases %s, which was acquired by %s", sentence_function_of(finding), lock,
                         *acquire != '\0' ? acquire : form_name((finding->detail >> 8) & 0xff));
}

/* " (acquired by fw.work step 2)"; "" when that is not known. Returns owned. */
static char *acquired_by(const Names *names, const Finding *finding) {
  const SimEvent *event = sentence_related(names, finding);
  g_autofree char *place = event != NULL ? place_words(names_run(names), event->site) : g_strdup("");
  return *place != '\0' ? g_strdup_printf(", acquired by %s", place) : g_strdup("");
}

char *sentence_of_lock_leak(const Names *names, const Finding *finding) {
  g_autofree char *lock = names_object(names, finding->object), *by = acquired_by(names, finding);
  g_autofree char *routine = sentence_callback_routine(names, finding);
  return g_strdup_printf("%s returned with %s held%s", routine, lock, by);
}

char *sentence_of_not_held(const Names *names, const Finding *finding) {
  g_autofree char *lock = names_object(names, finding->object);
  return g_strdup_printf("%s releases %s, which nobody holds", sentence_function_of(finding), lock);
}

char *sentence_of_recursion(const Names *names, const Finding *finding) {
  g_autofree char *lock = names_object(names, finding->object), *by = acquired_by(names, finding);
  return g_strdup_printf("%s waits for %s, which this CPU holds itself%s", sentence_function_of(finding), lock, by);
}

char *sentence_of_owner(const Names *names, const Finding *finding) {
  g_autofree char *lock = names_object(names, finding->object), *by = acquired_by(names, finding);
  return g_strdup_printf("%s releases %s, which somebody else holds%s", sentence_function_of(finding), lock, by);
}
