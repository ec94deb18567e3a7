/*
 * Expressions: each is compiled by the C compiler of these tests and by the step language, from the same text, and gives the same value; once
 * with its operands in variables, so that it is computed in the run, and once folded, where it has none.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef int8_t CHAR;
typedef uint8_t UCHAR;
typedef int16_t SHORT;
typedef uint16_t USHORT;
typedef int32_t LONG;
typedef uint32_t ULONG;
typedef int64_t LONG64;
typedef uint64_t ULONG64;

/* The variables of the table, with the same values there and here. */
static CHAR c = -3;
static UCHAR uc = 250;
static SHORT s = -300;
static USHORT us = 65000;
static LONG l = -70000;
static ULONG ul = 4000000000u;
static LONG64 ll = -5000000000;
static ULONG64 ull = 18000000000000000000u;
static LONG zero = 0, one = 1, two = 2;
static LONG numbers[4] = { 10, 20, 30, 40 };

static const char variables[] = "\"c\": \"CHAR = -3\", \"uc\": \"UCHAR = 250\", \"s\": \"SHORT = -300\", \"us\": \"USHORT = 65000\", "
                                "\"l\": \"LONG = -70000\", \"ul\": \"ULONG = 4000000000u\", \"ll\": \"LONG64 = -5000000000\", "
                                "\"ull\": \"ULONG64 = 18000000000000000000u\", \"zero\": \"LONG = 0\", \"one\": \"LONG = 1\", "
                                "\"two\": \"LONG = 2\", \"numbers\": \"LONG[4] = {10, 20, 30, 40}\"";

typedef struct Case {
  const char *text;
  int64_t value;
} Case;

