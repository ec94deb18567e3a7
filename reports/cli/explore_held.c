/* What a folder's campaigns are about, to go on with them where no scenario is named. */
#include "explore.h"

#include "../campaign/join.h"

#include <string.h>

static void held_free(gpointer data) {
  ExploreHeld *held = data;
  g_free(held->scenario.file);
  g_free(held->scenario.name);
  g_free(held->scenario.spoken);
  g_free(held->scenario.error);
  g_free(held);
}

static bool held_add(GPtrArray *all, const char *file, GError **error) {
  g_autoptr(Campaign) campaign = campaign_new();
  g_autoptr(GError) missing = NULL;
  if (!campaign_log_read(file, campaign_apply, campaign, NULL, error))
    return false;
  if (!campaign->has_header)
    return true;
  const CampaignHeader *header = &campaign->header;
  ExploreHeld *held = g_new0(ExploreHeld, 1);
  held->search = header->search;
  held->shard = header->shard;
  held->shard_count = header->shard_count;
  held->scenario.name = g_strdup(header->scenario);
  held->scenario.spoken = g_strdup(header->argument);
  held->scenario.file = cli_scenario_file(header->argument, &missing);
  if (held->scenario.file == NULL) {
    held->scenario.file = g_strdup(header->argument);
    held->scenario.error = g_strdup(missing->message);
  }
  g_ptr_array_add(all, held);
  return true;
}

GPtrArray *explore_held(const char *folder, GError **error) {
  g_autoptr(GPtrArray) files = campaign_logs(folder, error);
  GPtrArray *all = g_ptr_array_new_with_free_func(held_free);
  for (guint i = 0; files != NULL && i < files->len; i++)
    if (!held_add(all, g_ptr_array_index(files, i), error)) {
      g_ptr_array_unref(all);
      return NULL;
    }
  if (files != NULL && campaign_joins_check(all, folder, error))
    return all;
  g_ptr_array_unref(all);
  return NULL;
}
