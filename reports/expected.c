#include "expected.h"

#include "paragraph.h"

#include "model/tcpip/tcpip_face.h"

#include <string.h>

/* ---- what is there instead ---- */

static char *parameters_words(const ExpectBugcheck *expected) {
  g_autoptr(GString) text = g_string_new(NULL);
  for (unsigned i = 0; i < 4; i++) {
    const ExpectParameter *parameter = &expected->parameters[i];
    if (parameter->kind == EXPECT_PARAMETER_ANY)
      continue;
    g_string_append_printf(text, "%sP%u ", text->len > 0 ? ", " : "", i + 1);
    if (parameter->text.text != NULL)
      g_string_append(text, parameter->text.text);
    else
      g_string_append_printf(text, parameter->number < 10 ? "%" G_GUINT64_FORMAT : "0x%" G_GINT64_MODIFIER "x", parameter->number);
  }
  return g_strdup(text->str);
}

static void finding_print(GString *out, const ReportStyle *style, const Names *names, const Expectation *failed, const RunResult *result) {
  for (uint32_t i = 0; i < result->finding_count; i++) {
    const Finding *finding = &result->findings[i];
    if (failed->finding.rule == NULL || finding->rule != failed->finding.rule->id)
      continue;
    g_autofree char *place = place_words(names_run(names), finding->site);
    const char *function = names_function(finding->function);
    g_autofree char *line =
        g_strdup_printf("it was found%s%s%s%s on cpu %u, %u time%s", *function != '\0' ? " at " : "", function, *place != '\0' ? ", " : "",
                        place, finding->cpu, finding->count, finding->count == 1 ? "" : "s");
    paragraph_more(out, style, line);
  }
}

static char *connection_words(const ExpectState *state) {
  TcpipEndpoint local = { .address = state->address, .port = state->port };
  const TcpipConnection *connection = tcpip_connection_find(local, (TcpipEndpoint){ 0 });
  return connection == NULL ? g_strdup("there is no such connection")
                            : g_strdup_printf("it is %s", tcpip_state_name((ConnectionState)connection->state));
}

static char *cpu_words(const ExpectState *state) {
  const SimMachine *machine = sim_machine();
  const SimVcpu *vcpu = state->number < machine->vcpu_count ? &machine->vcpus[state->number] : NULL;
  if (vcpu == NULL)
    return g_strdup("there is no such CPU");
  const char *does = vcpu->is_hung ? "hangs" : vcpu->depth == 0 ? "is idle" : vcpu->stack[vcpu->depth - 1]->is_spinning ? "spins" : "runs";
  return g_strdup_printf("it %s, at %s", does, sim_irql_name(vcpu->irql));
}

static void state_print(GString *out, const ReportStyle *style, const ExpectState *state) {
  g_autofree char *text = state->kind == EXPECT_STATE_CONNECTION ? connection_words(state)
                          : state->kind == EXPECT_STATE_CPU      ? cpu_words(state)
                                                                 : NULL;
  if (text != NULL)
    paragraph_more(out, style, text);
}

/* ---- the paragraph ---- */

void expected_print(GString *out, const ReportStyle *style, const Names *names, const RunResult *result, const RunVerdict *verdict,
                    const char *why) {
  if (verdict == NULL || why == NULL)
    return;
  const Expectation *failed = verdict->failed;
  const Scenario *scenario = scenario_run_scenario(names_run(names));
  paragraph_put(out, style, "not as expected", why);
  if (failed == NULL)
    return;
  g_autofree char *place = g_strdup_printf("%s:%u:%u", scenario->file, failed->position.line, failed->position.column);
  paragraph_more(out, style, place);
  if (failed->when == EXPECT_SOMETIMES)
    return;
  if (failed->kind == EXPECT_BUGCHECK && !failed->bugcheck.is_any && failed->bugcheck.code == result->bugcheck.code) {
    g_autofree char *parameters = parameters_words(&failed->bugcheck);
    g_autofree char *line = g_strdup_printf("it is that bug check, with other parameters: %s were expected", parameters);
    if (*parameters != '\0')
      paragraph_more(out, style, line);
  } else if (failed->kind == EXPECT_FINDING) {
    finding_print(out, style, names, failed, result);
  } else if (failed->kind == EXPECT_STATE && failed->when == EXPECT_ALWAYS) {
    state_print(out, style, &failed->state);
  }
}
