/*
 * Counted strings. A UNICODE_STRING's Buffer is a driver's pointer inside of a structure: it is probed here, its characters at the IRQL of
 * the call.
 */
#include <ntifs.h>

#include "../mm/mm.h"

#define STRING_BYTES_MAX 0xfffeu /* what Length can say */

static void probe_string(PCUNICODE_STRING string) {
  mm_probe_read(string, sizeof *string);
  mm_probe_read(string->Buffer, string->Length);
}

/* Simplified: upper case of ASCII, Latin-1, Greek and Cyrillic; Windows has a table of all of Unicode. PASSIVE_LEVEL.
 * ntddk/nf-ntddk-rtlupcaseunicodechar */
WCHAR RtlUpcaseUnicodeChar(WCHAR SourceCharacter) {
  WCHAR c = SourceCharacter;
  if ((c >= 'a' && c <= 'z') || (c >= 0xe0 && c <= 0xfe && c != 0xf7) || (c >= 0x3b1 && c <= 0x3cb && c != 0x3c2) ||
      (c >= 0x430 && c <= 0x44f))
    return c - 0x20;
  if (c == 0xff)
    return 0x178;
  if (c >= 0x450 && c <= 0x45f)
    return c - 0x50;
  if (c >= 0x100 && c <= 0x12f)
    return c & ~1;
  return c;
}

/* Simplified: as RtlUpcaseUnicodeChar. ntddk/nf-ntddk-rtldowncaseunicodechar */
WCHAR RtlDowncaseUnicodeChar(WCHAR SourceCharacter) {
  WCHAR c = SourceCharacter;
  if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3ab && c != 0x3a2) ||
      (c >= 0x410 && c <= 0x42f))
    return c + 0x20;
  if (c >= 0x400 && c <= 0x40f)
    return c + 0x50;
  if (c >= 0x100 && c <= 0x12f)
    return c | 1;
  return c;
}

/* ---- initialise ---- */

/* Points the string at a terminated text, or at nothing. A text of more than 65,534 bytes is cut in Length, as Windows does.
 * IRQL <= DISPATCH_LEVEL. wdm/nf-wdm-rtlinitunicodestring */
VOID RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString) {
  SIZE_T length = 0;
  if (SourceString != NULL) {
    length = mm_probe_wide_text(SourceString, 0x8000) * sizeof(WCHAR);
    if (length > STRING_BYTES_MAX - sizeof(WCHAR))
      length = STRING_BYTES_MAX - sizeof(WCHAR);
  }
  DestinationString->Length = (USHORT)length;
  DestinationString->MaximumLength = SourceString != NULL ? (USHORT)(length + sizeof(WCHAR)) : 0;
  DestinationString->Buffer = (PWCH)SourceString;
}

/* The same, but a text that is too long is an error. ntifs/nf-ntifs-rtlinitunicodestringex */
NTSTATUS RtlInitUnicodeStringEx(PUNICODE_STRING DestinationString, PCWSTR SourceString) {
  if (SourceString != NULL && mm_probe_wide_text(SourceString, 0x8000) * sizeof(WCHAR) > STRING_BYTES_MAX - sizeof(WCHAR))
    return STATUS_NAME_TOO_LONG;
  RtlInitUnicodeString(DestinationString, SourceString);
  return STATUS_SUCCESS;
}

static void init_narrow(PSTRING string, PCSZ source) {
  SIZE_T length = source != NULL ? mm_probe_text(source, 0xfffe) : 0;
  string->Length = (USHORT)length;
  string->MaximumLength = source != NULL ? (USHORT)(length + 1) : 0;
  string->Buffer = (PCHAR)source;
}

/* wdm/nf-wdm-rtlinitansistring */
VOID RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString) { init_narrow(DestinationString, SourceString); }

/* wdm/nf-wdm-rtlinitstring */
VOID RtlInitString(PSTRING DestinationString, PCSZ SourceString) { init_narrow(DestinationString, SourceString); }

/* ---- copy and append ---- */

