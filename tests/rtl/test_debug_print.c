/* DbgPrint: what Windows' run-time library makes of a format. One table, one runner: format, arguments, text. */
#include <ntddk.h>

#include "../ke/harness.h"

#include "../../model/rtl/debug_log.h"
#include "../../model/rtl/rtl_face.h"

typedef struct Row {
  const char *format;
  uint64_t arguments[3];
  const char *expected;
} Row;

/* Texts of the driver: they lie in guest memory, at these places of it. */
enum { AT_HELLO = 1, AT_WIDE = 2, AT_COUNTED = 3, AT_ANSI = 4, AT_EMPTY = 5, AT_LONG = 6 };

static char *texts;
static char *text_at(unsigned which) { return texts + which * 1024; }

static const Row rows[] = {
  { "plain\n", { 0 }, "plain\n" },
  { "%d %i", { (uint64_t)-5, 7 }, "-5 7" },
  { "%d", { 0x1ffffffffULL }, "-1" },
  { "%u", { 0xffffffffULL }, "4294967295" },
  { "%5d|%-5d|%05d", { 42, 42, 42 }, "   42|42   |00042" },
  { "%+d % d %+d", { 1, 2, (uint64_t)-3 }, "+1  2 -3" },
  { "%.4d|%8.4d|%08.4d", { 42, 42, 42 }, "0042|    0042|    0042" },
  { "%.0d|", { 0 }, "|" },
  { "%x %X %o", { 0xbeef, 0xbeef, 8 }, "beef BEEF 10" },
  { "%#x %#X %#o", { 255, 255, 8 }, "0xff 0XFF 010" },
  { "%#x", { 0 }, "0" },
  { "%08x", { 0xabc }, "00000abc" },
  { "%lx", { 0x123456789abcdef0ULL }, "9abcdef0" }, /* l is 32 bits */
  { "%ld", { 0xffffffffffffffffULL }, "-1" },
  { "%llx", { 0x123456789abcdef0ULL }, "123456789abcdef0" },
  { "%I64x", { 0x123456789abcdef0ULL }, "123456789abcdef0" },
  { "%I64d", { 0x8000000000000000ULL }, "-9223372036854775808" },
  { "%I32x", { 0x123456789abcdef0ULL }, "9abcdef0" },
  { "%Ix", { 0x123456789abcdef0ULL }, "123456789abcdef0" }, /* the size of a pointer */
  { "%hd %hx", { 0x18000, 0x12345 }, "-32768 2345" },
  { "%p", { 0xffffe00012345678ULL }, "FFFFE00012345678" },
  { "%p", { 0 }, "0000000000000000" },
  { "%c%c%5c|", { 'o', 'k', '!' }, "ok    !|" },
  { "%s", { AT_HELLO }, "hello" },
  { "%10s|%-10s|", { AT_HELLO, AT_HELLO }, "     hello|hello     |" },
  { "%.3s|%.*s", { AT_HELLO, 2, AT_HELLO }, "hel|he" },
  { "%*s|", { 7, AT_HELLO }, "  hello|" },
  { "%*d|", { (uint64_t)-4, 7 }, "7   |" },
  { "%s", { 0 }, "(null)" },
  { "%S %ws %ls", { AT_WIDE, AT_WIDE, AT_WIDE }, "w?de w?de w?de" }, /* what is not in the code page */
  { "%hs %hS", { AT_HELLO, AT_HELLO }, "hello hello" },
  { "%wZ|%lZ", { AT_COUNTED, AT_COUNTED }, "coun|coun" }, /* counted, not terminated */
  { "%Z", { AT_ANSI }, "ans" },
  { "%wZ", { AT_EMPTY }, "(null)" },
  { "%wZ", { 0 }, "(null)" },
  { "%wc%C", { 'w', 'C' }, "wC" },
  { "100%%", { 0 }, "100%" },
  { "%zu", { 5 }, "zu" }, /* not of this library */
  { "%f", { 5 }, "f" },   /* floating point is not supported */
  { "end%", { 0 }, "end" },
};

static void texts_fill(void) {
  texts = harness_memory(8 * 1024);
  memcpy(text_at(AT_HELLO), "hello", 6);
  memcpy(text_at(AT_WIDE),
         L"w\x0416"
         L"de",
         10);
  memcpy(text_at(AT_COUNTED) + 64, L"counted", 16);
  *(UNICODE_STRING *)text_at(AT_COUNTED) = (UNICODE_STRING){ 8, 16, (PWCH)(text_at(AT_COUNTED) + 64) };
  memcpy(text_at(AT_ANSI) + 64, "ansi", 5);
  *(ANSI_STRING *)text_at(AT_ANSI) = (ANSI_STRING){ 3, 5, text_at(AT_ANSI) + 64 };
  memset(text_at(AT_LONG), 'x', 1000);
}

