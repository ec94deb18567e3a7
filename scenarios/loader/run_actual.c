/* What there is in place of what an expectation asks for, in a few words: read from the machine as the run left it. */
#include "run_internal.h"

#include "model/ke/ke_state.h"
#include "model/tcpip/tcpip_face.h"

#include <string.h>

/* Of states of one kind, the first that holds. */
static const char *state_word(const ScenarioRun *run, const ExpectState *asked, const ExpectStateValue *values, unsigned count) {
  static const char *const words[] = {
    [EXPECT_IS_PERMITTED] = "permitted", [EXPECT_IS_BLOCKED] = "blocked",   [EXPECT_IS_PENDING] = "pending",
    [EXPECT_IS_CLOSED] = "closed",       [EXPECT_IS_NONE] = "none",         [EXPECT_IS_RUNNING] = "running",
    [EXPECT_IS_READY] = "ready",         [EXPECT_IS_WAITING] = "waiting",   [EXPECT_IS_ENDED] = "ended",
    [EXPECT_IS_LOADED] = "loaded",       [EXPECT_IS_UNLOADED] = "unloaded",
  };
  for (unsigned i = 0; i < count; i++) {
    ExpectState state = *asked;
    state.is = values[i];
    if (expectation_holds(run, &(Expectation){ .kind = EXPECT_STATE, .state = state }, NULL))
      return words[values[i]];
  }
  return NULL;
}

static char *cpu_words(const ExpectState *state) {
  const SimVcpu *vcpu = &sim_machine()->vcpus[state->number]; /* that there is one was checked when it was read */
  const char *does = vcpu->is_hung ? "hangs" : vcpu->depth == 0 ? "is idle" : vcpu->stack[vcpu->depth - 1]->is_spinning ? "spins" : "runs";
  return g_strdup_printf("it %s, at %s", does, sim_irql_name(vcpu->irql));
}

static char *state_words(const ScenarioRun *run, const ExpectState *state) {
  static const ExpectStateValue connections[] = { EXPECT_IS_NONE, EXPECT_IS_BLOCKED, EXPECT_IS_PENDING, EXPECT_IS_PERMITTED,
                                                  EXPECT_IS_CLOSED };
  static const ExpectStateValue threads[] = { EXPECT_IS_READY, EXPECT_IS_RUNNING, EXPECT_IS_WAITING, EXPECT_IS_ENDED };
  static const ExpectStateValue drivers[] = { EXPECT_IS_LOADED, EXPECT_IS_UNLOADED };
  const char *word = NULL;
  switch (state->kind) {
  case EXPECT_STATE_CONNECTION: word = state_word(run, state, connections, G_N_ELEMENTS(connections)); break;
  case EXPECT_STATE_THREAD: word = state_word(run, state, threads, G_N_ELEMENTS(threads)); break;
  case EXPECT_STATE_DRIVER: word = state_word(run, state, drivers, G_N_ELEMENTS(drivers)); break;
  case EXPECT_STATE_CPU: return cpu_words(state);
  }
  bool is_missing = word == NULL || strcmp(word, "none") == 0;
  return is_missing ? g_strdup("there is none") : g_strdup_printf("it is %s", word);
}

static char *times_words(const char *what, uint64_t count) {
  return count == 0 ? NULL : g_strdup_printf("it %s %" G_GUINT64_FORMAT " time%s", what, count, count == 1 ? "" : "s");
}

char *expectation_actual(const ScenarioRun *run, const Expectation *expectation, const RunResult *result) {
  int64_t value;
  switch (expectation->kind) {
  case EXPECT_GLOBAL:
    return run_global_read(run, &expectation->global, &value) ? g_strdup_printf("it is %" G_GINT64_FORMAT, value)
                                                              : g_strdup("it cannot be read");
  case EXPECT_STATE: return state_words(run, &expectation->state);
  case EXPECT_EVENT: return expectation->has_count ? times_words("happened", run_expected_count(run, expectation, result)) : NULL;
  case EXPECT_FINDING: return expectation->has_count ? times_words("was found", run_expected_count(run, expectation, result)) : NULL;
  default: return NULL;
  }
}
