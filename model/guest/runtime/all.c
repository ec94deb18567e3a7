/* all.c: the runtime as one translation unit, which compiles in a fraction of the time of its parts. */
#include "character.c"
#include "format.c"
#include "memory.c"
#include "string.c"
#include "variables.c"
#include "wide.c"
