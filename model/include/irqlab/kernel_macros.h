/* Macros of the kernel headers that mingw-w64 lacks or writes otherwise. Included by wdm.h and again by ntddk.h. */

/* Memory: the guest's own runtime provides the three functions. */
#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory
#undef RtlCopyBytes
#undef RtlFillBytes
#undef RtlZeroBytes
#undef RtlEqualMemory
#define RtlCopyMemory(destination, source, length) memcpy((destination), (source), (length))
#define RtlMoveMemory(destination, source, length) memmove((destination), (source), (length))
#define RtlFillMemory(destination, length, fill) memset((destination), (fill), (length))
#define RtlZeroMemory(destination, length) memset((destination), 0, (length))
#define RtlCopyBytes RtlCopyMemory
#define RtlFillBytes RtlFillMemory
#define RtlZeroBytes RtlZeroMemory
#define RtlEqualMemory(destination, source, length) (!memcmp((destination), (source), (length)))

/* Reading the host's memory bus is nobody's business. */
#undef YieldProcessor
#define YieldProcessor() KeYieldProcessor()
#undef KeMemoryBarrierWithoutFence
#define KeMemoryBarrierWithoutFence() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#undef SharedUserData
#undef KeFlushIoBuffers
#define KeFlushIoBuffers(mdl, read, dma) ((void)(mdl), (void)(read), (void)(dma))

/* Assertions and debug output of a checked build. */
#undef ASSERT
#undef ASSERTMSG
#undef NT_ASSERT
#undef NT_ASSERTMSG
#undef NT_VERIFY
#undef NT_VERIFYMSG
#undef RTL_SOFT_ASSERT
#undef PAGED_CODE
#undef PAGED_CODE_LOCKED
#undef KdPrint
#undef KdPrintEx
#undef KdBreakPoint
#define irqlab_assert(condition, text, message)                                                                                            \
  ((condition) ? (void)0 : RtlAssert((PVOID)(text), (PVOID)__FILE__, __LINE__, (PCHAR)(message)))
#if DBG
#define ASSERT(condition) irqlab_assert(condition, #condition, NULL)
#define ASSERTMSG(message, condition) irqlab_assert(condition, #condition, message)
#define NT_VERIFY(condition) irqlab_assert(condition, #condition, NULL)
#define PAGED_CODE() irqlab_assert(KeGetCurrentIrql() <= APC_LEVEL, "PAGED_CODE()", NULL)
#define KdPrint(arguments) DbgPrint arguments
#define KdPrintEx(arguments) DbgPrintEx arguments
#define KdBreakPoint() DbgBreakPoint()
#else
#define ASSERT(condition) ((void)0)
#define ASSERTMSG(message, condition) ((void)0)
#define NT_VERIFY(condition) ((void)(condition))
#define PAGED_CODE() ((void)0)
#define KdPrint(arguments) ((void)0)
#define KdPrintEx(arguments) ((void)0)
#define KdBreakPoint() ((void)0)
#endif
#define NT_ASSERT ASSERT
#define NT_ASSERTMSG ASSERTMSG
#define NT_VERIFYMSG(message, condition) NT_VERIFY(condition)
#define RTL_SOFT_ASSERT ASSERT
#define PAGED_CODE_LOCKED() ((void)0)

/* Small things that live in headers mingw-w64 reserves for user mode. */
#ifndef Add2Ptr
#define Add2Ptr(pointer, offset) ((PVOID)((PUCHAR)(pointer) + (offset)))
#endif
#ifndef LOWORD
#define LOWORD(value) ((USHORT)((ULONG_PTR)(value)&0xffff))
#define HIWORD(value) ((USHORT)(((ULONG_PTR)(value) >> 16) & 0xffff))
#define LOBYTE(value) ((UCHAR)((ULONG_PTR)(value)&0xff))
#define HIBYTE(value) ((UCHAR)(((ULONG_PTR)(value) >> 8) & 0xff))
#endif
#ifndef FlagOn
#define FlagOn(flags, single) ((flags) & (single))
#endif
#ifndef BooleanFlagOn
#define BooleanFlagOn(flags, single) ((BOOLEAN)(((flags) & (single)) != 0))
#endif
#ifndef SetFlag
#define SetFlag(flags, single) ((flags) |= (single))
#endif
#ifndef ClearFlag
#define ClearFlag(flags, single) ((flags) &= ~(single))
#endif
