/* Widths, wrapping, escaping, words: what every report is made of. Tables; the last column is the expected result. */
#include "junit.h"
#include "outcome.h"
#include "paragraph.h"
#include "reference.h"
#include "story_order.h"
#include "style.h"

#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const ReportStyle plain = { .width = 20 };
static const ReportStyle coloured = { .has_color = true, .width = 20 };

/* ---- widths ---- */

static void test_pad(void **state) {
  static const struct {
    const char *text;
    unsigned columns;
    const char *expected;
  } rows[] = {
    { "", 3, "   " },     { "ab", 4, "ab  " },    { "abcd", 4, "abcd" }, { "abcde", 4, "abc…" },
    { "äöü", 4, "äöü " }, { "äöüßx", 4, "äöü…" }, { "abc", 1, "…" },
  };
  (void)state;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GString) out = g_string_new(NULL);
    report_pad(out, rows[i].text, rows[i].columns);
    assert_string_equal(out->str, rows[i].expected);
    assert_int_equal(report_columns(out->str), rows[i].columns);
  }
}

static void test_wrap(void **state) {
  static const struct {
    const char *text;
    unsigned column, indent;
    const char *expected;
  } rows[] = {
    { "", 0, 0, "\n" },
    { "one two three four five", 0, 2, "one two three four\n  five\n" },
    { "one two", 16, 4, "one\n    two\n" },
    { "a   b", 0, 0, "a   b\n" },                                                          /* blanks between words stay */
    { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b", 0, 2, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n  b\n" }, /* a word is never broken */
    { "äääää ööööö üüüüü ßß", 0, 0, "äääää ööööö üüüüü ßß\n" },                            /* characters count, not bytes */
  };
  (void)state;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GString) out = g_string_new(NULL);
    report_wrap(out, &plain, rows[i].column, rows[i].indent, rows[i].text);
    assert_string_equal(out->str, rows[i].expected);
  }
}

static void test_trim(void **state) {
  (void)state;
  g_autoptr(GString) out = g_string_new("a  \n\nb \n  c\nd   ");
  report_trim_lines(out);
  assert_string_equal(out->str, "a\n\nb\n  c\nd");
}

static void test_color(void **state) {
  (void)state;
  g_autoptr(GString) out = g_string_new(NULL);
  report_put(out, &plain, REPORT_RED, "x");
  report_put(out, &coloured, REPORT_PLAIN, "y");
  report_put(out, &coloured, REPORT_GREEN, "z");
  assert_string_equal(out->str, "xy\033[32mz\033[0m");
  assert_false(report_style_of(-1, REPORT_COLOR_AUTO).has_color); /* no terminal */
  assert_true(report_style_of(-1, REPORT_COLOR_ALWAYS).has_color);
  assert_false(report_style_of(-1, REPORT_COLOR_NEVER).has_color);
}

/* ---- the order of a story ---- */

/* Rows as "CPU OBJECT TIME", in the order in which they happened; a dash for a preemption; the last column: their numbers in the order they are told. */
static void test_story_order(void **state) {
  static const struct {
    const char *rows;
    const char *expected;
  } cases[] = {
    { "", "" },
    { "0 0 5,0 0 6", "01" },
    { "1 0 5,0 0 4", "10" }, /* cpu 1 had gone ahead */
    { "1 0 5,0 0 4,1 0 6,0 0 3", "1302" },
    { "1 7 5,0 7 4", "01" }, /* both about the same object */
    { "1 7 5,0 0 3,0 7 4", "102" },
    { "1 7 5,0 7 4,0 0 4", "012" }, /* what one cpu did stays in its order */
    { "1 0 5,-,0 0 4", "012" },     /* nothing crosses a preemption */
    { "1 0 5,0 0 4,-,1 0 9,0 0 8", "10243" },
    { "1 0 5,0 0 5", "01" },
  };
  static const StoryLine line = { .repeats = 1 };
  (void)state;
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(StoryRow));
    g_auto(GStrv) words = g_strsplit(cases[i].rows, ",", -1);
    for (unsigned k = 0; words[k] != NULL && *words[k] != '\0'; k++) {
      StoryRow row = { .cell = g_strdup_printf("%u", k), .line = &line };
      unsigned cpu = 0, object = 0, time_ns = 0;
      if (sscanf(words[k], "%u %u %u", &cpu, &object, &time_ns) != 3)
        row.line = NULL;
      row.cpu = (uint8_t)cpu;
      row.context = cpu + 1;
      row.object = object;
      row.time_ns = time_ns;
      g_array_append_val(rows, row);
    }
    story_order(rows);
    g_autoptr(GString) told = g_string_new(NULL);
    for (guint k = 0; k < rows->len; k++) {
      g_string_append(told, g_array_index(rows, StoryRow, k).cell);
      g_free(g_array_index(rows, StoryRow, k).cell);
    }
    assert_string_equal(told->str, cases[i].expected);
  }
}

