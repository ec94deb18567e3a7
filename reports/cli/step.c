/* irqlab replay --step: a schedule event by event, forwards and backwards. */
#include "../inspect.h"
#include "visit.h"

#include "model/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_AROUND_MAX 1000

typedef struct Stepper {
  RunVisit *visit;
  Names *names;
  uint32_t event; /* where it stands */
  GPtrArray *history;
  bool is_over;
} Stepper;

typedef void Command(Stepper *stepper, const char *argument, bool is_back);

static const SimEvent *event_at(const Stepper *stepper, uint32_t event) { return &run_visit_record(stepper->visit)->events[event]; }
static uint32_t first_of(const Stepper *stepper) { return run_visit_first(stepper->visit); }
static uint32_t last_of(const Stepper *stepper) { return (uint32_t)run_visit_record(stepper->visit)->count - 1; }

/* ---- looking ---- */

typedef void Inspect(GString *out, const Names *names, uint32_t event);

typedef struct Look {
  Stepper *stepper;
  Inspect *inspect; /* NULL: a global */
  const char *global;
  GString *out;
} Look;

static void look(void *data) {
  Look *self = data;
  if (self->inspect != NULL)
    self->inspect(self->out, self->stepper->names, self->stepper->event);
  else
    inspect_global(self->out, self->stepper->names, self->global);
}

static void inspect_print(Stepper *stepper, Inspect *inspect, const char *global) {
  g_autoptr(GString) out = g_string_new(NULL);
  run_visit_at(stepper->visit, stepper->event, look, &(Look){ stepper, inspect, global, out });
  fputs(out->len > 0 ? out->str : "  nothing\n", stdout);
}

static void event_print(const Stepper *stepper, uint32_t event) {
  g_autoptr(GString) out = g_string_new(event == stepper->event ? "> " : "  ");
  inspect_event(out, stepper->names, event);
  fputs(out->str, stdout);
}

/* ---- going ---- */

typedef bool IsThere(const Stepper *stepper, const SimEvent *event, const char *argument);

static bool is_on_cpu(const Stepper *stepper, const SimEvent *event, const char *argument) {
  unsigned cpu = *argument != '\0' ? (unsigned)strtoul(argument, NULL, 10) : event_at(stepper, stepper->event)->cpu;
  return event->cpu == cpu;
}

static bool is_irql_change(const Stepper *stepper, const SimEvent *event, const char *argument) {
  (void)argument;
  for (uint32_t i = event->sequence; i-- > 0;)
    if (event_at(stepper, i)->cpu == event->cpu)
      return event->cpu != 0xff && event_at(stepper, i)->irql != event->irql;
  return false;
}

static bool is_switch(const Stepper *stepper, const SimEvent *event, const char *argument) {
  (void)argument;
  return event->sequence > 0 && event->context != event_at(stepper, event->sequence - 1)->context;
}

static bool is_finding(const Stepper *stepper, const SimEvent *event, const char *argument) {
  const RunResult *result = run_visit_result(stepper->visit);
  (void)argument;
  for (uint32_t i = 0; i < result->finding_count; i++)
    if (result->findings[i].event == event->sequence)
      return true;
  return event->kind == EVENT_BUGCHECK;
}

static bool is_called(const Stepper *stepper, const SimEvent *event, const char *argument) {
  (void)stepper;
  return strcmp(model_event_name(event->kind), argument) == 0 || strcmp(names_function(event->function), argument) == 0;
}

static void go(Stepper *stepper, IsThere *is_there, const char *argument, bool is_back) {
  uint32_t event = stepper->event;
  while (event != (is_back ? first_of(stepper) : last_of(stepper))) {
    event += is_back ? UINT32_MAX : 1;
    if (is_there(stepper, event_at(stepper, event), argument)) {
      stepper->event = event;
      event_print(stepper, event);
      return;
    }
  }
  puts(is_back ? "  there is none before" : "  there is none behind");
}

/* The number; what is not given is as it is. False, after it was said: there is none from `least` on. */
static bool number_take(const char *argument, const char *command, uint32_t least, uint32_t *number) {
  guint64 value = *number;
  if (*argument != '\0' && !g_ascii_string_to_unsigned(argument, 10, least, UINT32_MAX, &value, NULL)) {
    printf("  %s takes a number from %u, not \"%s\"\n", command, least, argument);
    return false;
  }
  *number = (uint32_t)value;
  return true;
}

