/* Put right, before anything else is read, what the mingw-w64 headers take for granted: Microsoft's
 * compiler, 32-bit `long`, import libraries. Force-included into every file that uses these headers. */
#pragma once

#if !defined(__x86_64__) || !defined(__LP64__)
#error "irqlab's driver headers are written for x86-64 Linux"
#endif
#if __SIZEOF_WCHAR_T__ != 2
#error "driver code is compiled with -fshort-wchar"
#endif

/* The machine the driver believes in. */
#define _WIN32 1
#define _WIN64 1
#ifndef _AMD64_
#define _AMD64_ 1
#endif
#define _M_AMD64 100
#define _M_X64 100
#if !defined(_WIN32_WINNT) && defined(NTDDI_VERSION)
#define _WIN32_WINNT (NTDDI_VERSION >> 16)
#elif !defined(_WIN32_WINNT)
#define _WIN32_WINNT 0x0A00
#endif
#ifndef WINVER
#define WINVER _WIN32_WINNT
#endif
/* Checked build of the driver: ASSERT, NT_ASSERT and KdPrint are alive. -DDBG=0 gives a free one. */
#ifndef DBG
#define DBG 1
#endif

/* Exact widths. `__int64` is `long` so that ULONG64, SIZE_T, size_t and uint64_t are one type here as
 * they are one type there. */
#define _INT128_DEFINED
#define __int8 char
#define __int16 short
#define __int32 int
#define __int64 long

/* Calling conventions and pointer sizes: x64 has one of each. */
#define __cdecl
#define _cdecl
#undef __stdcall
#define __stdcall
#define __fastcall
#define __vectorcall
#define CDECL
#define POINTER_32
#define POINTER_64
#define __unaligned

/* __declspec(x): the kinds that mean something here become attributes, the others nothing. */
#undef __declspec
#define __declspec(kind) irqlab_declspec_##kind
#define irqlab_declspec_align(bytes) __attribute__((__aligned__(bytes)))
#define irqlab_declspec_noreturn __attribute__((__noreturn__))
#define irqlab_declspec_noinline __attribute__((__noinline__))
#define irqlab_declspec_selectany __attribute__((__weak__))
#define irqlab_declspec_thread _Thread_local
#define irqlab_declspec_deprecated
#define irqlab_declspec_dllimport
#define irqlab_declspec_dllexport
#define irqlab_declspec_nothrow
#define irqlab_declspec_noalias
#define irqlab_declspec_restrict
#define irqlab_declspec_naked
#define irqlab_declspec_novtable
#define irqlab_declspec_safebuffers
#define irqlab_declspec_address_safe
#define irqlab_declspec_no_sanitize_address
#define irqlab_declspec_guard(kind)
#define irqlab_declspec_allocate(section)
#define irqlab_declspec_code_seg(section)
#define irqlab_declspec_uuid(text)
#define irqlab_declspec_allocator
#define __MINGW_IMPORT extern
#define _CRTIMP

/* C99 inline: no `static`, because drivers write `static __forceinline` and declare the function before. */
#define FORCEINLINE __inline__ __attribute__((__always_inline__))
#define CFORCEINLINE FORCEINLINE
#ifdef __clang__
#pragma clang diagnostic ignored "-Wmicrosoft-anon-tag"
#endif

/* The compiler's own idea of the basic types, taken before mingw-w64's corecrt.h can have its own. */
#define _SIZE_T_DEFINED
#define _SSIZE_T_DEFINED
#define _PTRDIFF_T_DEFINED
#define _INTPTR_T_DEFINED
#define _UINTPTR_T_DEFINED
#define _WCHAR_T_DEFINED
#define _TIME32_T_DEFINED
#include <stddef.h>
#include <stdint.h>
typedef long ssize_t;
typedef int __time32_t;

/* wdm.h is not to declare the interlocked functions: ours are in intrin.h. */
#define __INTERLOCKED_DECLARED

/* Section and warning pragmas of Microsoft's compiler mean nothing here. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wbuiltin-macro-redefined"
#define __pragma(text)
#pragma GCC diagnostic pop
#define __noop(...) ((void)0)
#ifndef __clang__
#define __assume(condition) ((void)0)
#endif
