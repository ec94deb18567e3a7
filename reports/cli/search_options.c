#include "search_options.h"

#include <string.h>

static char *policy_names(void) {
  GString *names = g_string_new(NULL);
  for (size_t i = 0; i < sim_policy_count; i++)
    g_string_append_printf(names, "%s%s", i == 0 ? "" : i + 1 == sim_policy_count ? " or " : ", ", sim_policies[i]->name);
  return g_string_free(names, FALSE);
}

static bool policy_check(const char *name, const char *command) {
  if (name == NULL || sim_policy_find(name) != NULL)
    return true;
  g_autofree const char **names = g_new0(const char *, sim_policy_count + 1);
  for (size_t i = 0; i < sim_policy_count; i++)
    names[i] = sim_policies[i]->name;
  g_autofree char *all = policy_names();
  g_autofree char *suggestion = text_suggestion(text_nearest_of(name, names, sim_policy_count));
  cli_error("%s: --policy takes %s, not \"%s\"%s", command, all, name, suggestion);
  return false;
}

/* "allocation,status": bits. */
static bool vary_parse(CliSearch *search, const char *command) {
  g_auto(GStrv) words = g_strsplit(search->vary, ",", -1);
  search->varies = 0;
  if (*words == NULL) {
    cli_error("%s: --vary takes the names of kinds of choices", command);
    return false;
  }
  for (char **word = words; *word != NULL; word++) {
    unsigned kind = 0;
    while (kind < SIM_CHOICE_KIND_COUNT && !((SIM_CHOICE_RARE >> kind & 1) && strcmp(sim_choice_names[kind], *word) == 0))
      kind++;
    if (strcmp(*word, "all") == 0) {
      search->varies |= SIM_CHOICE_RARE;
    } else if (kind < SIM_CHOICE_KIND_COUNT) {
      search->varies |= 1u << kind;
    } else {
      cli_error("%s: --vary takes all, or some of resident, allocation, irql, reply, status, packet, grant, worker, placement, with commas "
                "between them, not \"%s\"",
                command, *word);
      return false;
    }
  }
  return true;
}

static bool is_negative(gint number) { return number < 0 && number != CLI_NOT_GIVEN; }

bool cli_search_check(CliSearch *search, const char *command) {
  guint64 seed;
  if (!policy_check(search->policy, command) || (search->vary != NULL && !vary_parse(search, command)))
    return false;
  if (search->seed != NULL && !g_ascii_string_to_unsigned(search->seed, 10, 0, G_MAXUINT64, &seed, NULL)) {
    cli_error("%s: --seed takes a number from 0 to 18446744073709551615, not \"%s\"", command, search->seed);
    return false;
  }
  bool is_depth_wrong = search->depth != CLI_NOT_GIVEN && (search->depth < 1 || search->depth > 64);
  if (is_depth_wrong || is_negative(search->preemptions) || is_negative(search->delays)) {
    cli_error("%s: --depth takes a number from 1 to 64, --preemptions and --delays take no negative number", command);
    return false;
  }
  if (is_negative(search->saved_mib)) {
    cli_error("%s: --saved-states takes a number of MiB from 0, which is none", command);
    return false;
  }
  if (search->races && search->no_races) {
    cli_error("%s: --races and --no-races exclude each other", command);
    return false;
  }
  return true;
}

void cli_search_finish(CliSearch *search) {
  g_free(search->policy);
  g_free(search->seed);
  g_free(search->vary);
}

char *cli_search_apply(const CliSearch *search, const ScenarioPolicy *own, SimSearchOptions *options) {
  *options = own->search;
  if (search->policy != NULL)
    options->policy = sim_policy_find(search->policy);
  else if (search->draws && options->policy == &sim_policy_timed)
    options->policy = &sim_policy_portfolio;
  if (search->seed != NULL)
    g_ascii_string_to_unsigned(search->seed, 10, 0, G_MAXUINT64, &options->seed, NULL);
  if (search->depth > 0)
    options->depth = (uint32_t)search->depth;
  if (search->preemptions >= 0)
    options->preemption_bound = (uint32_t)search->preemptions;
  if (search->delays >= 0)
    options->delay_bound = (uint32_t)search->delays;
  if (search->first > 0)
    options->first = (uint64_t)search->first;
  options->varies |= search->varies;
  options->visits_accesses |= search->visits_accesses;
  options->merges_states |= search->merges_states;
  options->holds_up |= search->holds_up;
  bool is_bounded = options->preemption_bound != SIM_SEARCH_UNBOUNDED || options->delay_bound != SIM_SEARCH_UNBOUNDED;
  options->deepens = options->policy == &sim_policy_exhaustive && !is_bounded && !options->merges_states && !search->at_once;
  if (search->saved_mib >= 0)
    options->saved_size_max = (size_t)search->saved_mib << 20;
  options->races_rarely = search->races_by_itself && !options->races && !search->races;
  options->races = (options->races || search->races || search->races_by_itself) && !search->no_races;
  const SimPolicy *policy = options->policy;
  const char *given = search->preemptions >= 0 ? "--preemptions" : search->delays >= 0 ? "--delays" : "--merge-states";
  if (!policy->is_systematic && (search->preemptions >= 0 || search->delays >= 0 || search->merges_states))
    return g_strdup_printf("%s is for systematic policies such as exhaustive, and this is searched by %s: name one with --policy", given,
                           policy->name);
  bool can_hold_up = policy == &sim_policy_exhaustive || policy == &sim_policy_dpor;
  if (search->holds_up && !can_hold_up)
    return g_strdup_printf("--clock is for exhaustive and dpor, and this is searched by %s%s", policy->name,
                           policy->holds_up ? ", which holds up the clock by itself" : ": name one of them with --policy");
  if (search->at_once && policy != &sim_policy_exhaustive)
    return g_strdup_printf("--at-once is for exhaustive, and this is searched by %s: name exhaustive with --policy", policy->name);
  return NULL;
}