#define SAME(...)                                                                                                                          \
  { #__VA_ARGS__, (int64_t)(__VA_ARGS__) }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wparentheses"
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wshift-overflow"
#pragma GCC diagnostic ignored "-Woverflow"
#pragma GCC diagnostic ignored "-Waddress"
#pragma GCC diagnostic ignored "-Wunused-value"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wliteral-range"
#pragma GCC diagnostic ignored "-Wtautological-compare"
#pragma GCC diagnostic ignored "-Wconstant-logical-operand"
#pragma GCC diagnostic ignored "-Wshift-negative-value"
#pragma GCC diagnostic ignored "-Wconstant-conversion"
#pragma GCC diagnostic ignored "-Wpointer-bool-conversion"
#pragma GCC diagnostic ignored "-Wtautological-pointer-compare"
#endif

#define CASES                                                                                                                              \
  SAME(1 + 2 * 3), SAME((1 + 2) * 3), SAME(10 - 4 - 3), SAME(100 / 7 % 5), SAME(-7 / 2), SAME(-7 % 2), SAME(7 / -2), SAME(1 << 4 | 1),     \
      SAME(0xff & 0x0f ^ 0x3), SAME(1 | 2 ^ 3 & 4), SAME(~0), SAME(~0u), SAME(-1), SAME(-1u), SAME(!5), SAME(!0), SAME(!!7), SAME(- -5),   \
      SAME(+5), SAME(1 ? 2 : 3), SAME(0 ? 2 : 3),                                                                                          \
      SAME(0   ? 1                                                                                                                         \
           : 1 ? 5                                                                                                                         \
               : 6),                                                                                                                       \
      SAME(1 && 0), SAME(1 || 0), SAME(0 || 0), SAME(2 && 3), SAME(1 < 2), SAME(2 <= 2), SAME(3 > 4), SAME(4 >= 4), SAME(5 == 5),          \
      SAME(5 != 5), SAME(1 < 2 == 1), SAME(-1 < 0u), SAME(-1 > 1u), SAME(-1 < 0ull), SAME(2147483647 + 0), SAME(2147483648),               \
      SAME(0x80000000), SAME(0xffffffff), SAME(0x100000000), SAME(017), SAME(4294967295), SAME(4294967295u + 1), SAME(4294967295ll + 1),   \
      SAME(0x7fffffffffffffff), SAME(0xffffffffffffffff), SAME(1u << 31), SAME(1 << 30), SAME(0x80000000 >> 4), SAME(-16 >> 2),            \
      SAME(-1 >> 31), SAME(1ll << 40), SAME(0xffu << 28), SAME('a'), SAME('\n'), SAME('\x41'), SAME('\0'), SAME('\''), SAME('\\'),         \
      SAME('\377'), SAME((UCHAR)300), SAME((CHAR)200), SAME((SHORT)40000), SAME((USHORT)-1), SAME((ULONG)-1), SAME((LONG)0xffffffff),      \
      SAME((LONG64)0xffffffff), SAME((ULONG64)-1), SAME((LONG64)(LONG)0x80000000), SAME((ULONG64)(LONG)-5), SAME((ULONG)(UCHAR)-1),        \
      SAME(sizeof(LONG)), SAME(sizeof(ULONG64)), SAME(sizeof(UCHAR) + sizeof(USHORT)), SAME(sizeof(LONG[7])), SAME(sizeof(void *)),        \
      SAME(sizeof "abcd"), SAME(sizeof l), SAME(sizeof(l)), SAME(sizeof numbers), SAME(sizeof numbers[0]),                                 \
      SAME(sizeof(numbers) / sizeof(numbers[0])), SAME(sizeof(c + c)), SAME(sizeof(l + ll)), SAME(sizeof(unsigned char)),                  \
      SAME(sizeof(long long)), SAME(sizeof(unsigned short int)), SAME(sizeof(1 ? c : ll)), SAME(c), SAME(uc), SAME(s), SAME(us), SAME(l),  \
      SAME(ul), SAME(ll), SAME(ull), SAME(c + uc), SAME(c *us), SAME(uc + uc), SAME(us *us), SAME(us << 16), SAME(l + ul), SAME(l *ul),    \
      SAME(l + ull), SAME(l - ll), SAME(ul *ul), SAME(ul + ll), SAME(ul + 1), SAME(ull + 1), SAME(ull *ull), SAME(l / 7), SAME(l % 7),     \
      SAME(ul / 7), SAME(ul % 7), SAME(ll / 7), SAME(ll % 7), SAME(ull / 7), SAME(ull % 7), SAME(l / two), SAME(l % (two + one)),          \
      SAME(ul / l), SAME(ull / ul), SAME(ll / c), SAME(ll % s), SAME(c / s), SAME(s / c), SAME(s % c), SAME(-c), SAME(-uc), SAME(-ul),     \
      SAME(-ull), SAME(~c), SAME(~uc), SAME(~us), SAME(~ul), SAME(~ll), SAME(!c), SAME(!zero), SAME(c < uc), SAME(c < ul), SAME(l < ul),   \
      SAME(ll < ull), SAME(l < ull), SAME(c == -3), SAME(uc == 250), SAME(us > s), SAME(ul > l), SAME(ll > l), SAME(ll < l),               \
      SAME(ul >= 4000000000u), SAME(ul <= 3999999999u), SAME(l != -70000), SAME(c >= c), SAME(c <= c), SAME(c << 3), SAME(uc << 24),       \
      SAME(l << 4), SAME(ul << 4), SAME(ll << 4), SAME(ull << 4), SAME(c >> 1), SAME(uc >> 1), SAME(l >> 4), SAME(ul >> 4), SAME(ll >> 4), \
      SAME(ull >> 4), SAME(one << two), SAME(ull >> two * 10), SAME(ll >> 33), SAME(1ull << two), SAME(c &uc), SAME(c | uc), SAME(c ^ uc), \
      SAME(l &ul), SAME(l | ull), SAME(ll ^ ul), SAME(us & 0xff), SAME(us | ~0), SAME(c ? uc : us), SAME(zero ? c : ul),                   \
      SAME(one ? c : ul), SAME(one ? l : ull), SAME(zero ? ll : c), SAME(zero &&l), SAME(one &&l), SAME(zero || l), SAME(zero || zero),    \
      SAME(zero && 1 / zero), SAME(one || 1 / zero), SAME(one &&two &&c), SAME(zero || zero || two), SAME((UCHAR)l), SAME((CHAR)ul),       \
      SAME((SHORT)ll), SAME((USHORT)l), SAME((ULONG)ll), SAME((LONG)ull), SAME((ULONG64)c), SAME((LONG64)ul), SAME((ULONG64)s),            \
      SAME((LONG64)(ULONG)l), SAME((LONG)(SHORT)us), SAME((UCHAR)(c + uc)), SAME((ULONG)c << 8), SAME((ULONG64)ul << 8), SAME(numbers[0]), \
      SAME(numbers[two]), SAME(numbers[two + 1]), SAME(*numbers), SAME(*(numbers + two)), SAME(numbers[1] * numbers[3]),                   \
      SAME(&numbers[3] - &numbers[1]), SAME(&numbers[two] - numbers), SAME(*(&numbers[2] - 1)), SAME(two[numbers]), SAME(*&l),             \
      SAME(&numbers[0] == numbers), SAME(&numbers[1] > &numbers[0]), SAME(&l != 0), SAME(&l == 0), SAME(!&l), SAME(&l &&one),              \
      SAME((one, two)), SAME((zero ? 1 : 2) + (one ? 4 : 8)), SAME(((((l))))), SAME(l - -l), SAME(l - - -l), SAME(1 - -1), SAME(~-1),      \
      SAME(ul - 4000000001u), SAME(ul - 4000000001u > 0), SAME(uc - 251 < 0), SAME(us - 65001 < 0), SAME(c *c *c *c *c *c *c),             \
      SAME(2147483647 + one), SAME(l * 70000), SAME(-2147483647 - 1), SAME(ll *ll), SAME(sizeof(ll) > -1), SAME((c, uc, s))

__attribute__((no_sanitize("undefined"))) static const Case *cases(size_t *count) {
  static Case all[512];
  Case list[] = { CASES }; // NOLINT(clang-analyzer-core.UndefinedBinaryOperatorResult): -fwrapv
  *count = sizeof list / sizeof *list;
  memcpy(all, list, sizeof list);
  return all;
}

#pragma GCC diagnostic pop

static char *escape(const char *text) {
  GString *escaped = g_string_new(NULL);
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_c(escaped, '\\');
    g_string_append_c(escaped, *text);
  }
  return g_string_free(escaped, FALSE);
}

