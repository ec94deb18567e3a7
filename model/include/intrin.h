/* <intrin.h>: Microsoft's intrinsics by the compiler's builtins. All interlocked ones are sequentially
 * consistent __atomic builtins, so that -fsanitize=thread turns each into a call that irqlab sees; none is
 * inline assembly. The register-reading ones (__readcr8, __readgsqword, __rdtsc ...) are left out on purpose:
 * they would read the host. The functions bear the documented name; the underscored names are macros, because
 * clang has built-in functions of those names that take a 64-bit `long`. */
#pragma once

#include <_mingw.h>

FORCEINLINE short InterlockedIncrement16(short volatile *Addend) { return (short)__atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST); }

FORCEINLINE short InterlockedDecrement16(short volatile *Addend) { return (short)__atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST); }

FORCEINLINE short InterlockedExchange16(short volatile *Target, short Value) {
  return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE short InterlockedExchangeAdd16(short volatile *Addend, short Value) {
  return (short)__atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE short InterlockedCompareExchange16(short volatile *Destination, short Exchange, short Comparand) {
  __atomic_compare_exchange_n(Destination, &Comparand, Exchange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return Comparand;
}

FORCEINLINE short InterlockedAnd16(short volatile *Destination, short Value) {
  return (short)__atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE short InterlockedOr16(short volatile *Destination, short Value) {
  return (short)__atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE short InterlockedXor16(short volatile *Destination, short Value) {
  return (short)__atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE int InterlockedIncrement(int volatile *Addend) { return (int)__atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST); }

FORCEINLINE int InterlockedDecrement(int volatile *Addend) { return (int)__atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST); }

FORCEINLINE int InterlockedAdd(int volatile *Addend, int Value) { return __atomic_add_fetch(Addend, Value, __ATOMIC_SEQ_CST); }

FORCEINLINE int InterlockedExchange(int volatile *Target, int Value) { return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST); }

FORCEINLINE int InterlockedExchangeAdd(int volatile *Addend, int Value) { return (int)__atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST); }

FORCEINLINE int InterlockedCompareExchange(int volatile *Destination, int Exchange, int Comparand) {
  __atomic_compare_exchange_n(Destination, &Comparand, Exchange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return Comparand;
}

FORCEINLINE int InterlockedAnd(int volatile *Destination, int Value) {
  return (int)__atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE int InterlockedOr(int volatile *Destination, int Value) { return (int)__atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST); }

FORCEINLINE int InterlockedXor(int volatile *Destination, int Value) {
  return (int)__atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE __int64 InterlockedIncrement64(__int64 volatile *Addend) { return (__int64)__atomic_add_fetch(Addend, 1, __ATOMIC_SEQ_CST); }

FORCEINLINE __int64 InterlockedDecrement64(__int64 volatile *Addend) { return (__int64)__atomic_sub_fetch(Addend, 1, __ATOMIC_SEQ_CST); }

FORCEINLINE __int64 InterlockedAdd64(__int64 volatile *Addend, __int64 Value) {
  return __atomic_add_fetch(Addend, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE __int64 InterlockedExchange64(__int64 volatile *Target, __int64 Value) {
  return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE __int64 InterlockedExchangeAdd64(__int64 volatile *Addend, __int64 Value) {
  return (__int64)__atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE __int64 InterlockedCompareExchange64(__int64 volatile *Destination, __int64 Exchange, __int64 Comparand) {
  __atomic_compare_exchange_n(Destination, &Comparand, Exchange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return Comparand;
}

FORCEINLINE __int64 InterlockedAnd64(__int64 volatile *Destination, __int64 Value) {
  return (__int64)__atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE __int64 InterlockedOr64(__int64 volatile *Destination, __int64 Value) {
  return (__int64)__atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE __int64 InterlockedXor64(__int64 volatile *Destination, __int64 Value) {
  return (__int64)__atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE char InterlockedExchange8(char volatile *Target, char Value) { return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST); }

FORCEINLINE char InterlockedExchangeAdd8(char volatile *Addend, char Value) {
  return (char)__atomic_fetch_add(Addend, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE char InterlockedCompareExchange8(char volatile *Destination, char Exchange, char Comparand) {
  __atomic_compare_exchange_n(Destination, &Comparand, Exchange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return Comparand;
}

FORCEINLINE char InterlockedAnd8(char volatile *Destination, char Value) {
  return (char)__atomic_fetch_and(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE char InterlockedOr8(char volatile *Destination, char Value) {
  return (char)__atomic_fetch_or(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE char InterlockedXor8(char volatile *Destination, char Value) {
  return (char)__atomic_fetch_xor(Destination, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE void *InterlockedExchangePointer(void *volatile *Target, void *Value) {
  return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

FORCEINLINE void *InterlockedCompareExchangePointer(void *volatile *Destination, void *Exchange, void *Comparand) {
  __atomic_compare_exchange_n(Destination, &Comparand, Exchange, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return Comparand;
}

/* The bit array starts at Base and may be longer than one element; Offset may be negative. */
FORCEINLINE unsigned char irqlab_bittest(int const *Base, int Offset) {
  return (unsigned char)(((unsigned int)Base[Offset >> 5] >> (Offset & 31)) & 1);
}

FORCEINLINE unsigned char InterlockedBitTestAndSet(int volatile *Base, int Offset) {
  int old = (int)__atomic_fetch_or(&Base[Offset >> 5], (int)((unsigned int)1 << (Offset & 31)), __ATOMIC_SEQ_CST);

  return (unsigned char)(((unsigned int)old >> (Offset & 31)) & 1);
}

FORCEINLINE unsigned char InterlockedBitTestAndReset(int volatile *Base, int Offset) {
  int old = (int)__atomic_fetch_and(&Base[Offset >> 5], (int)~((unsigned int)1 << (Offset & 31)), __ATOMIC_SEQ_CST);

  return (unsigned char)(((unsigned int)old >> (Offset & 31)) & 1);
}

FORCEINLINE unsigned char InterlockedBitTestAndComplement(int volatile *Base, int Offset) {
  int old = (int)__atomic_fetch_xor(&Base[Offset >> 5], (int)((unsigned int)1 << (Offset & 31)), __ATOMIC_SEQ_CST);

  return (unsigned char)(((unsigned int)old >> (Offset & 31)) & 1);
}

FORCEINLINE unsigned char irqlab_bittestandset(int *Base, int Offset) {
  unsigned char old = irqlab_bittest(Base, Offset);

  Base[Offset >> 5] |= (int)((unsigned int)1 << (Offset & 31));
  return old;
}

FORCEINLINE unsigned char irqlab_bittestandreset(int *Base, int Offset) {
  unsigned char old = irqlab_bittest(Base, Offset);

  Base[Offset >> 5] &= (int)~((unsigned int)1 << (Offset & 31));
  return old;
}

FORCEINLINE unsigned char irqlab_bittestandcomplement(int *Base, int Offset) {
  unsigned char old = irqlab_bittest(Base, Offset);

  Base[Offset >> 5] ^= (int)((unsigned int)1 << (Offset & 31));
  return old;
}

FORCEINLINE unsigned char irqlab_bittest64(__int64 const *Base, __int64 Offset) {
  return (unsigned char)(((unsigned __int64)Base[Offset >> 6] >> (Offset & 63)) & 1);
}

FORCEINLINE unsigned char InterlockedBitTestAndSet64(__int64 volatile *Base, __int64 Offset) {
  __int64 old = (__int64)__atomic_fetch_or(&Base[Offset >> 6], (__int64)((unsigned __int64)1 << (Offset & 63)), __ATOMIC_SEQ_CST);

  return (unsigned char)(((unsigned __int64)old >> (Offset & 63)) & 1);
}

FORCEINLINE unsigned char InterlockedBitTestAndReset64(__int64 volatile *Base, __int64 Offset) {
  __int64 old = (__int64)__atomic_fetch_and(&Base[Offset >> 6], (__int64)~((unsigned __int64)1 << (Offset & 63)), __ATOMIC_SEQ_CST);

  return (unsigned char)(((unsigned __int64)old >> (Offset & 63)) & 1);
}

FORCEINLINE unsigned char InterlockedBitTestAndComplement64(__int64 volatile *Base, __int64 Offset) {
  __int64 old = (__int64)__atomic_fetch_xor(&Base[Offset >> 6], (__int64)((unsigned __int64)1 << (Offset & 63)), __ATOMIC_SEQ_CST);

  return (unsigned char)(((unsigned __int64)old >> (Offset & 63)) & 1);
}

FORCEINLINE unsigned char irqlab_bittestandset64(__int64 *Base, __int64 Offset) {
  unsigned char old = irqlab_bittest64(Base, Offset);

  Base[Offset >> 6] |= (__int64)((unsigned __int64)1 << (Offset & 63));
  return old;
}

FORCEINLINE unsigned char irqlab_bittestandreset64(__int64 *Base, __int64 Offset) {
  unsigned char old = irqlab_bittest64(Base, Offset);

  Base[Offset >> 6] &= (__int64)~((unsigned __int64)1 << (Offset & 63));
  return old;
}

FORCEINLINE unsigned char irqlab_bittestandcomplement64(__int64 *Base, __int64 Offset) {
  unsigned char old = irqlab_bittest64(Base, Offset);

  Base[Offset >> 6] ^= (__int64)((unsigned __int64)1 << (Offset & 63));
  return old;
}

FORCEINLINE unsigned char irqlab_bitscanforward(unsigned int *Index, unsigned int Mask) {
  if (Mask == 0)
    return 0;
  *Index = (unsigned int)__builtin_ctz(Mask);
  return 1;
}

FORCEINLINE unsigned char irqlab_bitscanreverse(unsigned int *Index, unsigned int Mask) {
  if (Mask == 0)
    return 0;
  *Index = 31U - (unsigned int)__builtin_clz(Mask);
  return 1;
}

FORCEINLINE unsigned char irqlab_bitscanforward64(unsigned int *Index, unsigned __int64 Mask) {
  if (Mask == 0)
    return 0;
  *Index = (unsigned int)__builtin_ctzl(Mask);
  return 1;
}

FORCEINLINE unsigned char irqlab_bitscanreverse64(unsigned int *Index, unsigned __int64 Mask) {
  if (Mask == 0)
    return 0;
  *Index = 63U - (unsigned int)__builtin_clzl(Mask);
  return 1;
}

FORCEINLINE unsigned short irqlab_byteswap_ushort(unsigned short Value) { return __builtin_bswap16(Value); }

FORCEINLINE unsigned int irqlab_byteswap_ulong(unsigned int Value) { return __builtin_bswap32(Value); }

FORCEINLINE unsigned __int64 irqlab_byteswap_uint64(unsigned __int64 Value) { return __builtin_bswap64(Value); }

FORCEINLINE unsigned int irqlab_rotl(unsigned int Value, int Shift) { return (Value << (Shift & 31)) | (Value >> (-Shift & 31)); }

FORCEINLINE unsigned int irqlab_rotr(unsigned int Value, int Shift) { return (Value >> (Shift & 31)) | (Value << (-Shift & 31)); }

FORCEINLINE unsigned __int64 irqlab_rotl64(unsigned __int64 Value, int Shift) { return (Value << (Shift & 63)) | (Value >> (-Shift & 63)); }

FORCEINLINE unsigned __int64 irqlab_rotr64(unsigned __int64 Value, int Shift) { return (Value >> (Shift & 63)) | (Value << (-Shift & 63)); }

FORCEINLINE __int64 irqlab_mulh(__int64 Left, __int64 Right) { return (__int64)(((__int128)Left * Right) >> 64); }

FORCEINLINE unsigned __int64 irqlab_umulh(unsigned __int64 Left, unsigned __int64 Right) {
  return (unsigned __int64)(((unsigned __int128)Left * Right) >> 64);
}

FORCEINLINE __int64 irqlab_emul(int Left, int Right) { return (__int64)Left * Right; }

FORCEINLINE unsigned __int64 irqlab_emulu(unsigned int Left, unsigned int Right) { return (unsigned __int64)Left * Right; }

FORCEINLINE void irqlab_stosb(unsigned char *Destination, unsigned char Value, size_t Count) {
  for (size_t i = 0; i < Count; i++)
    ((volatile unsigned char *)Destination)[i] = Value;
}

#define _InterlockedIncrement16 InterlockedIncrement16
#define _InterlockedDecrement16 InterlockedDecrement16
#define _InterlockedExchange16 InterlockedExchange16
#define _InterlockedExchangeAdd16 InterlockedExchangeAdd16
#define _InterlockedCompareExchange16 InterlockedCompareExchange16
#define _InterlockedAnd16 InterlockedAnd16
#define _InterlockedOr16 InterlockedOr16
#define _InterlockedXor16 InterlockedXor16
#define _InterlockedIncrement InterlockedIncrement
#define _InterlockedDecrement InterlockedDecrement
#define _InterlockedAdd InterlockedAdd
#define _InterlockedExchange InterlockedExchange
#define _InterlockedExchangeAdd InterlockedExchangeAdd
#define _InterlockedCompareExchange InterlockedCompareExchange
#define _InterlockedAnd InterlockedAnd
#define _InterlockedOr InterlockedOr
#define _InterlockedXor InterlockedXor
#define _InterlockedIncrement64 InterlockedIncrement64
#define _InterlockedDecrement64 InterlockedDecrement64
#define _InterlockedAdd64 InterlockedAdd64
#define _InterlockedExchange64 InterlockedExchange64
#define _InterlockedExchangeAdd64 InterlockedExchangeAdd64
#define _InterlockedCompareExchange64 InterlockedCompareExchange64
#define _InterlockedAnd64 InterlockedAnd64
#define _InterlockedOr64 InterlockedOr64
#define _InterlockedXor64 InterlockedXor64
#define _InterlockedExchange8 InterlockedExchange8
#define _InterlockedExchangeAdd8 InterlockedExchangeAdd8
#define _InterlockedCompareExchange8 InterlockedCompareExchange8
#define _InterlockedAnd8 InterlockedAnd8
#define _InterlockedOr8 InterlockedOr8
#define _InterlockedXor8 InterlockedXor8
#define _InterlockedExchangePointer InterlockedExchangePointer
#define _InterlockedCompareExchangePointer InterlockedCompareExchangePointer
#define _bittest irqlab_bittest
#define _interlockedbittestandset InterlockedBitTestAndSet
#define _interlockedbittestandreset InterlockedBitTestAndReset
#define _interlockedbittestandcomplement InterlockedBitTestAndComplement
#define _bittestandset irqlab_bittestandset
#define _bittestandreset irqlab_bittestandreset
#define _bittestandcomplement irqlab_bittestandcomplement
#define _bittest64 irqlab_bittest64
#define _interlockedbittestandset64 InterlockedBitTestAndSet64
#define _interlockedbittestandreset64 InterlockedBitTestAndReset64
#define _interlockedbittestandcomplement64 InterlockedBitTestAndComplement64
#define _bittestandset64 irqlab_bittestandset64
#define _bittestandreset64 irqlab_bittestandreset64
#define _bittestandcomplement64 irqlab_bittestandcomplement64
#define _BitScanForward irqlab_bitscanforward
#define _BitScanReverse irqlab_bitscanreverse
#define _BitScanForward64 irqlab_bitscanforward64
#define _BitScanReverse64 irqlab_bitscanreverse64
#define _byteswap_ushort irqlab_byteswap_ushort
#define _byteswap_ulong irqlab_byteswap_ulong
#define _byteswap_uint64 irqlab_byteswap_uint64
#define _rotl irqlab_rotl
#define _rotr irqlab_rotr
#define _rotl64 irqlab_rotl64
#define _rotr64 irqlab_rotr64
#define __mulh irqlab_mulh
#define __umulh irqlab_umulh
#define __emul irqlab_emul
#define __emulu irqlab_emulu
#define __stosb irqlab_stosb

#define _ReadWriteBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define _ReadBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define _WriteBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define _mm_mfence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define _mm_lfence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define _mm_sfence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define _ReturnAddress() __builtin_return_address(0)
#define _AddressOfReturnAddress() __builtin_frame_address(0)

/* The ordered variants are as strong as the plain ones; both places for the width occur. */
#define InterlockedIncrement16Acquire InterlockedIncrement16
#define InterlockedIncrement16Release InterlockedIncrement16
#define InterlockedIncrement16NoFence InterlockedIncrement16
#define InterlockedDecrement16Acquire InterlockedDecrement16
#define InterlockedDecrement16Release InterlockedDecrement16
#define InterlockedDecrement16NoFence InterlockedDecrement16
#define InterlockedExchange16Acquire InterlockedExchange16
#define InterlockedExchange16Release InterlockedExchange16
#define InterlockedExchange16NoFence InterlockedExchange16
#define InterlockedExchangeAdd16Acquire InterlockedExchangeAdd16
#define InterlockedExchangeAdd16Release InterlockedExchangeAdd16
#define InterlockedExchangeAdd16NoFence InterlockedExchangeAdd16
#define InterlockedCompareExchange16Acquire InterlockedCompareExchange16
#define InterlockedCompareExchange16Release InterlockedCompareExchange16
#define InterlockedCompareExchange16NoFence InterlockedCompareExchange16
#define InterlockedAnd16Acquire InterlockedAnd16
#define InterlockedAnd16Release InterlockedAnd16
#define InterlockedAnd16NoFence InterlockedAnd16
#define InterlockedOr16Acquire InterlockedOr16
#define InterlockedOr16Release InterlockedOr16
#define InterlockedOr16NoFence InterlockedOr16
#define InterlockedXor16Acquire InterlockedXor16
#define InterlockedXor16Release InterlockedXor16
#define InterlockedXor16NoFence InterlockedXor16
#define InterlockedIncrementAcquire InterlockedIncrement
#define InterlockedIncrementRelease InterlockedIncrement
#define InterlockedIncrementNoFence InterlockedIncrement
#define InterlockedDecrementAcquire InterlockedDecrement
#define InterlockedDecrementRelease InterlockedDecrement
#define InterlockedDecrementNoFence InterlockedDecrement
#define InterlockedAddAcquire InterlockedAdd
#define InterlockedAddRelease InterlockedAdd
#define InterlockedAddNoFence InterlockedAdd
#define InterlockedExchangeAcquire InterlockedExchange
#define InterlockedExchangeRelease InterlockedExchange
#define InterlockedExchangeNoFence InterlockedExchange
#define InterlockedExchangeAddAcquire InterlockedExchangeAdd
#define InterlockedExchangeAddRelease InterlockedExchangeAdd
#define InterlockedExchangeAddNoFence InterlockedExchangeAdd
#define InterlockedCompareExchangeAcquire InterlockedCompareExchange
#define InterlockedCompareExchangeRelease InterlockedCompareExchange
#define InterlockedCompareExchangeNoFence InterlockedCompareExchange
#define InterlockedAndAcquire InterlockedAnd
#define InterlockedAndRelease InterlockedAnd
#define InterlockedAndNoFence InterlockedAnd
#define InterlockedOrAcquire InterlockedOr
#define InterlockedOrRelease InterlockedOr
#define InterlockedOrNoFence InterlockedOr
#define InterlockedXorAcquire InterlockedXor
#define InterlockedXorRelease InterlockedXor
#define InterlockedXorNoFence InterlockedXor
#define InterlockedIncrement64Acquire InterlockedIncrement64
#define InterlockedIncrementAcquire64 InterlockedIncrement64
#define InterlockedIncrement64Release InterlockedIncrement64
#define InterlockedIncrementRelease64 InterlockedIncrement64
#define InterlockedIncrement64NoFence InterlockedIncrement64
#define InterlockedIncrementNoFence64 InterlockedIncrement64
#define InterlockedDecrement64Acquire InterlockedDecrement64
#define InterlockedDecrementAcquire64 InterlockedDecrement64
#define InterlockedDecrement64Release InterlockedDecrement64
#define InterlockedDecrementRelease64 InterlockedDecrement64
#define InterlockedDecrement64NoFence InterlockedDecrement64
#define InterlockedDecrementNoFence64 InterlockedDecrement64
#define InterlockedAdd64Acquire InterlockedAdd64
#define InterlockedAddAcquire64 InterlockedAdd64
#define InterlockedAdd64Release InterlockedAdd64
#define InterlockedAddRelease64 InterlockedAdd64
#define InterlockedAdd64NoFence InterlockedAdd64
#define InterlockedAddNoFence64 InterlockedAdd64
#define InterlockedExchange64Acquire InterlockedExchange64
#define InterlockedExchangeAcquire64 InterlockedExchange64
#define InterlockedExchange64Release InterlockedExchange64
#define InterlockedExchangeRelease64 InterlockedExchange64
#define InterlockedExchange64NoFence InterlockedExchange64
#define InterlockedExchangeNoFence64 InterlockedExchange64
#define InterlockedExchangeAdd64Acquire InterlockedExchangeAdd64
#define InterlockedExchangeAddAcquire64 InterlockedExchangeAdd64
#define InterlockedExchangeAdd64Release InterlockedExchangeAdd64
#define InterlockedExchangeAddRelease64 InterlockedExchangeAdd64
#define InterlockedExchangeAdd64NoFence InterlockedExchangeAdd64
#define InterlockedExchangeAddNoFence64 InterlockedExchangeAdd64
#define InterlockedCompareExchange64Acquire InterlockedCompareExchange64
#define InterlockedCompareExchangeAcquire64 InterlockedCompareExchange64
#define InterlockedCompareExchange64Release InterlockedCompareExchange64
#define InterlockedCompareExchangeRelease64 InterlockedCompareExchange64
#define InterlockedCompareExchange64NoFence InterlockedCompareExchange64
#define InterlockedCompareExchangeNoFence64 InterlockedCompareExchange64
#define InterlockedAnd64Acquire InterlockedAnd64
#define InterlockedAndAcquire64 InterlockedAnd64
#define InterlockedAnd64Release InterlockedAnd64
#define InterlockedAndRelease64 InterlockedAnd64
#define InterlockedAnd64NoFence InterlockedAnd64
#define InterlockedAndNoFence64 InterlockedAnd64
#define InterlockedOr64Acquire InterlockedOr64
#define InterlockedOrAcquire64 InterlockedOr64
#define InterlockedOr64Release InterlockedOr64
#define InterlockedOrRelease64 InterlockedOr64
#define InterlockedOr64NoFence InterlockedOr64
#define InterlockedOrNoFence64 InterlockedOr64
#define InterlockedXor64Acquire InterlockedXor64
#define InterlockedXorAcquire64 InterlockedXor64
#define InterlockedXor64Release InterlockedXor64
#define InterlockedXorRelease64 InterlockedXor64
#define InterlockedXor64NoFence InterlockedXor64
#define InterlockedXorNoFence64 InterlockedXor64
#define InterlockedExchange8Acquire InterlockedExchange8
#define InterlockedExchange8Release InterlockedExchange8
#define InterlockedExchange8NoFence InterlockedExchange8
#define InterlockedExchangeAdd8Acquire InterlockedExchangeAdd8
#define InterlockedExchangeAdd8Release InterlockedExchangeAdd8
#define InterlockedExchangeAdd8NoFence InterlockedExchangeAdd8
#define InterlockedCompareExchange8Acquire InterlockedCompareExchange8
#define InterlockedCompareExchange8Release InterlockedCompareExchange8
#define InterlockedCompareExchange8NoFence InterlockedCompareExchange8
#define InterlockedAnd8Acquire InterlockedAnd8
#define InterlockedAnd8Release InterlockedAnd8
#define InterlockedAnd8NoFence InterlockedAnd8
#define InterlockedOr8Acquire InterlockedOr8
#define InterlockedOr8Release InterlockedOr8
#define InterlockedOr8NoFence InterlockedOr8
#define InterlockedXor8Acquire InterlockedXor8
#define InterlockedXor8Release InterlockedXor8
#define InterlockedXor8NoFence InterlockedXor8
#define InterlockedExchangePointerAcquire InterlockedExchangePointer
#define InterlockedExchangePointerRelease InterlockedExchangePointer
#define InterlockedExchangePointerNoFence InterlockedExchangePointer
#define InterlockedCompareExchangePointerAcquire InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerRelease InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerNoFence InterlockedCompareExchangePointer
#define InterlockedExchangeAddSizeT(a, b) InterlockedExchangeAdd64((__int64 volatile *)(a), (__int64)(b))
#define InterlockedIncrementSizeT(a) InterlockedIncrement64((__int64 volatile *)(a))
#define InterlockedDecrementSizeT(a) InterlockedDecrement64((__int64 volatile *)(a))