static void next(Stepper *stepper, const char *argument, bool is_back) {
  uint32_t count = 1, room = is_back ? stepper->event - first_of(stepper) : last_of(stepper) - stepper->event;
  if (!number_take(argument, is_back ? "back" : "next", 1, &count))
    return;
  uint32_t steps = MIN(count, room);
  if (steps == 0) {
    puts(is_back ? "  this is the first event behind boot" : "  this is the last event");
    return;
  }
  stepper->event += is_back ? 0 - steps : steps;
  event_print(stepper, stepper->event);
}

static void cpu(Stepper *stepper, const char *argument, bool is_back) {
  uint32_t number = 0;
  if (number_take(argument, "cpu", 0, &number))
    go(stepper, is_on_cpu, argument, is_back);
}
static void irql(Stepper *stepper, const char *argument, bool is_back) { go(stepper, is_irql_change, argument, is_back); }
static void change(Stepper *stepper, const char *argument, bool is_back) { go(stepper, is_switch, argument, is_back); }

static void to(Stepper *stepper, const char *argument, bool is_back) {
  if (*argument == '\0')
    puts("  to what: a function such as KeSetEvent, or a kind of event such as interrupt");
  else if (visit_name_is_known(argument))
    go(stepper, is_called, argument, is_back);
}

/* To the next mistake, or the end. */
static void proceed(Stepper *stepper, const char *argument, bool is_back) {
  uint32_t end = is_back ? first_of(stepper) : last_of(stepper), event = stepper->event;
  (void)argument;
  while (event != end) {
    event += is_back ? UINT32_MAX : 1;
    if (is_finding(stepper, event_at(stepper, event), ""))
      break;
  }
  stepper->event = event;
  event_print(stepper, event);
}

static void jump(Stepper *stepper, const char *argument, bool is_back) {
  (void)is_back;
  uint32_t event = *argument != '\0' ? visit_event_find(stepper->visit, argument) : UINT32_MAX;
  if (event == UINT32_MAX)
    return;
  stepper->event = event;
  event_print(stepper, event);
}

/* ---- showing ---- */

static void list(Stepper *stepper, const char *argument, bool is_back) {
  (void)is_back;
  uint32_t around = 5;
  if (!number_take(argument, "list", 0, &around))
    return;
  around = MIN(around, LIST_AROUND_MAX);
  uint32_t first = MAX(first_of(stepper), stepper->event > around ? stepper->event - around : 0);
  for (uint32_t i = first; i <= MIN(last_of(stepper), stepper->event + around); i++)
    event_print(stepper, i);
}

static void state(Stepper *stepper, const char *argument, bool is_back) {
  (void)argument, (void)is_back;
  inspect_print(stepper, inspect_all, NULL);
}
static void cpus(Stepper *stepper, const char *argument, bool is_back) {
  (void)argument, (void)is_back;
  inspect_print(stepper, inspect_cpus, NULL);
}
static void stacks(Stepper *stepper, const char *argument, bool is_back) {
  (void)argument, (void)is_back;
  inspect_print(stepper, inspect_stacks, NULL);
}
static void locks(Stepper *stepper, const char *argument, bool is_back) {
  (void)argument, (void)is_back;
  inspect_print(stepper, inspect_locks, NULL);
}
static void queues(Stepper *stepper, const char *argument, bool is_back) {
  (void)argument, (void)is_back;
  inspect_print(stepper, inspect_queues, NULL);
}
static void print(Stepper *stepper, const char *argument, bool is_back) {
  (void)is_back;
  inspect_print(stepper, *argument != '\0' ? NULL : inspect_globals, argument);
}
static void history(Stepper *stepper, const char *argument, bool is_back) {
  (void)argument, (void)is_back;
  for (guint i = 0; i < stepper->history->len; i++)
    printf("  %3u  %s\n", i + 1, (const char *)g_ptr_array_index(stepper->history, i));
}
static void quit(Stepper *stepper, const char *argument, bool is_back) {
  (void)argument, (void)is_back;
  stepper->is_over = true;
}

/* ---- commands ---- */

static Command help;