/* ---- paragraphs and pages ---- */

static void test_paragraph(void **state) {
  const ReportStyle style = { .width = 40 };
  (void)state;
  g_autoptr(GString) out = g_string_new(NULL);
  paragraph_put(out, &style, "mend", "one two three four five");
  paragraph_more(out, &style, "six\nseven");
  assert_string_equal(out->str, "  mend:             one two three four\n"
                                "                    five\n"
                                "                    six\n"
                                "                    seven\n");
}

static void test_page(void **state) {
  static const char *const rows[][2] = {
    { "bug-check-0xd1", "https://learn.microsoft.com/windows-hardware/drivers/debugger/bug-check-0xd1" },
    { "wdm/nf-wdm-kesetevent", "https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesetevent" },
    { "kernel/event-objects", "https://learn.microsoft.com/windows-hardware/drivers/kernel/event-objects" },
    { "win32/FWP/ale-re-authorization", "https://learn.microsoft.com/windows/win32/FWP/ale-re-authorization" },
  };
  (void)state;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *page = paragraph_page(rows[i][0]);
    assert_string_equal(page, rows[i][1]);
  }
}

/* ---- the reference ---- */

static void test_reference(void **state) {
  (void)state;
  assert_true(reference_entry_count > 100);
  for (size_t i = 1; i < reference_entry_count; i++)
    assert_true(strcmp(reference_entries[i - 1].name, reference_entries[i].name) < 0);
  const ReferenceEntry *entry = reference_find("FltSendMessage");
  assert_non_null(entry);
  assert_true(reference_returns(entry, "NTSTATUS"));
  assert_false(reference_returns(entry, "NTSTAT"));
  assert_false(reference_returns(reference_find("KeSetEvent"), "NTSTATUS"));
  assert_null(reference_find("FltSendMessag"));
}

/* ---- outcomes ---- */

static Outcome *sample(OutcomeStatus status, const char *file, const char *why) {
  Outcome *outcome = outcome_new(file, file, "x/name");
  outcome->status = status;
  outcome->why = g_strdup(why);
  return outcome;
}

static void test_numbers(void **state) {
  static const struct {
    uint64_t number;
    const char *expected;
  } rows[] = { { 0, "0" }, { 999, "999" }, { 1000, "1,000" }, { 1234567, "1,234,567" }, { UINT64_MAX, "18,446,744,073,709,551,615" } };
  (void)state;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *text = outcome_number(rows[i].number);
    assert_string_equal(text, rows[i].expected);
  }
}

static void test_schedules(void **state) {
  static const struct {
    uint64_t count;
    bool is_exhausted;
    const char *expected;
  } rows[] = { { 1, false, "1 schedule" }, { 1, true, "exhausted 1" }, { 2000, false, "explored 2,000" }, { 41, true, "exhausted 41" } };
  (void)state;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Outcome) outcome = sample(OUTCOME_AS_EXPECTED, "f", NULL);
    outcome->schedules = rows[i].count;
    outcome->is_exhausted = rows[i].is_exhausted;
    g_autofree char *text = outcome_schedules(outcome);
    assert_string_equal(text, rows[i].expected);
  }
}