static unsigned failures;

static void evaluate(const Case *test, const char *format) {
  g_autofree char *text = escape(test->text);
  g_autofree char *json = g_strdup_printf(format, text, variables);
  Fixture fixture;
  FixtureRun run;
  fixture_open(&fixture, json);
  if (fixture.program == NULL) {
    print_error("%s: %s\n", test->text, fixture.error);
    failures++;
  } else {
    fixture_run(&fixture, "go", NULL, 0, &run);
    if (run.stop != SIM_STOP_QUIET || (int64_t)run.result != test->value) {
      print_error("%s is %lld, and should be %lld\n", test->text, (long long)run.result, (long long)test->value);
      failures++;
    }
  }
  fixture_close(&fixture);
}

static void run_all(const char *format) {
  size_t count;
  const Case *all = cases(&count);
  failures = 0;
  assert_true(count > 200);
  for (size_t i = 0; i < count; i++)
    evaluate(&all[i], format);
  assert_int_equal(failures, 0);
}

static void globals_are_as_in_c(void **state) {
  (void)state;
  run_all("{\"fw\": {\"go\": {\"returns\": \"LONG64\", \"do\": [\"return (LONG64)(%s)\"]}, \"globals\": {%s}}}");
}

static void locals_are_as_in_c(void **state) {
  (void)state;
  run_all("{\"fw\": {\"go\": {\"returns\": \"LONG64\", \"do\": [\"return (LONG64)(%s)\"], \"locals\": {%s}}}}");
}

