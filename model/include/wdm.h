/* mingw-w64's wdm.h, put right. What is an inline function or a macro there and would read the host (CR8, gs:, the shared user page) or hide
 * a DDI from the model becomes a plain function: the inline body is read under another name and forgotten, then the documented function is
 * declared. */
#pragma once

#include <intrin.h>

#include <irqlab/rename_begin.h>

#include_next <wdm.h>

#include <irqlab/rename_end.h>

#include <irqlab/kernel_functions.h>

#include <irqlab/kernel_macros.h>

/* The same once more for the bodies of ntddk.h, when that is what includes this file; it takes them away itself. */
#ifdef IRQLAB_INSIDE_NTDDK
#define KeGetCurrentProcessorNumber irqlab_unused_KeGetCurrentProcessorNumber2
#define KeGetPcr irqlab_unused_KeGetPcr
#define __readgsqword(offset) ((void)(offset), 0ULL)
#define __readgsword(offset) ((void)(offset), 0)
#endif
