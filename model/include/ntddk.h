/* mingw-w64's ntddk.h, put right: see wdm.h, which it includes. */
#pragma once

#define KeGetCurrentProcessorNumber irqlab_unused_KeGetCurrentProcessorNumber2
#define KeGetPcr irqlab_unused_KeGetPcr
#include_next <ntddk.h>
#undef KeGetCurrentProcessorNumber
#undef KeGetPcr
#include <irqlab/kernel_functions.h>
#include <irqlab/kernel_macros.h>
