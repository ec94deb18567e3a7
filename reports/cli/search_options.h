/*
 * search_options.h: how schedules are chosen, as run and explore are told on the command line: over what the scenario says itself.
 */
#pragma once

#include "cli.h"

#define CLI_NOT_GIVEN G_MININT /* no number that a user means */

typedef struct CliSearch {
  char *policy;
  char *seed;
  gint64 first;
  gint depth; /* CLI_NOT_GIVEN, as those below */
  gint preemptions;
  gint delays;
  char *vary;
  uint32_t varies; /* of vary: by cli_search_check */
  gboolean visits_accesses;
  gboolean merges_states;
  gboolean at_once;
  gboolean holds_up;
  gint saved_mib;
  gboolean races;
  gboolean no_races;
  bool draws;           /* schedules are wanted: where the scenario runs one, portfolio draws them */
  bool races_by_itself; /* a command that looks for them unasked, if not in every schedule */
} CliSearch;

#define CLI_SEARCH_INIT                                                                                                                    \
  { .first = -1, .depth = CLI_NOT_GIVEN, .preemptions = CLI_NOT_GIVEN, .delays = CLI_NOT_GIVEN, .saved_mib = CLI_NOT_GIVEN }

/* For a command's GOptionEntry array. */
#define CLI_SEARCH_ENTRIES(search)                                                                                                          \
  { "policy", 0, 0, G_OPTION_ARG_STRING, &(search)->policy, "Who chooses the schedules, instead of the scenario's own policy", "NAME" },    \
      { "seed", 0, 0, G_OPTION_ARG_STRING, &(search)->seed, "Seed of the first schedule, instead of the scenario's own", "N" },             \
      { "vary", 0, 0, G_OPTION_ARG_STRING, &(search)->vary, "What else varies: allocation,status,packet,... or all", "KINDS" },             \
      { "depth", 0, 0, G_OPTION_ARG_INT, &(search)->depth, "Bug depth that pct aims at", "D" },                                             \
      { "preemptions", 0, 0, G_OPTION_ARG_INT, &(search)->preemptions, "At most so many preemptions, of a systematic policy", "C" },        \
      { "delays", 0, 0, G_OPTION_ARG_INT, &(search)->delays, "At most so many departures from the natural schedule", "D" },                 \
      { "accesses", 0, 0, G_OPTION_ARG_NONE, &(search)->visits_accesses, "Each access of memory by a driver is a place to switch", NULL },  \
      { "at-once", 0, 0, G_OPTION_ARG_NONE, &(search)->at_once, "Exhaustive: not first all schedules with 0 preemptions, then with 1, ...", \
        NULL },                                                                                                                             \
      { "clock", 0, 0, G_OPTION_ARG_NONE, &(search)->holds_up, "Exhaustive, dpor: the clock may tick while all CPUs are held up", NULL },   \
      { "saved-states",                                                                                                                     \
        0,                                                                                                                                  \
        0,                                                                                                                                  \
        G_OPTION_ARG_INT,                                                                                                                   \
        &(search)->saved_mib,                                                                                                               \
        "Memory for states inside of runs that exhaustive goes on from (default 64)",                                                       \
        "MIB" },                                                                                                                            \
  {                                                                                                                                         \
    "merge-states", 0, 0, G_OPTION_ARG_NONE, &(search)->merges_states, "A systematic policy does not go on from a state it has seen", NULL  \
  }

/* Of a command that looks for data races where it is told to; of one that does so by itself. */
#define CLI_SEARCH_RACES(search)                                                                                                           \
  { "races", 0, 0, G_OPTION_ARG_NONE, &(search)->races, "Look for data races, too", NULL }
#define CLI_SEARCH_RACES_OR_NOT(search)                                                                                                     \
  { "races", 0, 0, G_OPTION_ARG_NONE, &(search)->races, "Look for data races in every schedule (default: in the first 256, and one of 16)", \
    NULL },                                                                                                                                 \
  {                                                                                                                                         \
    "no-races", 0, 0, G_OPTION_ARG_NONE, &(search)->no_races, "Do not look for data races", NULL                                            \
  }

/* What does not depend on the scenario. False, after an error was printed. */
bool cli_search_check(CliSearch *search, const char *command);
void cli_search_finish(CliSearch *search);

/* The scenario's own options with what was given put over them. NULL, or what is wrong with it for this scenario's policy; returns owned. */
char *cli_search_apply(const CliSearch *search, const ScenarioPolicy *own, SimSearchOptions *options);
