/* <ntstrsafe.h>: the safe string functions, documented under ntstrsafe/. mingw-w64's defines them once in every file that includes it, which
 * does not link. Left out: the Ex variants of the text functions and the Gets functions. */
#pragma once

#include <stdarg.h>
#include <stdio.h>

#include <wdm.h>

#define NTSTRSAFE_MAX_CCH 2147483647
#define NTSTRSAFE_MAX_LENGTH (NTSTRSAFE_MAX_CCH - 1)
#define NTSTRSAFE_UNICODE_STRING_MAX_CCH (0xffff / sizeof(wchar_t))

#define STRSAFE_CHAR char
#define STRSAFE_NAME(stem) stem##A
#define STRSAFE_FORMAT _vsnprintf
#include <irqlab/strsafe.inc.h>
#undef STRSAFE_CHAR
#undef STRSAFE_NAME
#undef STRSAFE_FORMAT

#undef STRSAFE_FUNCTION
#define STRSAFE_CHAR wchar_t
#define STRSAFE_NAME(stem) stem##W
#define STRSAFE_FORMAT _vsnwprintf
#include <irqlab/strsafe.inc.h>
#undef STRSAFE_CHAR
#undef STRSAFE_NAME
#undef STRSAFE_FORMAT

#ifdef UNICODE
#define STRSAFE_PICK(stem) stem##W
#else
#define STRSAFE_PICK(stem) stem##A
#endif
#define RtlStringCbCat STRSAFE_PICK(RtlStringCbCat)
#define RtlStringCbCatN STRSAFE_PICK(RtlStringCbCatN)
#define RtlStringCbCopy STRSAFE_PICK(RtlStringCbCopy)
#define RtlStringCbCopyN STRSAFE_PICK(RtlStringCbCopyN)
#define RtlStringCbLength STRSAFE_PICK(RtlStringCbLength)
#define RtlStringCbPrintf STRSAFE_PICK(RtlStringCbPrintf)
#define RtlStringCbVPrintf STRSAFE_PICK(RtlStringCbVPrintf)
#define RtlStringCchCat STRSAFE_PICK(RtlStringCchCat)
#define RtlStringCchCatN STRSAFE_PICK(RtlStringCchCatN)
#define RtlStringCchCopy STRSAFE_PICK(RtlStringCchCopy)
#define RtlStringCchCopyN STRSAFE_PICK(RtlStringCchCopyN)
#define RtlStringCchLength STRSAFE_PICK(RtlStringCchLength)
#define RtlStringCchPrintf STRSAFE_PICK(RtlStringCchPrintf)
#define RtlStringCchVPrintf STRSAFE_PICK(RtlStringCchVPrintf)

/* Counted strings: the result need not end with a NUL. */

STRSAFE_FUNCTION NTSTATUS RtlUnicodeStringValidate(PCUNICODE_STRING String) {
  if (String == NULL)
    return STATUS_SUCCESS;
  if (String->Length % sizeof(WCHAR) != 0 || String->MaximumLength % sizeof(WCHAR) != 0 || String->Length > String->MaximumLength ||
      (String->Buffer == NULL && String->MaximumLength != 0))
    return STATUS_INVALID_PARAMETER;
  return STATUS_SUCCESS;
}

