/* string.c: 8-bit text. */
#include "runtime.h"

#include <string.h>

#define CHARACTER char
#define UNSIGNED unsigned char
#define SOUGHT int
#define READ irqlab_read1
#define WRITE irqlab_write1
#define NAME(x) str##x
#define FOLDED(x) _str##x
#define LOCAL(x) narrow_##x
#include "text.inc.h"
#undef CHARACTER
#undef UNSIGNED
#undef SOUGHT
#undef READ
#undef WRITE
#undef NAME
#undef FOLDED
#undef LOCAL
