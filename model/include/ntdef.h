/* mingw-w64's ntdef.h, put right: macros that must not write to, or evaluate twice, what they are given. */
#pragma once

/* What stands there for user mode only collides with wdm.h and ntifs.h when these come later. */
#ifndef NT_INCLUDED
#define NT_INCLUDED
#endif

#include_next <ntdef.h>

#undef UNREFERENCED_PARAMETER
#undef UNREFERENCED_LOCAL_VARIABLE
#undef DBG_UNREFERENCED_PARAMETER
#undef DBG_UNREFERENCED_LOCAL_VARIABLE
#define UNREFERENCED_PARAMETER(value) ((void)(value))
#define UNREFERENCED_LOCAL_VARIABLE(value) ((void)(value))
#define DBG_UNREFERENCED_PARAMETER(value) ((void)(value))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(value) ((void)(value))

#undef FIELD_OFFSET
#define FIELD_OFFSET(type, field) ((LONG) __builtin_offsetof(type, field))
#undef CONTAINING_RECORD
#define CONTAINING_RECORD(address, type, field) ((type *)((ULONG_PTR)(address) - __builtin_offsetof(type, field)))
#undef TYPE_ALIGNMENT
#define TYPE_ALIGNMENT(type) ((LONG) __alignof__(type))
#ifndef RTL_FIELD_SIZE
#define RTL_FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#endif
#ifndef RTL_SIZEOF_THROUGH_FIELD
#define RTL_SIZEOF_THROUGH_FIELD(type, field) (__builtin_offsetof(type, field) + RTL_FIELD_SIZE(type, field))
#endif
#ifndef RTL_NUMBER_OF
#define RTL_NUMBER_OF(array) (sizeof(array) / sizeof((array)[0]))
#endif
#ifndef ARRAYSIZE
#define ARRAYSIZE(array) RTL_NUMBER_OF(array)
#endif
#ifndef C_ASSERT
#define C_ASSERT(condition) _Static_assert(condition, #condition)
#endif
