/* Counted strings: one table a function; the driver's strings lie in guest memory. */
#include <ntifs.h>

#include "../ke/harness.h"

/* ---- strings of the driver ---- */

static PUCHAR memory;
static SIZE_T used;

static PVOID take(SIZE_T size) {
  PVOID place = memory + used;
  used += (size + 15) & ~(SIZE_T)15;
  return place;
}

static PWCH wide(const WCHAR *text) {
  SIZE_T size = 0;
  while (text[size] != 0)
    size++;
  PWCH copy = take((size + 1) * sizeof(WCHAR));
  memcpy(copy, text, (size + 1) * sizeof(WCHAR));
  return copy;
}

/* A string of room for `room` characters that holds `text` (NULL: nothing). */
static PUNICODE_STRING string(const WCHAR *text, USHORT room) {
  PUNICODE_STRING result = take(sizeof *result);
  USHORT length = 0;
  result->Buffer = take(room * sizeof(WCHAR) + sizeof(WCHAR));
  while (text != NULL && text[length] != 0)
    length++;
  memset(result->Buffer, 0xee, room * sizeof(WCHAR));
  memcpy(result->Buffer, text != NULL ? text : L"", length * sizeof(WCHAR));
  result->Length = length * sizeof(WCHAR);
  result->MaximumLength = room * sizeof(WCHAR);
  return result;
}

static BOOLEAN holds(const UNICODE_STRING *actual, const WCHAR *text) {
  SIZE_T length = 0;
  while (text[length] != 0)
    length++;
  return actual->Length == length * sizeof(WCHAR) && memcmp(actual->Buffer, text, actual->Length) == 0;
}

static void wrong(const char *what, unsigned row, BOOLEAN is_right) {
  if (!is_right)
    note_number(what, row);
}

/* ---- the tables ---- */

static void copy_rows(void) {
  static const struct {
    const WCHAR *source;
    USHORT room;
    const WCHAR *expected;
    BOOLEAN is_terminated;
  } rows[] = {
    { L"abc", 8, L"abc", TRUE }, { L"abc", 3, L"abc", FALSE }, { L"abcdef", 3, L"abc", FALSE },
    { L"", 4, L"", TRUE },       { NULL, 4, L"", FALSE },
  };
  for (unsigned at = 0; at < RTL_NUMBER_OF(rows); at++) {
    PUNICODE_STRING to = string(L"x", rows[at].room);
    RtlCopyUnicodeString(to, rows[at].source != NULL ? string(rows[at].source, 10) : NULL);
    wrong("copy", at, holds(to, rows[at].expected));
    wrong("end", at, !rows[at].is_terminated || to->Buffer[to->Length / sizeof(WCHAR)] == 0);
  }
}

static void append_rows(void) {
  static const struct {
    const WCHAR *first, *second;
    USHORT room;
    NTSTATUS status;
    const WCHAR *expected;
  } rows[] = {
    { L"ab", L"cd", 8, STATUS_SUCCESS, L"abcd" },
    { L"ab", L"cd", 4, STATUS_SUCCESS, L"abcd" },
    { L"ab", L"cd", 3, STATUS_BUFFER_TOO_SMALL, L"ab" },
    { L"ab", L"", 2, STATUS_SUCCESS, L"ab" },
  };
  for (unsigned at = 0; at < RTL_NUMBER_OF(rows); at++) {
    PUNICODE_STRING one = string(rows[at].first, rows[at].room), two = string(rows[at].first, rows[at].room);
    wrong("append", at, RtlAppendUnicodeToString(one, wide(rows[at].second)) == rows[at].status && holds(one, rows[at].expected));
    wrong("append string", at,
          RtlAppendUnicodeStringToString(two, string(rows[at].second, 10)) == rows[at].status && holds(two, rows[at].expected));
  }
}

static LONG sign(LONG value) { return value > 0 ? 1 : value < 0 ? -1 : 0; }

