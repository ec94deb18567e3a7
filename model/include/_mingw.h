/* mingw-w64's _mingw.h, then our FORCEINLINE: its own is `extern __gnu_inline__`. */
#pragma once

#ifdef __clang__
#undef __forceinline
#endif
#include_next <_mingw.h>
#undef __forceinline
#define __forceinline FORCEINLINE
