#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

void fuzz_check(int holds, const char *what) {
  if (holds)
    return;
  fprintf(stderr, "fuzz: %s\n", what);
  abort();
}