static const struct {
  const char *name;
  const char *letter;
  Command *run;
  const char *what;
} commands[] = {
  { "next", "n", next, "next [N]: the next event, or the N-th" },
  { "cpu", "c", cpu, "cpu [N]: the next event on this CPU, or on that" },
  { "irql", "i", irql, "irql: the next change of a CPU's IRQL" },
  { "switch", "s", change, "switch: the next event of another context" },
  { "to", "t", to, "to NAME: the next call of a function, or event of a kind" },
  { "continue", "g", proceed, "continue: the next mistake, or the end" },
  { "goto", "j", jump, "goto EVENT: a number, or NAME#N, the N-th of the run" },
  { "list", "l", list, "list [N]: the events around" },
  { "state", "a", state, "state: all of what follows" },
  { "cpus", NULL, cpus, "cpus: what is stacked on each CPU" },
  { "stacks", "k", stacks, "stacks: the driver's calls" },
  { "locks", NULL, locks, "locks: who holds, who waits" },
  { "queues", NULL, queues, "queues: interrupts, DPCs, timers, ready threads" },
  { "print", "p", print, "print [GLOBAL]: globals of drivers, gCount or fw.gCount" },
  { "history", NULL, history, "history: what was typed" },
  { "help", "h", help, "help: this" },
  { "quit", "q", quit, "quit" },
};

static void help(Stepper *stepper, const char *argument, bool is_back) {
  (void)stepper, (void)argument, (void)is_back;
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
    printf("  %-2s %s\n", commands[i].letter != NULL ? commands[i].letter : "", commands[i].what);
  puts("  With \"back\" or \"b\" before it (back, b 3, b irql, b to KeSetEvent) a command goes the other way. An empty line repeats the "
       "last.");
}

static void command_run(Stepper *stepper, const char *line) {
  g_auto(GStrv) words = g_strsplit_set(line, " \t", 3);
  bool is_back = words[0] != NULL && (strcmp(words[0], "back") == 0 || strcmp(words[0], "b") == 0);
  g_autofree char *rest = g_strdup(line + (is_back ? strlen(words[0]) : 0));
  g_strstrip(rest);
  if (is_back && (*rest == '\0' || g_ascii_isdigit(*rest))) {
    next(stepper, rest, true);
    return;
  }
  size_t length = strcspn(rest, " \t");
  g_autofree char *name = g_strndup(rest, length);
  const char *argument = rest + length + strspn(rest + length, " \t");
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
    if (strcmp(commands[i].name, name) == 0 || g_strcmp0(commands[i].letter, name) == 0) {
      commands[i].run(stepper, argument, is_back);
      return;
    }
  printf("  there is no command \"%s\"; help lists them\n", name);
}

static void lines_run(Stepper *stepper) {
  char *line = NULL;
  size_t size = 0;
  bool is_terminal = isatty(STDIN_FILENO);
  while (!stepper->is_over) {
    if (is_terminal)
      printf("(%u of %u) ", stepper->event, last_of(stepper));
    fflush(stdout);
    if (getline(&line, &size, stdin) < 0)
      break;
    g_strstrip(line);
    if (*line != '\0')
      g_ptr_array_add(stepper->history, g_strdup(line));
    else if (stepper->history->len == 0)
      continue;
    command_run(stepper, g_ptr_array_index(stepper->history, stepper->history->len - 1));
  }
  free(line);
}

int visit_step(CliSchedule *schedule) {
  g_autoptr(RunVisit) visit = run_visit_create(schedule->run, &schedule->exceptions);
  if (run_visit_record(visit)->count <= run_visit_first(visit))
    return cli_error("replay: the run was over in Windows' boot or the loading of drivers: irqlab trace --boot shows it");
  g_autoptr(Names) names = names_create(schedule->run, run_visit_record(visit));
  g_autofree char *bucket = run_result_bucket(run_visit_result(visit));
  Stepper stepper = { .visit = visit, .names = names, .event = run_visit_first(visit), .history = g_ptr_array_new_with_free_func(g_free) };
  printf("%s: events %u to %u, hash %016llx; help lists the commands\n", bucket, first_of(&stepper), last_of(&stepper),
         (unsigned long long)run_visit_result(visit)->hash);
  event_print(&stepper, stepper.event);
  lines_run(&stepper);
  g_ptr_array_unref(stepper.history);
  return EXIT_AS_EXPECTED;
}
