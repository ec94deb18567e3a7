/* wide.c: 16-bit text. */
#include "runtime.h"

#include <string.h>

#define CHARACTER wchar_t
#define UNSIGNED uint16_t
#define SOUGHT wchar_t
#define READ irqlab_read2
#define WRITE irqlab_write2
#define NAME(x) wcs##x
#define FOLDED(x) _wcs##x
#define LOCAL(x) wide_##x
#include "text.inc.h"
#undef CHARACTER
#undef UNSIGNED
#undef SOUGHT
#undef READ
#undef WRITE
#undef NAME
#undef FOLDED
#undef LOCAL