static void test_exit_codes(void **state) {
  static const int expected[OUTCOME_STATUS_COUNT] = { 0, 1, 2, 1, 3 };
  (void)state;
  for (unsigned i = 0; i < OUTCOME_STATUS_COUNT; i++)
    assert_int_equal(outcome_exit_code((OutcomeStatus)i), expected[i]);
}

/* What goes to JSON comes back; text that is no UTF-8 comes back as such. */
static void test_json(void **state) {
  (void)state;
  g_autoptr(Outcome) outcome = sample(OUTCOME_NOT, "a \"b\"\n.json", "expected \xff nothing");
  OutcomeBucket *bucket = g_new0(OutcomeBucket, 1);
  *bucket =
      (OutcomeBucket){ .name = g_strdup("clean"), .count = UINT64_C(1) << 40, .schedule = g_strdup("v1:-"), .hash = g_strdup("00ff") };
  g_ptr_array_add(outcome->buckets, bucket);
  g_ptr_array_add(outcome->notes, g_strdup("note"));
  outcome->line = 7;
  json_object *json = outcome_to_json(outcome);
  json_object *parsed = json_tokener_parse(json_object_to_json_string(json));
  g_autoptr(Outcome) again = outcome_from_json(parsed);
  assert_non_null(again);
  assert_string_equal(again->file, "a \"b\"\n.json");
  assert_string_equal(again->why, "expected \xef\xbf\xbd nothing");
  assert_int_equal(again->status, OUTCOME_NOT);
  assert_int_equal(again->line, 7);
  assert_int_equal(again->buckets->len, 1);
  assert_true(((OutcomeBucket *)g_ptr_array_index(again->buckets, 0))->count == UINT64_C(1) << 40);
  assert_string_equal(g_ptr_array_index(again->notes, 0), "note");
  json_object_put(json);
  json_object_put(parsed);
  json_object *other = json_tokener_parse("{\"file\": 3}");
  assert_null(outcome_from_json(other));
  json_object_put(other);
}

/* ---- JUnit ---- */

static void test_junit(void **state) {
  static const struct {
    OutcomeStatus status;
    const char *why;
    const char *report;
    const char *expected; /* is in it */
  } rows[] = {
    { OUTCOME_AS_EXPECTED, NULL, NULL, "<testsuites name=\"irqlab\" tests=\"1\" failures=\"0\" errors=\"0\"" },
    { OUTCOME_NOT, "a < b & \"c\"", NULL, "<failure message=\"a &lt; b &amp; &quot;c&quot;\" type=\"not as expected\">" },
    { OUTCOME_NOT, "x", "\033[1;31mred\033[0m text", ">red text</failure>" },
    { OUTCOME_NOT, "x", "bell \a here", ">bell \xef\xbf\xbd here</failure>" },
    { OUTCOME_BAD_INPUT, "bad", NULL, "<error message=\"bad\" type=\"bad input\">" },
    { OUTCOME_CRASHED, "dead \xc3", NULL, "<error message=\"dead \xef\xbf\xbd\" type=\"crashed\">" },
    { OUTCOME_SET_UP, "no", NULL, "errors=\"1\"" },
  };
  (void)state;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GPtrArray) outcomes = g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
    Outcome *outcome = sample(rows[i].status, "folder/name.json", rows[i].why);
    outcome->report = g_strdup(rows[i].report);
    g_ptr_array_add(outcomes, outcome);
    g_autofree char *text = junit_print(outcomes);
    if (strstr(text, rows[i].expected) == NULL)
      fail_msg("row %zu: no %s in\n%s", i, rows[i].expected, text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_pad),       cmocka_unit_test(test_wrap),        cmocka_unit_test(test_trim),
    cmocka_unit_test(test_color),     cmocka_unit_test(test_story_order), cmocka_unit_test(test_paragraph),
    cmocka_unit_test(test_page),      cmocka_unit_test(test_reference),   cmocka_unit_test(test_numbers),
    cmocka_unit_test(test_schedules), cmocka_unit_test(test_exit_codes),  cmocka_unit_test(test_json),
    cmocka_unit_test(test_junit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