/* Appends cchSource characters to Destination, as many as fit. */
STRSAFE_FUNCTION NTSTATUS irqlab_unicode_string_append(PUNICODE_STRING Destination, const WCHAR *Source, size_t cchSource) {
  size_t at = Destination->Length / sizeof(WCHAR);
  size_t room = Destination->MaximumLength / sizeof(WCHAR) - at;
  size_t count = cchSource < room ? cchSource : room;

  RtlMoveMemory(Destination->Buffer + at, Source, count * sizeof(WCHAR));
  Destination->Length = (USHORT)((at + count) * sizeof(WCHAR));
  return count == cchSource ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

STRSAFE_FUNCTION size_t irqlab_wide_length(const WCHAR *Source, size_t cchMax) {
  size_t length = 0;

  while (Source != NULL && length < cchMax && Source[length] != 0)
    length++;
  return length;
}

STRSAFE_FUNCTION NTSTATUS RtlUnicodeStringInit(PUNICODE_STRING Destination, const WCHAR *Source) {
  size_t length = irqlab_wide_length(Source, NTSTRSAFE_UNICODE_STRING_MAX_CCH);

  if (length >= NTSTRSAFE_UNICODE_STRING_MAX_CCH)
    return STATUS_INVALID_PARAMETER;
  Destination->Length = (USHORT)(length * sizeof(WCHAR));
  Destination->MaximumLength = (USHORT)(Source == NULL ? 0 : (length + 1) * sizeof(WCHAR));
  Destination->Buffer = (PWCH)Source;
  return STATUS_SUCCESS;
}

STRSAFE_FUNCTION NTSTATUS RtlUnicodeStringCatString(PUNICODE_STRING Destination, const WCHAR *Source) {
  NTSTATUS status = RtlUnicodeStringValidate(Destination);

  return NT_SUCCESS(status) ? irqlab_unicode_string_append(Destination, Source, irqlab_wide_length(Source, NTSTRSAFE_MAX_CCH)) : status;
}

STRSAFE_FUNCTION NTSTATUS RtlUnicodeStringCat(PUNICODE_STRING Destination, PCUNICODE_STRING Source) {
  NTSTATUS status = RtlUnicodeStringValidate(Destination);

  return NT_SUCCESS(status) ? irqlab_unicode_string_append(Destination, Source->Buffer, Source->Length / sizeof(WCHAR)) : status;
}

STRSAFE_FUNCTION NTSTATUS RtlUnicodeStringCchCopyStringN(PUNICODE_STRING Destination, const WCHAR *Source, size_t cchToCopy) {
  NTSTATUS status = RtlUnicodeStringValidate(Destination);

  if (!NT_SUCCESS(status))
    return status;
  Destination->Length = 0;
  return irqlab_unicode_string_append(Destination, Source, irqlab_wide_length(Source, cchToCopy));
}

STRSAFE_FUNCTION NTSTATUS RtlUnicodeStringCbCopyStringN(PUNICODE_STRING Destination, const WCHAR *Source, size_t cbToCopy) {
  return RtlUnicodeStringCchCopyStringN(Destination, Source, cbToCopy / sizeof(WCHAR));
}

STRSAFE_FUNCTION NTSTATUS RtlUnicodeStringCopyString(PUNICODE_STRING Destination, const WCHAR *Source) {
  return RtlUnicodeStringCchCopyStringN(Destination, Source, NTSTRSAFE_MAX_CCH);
}

STRSAFE_FUNCTION NTSTATUS RtlUnicodeStringCopy(PUNICODE_STRING Destination, PCUNICODE_STRING Source) {
  NTSTATUS status = RtlUnicodeStringValidate(Destination);

  if (!NT_SUCCESS(status))
    return status;
  Destination->Length = 0;
  return irqlab_unicode_string_append(Destination, Source->Buffer, Source->Length / sizeof(WCHAR));
}

STRSAFE_FUNCTION NTSTATUS RtlUnicodeStringVPrintf(PUNICODE_STRING Destination, const WCHAR *Format, va_list Arguments) {
  NTSTATUS status = RtlUnicodeStringValidate(Destination);
  size_t room;
  int length;

  if (!NT_SUCCESS(status))
    return status;
  room = Destination->MaximumLength / sizeof(WCHAR);
  length = _vsnwprintf(Destination->Buffer, room, Format, Arguments);
  if (length < 0 || (size_t)length > room) {
    Destination->Length = (USHORT)(room * sizeof(WCHAR));
    return STATUS_BUFFER_OVERFLOW;
  }
  Destination->Length = (USHORT)((size_t)length * sizeof(WCHAR));
  return STATUS_SUCCESS;
}

STRSAFE_FUNCTION NTSTATUS RtlUnicodeStringPrintf(PUNICODE_STRING Destination, const WCHAR *Format, ...) {
  va_list arguments;
  NTSTATUS status;

  va_start(arguments, Format);
  status = RtlUnicodeStringVPrintf(Destination, Format, arguments);
  va_end(arguments);
  return status;
}
