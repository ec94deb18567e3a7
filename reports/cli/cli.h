/*
 * cli.h: what the commands of irqlab share. One command a file.
 */
#pragma once

#include "../outcome.h"
#include "../style.h"

#include "run.h"

/* Exit codes; of several results the highest wins. */
enum { EXIT_AS_EXPECTED = 0, EXIT_NOT_AS_EXPECTED = 1, EXIT_BAD_INPUT = 2, EXIT_SET_UP = 3, EXIT_INTERRUPTED = 130 };

typedef struct CliCommand {
  const char *name;
  const char *summary;
  int (*run)(int argc, char **argv); /* argv[0] is the command's name */
} CliCommand;

int cli_run(int argc, char **argv);
int cli_explore(int argc, char **argv);
int cli_merge(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_shrink(int argc, char **argv);
int cli_when(int argc, char **argv);
int cli_trace(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_bench(int argc, char **argv);

/* Parses the options of a command; on trouble prints what is wrong and how to get help, and returns false. `arguments`: "[FILE ...]". */
bool cli_options(const char *command, const char *arguments, const char *summary, const char *description, const GOptionEntry *entries,
                 int *argc, char ***argv);

/* An error of usage or input on standard error, "irqlab: TEXT". Returns EXIT_BAD_INPUT. */
int cli_error(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* "auto", "always" or "never"; false: none of them. */
bool cli_color_mode(const char *text, ReportColorMode *mode);

/* The file a scenario is named by on the command line: a path, a path without .json, or a name of the library ("osr-291980/dpc-classify").
 * NULL with error. Returns owned. */
char *cli_scenario_file(const char *name, GError **error);

/* A scenario that a command was given. */
typedef struct CliScenario {
  char *file;   /* as it is opened */
  char *name;   /* short, as it is shown */
  char *spoken; /* as it is named on a command line: a path, or a name of the library */
  char *error;  /* why it cannot be opened: missing, a folder that cannot be read; NULL: nothing is wrong with it so far */
} CliScenario;

/* All scenarios at or below the paths, those of a folder sorted; the whole library when there is no path. Never fails: what cannot be found is in
 * the list with its error. Returns owned. */
GPtrArray *cli_scenarios(char **paths);