static void compare_rows(void) {
  static const struct {
    const WCHAR *left, *right;
    LONG exact, ignoring_case;
    BOOLEAN is_prefix; /* ignoring case */
  } rows[] = {
    { L"abc", L"abc", 0, 0, TRUE },       { L"abc", L"ABC", 1, 0, TRUE }, { L"ab", L"abc", -1, -1, TRUE },
    { L"b", L"abc", 1, 1, FALSE },        { L"", L"x", -1, -1, TRUE },    { L"\x00e4", L"\x00c4", 1, 0, TRUE },
    { L"\x0444", L"\x0424", 1, 0, TRUE }, { L"Z", L"a", -1, 1, FALSE },
  };
  for (unsigned at = 0; at < RTL_NUMBER_OF(rows); at++) {
    PUNICODE_STRING left = string(rows[at].left, 8), right = string(rows[at].right, 8);
    wrong("compare", at, sign(RtlCompareUnicodeString(left, right, FALSE)) == rows[at].exact);
    wrong("compare without case", at, sign(RtlCompareUnicodeString(left, right, TRUE)) == rows[at].ignoring_case);
    wrong("equal", at, RtlEqualUnicodeString(left, right, TRUE) == (rows[at].ignoring_case == 0));
    wrong("prefix", at, RtlPrefixUnicodeString(left, right, TRUE) == rows[at].is_prefix);
  }
}

static void number_rows(void) {
  static const struct {
    const WCHAR *text;
    ULONG base, value;
    NTSTATUS status;
  } rows[] = {
    { L"42", 0, 42, 0 },
    { L"0x2A", 0, 42, 0 },
    { L"0b101", 0, 5, 0 },
    { L"0o17", 0, 15, 0 },
    { L" -1", 10, 0xffffffff, 0 },
    { L"12z", 10, 12, 0 },
    { L"ff", 16, 255, 0 },
    { L"", 10, 0, 0 },
    { L"7", 7, 99, STATUS_INVALID_PARAMETER },
  };
  for (unsigned at = 0; at < RTL_NUMBER_OF(rows); at++) {
    ULONG *value = take(sizeof *value);
    *value = 99;
    wrong("to integer", at, RtlUnicodeStringToInteger(string(rows[at].text, 10), rows[at].base, value) == rows[at].status);
    wrong("value", at, *value == rows[at].value);
  }
  PUNICODE_STRING text = string(NULL, 4);
  wrong("from integer", 0, RtlIntegerToUnicodeString(255, 16, text) == STATUS_SUCCESS && holds(text, L"FF"));
  wrong("from integer", 1, RtlIntegerToUnicodeString(0, 0, text) == STATUS_SUCCESS && holds(text, L"0"));
  wrong("from integer", 2, RtlIntegerToUnicodeString(12345, 10, text) == STATUS_BUFFER_OVERFLOW);
  wrong("from integer", 3, RtlIntegerToUnicodeString(1, 3, text) == STATUS_INVALID_PARAMETER);
}

static void conversions(void) {
  static const WCHAR guid_text[] = L"{c38d57d1-05a7-4c33-904f-7fbceee60e82}";
  static const GUID layer = { 0xc38d57d1, 0x05a7, 0x4c33, { 0x90, 0x4f, 0x7f, 0xbc, 0xee, 0xe6, 0x0e, 0x82 } };
  GUID *guid = take(sizeof *guid);
  PUNICODE_STRING text = take(sizeof *text);
  wrong("guid from", 0, RtlGUIDFromString(string(guid_text, 40), guid) == STATUS_SUCCESS && memcmp(guid, &layer, sizeof layer) == 0);
  wrong("guid from", 1, RtlGUIDFromString(string(L"{c38d57d1}", 40), guid) == STATUS_INVALID_PARAMETER);
  wrong("guid to", 0, RtlStringFromGUID(guid, text) == STATUS_SUCCESS && holds(text, guid_text));
  RtlFreeUnicodeString(text);
  wrong("guid to", 1, text->Buffer == NULL);

  PANSI_STRING ansi = take(sizeof *ansi);
  wrong("to ansi", 0,
        RtlUnicodeStringToAnsiString(ansi, string(L"a\x0416", 4), TRUE) == STATUS_SUCCESS && ansi->Length == 2 &&
            memcmp(ansi->Buffer, "a?", 3) == 0);
  wrong("from ansi", 0, RtlAnsiStringToUnicodeString(text, ansi, TRUE) == STATUS_SUCCESS && holds(text, L"a?"));
  RtlFreeAnsiString(ansi);
  RtlFreeUnicodeString(text);
  wrong("from ansi", 1, RtlUnicodeStringToAnsiString(&(ANSI_STRING){ 0, 2, take(2) }, string(L"abc", 4), FALSE) == STATUS_BUFFER_OVERFLOW);
}

