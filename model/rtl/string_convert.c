/*
 * Strings from and to other things: ANSI text, numbers, GUIDs. Simplified: the ANSI code page is taken for Latin-1 in both directions, so a
 * character is a byte.
 */
#include <ntifs.h>

#include "../mm/mm.h"

#define TAG_STRING 0x69727453u /* 'Stri' */

/* ---- allocated buffers ---- */

static NTSTATUS prepare(PVOID *buffer, USHORT *maximum_length, SIZE_T needed, BOOLEAN allocates) {
  if (needed > 0xffff)
    return STATUS_INVALID_PARAMETER_2;
  if (allocates) {
    *buffer = ExAllocatePoolWithTag(PagedPool, needed, TAG_STRING);
    *maximum_length = (USHORT)needed;
    return *buffer != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
  }
  return needed <= *maximum_length ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
}

/* Frees what a conversion allocated and clears the string. wdm/nf-wdm-rtlfreeunicodestring */
VOID RtlFreeUnicodeString(PUNICODE_STRING UnicodeString) {
  if (UnicodeString->Buffer == NULL)
    return;
  ExFreePool(UnicodeString->Buffer);
  *UnicodeString = (UNICODE_STRING){ 0 };
}

/* wdm/nf-wdm-rtlfreeansistring */
VOID RtlFreeAnsiString(PANSI_STRING AnsiString) {
  if (AnsiString->Buffer == NULL)
    return;
  ExFreePool(AnsiString->Buffer);
  *AnsiString = (ANSI_STRING){ 0 };
}

/* ---- ANSI ---- */

/* PASSIVE_LEVEL. The result is terminated. wdm/nf-wdm-rtlansistringtounicodestring */
NTSTATUS RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString, PANSI_STRING SourceString, BOOLEAN AllocateDestinationString) {
  mm_probe_read(SourceString->Buffer, SourceString->Length);
  SIZE_T needed = ((SIZE_T)SourceString->Length + 1) * sizeof(WCHAR);
  NTSTATUS status = prepare((PVOID *)&DestinationString->Buffer, &DestinationString->MaximumLength, needed, AllocateDestinationString);
  if (!NT_SUCCESS(status))
    return status;
  mm_probe_write(DestinationString->Buffer, needed);
  for (USHORT at = 0; at < SourceString->Length; at++)
    DestinationString->Buffer[at] = (UCHAR)SourceString->Buffer[at];
  DestinationString->Length = (USHORT)(needed - sizeof(WCHAR));
  DestinationString->Buffer[SourceString->Length] = 0;
  return STATUS_SUCCESS;
}

/* PASSIVE_LEVEL. Characters outside of the code page become question marks. wdm/nf-wdm-rtlunicodestringtoansistring */
NTSTATUS RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString, PCUNICODE_STRING SourceString, BOOLEAN AllocateDestinationString) {
  mm_probe_read(SourceString->Buffer, SourceString->Length);
  SIZE_T count = SourceString->Length / sizeof(WCHAR);
  NTSTATUS status = prepare((PVOID *)&DestinationString->Buffer, &DestinationString->MaximumLength, count + 1, AllocateDestinationString);
  if (!NT_SUCCESS(status))
    return status;
  mm_probe_write(DestinationString->Buffer, count + 1);
  for (SIZE_T at = 0; at < count; at++)
    DestinationString->Buffer[at] = SourceString->Buffer[at] < 0x100 ? (CHAR)SourceString->Buffer[at] : '?';
  DestinationString->Buffer[count] = 0;
  DestinationString->Length = (USHORT)count;
  return STATUS_SUCCESS;
}

/* ---- numbers ---- */

/* Base 0 is 10; the result is terminated where there is room for it. PASSIVE_LEVEL. wdm/nf-wdm-rtlintegertounicodestring */
NTSTATUS RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String) {
  WCHAR digits[33];
  USHORT count = 0;
  if (Base == 0)
    Base = 10;
  if (Base != 2 && Base != 8 && Base != 10 && Base != 16)
    return STATUS_INVALID_PARAMETER;
  do {
    digits[count++] = (WCHAR)(Value % Base < 10 ? '0' + Value % Base : 'A' + Value % Base - 10);
    Value /= Base;
  } while (Value != 0);
  if (count * sizeof(WCHAR) > String->MaximumLength)
    return STATUS_BUFFER_OVERFLOW;

  BOOLEAN terminates = (count + 1) * sizeof(WCHAR) <= String->MaximumLength;
  mm_probe_write(String->Buffer, (SIZE_T)(count + (terminates ? 1 : 0)) * sizeof(WCHAR));
  for (USHORT at = 0; at < count; at++)
    String->Buffer[at] = digits[count - 1 - at];
  if (terminates)
    String->Buffer[count] = 0;
  String->Length = (USHORT)(count * sizeof(WCHAR));
  return STATUS_SUCCESS;
}

