/* Bytes as a schedule line: what is read is printed and read again the same; what is refused has a place in the line. */
#include "fuzz.h"

#include "sim/choice.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char *line = strndup((const char *)bytes, size), fingerprint[64] = "";
  SimSchedule schedule = { 0 }, again = { 0 };
  const char *error = NULL;
  size_t column = SIZE_MAX;
  if (!sim_schedule_parse(line, &schedule, fingerprint, sizeof fingerprint, &error, &column)) {
    fuzz_check(error != NULL && column <= strlen(line), "an error has a place in the line");
  } else {
    char *printed = sim_schedule_print(&schedule, fingerprint), *twice;
    fuzz_check(sim_schedule_parse(printed, &again, fingerprint, sizeof fingerprint, &error, &column), "what was printed is read");
    twice = sim_schedule_print(&again, fingerprint);
    fuzz_check(schedule.count == again.count && strcmp(printed, twice) == 0, "printed, read and printed is the same");
    free(printed);
    free(twice);
  }
  sim_schedule_finish(&schedule);
  sim_schedule_finish(&again);
  free(line);
  return 0;
}
