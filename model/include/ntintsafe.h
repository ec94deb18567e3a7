/* mingw-w64's ntintsafe.h, which takes the kernel header for granted, and the names it lacks. */
#pragma once

#include <wdm.h>

#include_next <ntintsafe.h>

#ifndef RtlSIZETMult
#define RtlSIZETMult RtlSizeTMult
#endif
#ifndef RtlSIZETAdd
#define RtlSIZETAdd RtlSizeTAdd
#endif
#ifndef RtlSIZETSub
#define RtlSIZETSub RtlSizeTSub
#endif
