/* irqlab: which command. */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const CliCommand commands[] = {
  { "run", "run scenarios and say whether they come out as expected", cli_run },
  { "explore", "search many schedules for failures, until a budget is used up", cli_explore },
  { "merge", "join what several machines explored", cli_merge },
  { "replay", "run one schedule of a scenario again, from its line", cli_replay },
  { "shrink", "make a failing schedule minimal, and the scenario around it", cli_shrink },
  { "when", "say at which choice of a schedule its failure was decided", cli_when },
  { "trace", "print every event of a run", cli_trace },
  { "list", "list scenarios, rules, bug checks, functions", cli_list },
  { "explain", "explain a rule, a bug check, a function or a status", cli_explain },
  { "bench", "measure how fast scenarios run", cli_bench },
};

static void help_print(FILE *stream) {
  fputs("irqlab runs Windows filter-driver code on a small model of the Windows kernel, in an order that can be repeated.\n\n"
        "Usage: irqlab COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:\n",
        stream);
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
    fprintf(stream, "  %-9s %s\n", commands[i].name, commands[i].summary);
  fputs("  test      build everything and run irqlab's own tests (./irqlab test, in a checkout)\n\n"
        "Examples:\n"
        "  irqlab run                                  the whole library\n"
        "  irqlab run -v scenarios/seeds/osr-291980    with a report of each\n"
        "  irqlab explain irql-too-high                what a rule means and how to mend it\n\n"
        "irqlab COMMAND --help tells more; irqlab --version says which this is.\n"
        "Exit codes: 0 all as expected, 1 not as expected, 2 bad input, 3 cannot be set up.\n",
        stream);
}

static int unknown(const char *name) {
  const char *names[G_N_ELEMENTS(commands)];
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
    names[i] = commands[i].name;
  g_autofree char *suggestion = text_suggestion(text_nearest_of(name, names, G_N_ELEMENTS(names)));
  return cli_error("unknown command \"%s\"%s\nirqlab --help lists the commands.", name, suggestion);
}

/* Of a run of a command; 3 when what it printed could not be written. */
static int finish(int exit_code) {
  if (fflush(stdout) == 0 && !ferror(stdout))
    return exit_code;
  fprintf(stderr, "irqlab: standard output cannot be written: %s\n", g_strerror(errno));
  return EXIT_SET_UP;
}

static int command_run(int argc, char **argv) {
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
    if (strcmp(argv[0], commands[i].name) == 0)
      return commands[i].run(argc, argv);
  if (strcmp(argv[0], "test") == 0)
    return cli_error("the tests are run from a checkout: ./irqlab test");
  return unknown(argv[0]);
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_DFL); /* `irqlab list | head` ends quietly */
  if (argc < 2) {
    help_print(stderr);
    return EXIT_BAD_INPUT;
  }
  bool is_help = strcmp(argv[1], "help") == 0;
  if (is_help && argc > 2) { /* irqlab help run */
    char *arguments[] = { argv[2], (char *)"--help", NULL };
    return finish(command_run(2, arguments));
  }
  if (is_help || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    help_print(stdout);
    return finish(EXIT_AS_EXPECTED);
  }
  if (strcmp(argv[1], "--version") == 0) {
    puts("irqlab " IRQLAB_VERSION);
    return finish(EXIT_AS_EXPECTED);
  }
  return finish(command_run(argc - 1, argv + 1));
}
