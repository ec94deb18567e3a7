/* Prints the keys of the format as the loader has them: `object: key, key!, ...` with ! behind a required one. For check_schema.py. */
#include "load.h"

#include <stdio.h>
#include <string.h>

static int is_required(const LoadKeys *keys, const char *key) {
  for (size_t i = 0; i < G_N_ELEMENTS(keys->required) && keys->required[i] != NULL; i++)
    if (strcmp(keys->required[i], key) == 0)
      return 1;
  return 0;
}

int main(void) {
  for (unsigned object = 0; object < LOAD_OBJECT_COUNT; object++) {
    const LoadKeys *keys = &load_keys[object];
    printf("%s:", keys->name);
    for (size_t i = 0; i < LOAD_KEY_COUNT_MAX && keys->keys[i] != NULL; i++)
      printf("%s %s%s", i == 0 ? "" : ",", keys->keys[i], is_required(keys, keys->keys[i]) ? "!" : "");
    printf("\n");
  }
  return 0;
}
