/* Sentences about memory: what was touched that may not be. */
#include "sentence_internal.h"

#include "phrase.h"

#include "model/events.h"
#include "model/rules/finding.h"

#include <string.h>

/* ---- memory ---- */

char *sentence_of_access(const Names *names, const Finding *finding) {
  g_autofree char *whose = sentence_who_where(names, finding), *access = phrase_access(finding->detail);
  g_autofree char *address = names_access(names, finding->value, finding->detail >> 20, finding->site);
  bool by_model = (finding->detail >> 16) & 1;
  return by_model ? g_strdup_printf("%s, called by %s, %s %s", sentence_function_of(finding), whose, access, address)
                  : g_strdup_printf("%s %s %s", whose, access, address);
}

static char *of_return(const Names *names, const Finding *finding) {
  g_autofree char *whose = sentence_who_where(names, finding);
  g_autofree char *where = names_address(names, finding->value);
  return g_strdup_printf("%s returns to %s: its return address on the stack was overwritten", whose, where);
}

/* What memory holds that nobody has written: compilers' and pools' patterns. */
char *sentence_of_wild(const Names *names, const Finding *finding) {
  static const struct {
    uint64_t pattern; /* its low 48 bits */
    const char *means;
  } patterns[] = {
    { 0xcccccccccccc, "an uninitialized local" }, { 0xfefefefefefe, "an uninitialized local" },
    { 0xaaaaaaaaaaaa, "an uninitialized local" }, { 0xcdcdcdcdcdcd, "pool that was never written" },
    { 0xdddddddddddd, "pool that was freed" },
  };
  if (finding->detail & FINDING_FAULT_BY_RETURN)
    return of_return(names, finding);
  g_autofree char *access = sentence_of_access(names, finding);
  for (unsigned i = 0; i < G_N_ELEMENTS(patterns); i++)
    if (((finding->value ^ patterns[i].pattern) & 0xffffffff0000) == 0)
      return g_strdup_printf("%s: the pattern of %s", access, patterns[i].means);
  return g_strdup_printf("%s: there is no memory", access);
}

char *sentence_of_null(const Names *names, const Finding *finding) {
  g_autofree char *access = sentence_of_access(names, finding);
  return g_strdup_printf("%s: the pointer is NULL", access);
}

char *sentence_of_paged(const Names *names, const Finding *finding) {
  g_autofree char *access = sentence_of_access(names, finding);
  bool is_resident = (finding->detail & 0xff) == SIM_FAULT_PAGED_HIGH;
  return g_strdup_printf("%s: pageable memory, at %s; this time the page %s in memory", access, sim_irql_name(finding->irql),
                         is_resident ? "was" : "was not");
}

/* The event that freed the block at an address; NULL: none. */
static const SimEvent *free_of(const Names *names, const Finding *finding) {
  const Object *block = names_pool_block(finding->value);
  const SimRecord *record = names_record(names);
  for (uint32_t i = MIN(finding->event, (uint32_t)record->count); block != NULL && i-- > 0;)
    if (record->events[i].kind == EVENT_POOL_FREE && record->events[i].object == block->ordinal)
      return &record->events[i];
  return NULL;
}

char *sentence_of_freed(const Names *names, const Finding *finding) {
  const SimEvent *freed = free_of(names, finding);
  bool is_access = (finding->detail & 0xff) == SIM_FAULT_FREED && finding->value >= 0x10000;
  g_autofree char *place = freed != NULL ? place_words(names_run(names), freed->site) : g_strdup("");
  g_autofree char *by = *place != '\0' ? g_strdup_printf(", which %s had freed", place) : g_strdup(", which was freed");
  if (is_access) {
    g_autofree char *access = sentence_of_access(names, finding);
    return g_strdup_printf("%s%s", access, by);
  }
  g_autofree char *object = finding->object != 0 ? names_object(names, finding->object) : names_address(names, finding->value);
  return g_strdup_printf("%s was given %s%s", sentence_function_of(finding), object, by);
}

char *sentence_of_bounds(const Names *names, const Finding *finding) {
  g_autofree char *beside = names_beside(names, finding->value), *whose = sentence_who_where(names, finding);
  if (*beside == '\0')
    return sentence_of_access(names, finding);
  g_autofree char *does = phrase_access(finding->detail); /* "reads 4 bytes at": the last word gives way */
  return g_strdup_printf("%s %.*s %s", whose, (int)(strlen(does) - strlen(" at")), does, beside);
}

char *sentence_of_read_only(const Names *names, const Finding *finding) {
  g_autofree char *access = sentence_of_access(names, finding);
  return g_strdup_printf("%s, which is read-only", access);
}

char *sentence_of_user(const Names *names, const Finding *finding) { return sentence_of_access(names, finding); }

/* The parameter of the call that the pointer was handed in: told by the event before the fault. */
char *sentence_of_argument(const Names *names, const Finding *finding) {
  const DdiFunction *function = ddi_function_by_id(finding->function);
  const SimRecord *record = names_record(names);
  const SimEvent *before = finding->event > 0 && finding->event <= record->count ? &record->events[finding->event - 1] : NULL;
  const char *parameter = NULL;
  if (function != NULL && before != NULL && before->kind == EVENT_CONTRACT_POINTER && before->detail < function->parameter_count)
    parameter = function->parameters[before->detail].name;
  g_autofree char *access = phrase_access(finding->detail), *address = names_address(names, finding->value);
  g_autofree char *does = g_strndup(access, strlen(access) - (g_str_has_suffix(access, " at") ? strlen(" at") : 0));
  return g_strdup_printf("%s was handed %s%s%s and %s there", sentence_function_of(finding), parameter != NULL ? parameter : "",
                         parameter != NULL ? " = " : "", address, does);
}

char *sentence_of_stack(const Names *names, const Finding *finding) {
  g_autofree char *whose = sentence_who(names, finding);
  return g_strdup_printf("%s has used up the 24 KiB of its kernel stack", whose);
}