static void terminate(PUNICODE_STRING string) {
  if ((ULONG)string->Length + sizeof(WCHAR) <= string->MaximumLength) {
    mm_probe_write(string->Buffer + string->Length / sizeof(WCHAR), sizeof(WCHAR));
    string->Buffer[string->Length / sizeof(WCHAR)] = 0;
  }
}

/* As much as fits. NULL source: the destination becomes empty. IRQL: DISPATCH_LEVEL only with resident buffers.
 * wdm/nf-wdm-rtlcopyunicodestring */
VOID RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString) {
  if (SourceString == NULL) {
    DestinationString->Length = 0;
    return;
  }
  probe_string(SourceString);
  USHORT length = SourceString->Length < DestinationString->MaximumLength ? SourceString->Length : DestinationString->MaximumLength;
  mm_probe_write(DestinationString->Buffer, length);
  memmove(DestinationString->Buffer, SourceString->Buffer, length);
  DestinationString->Length = length;
  terminate(DestinationString);
}

static NTSTATUS append(PUNICODE_STRING destination, const WCHAR *source, SIZE_T bytes) {
  if (destination->Length + bytes > destination->MaximumLength)
    return STATUS_BUFFER_TOO_SMALL;
  PWCH end = (PWCH)((PUCHAR)destination->Buffer + destination->Length);
  mm_probe_write(end, bytes);
  memmove(end, source, bytes);
  destination->Length += (USHORT)bytes;
  terminate(destination);
  return STATUS_SUCCESS;
}

/* All or nothing. wdm/nf-wdm-rtlappendunicodetostring */
NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source) {
  return Source != NULL ? append(Destination, Source, mm_probe_wide_text(Source, 0x8000) * sizeof(WCHAR)) : STATUS_SUCCESS;
}

/* All or nothing. wdm/nf-wdm-rtlappendunicodestringtostring */
NTSTATUS RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source) {
  probe_string(Source);
  return append(Destination, Source->Buffer, Source->Length);
}

/* ---- compare ---- */

static LONG compare(const WCHAR *left, SIZE_T left_count, const WCHAR *right, SIZE_T right_count, BOOLEAN ignores_case) {
  for (SIZE_T at = 0; at < left_count && at < right_count; at++) {
    WCHAR l = left[at], r = right[at];
    if (ignores_case) {
      l = RtlUpcaseUnicodeChar(l);
      r = RtlUpcaseUnicodeChar(r);
    }
    if (l != r)
      return (LONG)l - (LONG)r;
  }
  return (LONG)left_count - (LONG)right_count;
}

/* PASSIVE_LEVEL: the case tables are pageable. wdm/nf-wdm-rtlcompareunicodestring */
LONG RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive) {
  probe_string(String1);
  probe_string(String2);
  return compare(String1->Buffer, String1->Length / sizeof(WCHAR), String2->Buffer, String2->Length / sizeof(WCHAR), CaseInSensitive);
}

/* wdm/nf-wdm-rtlcompareunicodestrings */
LONG RtlCompareUnicodeStrings(PCWCH String1, SIZE_T String1Length, PCWCH String2, SIZE_T String2Length, BOOLEAN CaseInSensitive) {
  mm_probe_read(String1, String1Length * sizeof(WCHAR));
  mm_probe_read(String2, String2Length * sizeof(WCHAR));
  return compare(String1, String1Length, String2, String2Length, CaseInSensitive);
}

/* wdm/nf-wdm-rtlequalunicodestring */
BOOLEAN RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive) {
  probe_string(String1);
  if (String1->Length != String2->Length)
    return FALSE;
  return RtlCompareUnicodeString(String1, String2, CaseInSensitive) == 0;
}

/* Is String1 how String2 begins? ntddk/nf-ntddk-rtlprefixunicodestring */
BOOLEAN RtlPrefixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive) {
  probe_string(String1);
  probe_string(String2);
  SIZE_T count = String1->Length / sizeof(WCHAR);
  return String1->Length <= String2->Length && compare(String1->Buffer, count, String2->Buffer, count, CaseInSensitive) == 0;
}
