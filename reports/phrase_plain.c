/* Kinds of events that a trace names and a story has to say in words. */
#include "phrase.h"

#include "model/events.h"

static const char *const phrases[SIM_EVENT_KIND_COUNT] = {
  [SIM_EVENT_CONTEXT_END] = "is over",
  [SIM_EVENT_SWITCH] = "the CPU goes on with something else",
  [SIM_EVENT_INTERRUPT_END] = "the interrupt is over",
  [SIM_EVENT_IDLE] = "the CPU has nothing to do",
  [EVENT_PHASE] = "goes on inside of the call",
  [EVENT_CONTRACT_IRQL] = "is called at a level it may not be called at",
  [EVENT_CONTRACT_POINTER] = "is given a pointer that may not be used",
  [EVENT_CONTRACT] = "breaks what is documented of it",
  [EVENT_READY] = "may run:",
  [EVENT_DPC_END] = "is over:",
  [EVENT_WORK_END] = "is over:",
  [EVENT_PAGE_IN] = "Windows reads the page into memory",
  [EVENT_PAGE_OUT] = "Windows takes the page out of memory",
  [EVENT_OBJECT_CREATE] = "makes",
  [EVENT_OBJECT_DELETE] = "is gone:",
  [EVENT_MESSAGE_DONE] = "is done with",
};

char *phrase_any(const Names *names, const SimEvent *event) {
  char *text = phrase_event(names, event);
  if (text != NULL)
    return text;
  const char *phrase = event->kind < G_N_ELEMENTS(phrases) ? phrases[event->kind] : NULL;
  g_autofree char *object = names_object(names, event->object);
  const char *function = names_function(event->function);
  if (phrase == NULL)
    phrase = "goes on";
  return g_strdup_printf("%s%s%s%s%s", function, *function != '\0' ? " " : "", phrase, *object != '\0' ? " " : "", object);
}
