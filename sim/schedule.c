#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_schedule_finish(SimSchedule *schedule) {
  free(schedule->exceptions);
  free(schedule->sorted);
  *schedule = (SimSchedule){ 0 };
}

void sim_schedule_append(SimSchedule *schedule, SimException exception) {
  if (schedule->count == schedule->capacity) {
    size_t capacity = schedule->capacity > 0 ? schedule->capacity * 2 : 256;
    SimException *exceptions = realloc(schedule->exceptions, capacity * sizeof *exceptions);
    SIM_ASSERT(exceptions != NULL);
    schedule->exceptions = exceptions;
    schedule->capacity = capacity;
  }
  schedule->exceptions[schedule->count++] = exception;
}

/* ---- the line: v1:FINGERPRINT{:CONTEXT{.KIND ORDINAL[-ORDINAL]=ANSWER}} with exceptions grouped while the context stays the same, and those
 * that follow each other there with the same answer, by which somebody is held up for long, told by the first and the last ---- */

#define RANGE_MAX 100000u /* of a hostile line */
#define COUNT_MAX ((size_t)1 << 22)

/* How many from `first` on are one point behind the other with the same answer. */
static size_t range_count(const SimSchedule *schedule, size_t first) {
  const SimException *begin = &schedule->exceptions[first];
  size_t count = 1;
  while (first + count < schedule->count && count < RANGE_MAX) {
    const SimException *next = &begin[count];
    if (next->context != begin->context || next->kind != begin->kind || next->answer != begin->answer ||
        next->ordinal != begin->ordinal + (uint32_t)count || next->ordinal < begin->ordinal)
      break;
    count++;
  }
  return count;
}

char *sim_schedule_print(const SimSchedule *schedule, const char *fingerprint) {
  char *line = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&line, &size);
  SIM_ASSERT(stream != NULL);
  fprintf(stream, "v1:%s", fingerprint);
  for (size_t i = 0, count; i < schedule->count; i += count) {
    const SimException *exception = &schedule->exceptions[i];
    count = range_count(schedule, i);
    if (i == 0 || exception->context != schedule->exceptions[i - 1].context)
      fprintf(stream, ":%x", exception->context);
    fprintf(stream, ".%c%u", sim_choice_letters[exception->kind], exception->ordinal);
    if (count > 1)
      fprintf(stream, "-%u", exception->ordinal + (uint32_t)count - 1);
    fprintf(stream, "=%u", exception->answer);
  }
  fclose(stream);
  return line;
}

typedef struct Reader {
  const char *line;
  size_t at;
  const char *error;
} Reader;

static bool fail(Reader *reader, const char *error) {
  reader->error = error;
  return false;
}

static bool accept(Reader *reader, char character) {
  if (reader->line[reader->at] != character)
    return false;
  reader->at++;
  return true;
}

static int digit_value(char character) {
  if (character >= '0' && character <= '9')
    return character - '0';
  if (character >= 'a' && character <= 'f')
    return character - 'a' + 10;
  return 99;
}

static bool read_number(Reader *reader, unsigned base, uint32_t *number) {
  uint64_t value = 0;
  size_t start = reader->at;
  while (digit_value(reader->line[reader->at]) < (int)base) {
    value = value * base + (unsigned)digit_value(reader->line[reader->at]);
    if (value > UINT32_MAX)
      return fail(reader, "the number is too large");
    reader->at++;
  }
  if (reader->at == start)
    return fail(reader, base == 16 ? "a context (lower-case hexadecimal) was expected" : "a decimal number was expected");
  *number = (uint32_t)value;
  return true;
}

static bool read_exception(Reader *reader, uint32_t context, SimSchedule *schedule) {
  const char *letter = reader->line[reader->at] != '\0' ? strchr(sim_choice_letters, reader->line[reader->at]) : NULL;
  if (letter == NULL)
    return fail(reader, "the letter of a kind of choice was expected, one of simraquwfpgktc");
  SimException exception = { .context = context, .kind = (uint8_t)(letter - sim_choice_letters) };
  reader->at++;
  if (!read_number(reader, 10, &exception.ordinal))
    return false;
  uint32_t last = exception.ordinal;
  if (accept(reader, '-') && !read_number(reader, 10, &last))
    return false;
  if (last < exception.ordinal || last - exception.ordinal >= RANGE_MAX)
    return fail(reader, "a range goes from a lower number to a higher one, of at most 100000");
  if (schedule->count > COUNT_MAX)
    return fail(reader, "the line is too long");
  if (!accept(reader, '='))
    return fail(reader, "'=' was expected");
  if (!read_number(reader, 10, &exception.answer))
    return false;
  for (uint64_t ordinal = exception.ordinal; ordinal <= last; ordinal++) {
    exception.ordinal = (uint32_t)ordinal;
    sim_schedule_append(schedule, exception);
  }
  return true;
}

