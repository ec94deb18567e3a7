/* irqlab merge: campaigns of several folders or shards as one. */
#include "cli.h"

#include "../campaign/join.h"
#include "../campaign/summary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char summary_text[] =
    "Joins campaigns of irqlab explore --out: the shards of several machines, or what was searched in several folders.";
static const char description[] =
    "INTO is made, or already holds a joined campaign, to which the others are added. What was run in more than one of them is counted\n"
    "once; what is missing is told. All must be about the same scenario, driver, policy, seed and bounds: else nothing is written. The\n"
    "joined campaign can be shown (irqlab explore --report INTO) and gone on with (irqlab explore --out INTO ..., without --shard).\n\n"
    "Examples:\n"
    "  irqlab merge all machine1 machine2 machine3\n"
    "  irqlab merge all found                    all shards that were kept in one folder\n\n"
    "Exit codes: 0 joined, and all as expected; 1 joined, and a schedule is not as expected; 2 bad input; 3 cannot be written.\n";

/* The joined campaign's own file in the folder. Returns owned. */
static char *whole_file(const char *into, const Campaign *campaign) {
  g_autofree char *leaf = g_strdup_printf("%s.1-of-1.jsonl", campaign->header.scenario);
  return g_build_filename(into, leaf, NULL);
}

/* What INTO holds already of this scenario is a part like others; its file stays locked until it is replaced. */
static bool base_add(CampaignJoin *join, const char *file, CampaignLog *log, GError **error) {
  g_autoptr(Campaign) base = campaign_new();
  log->descriptor = -1;
  if (!g_file_test(file, G_FILE_TEST_EXISTS))
    return true;
  if (!campaign_log_open(log, file, campaign_apply, base, &base->is_torn, error))
    return false;
  return !base->has_header || campaign_join_add(join, base, file, error);
}

static int fail(const GError *error) {
  cli_error("%s", error->message);
  return error->domain == CAMPAIGN_ERROR && error->code == CAMPAIGN_ERROR_SYSTEM ? EXIT_SET_UP : EXIT_BAD_INPUT;
}

static bool joins_write(const char *into, GPtrArray *joins, GError **error) {
  g_autofree CampaignLog *logs = g_new0(CampaignLog, joins->len);
  bool is_right = true;
  if (g_mkdir_with_parents(into, 0777) != 0) {
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_SYSTEM, "%s: %s", into, g_strerror(errno));
    return false;
  }
  for (guint i = 0; i < joins->len; i++)
    logs[i].descriptor = -1;
  for (guint i = 0; i < joins->len && is_right; i++) { /* all is known to fit before anything is written */
    g_autofree char *file = whole_file(into, ((CampaignJoin *)g_ptr_array_index(joins, i))->campaign);
    is_right = base_add(g_ptr_array_index(joins, i), file, &logs[i], error);
  }
  for (guint i = 0; i < joins->len && is_right; i++) {
    const Campaign *campaign = ((CampaignJoin *)g_ptr_array_index(joins, i))->campaign;
    g_autofree char *file = whole_file(into, campaign);
    is_right = campaign_write(campaign, file, error);
  }
  for (guint i = 0; i < joins->len; i++)
    campaign_log_close(&logs[i]);
  return is_right;
}

static int joins_tell(const char *into, GPtrArray *joins, GPtrArray *notes, const ReportStyle *style) {
  int exit_code = EXIT_AS_EXPECTED;
  for (guint i = 0; i < joins->len; i++) {
    const CampaignJoin *join = g_ptr_array_index(joins, i);
    guint before = notes->len;
    campaign_join_notes(join, notes);
    CampaignSummary summary = { .is_whole = notes->len == before, .folder = into };
    g_autofree char *never = summary.is_whole ? campaign_never_happened(join->campaign) : NULL;
    g_autoptr(GString) out = g_string_new(NULL);
    if (never != NULL || !campaign_is_as_expected(join->campaign))
      exit_code = EXIT_NOT_AS_EXPECTED;
    campaign_summary_print(out, style, join->campaign, &summary);
    fputs(out->str, stdout);
  }
  for (guint i = 0; i < notes->len; i++)
    printf("       %s\n", (const char *)g_ptr_array_index(notes, i));
  return exit_code;
}

int cli_merge(int argc, char **argv) {
  g_autofree char *color = NULL;
  const GOptionEntry entries[] = {
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "auto (default), always or never", "WHEN" },
    { 0 },
  };
  ReportColorMode mode = REPORT_COLOR_AUTO;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) joins = g_ptr_array_new_with_free_func((GDestroyNotify)campaign_join_free);
  g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
  if (!cli_options("merge", "INTO FOLDER ...", summary_text, description, entries, &argc, &argv) || !cli_color_mode(color, &mode))
    return EXIT_BAD_INPUT;
  if (argc < 3)
    return cli_error("merge: a folder to make and folders to join: irqlab merge INTO FOLDER ...\nirqlab merge --help tells more.");
  for (int i = 2; i < argc; i++)
    if (!campaign_folder_join(argv[i], joins, notes, &error))
      return fail(error);
  if (!campaign_joins_check(joins, argv[2], &error) || !joins_write(argv[1], joins, &error))
    return fail(error);
  ReportStyle style = report_style_of(STDOUT_FILENO, mode);
  return joins_tell(argv[1], joins, notes, &style);
}