static void initialize(void) {
  PUNICODE_STRING text = take(sizeof *text);
  RtlInitUnicodeString(text, wide(L"four"));
  wrong("init", 0, text->Length == 8 && text->MaximumLength == 10);
  RtlInitUnicodeString(text, NULL);
  wrong("init", 1, text->Length == 0 && text->MaximumLength == 0 && text->Buffer == NULL);
  PANSI_STRING ansi = take(sizeof *ansi);
  RtlInitAnsiString(ansi, memcpy(take(4), "two", 4));
  wrong("init", 2, ansi->Length == 3 && ansi->MaximumLength == 4);
  wrong("compare memory", 0, RtlCompareMemory(memcpy(take(4), "abcd", 4), memcpy(take(4), "abxd", 4), 4) == 2);
}

static void version(void) {
  RTL_OSVERSIONINFOEXW *info = take(sizeof *info);
  info->dwOSVersionInfoSize = sizeof *info;
  RtlGetVersion((PRTL_OSVERSIONINFOW)info);
  wrong("version", 0,
        info->dwMajorVersion == 6 && info->dwMinorVersion == 1 && info->dwBuildNumber == 7601 && info->wServicePackMajor == 1);
  wrong("version", 1, info->szCSDVersion[0] == 'S' && info->szCSDVersion[13] == '1' && info->szCSDVersion[14] == 0);
  ULONGLONG at_least =
      VerSetConditionMask(VerSetConditionMask(0, VER_MAJORVERSION, VER_GREATER_EQUAL), VER_MINORVERSION, VER_GREATER_EQUAL);
  info->dwMinorVersion = 0;
  wrong("version", 2, RtlVerifyVersionInfo(info, VER_MAJORVERSION | VER_MINORVERSION, at_least) == STATUS_SUCCESS);
  info->dwMinorVersion = 2;
  wrong("version", 3, RtlVerifyVersionInfo(info, VER_MAJORVERSION | VER_MINORVERSION, at_least) == STATUS_REVISION_MISMATCH);
}

static void all(void *argument) {
  (void)argument;
  initialize();
  copy_rows();
  append_rows();
  compare_rows();
  number_rows();
  conversions();
  version();
  note("done");
}

static void all_setup(void) {
  memory = harness_memory(32 * 1024);
  used = 0;
  harness_thread("t", 8, all, NULL);
}

static void all_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "done");
  EXPECT_EQUAL(event_count(run, EVENT_FAULT), 0);
}

/* ---- what a string points to is probed ---- */

static void wild(void *argument) {
  (void)argument;
  PUNICODE_STRING bad = string(L"x", 4);
  bad->Buffer = (PWCH)0xffff900000000000ULL;
  KIRQL old;
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  RtlCopyUnicodeString(string(L"y", 4), bad);
}

static void wild_setup(void) {
  memory = harness_memory(4096);
  used = 0;
  harness_thread("t", 8, wild, NULL);
}

static void wild_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xa);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0xffff900000000000ULL);
}

/* ---- a failed assertion ---- */

static void assertion(void *argument) {
  (void)argument;
  char *text = memcpy(harness_memory(64), "Length > 0", 11);
  char *file = memcpy(harness_memory(64), "fw.c", 5);
  RtlAssert(text, file, 12, NULL);
}

static void assertion_setup(void) { harness_thread("t", 8, assertion, NULL); }

static void assertion_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x7e);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0xc0000420);
  EXPECT_EQUAL(event_count(run, EVENT_DEBUG_PRINT), 1);
}

static const HarnessCase cases[] = {
  { .name = "strings: the tables", .setup = all_setup, .check = all_check, .windows = DDI_WINDOWS_7_SP1 },
  { .name = "strings: a wild buffer", .setup = wild_setup, .check = wild_check },
  { .name = "a failed assertion", .setup = assertion_setup, .check = assertion_check },
};

int main(void) { return harness_main("strings", cases, RTL_NUMBER_OF(cases)); }
