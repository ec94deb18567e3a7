/* Bytes as a scenario file: it loads, or is refused in one line with its place. */
#include "fuzz.h"

#include "scenario.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load_bytes("fuzz/x.json", bytes, size, &error);
  fuzz_check((scenario == NULL) == (error != NULL), "either a scenario or an error");
  if (error != NULL) {
    fuzz_check(g_utf8_validate(error->message, -1, NULL), "the message is UTF-8");
    fuzz_check(strncmp(error->message, "fuzz/x.json:", strlen("fuzz/x.json:")) == 0, "the message begins with the file");
    fuzz_check(strchr(error->message, '\n') == NULL, "the message is one line");
  }
  return 0;
}
