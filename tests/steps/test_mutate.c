/*
 * Steps bent at random: whatever stands in a step loads or is an error with its place, and what loads runs to an outcome. Nothing of the host is
 * hurt: these tests mean most under ASan and UBSan. Always the same random numbers.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ROUND_COUNT = 12000, SIZE_MAX_ = 400 };

static const char *const seeds[] = {
  "status = FwpsPendOperation0(inMetaValues->completionHandle, &handle)",
  "g = (g << 3) + ~g ^ sizeof(ITEM) * (g ? 1 : -2)",
  "gItem.Name[g & 7] += gItem.Value++ - --gItem.Kind",
  "p = &g, p[0] = *p / 3 % (g | 1)",
  "large.QuadPart = -10 * 1000ll + large.LowPart",
  "bits.High = bits.Low++ + (bits.Signed -= 5)",
  "KeInitializeDpc(&gDpc, later, &gItem)",
  "TestRunDpc(&gDpc)",
  "DbgPrint(\"%d \\x41 %ws\\n\", g, L\"\\u00e9t\\xe9\", 'Tag1')",
  "gItem = *(ITEM *)Add2Ptr(&gItem, FIELD_OFFSET(ITEM, Value) & 0)",
  "InsertTailList(&gItem.Link, &CONTAINING_RECORD(&gItem.Link, ITEM, Link)->Link)",
  "status = NT_SUCCESS(status) && FWPS_IS_METADATA_FIELD_PRESENT(inMetaValues, FWPS_METADATA_FIELD_COMPLETION_HANDLE) || !verdict",
  "RtlCopyMemory(text, &FWPM_LAYER_STREAM_V4, sizeof text)",
  "large = KeQueryPerformanceCounter(NULL)",
  "TestSetTimer(large)",
  "other.gOther = other.more(1, plain(g, NULL))",
  "gItem.Next = &gItem, gItem.Next->Next->Value = min(g, max(3, status))",
  "*(ULONG_PTR *)&handle = 123456789",
  "handle = (PVOID)((PUCHAR)handle + (LONG64)&g)",
  "*(PUCHAR)handle = 1",
  "text[g] = text[status] ^ 0x7f",
  "p = (LONG *)(g ? NULL : &g)",
  "return",
  "break",
};

static const char *const words[] = {
  "g",
  "p",
  "status",
  "gItem",
  "handle",
  "large",
  "bits",
  "text",
  "later",
  "go",
  "NULL",
  "0",
  "1",
  "-1",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  "->",
  ".",
  "*",
  "&",
  "+",
  "-",
  "/",
  "%",
  "<<",
  ">>",
  "=",
  "+=",
  "==",
  "!=",
  "&&",
  "||",
  "?",
  ":",
  ",",
  ";",
  "!",
  "~",
  "++",
  "--",
  "sizeof",
  "(ULONG)",
  "(PVOID)",
  "(LONG *)",
  "\"s\"",
  "L\"s\"",
  "'a'",
  "ITEM",
  "LONG",
  "KDPC",
  "TestAdd(",
  "NT_SUCCESS(",
  "min(",
  "RTL_CONSTANT_STRING(",
  "CONTAINING_RECORD(",
  "FIELD_OFFSET(",
  "other.",
  "0xffffffffffffffff",
  "99999999999999999999",
  "\xc3\xa9",
  "/*",
  "//",
  "\\",
  "\"",
  "'",
  "@",
  "#",
  "$",
};

static uint64_t number;

static uint32_t draw(uint32_t below) {
  number ^= number << 13;
  number ^= number >> 7;
  number ^= number << 17;
  return (uint32_t)((number >> 20) % below);
}

/* Cuts, doubles, inserts, exchanges; characters stay whole. */
static void mutate(GString *text) {
  for (unsigned times = draw(4); times > 0; times--) {
    gsize at = text->len > 0 ? draw((uint32_t)text->len) : 0;
    gsize length = 1 + draw(8);
    length = MIN(length, text->len - at);
    const char *word = words[draw(G_N_ELEMENTS(words))];
    switch (draw(6)) {
    case 0: g_string_erase(text, (gssize)at, (gssize)length); break;
    case 1: g_string_insert(text, (gssize)at, word); break;
    case 2:
      g_string_erase(text, (gssize)at, (gssize)length);
      g_string_insert(text, (gssize)at, word);
      break;
    case 3: {
      g_autofree char *part = g_strndup(text->str + at, length);
      g_string_insert(text, (gssize)draw((uint32_t)text->len + 1), part);
      break;
    }
    case 4: g_string_append(text, seeds[draw(G_N_ELEMENTS(seeds))]); break;
    default:
      if (text->len > 0)
        text->str[at] = (char)(32 + draw(95));
      break;
    }
    g_string_truncate(text, MIN(text->len, SIZE_MAX_));
  }
}

