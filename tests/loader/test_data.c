/* The tables that expectations and reports name things by: bug checks, statuses, Windows versions, rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/ddi/bugchecks.h"
#include "model/ddi/windows.h"
#include "model/rules/rule.h"

#include <string.h>

static void test_bugchecks(void **state) {
  (void)state;
  for (size_t i = 0; i < ddi_bugcheck_count; i++) {
    const DdiBugcheck *row = &ddi_bugchecks[i];
    assert_true(i == 0 || ddi_bugchecks[i - 1].code < row->code);
    assert_ptr_equal(ddi_bugcheck_find(row->code), row);
    assert_ptr_equal(ddi_bugcheck_find_name(row->name), row);
    assert_true(*row->meaning != '\0' && strncmp(row->page, "bug-check-0x", 12) == 0);
  }
  assert_null(ddi_bugcheck_find(0xdead));
  assert_null(ddi_bugcheck_find_name("DRIVER_IRQL"));
}

/* What the founding stories and their symptoms need. */
static void test_bugchecks_needed(void **state) {
  (void)state;
  static const struct {
    uint32_t code;
    const char *name;
    DdiWindows since;
  } rows[] = {
    { 0x5, "INVALID_PROCESS_ATTACH_ATTEMPT", DDI_WINDOWS_2000 },
    { 0xa, "IRQL_NOT_LESS_OR_EQUAL", DDI_WINDOWS_2000 },
    { 0x4a, "IRQL_GT_ZERO_AT_SYSTEM_SERVICE", DDI_WINDOWS_2000 },
    { 0x50, "PAGE_FAULT_IN_NONPAGED_AREA", DDI_WINDOWS_2000 },
    { 0x7f, "UNEXPECTED_KERNEL_MODE_TRAP", DDI_WINDOWS_2000 },
    { 0xb8, "ATTEMPTED_SWITCH_FROM_DPC", DDI_WINDOWS_2000 },
    { 0xc4, "DRIVER_VERIFIER_DETECTED_VIOLATION", DDI_WINDOWS_2000 },
    { 0xd1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL", DDI_WINDOWS_2000 },
    { 0xe1, "WORKER_THREAD_RETURNED_AT_BAD_IRQL", DDI_WINDOWS_XP },
    { 0x133, "DPC_WATCHDOG_VIOLATION", DDI_WINDOWS_8 },
    { 0x139, "KERNEL_SECURITY_CHECK_FAILURE", DDI_WINDOWS_8 },
    { 0x162, "KERNEL_AUTO_BOOST_INVALID_LOCK_RELEASE", DDI_WINDOWS_8_1 },
    { 0x192, "KERNEL_AUTO_BOOST_LOCK_ACQUISITION_WITH_RAISED_IRQL", DDI_WINDOWS_10 },
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const DdiBugcheck *row = ddi_bugcheck_find(rows[i].code);
    assert_non_null(row);
    assert_string_equal(row->name, rows[i].name);
    assert_int_equal(row->since, rows[i].since);
  }
  assert_non_null(ddi_bugcheck_case_find(0xc4, 0x121));
  assert_null(ddi_bugcheck_case_find(0xc4, 0xffff));
}

static void test_statuses(void **state) {
  (void)state;
  for (size_t i = 1; i < ddi_status_count; i++)
    assert_true((uint32_t)ddi_statuses[i - 1].value < (uint32_t)ddi_statuses[i].value);
  assert_string_equal(ddi_status_name(0x102), "STATUS_TIMEOUT");
  assert_string_equal(ddi_status_name((int32_t)0xc0000001), "STATUS_UNSUCCESSFUL");
  assert_null(ddi_status_name(12345));
  assert_int_equal(ddi_status_find("STATUS_PENDING")->value, 0x103);
}

static void test_windows(void **state) {
  (void)state;
  for (size_t i = 0; i < ddi_windows_name_count; i++)
    assert_ptr_equal(ddi_windows_find(ddi_windows_names[i].name), &ddi_windows_names[i]);
  assert_null(ddi_windows_find("7-sp"));
  assert_string_equal(ddi_windows_title(DDI_WINDOWS_7_SP1), "Windows 7 SP1");
}

static uint32_t fnv1a(const char *name) {
  uint32_t value = 0x811c9dc5;
  for (; *name != '\0'; name++)
    value = (value ^ (unsigned char)*name) * 0x01000193;
  return value;
}

static void test_rules(void **state) {
  (void)state;
  for (size_t i = 0; i < rule_count; i++) {
    const RuleInfo *rule = &rule_table[i];
    assert_true(i == 0 || strcmp(rule_table[i - 1].name, rule->name) < 0);
    assert_int_equal(rule->id, fnv1a(rule->name));
    assert_ptr_equal(rule_find(rule->name), rule);
    assert_ptr_equal(rule_by_id(rule->id), rule);
    const char *const texts[] = { rule->title, rule->explanation, rule->windows, rule->windows_verifier, rule->mend, rule->page };
    for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++)
      assert_true(texts[j] != NULL && *texts[j] != '\0');
  }
  assert_null(rule_find("irql"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_bugchecks), cmocka_unit_test(test_bugchecks_needed),
    cmocka_unit_test(test_statuses),  cmocka_unit_test(test_windows),
    cmocka_unit_test(test_rules),
  };
  return cmocka_run_group_tests_name("data", tests, NULL, NULL);
}