/* A small number where a text is wanted stands for one of the driver's. */
static void arguments_place(const Row *row, uint64_t *placed) {
  unsigned argument = 0;
  for (const char *at = row->format; *at != 0; at++) {
    if (*at != '%' || at[1] == '%' || (at > row->format && at[-1] == '%'))
      continue;
    for (at++; *at == '-' || *at == '.' || *at == '*' || (*at >= '0' && *at <= '9') || *at == 'w' || *at == 'l' || *at == 'h'; at++)
      argument += *at == '*';
    if ((*at == 's' || *at == 'S' || *at == 'Z') && row->arguments[argument] != 0)
      placed[argument] = (uint64_t)text_at((unsigned)row->arguments[argument]);
    argument++;
    if (*at == 0)
      break;
  }
}

static void print_all(void *argument) {
  (void)argument;
  for (unsigned at = 0; at < RTL_NUMBER_OF(rows); at++) {
    uint64_t placed[3];
    memcpy(placed, rows[at].arguments, sizeof placed);
    arguments_place(&rows[at], placed);
    debug_print_model(rows[at].format, placed, 3);
  }
}

static void table_setup(void) {
  texts_fill();
  harness_thread("t", 8, print_all, NULL);
}

static void table_check(const HarnessRun *run) {
  EXPECT_EQUAL(event_count(run, EVENT_DEBUG_PRINT), RTL_NUMBER_OF(rows));
  EXPECT(run->bugcheck == NULL);
  for (unsigned at = 0; at < RTL_NUMBER_OF(rows); at++)
    harness_expect_text(debug_log_text(at), rows[at].expected, rows[at].format, (int)at);
}

/* ---- 512 bytes at most ---- */

static void print_long(void *argument) {
  (void)argument;
  const uint64_t arguments[] = { (uint64_t)text_at(AT_LONG) };
  debug_print_model("%s", arguments, 1);
  debug_print_model("%600d", arguments, 1);
}

static void long_setup(void) {
  texts_fill();
  harness_thread("t", 8, print_long, NULL);
}

static void long_check(const HarnessRun *run) {
  EXPECT_EQUAL(event_count(run, EVENT_DEBUG_PRINT), 2);
  EXPECT_EQUAL(strlen(debug_log_text(0)), 512);
  EXPECT(debug_log_text(0)[510] == 'x' && debug_log_text(0)[511] == '\n');
  EXPECT_EQUAL(strlen(debug_log_text(1)), 512);
}

/* ---- wide formats are for PASSIVE_LEVEL ---- */

static void print_high(void *argument) {
  (void)argument;
  const uint64_t arguments[] = { (uint64_t)text_at(AT_WIDE), (uint64_t)text_at(AT_HELLO) };
  KIRQL old = KeRaiseIrqlToDpcLevel();
  debug_print_model("%s", &arguments[1], 1);
  debug_print_model("%ws %ws", (uint64_t[]){ arguments[0], arguments[0] }, 2);
  KeLowerIrql(old);
}

static void high_setup(void) {
  texts_fill();
  harness_thread("t", 8, print_high, NULL);
}

static void high_check(const HarnessRun *run) {
  EXPECT_EQUAL(event_count(run, EVENT_DEBUG_PRINT), 2);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL), 1);
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT_IRQL, 0)->detail, DISPATCH_LEVEL << 16);
}

/* ---- the pointers are the driver's ---- */

static void print_wild(void *argument) {
  (void)argument;
  debug_print_model("%s", (uint64_t[]){ 0xffff900000000000ULL }, 1);
  note("not reached");
}

static void wild_setup(void) { harness_thread("t", 8, print_wild, NULL); }

static void wild_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x50);
  EXPECT_NOTES(run, "");
}

/* ---- the ring goes on ---- */

static void print_many(void *argument) {
  (void)argument;
  for (uint64_t at = 0; at < DEBUG_LOG_CAPACITY + 10; at++)
    debug_print_model("%d", &at, 1);
}

static void ring_setup(void) { harness_thread("t", 8, print_many, NULL); }

static void ring_check(const HarnessRun *run) {
  (void)run;
  EXPECT(debug_log_text(9) == NULL);
  harness_expect_text(debug_log_text(10), "10", __FILE__, __LINE__);
  EXPECT_EQUAL(debug_log_count(), DEBUG_LOG_CAPACITY + 10);
  EXPECT(debug_log_text(DEBUG_LOG_CAPACITY + 10) == NULL);
}

static const HarnessCase cases[] = {
  { .name = "debug print: the table", .setup = table_setup, .check = table_check },
  { .name = "debug print: 512 bytes at most", .setup = long_setup, .check = long_check },
  { .name = "debug print: wide formats above PASSIVE_LEVEL", .setup = high_setup, .check = high_check },
  { .name = "debug print: a wild text", .setup = wild_setup, .check = wild_check },
  { .name = "debug print: the ring", .setup = ring_setup, .check = ring_check },
};

int main(void) { return harness_main("debug print", cases, RTL_NUMBER_OF(cases)); }
