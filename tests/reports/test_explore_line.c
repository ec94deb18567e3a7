/* How far a search is, on a terminal of any width. */
#include "cli/explore_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
  unsigned columns;
  const char *line;
} widths[] = {
  { 80, "  name  12 schedules  7/s  3 failures  0:01 left" },
  { 49, "  name  12 schedules  7/s  3 failures  0:01 left" },
  { 48, "  name  12 schedules  7/s  3 failures  0:01 left" },
  { 47, "  12 schedules  7/s  3 failures  0:01 left" },
  { 41, "  12 schedules  3 failures  0:01 left" },
  { 36, "  12 schedules  3 failures" },
  { 26, "  12 schedules  3 failures" },
  { 25, "  12 schedules  3 failure" },
  { 8, "  12 sch" },
  { 0, "" },
};

static void what_matters_less_goes_first(void **state) {
  (void)state;
  const ExplorePart parts[] = { { "name", 3 }, { "12 schedules", 0 }, { "7/s", 2 }, { NULL, 9 }, { "3 failures", 0 }, { "0:01 left", 1 } };
  for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
    g_autofree char *line = explore_line(parts, sizeof parts / sizeof parts[0], widths[i].columns);
    assert_string_equal(line, widths[i].line);
  }
}

static void a_letter_is_never_halved(void **state) {
  (void)state;
  g_autofree char *line = explore_line(&(ExplorePart){ "zwölf Abläufe", 0 }, 1, 5);
  assert_string_equal(line, "  zwö");
}

static void a_pipe_is_no_terminal(void **state) {
  (void)state;
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  assert_false(explore_can_rewrite(ends[1]));
  assert_int_equal(explore_columns(ends[1]), 80);
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_matters_less_goes_first),
    cmocka_unit_test(a_letter_is_never_halved),
    cmocka_unit_test(a_pipe_is_no_terminal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
