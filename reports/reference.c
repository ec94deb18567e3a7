#include "reference.h"

#include <stdlib.h>
#include <string.h>

static int compare_names(const void *name, const void *entry) { return strcmp(name, ((const ReferenceEntry *)entry)->name); }

const ReferenceEntry *reference_find(const char *name) {
  return bsearch(name, reference_entries, reference_entry_count, sizeof *reference_entries, compare_names);
}

bool reference_returns(const ReferenceEntry *entry, const char *type) {
  const char *prototype = entry != NULL ? strstr(entry->text, "```c\n") : NULL;
  size_t length = strlen(type);
  return prototype != NULL && strncmp(prototype + strlen("```c\n"), type, length) == 0 && prototype[strlen("```c\n") + length] == ' ';
}

const char *reference_parameter(const ReferenceEntry *entry, const char *parameter, size_t *length) {
  char start[96];
  size_t count = strlen(parameter);
  if (entry == NULL || count + sizeof "\n- `` (" > sizeof start)
    return NULL;
  memcpy(start, "\n- `", 4);
  memcpy(start + 4, parameter, count);
  memcpy(start + 4 + count, "` (", 4);
  const char *line = strstr(entry->text, start);
  const char *text = line != NULL ? strstr(line, "): ") : NULL;
  if (text == NULL)
    return NULL;
  text += strlen("): ");
  *length = strcspn(text, "\n");
  return text;
}
