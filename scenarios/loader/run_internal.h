/*
 * run_internal.h: what the files of the runner share (run_boot.c, run_stimulus.c, run_judge.c, run_explore.c).
 */
#pragma once

#include "coverage_collect.h"
#include "guest_image.h"
#include "run.h"
#include "step.h"

/* A state between the end of boot and the first point at which something can go otherwise (run_prefix.c). */
typedef struct RunPrefix {
  bool holds_up; /* of the policy that it is the first such point for */
  bool races;    /* in some runs they are looked for: it ends before driver code touches anything */
  uint32_t varies;
  uint32_t run_count;    /* by such policies, one behind the other */
  bool is_made;          /* tried once */
  SimSnapshot *snapshot; /* NULL: not made yet, or there is none */
  SimRecord record;      /* the events up to there, boot's included */
  SimRecord kept;        /* those of them that expectations are about */
} RunPrefix;

struct ScenarioRun {
  const Scenario *scenario;
  StepProgram *steps;     /* of the drivers written as steps; NULL: none */
  StepInstance *instance; /* in the arena */
  char *fingerprint;
  GPtrArray *images;     /* GuestImage *, of the drivers that are C source */
  GPtrArray *notes;      /* NULL-terminated strings */
  SimSnapshot *snapshot; /* NULL when the run was over in boot */
  RunPrefix prefix;
  Coverage *coverage;    /* what is exercised is collected here; NULL: it is not */
  SimRecord boot_record; /* its events: the beginning of every run's */
  SimRecord boot_kept;   /* those of them that expectations are about */
  SimRecord *kept;       /* where those of the run under way are kept; NULL: nowhere */
  uint64_t origin_ns;
  uint64_t boot_hash;    /* of the events of a boot that was the whole run: who looks at the machine later may add to it */
  bool wants_events;     /* an expectation is about events */
  uint64_t step_max;     /* of a run, where that is less than the scenario says; 0: as it says */
  bool races;            /* races between accesses of driver code are looked for */
  GHashTable *sources;   /* file -> GStrv of its lines: for RunSite.text; looked up only */
  char *not_loaded;      /* "DriverEntry of fw returned STATUS_...": the first driver that refused; NULL: none did */
  GPtrArray *texts;      /* strings that the machine borrows */
  GPtrArray *scripts;    /* GArray of UserOperation, of the processes' threads */
  KeProcess **processes; /* in the arena; by ScenarioProcess.number */
  uint32_t *drivers;     /* ordinals; by ScenarioDriver.number */
  uint64_t races_left;   /* runs in which races were looked for only until there was no room for more threads, or for what orders them */
  bool *faults_met;      /* by number: in some schedule so far the call that is to fail was made */
  DdiFault boot_fault;   /* fails beside what the scenario names; function 0: nothing */
};

/* run_boot.c */
bool run_boot(ScenarioRun *run, GError **error);
/* Boots once more, and this call fails; NULL: as the scenario says. */
bool run_boot_again(ScenarioRun *run, const DdiFault *fault, GError **error);

/* run_kept.c: what expectations are about is kept from now on. Before rules observe anything, whose findings are events themselves. */
void run_kept_begin(ScenarioRun *run);

/* run_prefix.c: the state from which a run with these options can begin as if all of it were run; NULL: the end of boot. Borrowed. */
const RunPrefix *run_prefix_take(ScenarioRun *run, const SimRunOptions *options);
void run_prefix_drop(ScenarioRun *run);
/* Takes the events of one record over into another. */
void run_record_copy(SimRecord *to, const SimRecord *from);
/* Runs the machine, whatever it is to run. */
SimStop run_machine(const ScenarioRun *run);

/* run_image.c: building and loading the drivers that are C source. */
bool run_images_load(ScenarioRun *run, GError **error);
void run_images_begin(const ScenarioRun *run);
/* The address of a function of a driver that is C source; 0: none of that name. */
uint64_t run_image_symbol(const ScenarioRun *run, const ScenarioDriver *driver, const char *name);
const GuestImage *run_image_of(const ScenarioRun *run, const ScenarioDriver *driver); /* NULL: it is written as steps */

/* run_judge.c: how often a finding or an event that is expected came in this run; what a global holds. */
uint64_t run_expected_count(const ScenarioRun *run, const Expectation *expectation, const RunResult *result);
bool run_global_read(const ScenarioRun *run, const ExpectGlobal *expected, int64_t *value);

/* The value of a global of a driver that is C source, static or not, of 1, 2, 4 or 8 bytes, sign extended; false: none of that name and size. */
bool run_image_global(const ScenarioRun *run, const char *driver, const char *name, int64_t *value);
/* Do the functions and globals of C drivers that the scenario names exist? */
bool run_names_check(const ScenarioRun *run, GError **error);

/* run_verdict.c: the search lets kinds vary that the scenario itself does not: what it expects in some schedule need not be among so many. */
bool run_varies_more(const ScenarioRun *run, const SimSearchOptions *options);

/* run_stimulus.c: the address of a driver's routine, compiled or steps; 0: absent. */
uint64_t run_routine_address(const ScenarioRun *run, const ScenarioRoutine *routine);
/* The name a port that irqlab opened for a steps driver's global goes by. Returns owned. */
char *run_port_name(const ScenarioDriver *driver, const char *global);

/* run_stimulus.c: processes and traffic of the scenario, queued for the times after boot. From the host's own stack, when boot is over. */
void run_stimuli_queue(ScenarioRun *run);
