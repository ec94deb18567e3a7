/* Between this file and rename_end.h mingw-w64 defines these functions under names that nobody uses. No
 * #pragma once: the pair surrounds each header that needs it. */
#define KeGetCurrentIrql irqlab_unused_KeGetCurrentIrql
#define KeLowerIrql irqlab_unused_KeLowerIrql
#define KfRaiseIrql irqlab_unused_KfRaiseIrql
#define KeRaiseIrqlToDpcLevel irqlab_unused_KeRaiseIrqlToDpcLevel
#define KeRaiseIrqlToSynchLevel irqlab_unused_KeRaiseIrqlToSynchLevel
#define KeGetCurrentThread irqlab_unused_KeGetCurrentThread
#define KeInitializeSpinLock irqlab_unused_KeInitializeSpinLock
#define InitializeSListHead irqlab_unused_InitializeSListHead
#define ExQueryDepthSList irqlab_unused_ExQueryDepthSList
#define ExAllocateFromPagedLookasideList irqlab_unused_ExAllocateFromPagedLookasideList
#define ExFreeToPagedLookasideList irqlab_unused_ExFreeToPagedLookasideList
#define ExAllocateFromNPagedLookasideList irqlab_unused_ExAllocateFromNPagedLookasideList
#define ExFreeToNPagedLookasideList irqlab_unused_ExFreeToNPagedLookasideList
#define ExAllocateFromLookasideListEx irqlab_unused_ExAllocateFromLookasideListEx
#define ExFreeToLookasideListEx irqlab_unused_ExFreeToLookasideListEx
#define ExInitializeFastMutex irqlab_unused_ExInitializeFastMutex
#define PsGetCurrentThread irqlab_unused_PsGetCurrentThread
#define KeGetCurrentProcessorNumber irqlab_unused_KeGetCurrentProcessorNumber
#define KeMemoryBarrier irqlab_unused_KeMemoryBarrier
#define RtlSecureZeroMemory irqlab_unused_RtlSecureZeroMemory
#define IoGetRemainingStackSize irqlab_unused_IoGetRemainingStackSize
#define InterlockedBitTestAndSet irqlab_unused_InterlockedBitTestAndSet
#define InterlockedBitTestAndReset irqlab_unused_InterlockedBitTestAndReset

/* In the WDK the type carries the alignment of pool memory, which makes it 336 bytes. */
#define _DEVICE_OBJECT __attribute__((__aligned__(16))) _DEVICE_OBJECT

/* The bodies above read the host; nobody calls them, but they must compile. */
#define __readcr8() 0
#define __writecr8(value) ((void)(value))
#define __readgsqword(offset) ((void)(offset), 0ULL)
