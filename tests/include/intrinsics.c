/* What the intrinsics return: a row is an expression and its value. Exit code: the number of wrong rows. */
#include <ntddk.h>

int main(void);

#define CHECK(expression) (wrong += !(expression))

static int interlocked(void) {
  int wrong = 0;
  LONG value = 5;
  LONG64 wide = 0x7fffffffffffffff;
  SHORT narrow = -1;
  PVOID pointer = &value;

  CHECK(InterlockedIncrement(&value) == 6);
  CHECK(InterlockedDecrement(&value) == 5);
  CHECK(InterlockedAdd(&value, 3) == 8);
  CHECK(InterlockedExchangeAdd(&value, -8) == 8 && value == 0);
  CHECK(InterlockedExchange(&value, 7) == 0);
  CHECK(InterlockedCompareExchange(&value, 1, 6) == 7 && value == 7);
  CHECK(InterlockedCompareExchangeAcquire(&value, 1, 7) == 7 && value == 1);
  CHECK(InterlockedOr(&value, 6) == 1 && InterlockedAnd(&value, 3) == 7 && InterlockedXor(&value, 1) == 3 && value == 2);
  CHECK(_InterlockedIncrement(&value) == 3);
  CHECK(InterlockedIncrement64(&wide) == (LONG64)0x8000000000000000);
  CHECK(InterlockedCompareExchange64(&wide, 0, (LONG64)0x8000000000000000) < 0 && wide == 0);
  CHECK(InterlockedIncrement16(&narrow) == 0 && InterlockedDecrement16(&narrow) == -1);
  CHECK(InterlockedExchangePointer(&pointer, NULL) == &value && pointer == NULL);
  CHECK(InterlockedCompareExchangePointer(&pointer, &wide, NULL) == NULL && pointer == &wide);
  CHECK(InterlockedIncrementSizeT((SIZE_T *)&wide) == 1);
  return wrong;
}

static int bits(void) {
  int wrong = 0;
  LONG array[2] = { 0, 0 };
  LONG64 wide = 0;
  ULONG index = 99;

  CHECK(InterlockedBitTestAndSet(array, 31) == 0 && array[0] == (LONG)0x80000000);
  CHECK(InterlockedBitTestAndSet(array, 31) == 1);
  CHECK(InterlockedBitTestAndSet(array, 33) == 0 && array[1] == 2);
  CHECK(InterlockedBitTestAndSet(&array[1], -32) == 0 && array[0] == (LONG)0x80000001);
  CHECK(InterlockedBitTestAndReset(array, 31) == 1 && array[0] == 1);
  CHECK(BitTest(array, 0) == 1 && BitTestAndSet(array, 1) == 0 && BitTestAndReset(array, 0) == 1 && array[0] == 2);
  CHECK(InterlockedBitTestAndSet64(&wide, 63) == 0 && wide < 0);
  CHECK(BitScanForward(&index, 0x50) && index == 4);
  CHECK(BitScanReverse(&index, 0x50) && index == 6);
  CHECK(!BitScanForward(&index, 0));
  CHECK(_BitScanReverse64(&index, 1ULL << 63) && index == 63);
  CHECK(RtlUshortByteSwap(0x1234) == 0x3412 && RtlUlongByteSwap(0x12345678) == 0x78563412);
  CHECK(RtlUlonglongByteSwap(0x0102030405060708) == 0x0807060504030201);
  CHECK(_rotl(0x80000001, 1) == 3 && _rotr(3, 1) == 0x80000001 && _rotl64(1, 64) == 1);
  CHECK(__emulu(0xffffffff, 2) == 0x1fffffffe && UnsignedMultiplyHigh(1ULL << 63, 4) == 2);
  return wrong;
}

static int macros(void) {
  int wrong = 0;
  LIST_ENTRY head;
  struct {
    ULONG before;
    LIST_ENTRY link;
  } item = { 0 };
  int evaluated = 0;

  InitializeListHead(&head);
  InsertTailList(&head, &item.link);
  CHECK(CONTAINING_RECORD(head.Flink, __typeof__(item), link) == (PVOID)&item);
  CHECK(RemoveHeadList(&head) == &item.link && IsListEmpty(&head));
  UNREFERENCED_PARAMETER(evaluated++);
  CHECK(evaluated == 1);
  CHECK(FIELD_OFFSET(IO_STACK_LOCATION, FileObject) == 0x30 && RTL_FIELD_SIZE(IRP, Cancel) == 1);
  CHECK(RTL_SIZEOF_THROUGH_FIELD(UNICODE_STRING, MaximumLength) == 4 && TYPE_ALIGNMENT(SLIST_HEADER) == 16);
  CHECK(max(3, 4) == 4 && min(3, 4) == 3 && ROUND_TO_PAGES(4097) == 8192 && BYTES_TO_PAGES(4097) == 2);
  CHECK(CTL_CODE(FILE_DEVICE_NETWORK, 1, METHOD_BUFFERED, FILE_ANY_ACCESS) == 0x120004);
  CHECK(NT_SUCCESS(STATUS_PENDING) && !NT_SUCCESS(STATUS_BUFFER_OVERFLOW) && NT_ERROR(STATUS_UNSUCCESSFUL));
  return wrong;
}

int main(void) { return interlocked() + bits() + macros(); }