static bool read_fingerprint(Reader *reader, char *fingerprint, size_t size) {
  size_t length = strcspn(reader->line + reader->at, ":");
  if (length == 0 || length >= size)
    return fail(reader, "the fingerprint of the guest image was expected (\"-\" when the drivers are steps)");
  for (size_t i = 0; i < length; i++) {
    char character = reader->line[reader->at + i];
    if (digit_value(character) > 15 && character != '-' && character != '+')
      return fail(reader, "a fingerprint is lower-case hexadecimal or \"-\"");
  }
  memcpy(fingerprint, reader->line + reader->at, length);
  fingerprint[length] = '\0';
  reader->at += length;
  return true;
}

static bool read_line(Reader *reader, SimSchedule *schedule, char *fingerprint, size_t size) {
  if (strncmp(reader->line, "v1:", 3) != 0)
    return fail(reader, "a schedule begins with v1:");
  reader->at = 3;
  if (!read_fingerprint(reader, fingerprint, size))
    return false;
  while (accept(reader, ':')) {
    uint32_t context;
    if (!read_number(reader, 16, &context))
      return false;
    if (reader->line[reader->at] != '.')
      return fail(reader, "'.' and a choice were expected after the context");
    while (accept(reader, '.'))
      if (!read_exception(reader, context, schedule))
        return false;
  }
  if (reader->line[reader->at] != '\0')
    return fail(reader, "the end of the line, '.' or ':' was expected");
  return true;
}

bool sim_schedule_parse(const char *line, SimSchedule *schedule, char *fingerprint, size_t size, const char **error, size_t *column) {
  Reader reader = { .line = line };
  if (read_line(&reader, schedule, fingerprint, size))
    return true;
  *error = reader.error;
  *column = reader.at;
  sim_schedule_finish(schedule);
  return false;
}

/* ---- looking an exception up: what the replay policy does at each point ---- */

typedef struct SimScheduleEntry {
  SimException exception;
  uint32_t position; /* of several for one point, which only a line written by hand has, the first counts */
} SimScheduleEntry;

/* By context, kind and ordinal. */
static int exception_compare(const SimException *left, const SimException *right) {
  if (left->context != right->context)
    return left->context < right->context ? -1 : 1;
  if (left->kind != right->kind)
    return left->kind < right->kind ? -1 : 1;
  return left->ordinal < right->ordinal ? -1 : left->ordinal > right->ordinal;
}

static int entry_compare(const void *left_entry, const void *right_entry) {
  const SimScheduleEntry *left = left_entry, *right = right_entry;
  int order = exception_compare(&left->exception, &right->exception);
  return order != 0 ? order : left->position < right->position ? -1 : left->position > right->position;
}

void sim_schedule_sort(SimSchedule *schedule) {
  if (schedule->sorted_count == schedule->count)
    return;
  free(schedule->sorted);
  schedule->sorted = malloc(schedule->count * sizeof *schedule->sorted);
  SIM_ASSERT(schedule->sorted != NULL);
  for (size_t i = 0; i < schedule->count; i++)
    schedule->sorted[i] = (SimScheduleEntry){ schedule->exceptions[i], (uint32_t)i };
  schedule->sorted_count = schedule->count;
  qsort(schedule->sorted, schedule->sorted_count, sizeof *schedule->sorted, entry_compare);
}

const SimException *sim_schedule_at_or_after(const SimSchedule *schedule, uint32_t context, SimChoiceKind kind, uint32_t ordinal) {
  SimException wanted = { .context = context, .kind = (uint8_t)kind, .ordinal = ordinal };
  size_t low = 0, high = schedule->sorted_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (exception_compare(&schedule->sorted[middle].exception, &wanted) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  const SimException *found = low < schedule->sorted_count ? &schedule->sorted[low].exception : NULL;
  return found != NULL && found->context == context && found->kind == kind ? found : NULL;
}
