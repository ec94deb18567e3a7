/* What campaigns are made of: blocks, behaviours, the ring, the log. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "campaign/campaign.h"
#include "campaign/judge.h"
#include "campaign/ring.h"

#include <glib/gstdio.h>

/* ---- blocks ---- */

/* Every number is in one block, at its place. */
static void test_blocks(void **state) {
  (void)state;
  uint64_t next = 0;
  for (uint64_t block = 0; block < 400; block++) {
    CampaignSpan span = campaign_span(block, 0);
    assert_true(span.first == next);
    for (uint64_t at = 0; at < span.count; at += at == 0 ? 1 : span.count - 2) {
      CampaignSpan back = campaign_span_of(span.first + at, 0);
      assert_true(back.block == block && back.first == span.first && back.count == span.count);
    }
    next += span.count;
    assert_true(campaign_span_below(&span, span.first) == 0 && campaign_span_below(&span, span.first + 3) == 3);
    assert_true(campaign_span_below(&span, UINT64_MAX) == span.count);
  }
}

static void test_parts(void **state) {
  (void)state;
  uint64_t below = 0;
  for (uint64_t part = 0; part < CAMPAIGN_PART_COUNT; part++) {
    CampaignSpan span = campaign_span(part, CAMPAIGN_PART_COUNT),
                 back = campaign_span_of(part + 5 * CAMPAIGN_PART_COUNT, CAMPAIGN_PART_COUNT);
    assert_true(back.block == part && back.first == span.first && back.stride == CAMPAIGN_PART_COUNT);
    below += campaign_span_below(&span, 1001);
  }
  assert_true(below == 1001);
}

/* ---- behaviours ---- */

static uint64_t hash_of(uint64_t number) {
  number = (number + 1) * 0x9e3779b97f4a7c15ULL;
  return number ^ (number >> 29);
}

static void test_behaviours_count(void **state) {
  (void)state;
  Behaviours behaviours = { 0 };
  for (uint64_t i = 0; i < 1000; i++)
    behaviours_add(&behaviours, hash_of(i), 1);
  for (uint64_t i = 0; i < 400; i++)
    behaviours_add(&behaviours, hash_of(i), 1);
  assert_true(behaviours_distinct(&behaviours) == 1000 && behaviours_once(&behaviours) == 600);
  assert_true(behaviours_met(&behaviours, hash_of(7)) == 2 && behaviours_met(&behaviours, hash_of(700)) == 1);
  assert_true(behaviours_met(&behaviours, hash_of(7000)) == 0);
  assert_true(behaviours_unseen(&behaviours, 1400) > 0.42 && behaviours_unseen(&behaviours, 1400) < 0.43);
  behaviours_finish(&behaviours);
}

/* A fair sample of very many, the same whatever the order, the parts, or whether it went through text. */
static void test_behaviours_sample(void **state) {
  (void)state;
  enum { COUNT = 600000, TWICE = 200000 };
  Behaviours forward = { 0 }, halves[2] = { { 0 }, { 0 } }, read = { 0 };
  for (uint64_t i = 0; i < COUNT; i++)
    behaviours_add(&forward, hash_of(i), 1 + (i < TWICE));
  for (uint64_t i = COUNT; i > 0; i--)
    behaviours_add(&halves[i % 2], hash_of(i - 1), 1 + (i - 1 < TWICE));
  behaviours_join(&halves[0], &halves[1]);
  assert_true(forward.level > 0 && forward.level == halves[0].level);
  double distinct = (double)behaviours_distinct(&forward), once = (double)behaviours_once(&forward);
  assert_true(distinct > COUNT * 0.99 && distinct < COUNT * 1.01 && once > (COUNT - TWICE) * 0.99 && once < (COUNT - TWICE) * 1.01);
  for (unsigned met = 1; met <= 2; met++) {
    g_autofree char *a = behaviours_print(&forward, met), *b = behaviours_print(&halves[0], met);
    assert_string_equal(a, b);
    read.level = forward.level;
    assert_true(behaviours_read(&read, a, met));
  }
  assert_true(read.kept == forward.kept && read.once_kept == forward.once_kept);
  assert_false(behaviours_read(&read, "0123", 1));
  assert_false(behaviours_read(&read, "0123456789abcdeg", 1));
  behaviours_finish(&forward);
  behaviours_finish(&halves[0]);
  behaviours_finish(&halves[1]);
  behaviours_finish(&read);
}

/* ---- the ring ---- */

static void test_ring(void **state) {
  (void)state;
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("irqlab-ring-XXXXXX", NULL), *file = g_build_filename(folder, "ring", NULL);
  CampaignRing *ring = campaign_ring_create(file, 77, &error);
  assert_non_null(ring);
  for (uint64_t i = 0; i < CAMPAIGN_RING_COUNT; i++)
    assert_true(campaign_ring_put(ring, i, i * 3, 9));
  assert_false(campaign_ring_put(ring, 0, 0, 9));
  ring->tail = 10;
  for (uint64_t i = 0; i < 10; i++)
    assert_true(campaign_ring_put(ring, CAMPAIGN_RING_COUNT + i, 1, 9));
  ring->entries[100].hash++; /* torn */
  campaign_ring_unmap(ring);
  g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(CampaignEntry));
  campaign_ring_read(file, 78, entries);
  assert_int_equal(entries->len, 0);
  campaign_ring_read(file, 77, entries);
  assert_int_equal(entries->len, CAMPAIGN_RING_COUNT - 1);
  assert_true(g_array_index(entries, CampaignEntry, 0).number == 10);
  assert_true(g_array_index(entries, CampaignEntry, 90).number == 101);
  g_unlink(file);
  g_rmdir(folder);
}

/* ---- the log ---- */