static ULONG digit_of(WCHAR character) {
  if (character >= '0' && character <= '9')
    return character - '0';
  if (character >= 'a' && character <= 'f')
    return character - 'a' + 10;
  if (character >= 'A' && character <= 'F')
    return character - 'A' + 10;
  return 16;
}

/* Skips blanks, takes a sign, and with base 0 a prefix 0x, 0o or 0b; stops at the first character that is no digit. PASSIVE_LEVEL.
 * wdm/nf-wdm-rtlunicodestringtointeger */
NTSTATUS RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value) {
  mm_probe_read(String->Buffer, String->Length);
  SIZE_T at = 0, count = String->Length / sizeof(WCHAR);
  BOOLEAN negative = FALSE;
  while (at < count && String->Buffer[at] <= ' ')
    at++;
  if (at < count && (String->Buffer[at] == '-' || String->Buffer[at] == '+'))
    negative = String->Buffer[at++] == '-';
  if (Base == 0) {
    Base = 10;
    if (at + 1 < count && String->Buffer[at] == '0') {
      WCHAR kind = String->Buffer[at + 1];
      Base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
      at += Base != 10 ? 2 : 0;
    }
  }
  if (Base != 2 && Base != 8 && Base != 10 && Base != 16)
    return STATUS_INVALID_PARAMETER;
  ULONG value = 0;
  for (; at < count && digit_of(String->Buffer[at]) < Base; at++)
    value = value * Base + digit_of(String->Buffer[at]);
  *Value = negative ? 0 - value : value;
  return STATUS_SUCCESS;
}

/* ---- GUIDs ---- */

#define GUID_LENGTH 38 /* {xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx} */

/* The nibbles of a GUID in the order they are written: index of the byte in memory. */
static const UCHAR guid_bytes[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

static BOOLEAN has_dash_before(unsigned byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

/* Allocates the string: free it with RtlFreeUnicodeString. PASSIVE_LEVEL. wdm/nf-wdm-rtlstringfromguid */
NTSTATUS RtlStringFromGUID(REFGUID Guid, PUNICODE_STRING GuidString) {
  static const CHAR hexadecimal[] = "0123456789abcdef";
  const UCHAR *bytes = (const UCHAR *)Guid;
  NTSTATUS status = prepare((PVOID *)&GuidString->Buffer, &GuidString->MaximumLength, (GUID_LENGTH + 1) * sizeof(WCHAR), TRUE);
  if (!NT_SUCCESS(status))
    return status;
  PWCH to = GuidString->Buffer;
  *to++ = '{';
  for (unsigned byte = 0; byte < 16; byte++) {
    if (has_dash_before(byte))
      *to++ = '-';
    *to++ = hexadecimal[bytes[guid_bytes[byte]] >> 4];
    *to++ = hexadecimal[bytes[guid_bytes[byte]] & 15];
  }
  *to++ = '}';
  *to = 0;
  GuidString->Length = GUID_LENGTH * sizeof(WCHAR);
  return STATUS_SUCCESS;
}

/* PASSIVE_LEVEL. wdm/nf-wdm-rtlguidfromstring */
NTSTATUS RtlGUIDFromString(PUNICODE_STRING GuidString, GUID *Guid) {
  mm_probe_read(GuidString->Buffer, GuidString->Length);
  if (GuidString->Length < GUID_LENGTH * sizeof(WCHAR))
    return STATUS_INVALID_PARAMETER;
  const WCHAR *from = GuidString->Buffer;
  UCHAR bytes[16];
  if (*from++ != '{')
    return STATUS_INVALID_PARAMETER;
  for (unsigned byte = 0; byte < 16; byte++) {
    if (has_dash_before(byte) && *from++ != '-')
      return STATUS_INVALID_PARAMETER;
    if (digit_of(from[0]) > 15 || digit_of(from[1]) > 15)
      return STATUS_INVALID_PARAMETER;
    bytes[guid_bytes[byte]] = (UCHAR)(digit_of(from[0]) << 4 | digit_of(from[1]));
    from += 2;
  }
  if (*from != '}')
    return STATUS_INVALID_PARAMETER;
  memcpy(Guid, bytes, sizeof bytes);
  return STATUS_SUCCESS;
}