/* Assignments: the text sets r, a LONG64, and others. */
static const struct {
  const char *steps;
  int64_t result;
} assignments[] = {
  { "\"r = 5\", \"r += 3\"", 8 },
  { "\"r = 5\", \"r -= 7\"", -2 },
  { "\"r = 6\", \"r *= r\"", 36 },
  { "\"r = 100\", \"r /= 7\"", 14 },
  { "\"r = 100\", \"r %= 7\"", 2 },
  { "\"r = 0xf0\", \"r |= 0x0f\"", 0xff },
  { "\"r = 0xff\", \"r &= 0x3c\"", 0x3c },
  { "\"r = 0xff\", \"r ^= 0x0f\"", 0xf0 },
  { "\"r = 1\", \"r <<= 40\"", 1ll << 40 },
  { "\"r = -16\", \"r >>= 2\"", -4 },
  { "\"uc = 255\", \"uc++\", \"r = uc\"", 0 },
  { "\"uc = 0\", \"uc--\", \"r = uc\"", 255 },
  { "\"c = 127\", \"c += 1\", \"r = c\"", -128 },
  { "\"l = 5\", \"r = l++\", \"r = r * 10 + l\"", 56 },
  { "\"l = 5\", \"r = ++l\", \"r = r * 10 + l\"", 66 },
  { "\"l = 5\", \"r = l--\", \"r = r * 10 + l\"", 54 },
  { "\"l = 5\", \"r = --l\", \"r = r * 10 + l\"", 44 },
  { "\"l = r = 7\", \"r += l\"", 14 },
  { "\"r = uc = 300\"", 44 },
  { "\"r = (l = 3) + l\"", 6 },
  { "\"ul = 1\", \"ul <<= 31\", \"r = ul\"", 2147483648 },
  { "\"l = 1\", \"l <<= 31\", \"r = l\"", -2147483648ll },
  { "\"uc = 200\", \"uc += 100\", \"r = uc\"", 44 },
  { "\"uc = 200\", \"uc *= 2\", \"r = uc\"", 144 },
  { "\"uc = 200\", \"uc /= -7\", \"r = uc\"", 228 },
  { "\"l = -1\", \"l /= 2u\", \"r = l\"", 2147483647 },
  { "\"l = 10\", \"l -= 3ull\", \"r = l\"", 7 },
  { "\"p = numbers\", \"p += 2\", \"r = *p\"", 30 },
  { "\"p = numbers + 3\", \"p--\", \"r = *p--\", \"r += *p\"", 50 },
  { "\"p = numbers\", \"r = *p++\", \"r += *++p\"", 40 },
  { "\"p = &numbers[3]\", \"p -= one\", \"r = p - numbers\"", 2 },
  { "\"*(numbers + 1) = 21\", \"numbers[2] += numbers[1]\", \"r = numbers[2]\"", 51 },
  { "\"numbers[one]++\", \"r = ++numbers[1]\"", 22 },
  { "\"l = 0\", \"one && (l = 5)\", \"zero || (l += 1)\", \"r = l\"", 6 },
  { "\"one ? (l = 3) : (l = 4)\", \"r = l\"", 3 },
  { "\"l = 1, ul = 2\", \"r = l + ul\"", 3 },
  { "{\"if\": \"one\", \"then\": [\"r = 1\"], \"else\": [\"r = 2\"]}", 1 },
  { "{\"if\": \"zero\", \"then\": [\"r = 1\"], \"else\": [\"r = 2\"]}", 2 },
  { "{\"if\": \"numbers\", \"then\": [\"r = 1\"]}", 1 },
  { "\"r = 0\", {\"repeat\": 5, \"do\": [\"r += 2\"]}", 10 },
  { "\"r = 0\", \"l = 4\", {\"repeat\": \"l\", \"do\": [\"l = 100\", \"r++\"]}", 4 },
  { "\"r = 0\", {\"repeat\": \"c\", \"do\": [\"r++\"]}", 0 },
  { "\"r = 0\", {\"repeat\": 3, \"do\": [{\"repeat\": 4, \"do\": [\"r++\"]}]}", 12 },
  { "\"r = 0\", {\"while\": \"r < 7\", \"do\": [\"r++\"]}", 7 },
  { "\"r = 0\", {\"for ever\": [\"r++\", {\"if\": \"r == 9\", \"then\": [\"break\"]}]}", 9 },
  { "\"r = 0\", \"l = 0\", {\"while\": \"l++ < 10\", \"do\": [{\"if\": \"l & 1\", \"then\": [\"continue\"]}, \"r += l\"]}", 30 },
  { "\"r = 0\", {\"repeat\": 10, \"do\": [\"r++\", {\"if\": \"r > 3\", \"then\": [\"break\"]}]}", 4 },
  { "\"r = 0\", {\"repeat\": 3, \"do\": [\"r++\", \"continue\", \"r = 100\"]}", 3 },
  { "{\"for ever\": [{\"if\": \"l++ >= 0\", \"then\": [\"return l\"]}]}", 1 },
  { "{\"while\": \"zero\", \"do\": []}, \"r = 3;\"", 3 },
};

static void assignments_are_as_in_c(void **state) {
  (void)state;
  unsigned wrong = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(assignments); i++) {
    g_autofree char *json =
        g_strdup_printf("{\"fw\": {\"go\": {\"returns\": \"LONG64\", \"locals\": {\"r\": \"LONG64\", \"p\": \"LONG *\", %s}, "
                        "\"do\": [%s, \"return r\"]}}}",
                        variables, assignments[i].steps);
    Fixture fixture;
    FixtureRun run = { 0 };
    fixture_open(&fixture, json);
    if (fixture.program != NULL)
      fixture_run(&fixture, "go", NULL, 0, &run);
    if (fixture.program == NULL || run.stop != SIM_STOP_QUIET || (int64_t)run.result != assignments[i].result) {
      print_error("%s: %s, %lld\n", assignments[i].steps, fixture.error != NULL ? fixture.error : "loads", (long long)run.result);
      wrong++;
    }
    fixture_close(&fixture);
  }
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(globals_are_as_in_c),
    cmocka_unit_test(locals_are_as_in_c),
    cmocka_unit_test(assignments_are_as_in_c),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
