/*
 * sanitizer.h: whether irqlab itself is built with AddressSanitizer, which must be told of every change of stack.
 */
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define SIM_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIM_WITH_ASAN 1
#endif
#endif

#ifdef SIM_WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define SIM_UNPOISON(address, size) __asan_unpoison_memory_region((address), (size))
#else
#define SIM_UNPOISON(address, size) ((void)(address), (void)(size))
#endif