static void append_escaped(GString *json, const char *text) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_string_append_c(json, '"');
  for (const char *c = valid; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_c(json, '\\');
    g_string_append_c(json, *c);
  }
  g_string_append_c(json, '"');
}

static char *json_of(const char *step, const char *declaration) {
  GString *json = g_string_new(
      "{\"fw\": {\"globals\": {\"g\": \"LONG = 5\", \"gItem\": \"ITEM\", \"gDpc\": \"KDPC\"}, "
      "\"plain\": {\"parameters\": {\"a\": \"LONG\", \"b\": \"PVOID\"}, \"returns\": \"LONG\", \"do\": [\"return a\"]}, "
      "\"later\": [\"g++\"], \"go\": {\"as\": \"FWPS_CALLOUT_CLASSIFY_FN1\", \"locals\": {\"status\": \"NTSTATUS\", "
      "\"verdict\": \"BOOLEAN\", \"large\": \"LARGE_INTEGER\", \"bits\": \"BITS\", \"text\": \"UCHAR[16]\", \"p\": \"LONG *\", "
      "\"handle\": \"HANDLE\", \"bent\": ");
  append_escaped(json, declaration);
  g_string_append(json, "}, \"do\": [{\"repeat\": 3, \"do\": [");
  append_escaped(json, step);
  g_string_append(json, "]}, {\"while\": ");
  append_escaped(json, draw(4) == 0 ? step : "g > 3");
  g_string_append(json,
                  ", \"do\": [\"g--\"]}]}}, \"other\": {\"globals\": {\"gOther\": \"LONG\"}, "
                  "\"more\": {\"parameters\": {\"a\": \"LONG\", \"b\": \"LONG\"}, \"returns\": \"LONG\", \"do\": [\"return a + b\"]}}}");
  return g_string_free(json, FALSE);
}

static void bent_steps_do_no_harm(void **state) {
  (void)state;
  static const char *const declarations[] = { "LONG = 3", "ITEM = {.Value = 1, 2}", "UCHAR[] = \"abc\"", "BITS = {1, 2, 3}",
                                              "unsigned long[3][2] = {{1}, {2}}" };
  unsigned loaded = 0, ended = 0;
  number = 0x9e3779b97f4a7c15;
  for (unsigned round = 0; round < ROUND_COUNT; round++) {
    GString *step = g_string_new(seeds[draw(G_N_ELEMENTS(seeds))]);
    GString *declaration = g_string_new(declarations[draw(G_N_ELEMENTS(declarations))]);
    mutate(step);
    if (draw(4) == 0)
      mutate(declaration);
    g_autofree char *json = json_of(step->str, declaration->str);
    Fixture fixture;
    FixtureRun run;
    fixture_open(&fixture, json);
    assert_true((fixture.program == NULL) == (fixture.error != NULL));
    if (fixture.error != NULL && !g_str_has_prefix(fixture.error, "x.json:1:"))
      fail_msg("%s: %s", step->str, fixture.error);
    if (fixture.program != NULL) {
      uint64_t arguments[2] = { 0, SIM_GUEST_BASE };
      fixture.limits.steps = 2000;
      fixture_run(&fixture, "go", arguments, 2, &run);
      loaded++;
      ended += run.stop == SIM_STOP_QUIET;
    }
    fixture_close(&fixture);
    g_string_free(step, TRUE);
    g_string_free(declaration, TRUE);
  }
  assert_true(loaded > ROUND_COUNT / 50); /* else they are bent too far to be of use */
  assert_true(ended > 0 && ended < loaded);
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(bent_steps_do_no_harm) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