static CampaignHeader header_make(void) {
  CampaignHeader header = { .scenario = g_strdup("s"),
                            .argument = g_strdup("s.json"),
                            .file_sum = g_strdup("0123456789abcdef"),
                            .fingerprint = g_strdup("-"),
                            .natural = g_strdup("00"),
                            .version = g_strdup("1"),
                            .search = sim_search_options_default,
                            .shard = 1,
                            .shard_count = 1 };
  return header;
}

static CampaignOutcome outcome_make(GStrv failures, GArray *fulfilled) {
  return (CampaignOutcome){
    .key = 5, .first = 3, .schedule = (char *)"v1:-", .result = (char *)"clean", .failures = failures, .fulfilled = fulfilled
  };
}

/* A log of a header, an outcome and some batches. */
static void log_make(const char *file) {
  g_autoptr(Campaign) campaign = campaign_new();
  g_autoptr(GArray) fulfilled = g_array_new(FALSE, FALSE, sizeof(int));
  char *failures[] = { NULL };
  CampaignHeader header = header_make();
  CampaignOutcome outcome = outcome_make(failures, fulfilled);
  CampaignLog log;
  CampaignBatch batch;
  assert_true(campaign_log_open(&log, file, campaign_apply, campaign, NULL, NULL));
  json_object *records[] = { campaign_header_record(&header), campaign_outcome_record(&outcome) };
  campaign_batch_init(&batch);
  for (unsigned i = 0; i < 2; i++) {
    assert_true(campaign_apply(records[i], campaign, NULL));
    assert_true(campaign_log_append(&log, records[i], NULL));
  }
  for (uint64_t number = 0; number < 300; number++) {
    assert_true(campaign_batch_add(&batch, campaign, number, hash_of(number % 50), 5));
    assert_false(campaign_batch_add(&batch, campaign, number, 0, 5)); /* it was */
    if (number % 100 == 99) {
      json_object *record = campaign_batch_record(&batch);
      assert_true(campaign_apply(record, campaign, NULL));
      assert_true(campaign_log_append(&log, record, NULL));
    }
  }
  assert_false(campaign_batch_add(&batch, campaign, 300, 0, 6)); /* of nobody's outcome */
  campaign_batch_finish(&batch);
  campaign_header_clear(&header);
  campaign_log_close(&log);
}

static bool log_holds(const char *file, uint64_t *schedules, bool *torn) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Campaign) campaign = campaign_new();
  bool is_right = campaign_log_read(file, campaign_apply, campaign, torn, &error);
  assert_true(is_right == (error == NULL));
  *schedules = campaign->schedule_count;
  return is_right;
}

/* Cut anywhere it holds whole records; changed anywhere it is refused, but for the last one's end. */
static void test_log(void **state) {
  (void)state;
  g_autofree char *folder = g_dir_make_tmp("irqlab-log-XXXXXX", NULL), *file = g_build_filename(folder, "log", NULL);
  g_autofree char *bytes = NULL;
  gsize size;
  uint64_t schedules;
  bool is_torn;
  log_make(file);
  assert_true(log_holds(file, &schedules, &is_torn) && schedules == 300 && !is_torn);
  assert_true(g_file_get_contents(file, &bytes, &size, NULL));
  for (gsize cut = 1; cut < size; cut += 7) {
    assert_true(g_file_set_contents(file, bytes, (gssize)cut, NULL));
    assert_true(log_holds(file, &schedules, &is_torn) && schedules % 100 == 0 && is_torn == (bytes[cut - 1] != '\n'));
  }
  for (gsize at = 0; at + 1 < size; at += 5) {
    g_autofree char *changed = g_memdup2(bytes, size);
    changed[at] ^= 4;
    assert_true(g_file_set_contents(file, changed, (gssize)size, NULL));
    assert_false(log_holds(file, &schedules, &is_torn));
  }
  g_unlink(file);
  g_rmdir(folder);
}

/* ---- outcomes ---- */

/* What the judge tells of the natural schedule when it has that number: of an outcome that it describes `first`, else -1. */
static int64_t judged(CampaignJudge *judge, ScenarioRun *run, uint64_t number) {
  static const SimSchedule natural = { 0 };
  RunResult result = { 0 };
  CampaignOutcome *fresh;
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &natural }, &result);
  campaign_judge(judge, &result, number, &fresh);
  int64_t first = fresh != NULL ? (int64_t)fresh->first : -1;
  if (fresh != NULL)
    campaign_outcome_free(fresh);
  run_result_finish(&result);
  return first;
}

/* A worker that takes a killed one's place meets lower numbers than it has run: they are the first that came to it. */
static void test_first_of_outcome(void **state) {
  (void)state;
  g_autoptr(GError) error = NULL;
  assert_true(sim_arena_map());
  g_autoptr(Scenario) scenario = scenario_load(SCENARIOS_FOLDER "/drivers/ab-ba-locks.json", &error);
  g_autoptr(ScenarioRun) run = scenario_run_create(scenario, &error);
  CampaignJudge *judge = campaign_judge_new(run);
  assert_int_equal(judged(judge, run, 66), 66);
  assert_int_equal(judged(judge, run, 72), -1);
  assert_int_equal(judged(judge, run, 1), 1);
  assert_int_equal(judged(judge, run, 2), -1);
  assert_int_equal(judged(judge, run, 1), -1);
  campaign_judge_free(judge);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_blocks),
    cmocka_unit_test(test_parts),
    cmocka_unit_test(test_behaviours_count),
    cmocka_unit_test(test_behaviours_sample),
    cmocka_unit_test(test_ring),
    cmocka_unit_test(test_log),
    cmocka_unit_test(test_first_of_outcome),
  };
  return cmocka_run_group_tests_name("campaign", tests, NULL, NULL);
}
