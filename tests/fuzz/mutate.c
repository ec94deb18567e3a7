#include "mutate.h"

#include <string.h>

typedef struct Mutation {
  const GPtrArray *files;
  uint64_t state;
  uint8_t *bytes;
  size_t size;
} Mutation;

/* splitmix64 */
static uint64_t draw(Mutation *mutation) {
  uint64_t word = mutation->state += 0x9e3779b97f4a7c15ULL;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
  return word ^ (word >> 31);
}

static size_t below(Mutation *mutation, size_t limit) { return limit > 0 ? (size_t)(draw(mutation) % limit) : 0; }

static const uint8_t *any_file(Mutation *mutation, size_t *size) {
  return g_bytes_get_data(g_ptr_array_index(mutation->files, below(mutation, mutation->files->len)), size);
}

/* ---- a range replaced by other bytes ---- */

static void replace(Mutation *mutation, size_t at, size_t old_size, const void *bytes, size_t size) {
  size_t rest = mutation->size - at - old_size;
  if (at + size + rest > MUTATE_SIZE_MAX)
    return;
  g_autofree uint8_t *copy = g_memdup2(bytes, size); /* it may be of the buffer itself */
  memmove(mutation->bytes + at + size, mutation->bytes + at + old_size, rest);
  if (size > 0)
    memcpy(mutation->bytes + at, copy, size);
  mutation->size = at + size + rest;
}

/* ---- tokens: words, numbers, strings and single signs, as JSON, steps and schedule lines have them ---- */

static bool is_word(uint8_t byte) { return g_ascii_isalnum((char)byte) || byte == '_' || byte == '.' || byte == '-'; }

static size_t token_end(const uint8_t *bytes, size_t size, size_t at) {
  size_t end = at + 1;
  if (bytes[at] == '"') {
    while (end < size && bytes[end] != '"' && bytes[end] != '\n')
      end += bytes[end] == '\\' && end + 1 < size ? 2 : 1;
    return MIN(end + 1, size);
  }
  if (is_word(bytes[at]))
    while (end < size && is_word(bytes[end]))
      end++;
  return end;
}

/* Where a token begins that is near a random place. */
static size_t token_begin(Mutation *mutation, const uint8_t *bytes, size_t size) {
  size_t at = below(mutation, size);
  if (bytes[at] == '"' || (draw(mutation) & 3) != 0)
    while (at > 0 && is_word(bytes[at]) && is_word(bytes[at - 1]))
      at--;
  return at;
}

static void token_replace(Mutation *mutation) {
  size_t other_size;
  const uint8_t *other = (draw(mutation) & 1) != 0 ? any_file(mutation, &other_size) : (other_size = mutation->size, mutation->bytes);
  if (mutation->size == 0 || other_size == 0)
    return;
  size_t from = token_begin(mutation, other, other_size), at = token_begin(mutation, mutation->bytes, mutation->size);
  size_t old_size = (draw(mutation) & 3) != 0 ? token_end(mutation->bytes, mutation->size, at) - at : 0; /* or inserted */
  replace(mutation, at, old_size, other + from, token_end(other, other_size, from) - from);
}

/* A bracketed part of one file in the place of one of another. */
static size_t group_end(const uint8_t *bytes, size_t size, size_t at) {
  size_t depth = 0;
  for (size_t i = at; i < size; i++) {
    depth += bytes[i] == '{' || bytes[i] == '[' || bytes[i] == '(';
    if ((bytes[i] == '}' || bytes[i] == ']' || bytes[i] == ')') && --depth == 0)
      return i + 1;
  }
  return size;
}

static size_t group_begin(Mutation *mutation, const uint8_t *bytes, size_t size) {
  for (size_t at = below(mutation, size); at > 0; at--)
    if (bytes[at] == '{' || bytes[at] == '[' || bytes[at] == '(')
      return at;
  return 0;
}

static void group_replace(Mutation *mutation) {
  size_t other_size;
  const uint8_t *other = any_file(mutation, &other_size);
  if (mutation->size == 0 || other_size == 0)
    return;
  size_t from = group_begin(mutation, other, other_size), at = group_begin(mutation, mutation->bytes, mutation->size);
  replace(mutation, at, group_end(mutation->bytes, mutation->size, at) - at, other + from, group_end(other, other_size, from) - from);
}

/* ---- bytes ---- */

static void byte_change(Mutation *mutation) {
  static const uint8_t special[] = "\0\n\"\\{}[]():,.;=+-*/&|<>!~%^?'#09azAZ_\x7f\x80\xc3\xed\xff";
  size_t at = below(mutation, mutation->size);
  if (mutation->size == 0)
    return;
  if ((draw(mutation) & 1) != 0)
    mutation->bytes[at] = special[below(mutation, sizeof special - 1)];
  else
    mutation->bytes[at] ^= (uint8_t)(1u << below(mutation, 8));
}

static void range_remove(Mutation *mutation) {
  size_t at = below(mutation, mutation->size), size = below(mutation, 64);
  replace(mutation, at, MIN(size, mutation->size - at), NULL, 0);
}

static void range_double(Mutation *mutation) {
  size_t at = below(mutation, mutation->size), size = below(mutation, 256);
  replace(mutation, at, 0, mutation->bytes + at, MIN(size, mutation->size - at));
}

static void number_change(Mutation *mutation) {
  static const char *const numbers[] = { "0",
                                         "-1",
                                         "1",
                                         "2",
                                         "64",
                                         "65",
                                         "255",
                                         "256",
                                         "4095",
                                         "4096",
                                         "65535",
                                         "2147483647",
                                         "2147483648",
                                         "4294967295",
                                         "4294967296",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "-9223372036854775808",
                                         "0x7fffffff",
                                         "0xffffffffffffffff",
                                         "1e9" };
  const char *number = numbers[below(mutation, G_N_ELEMENTS(numbers))];
  for (size_t at = below(mutation, mutation->size); at < mutation->size; at++)
    if (g_ascii_isdigit((char)mutation->bytes[at])) {
      replace(mutation, at, token_end(mutation->bytes, mutation->size, at) - at, number, strlen(number));
      return;
    }
}

size_t mutate(const GPtrArray *files, uint64_t number, uint8_t *buffer) {
  static void (*const ways[])(Mutation *) = { token_replace, token_replace, token_replace, group_replace,
                                              number_change, byte_change,   range_remove,  range_double };
  Mutation mutation = { .files = files, .state = number * 0xd1342543de82ef95ULL + 1, .bytes = buffer };
  const uint8_t *file = any_file(&mutation, &mutation.size);
  memcpy(buffer, file, mutation.size);
  for (size_t left = 1 + below(&mutation, 4) * below(&mutation, 4); left > 0; left--)
    ways[below(&mutation, G_N_ELEMENTS(ways))](&mutation);
  return mutation.size;
}
