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
#include "text.inc.h"
