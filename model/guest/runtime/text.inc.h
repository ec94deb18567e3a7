/*
 * text.inc.h: the text functions, once for 8-bit and once for 16-bit characters. The includer defines CHARACTER, UNSIGNED (its unsigned type),
 * READ and WRITE (hooks of its size), NAME(x) and FOLDED(x) (the public names of x), LOCAL(x) (a name of this file alone).
 *
 * Simplified: folding of case knows ASCII only, as the C locale does.
 */

static inline __attribute__((always_inline)) CHARACTER LOCAL(at)(const CHARACTER *text, size_t index, uintptr_t place) {
  READ(text + index, place);
  return text[index];
}

static inline __attribute__((always_inline)) void LOCAL(put)(CHARACTER *text, size_t index, CHARACTER character, uintptr_t place) {
  WRITE(text + index, place);
  text[index] = character;
}

static UNSIGNED LOCAL(lower)(UNSIGNED character) { return (UNSIGNED)(character >= 'A' && character <= 'Z' ? character + 32 : character); }

static UNSIGNED LOCAL(upper)(UNSIGNED character) { return (UNSIGNED)(character >= 'a' && character <= 'z' ? character - 32 : character); }

static size_t LOCAL(length)(const CHARACTER *text, size_t length_max, uintptr_t place) {
  size_t i = 0;
  while (i < length_max && LOCAL(at)(text, i, place) != 0)
    i++;
  return i;
}

static int LOCAL(compare)(const CHARACTER *left, const CHARACTER *right, size_t length_max, int folds, uintptr_t place) {
  for (size_t i = 0; i < length_max; i++) {
    UNSIGNED a = (UNSIGNED)LOCAL(at)(left, i, place), b = (UNSIGNED)LOCAL(at)(right, i, place);
    if (folds)
      a = LOCAL(lower)(a), b = LOCAL(lower)(b);
    if (a != b)
      return a < b ? -1 : 1;
    if (a == 0)
      break;
  }
  return 0;
}

/* Copies at most length_max characters; returns how many, without the zero. */
static size_t LOCAL(copy)(CHARACTER *destination, const CHARACTER *source, size_t length_max, uintptr_t place) {
  size_t i = 0;
  for (; i < length_max; i++) {
    CHARACTER character = LOCAL(at)(source, i, place);
    if (character == 0)
      break;
    LOCAL(put)(destination, i, character, place);
  }
  return i;
}

static CHARACTER *LOCAL(find_part)(const CHARACTER *text, const CHARACTER *part, uintptr_t place) {
  size_t part_length = LOCAL(length)(part, SIZE_MAX, place);
  for (;; text++) {
    size_t i = 0;
    while (i < part_length && LOCAL(at)(text, i, place) == part[i])
      i++;
    if (i == part_length)
      return (CHARACTER *)text;
    if (text[i] == 0)
      return NULL;
  }
}

RUNTIME size_t NAME(len)(const CHARACTER *text) { return LOCAL(length)(text, SIZE_MAX, PLACE); }

RUNTIME size_t NAME(nlen)(const CHARACTER *text, size_t length_max) { return LOCAL(length)(text, length_max, PLACE); }

RUNTIME int NAME(cmp)(const CHARACTER *left, const CHARACTER *right) { return LOCAL(compare)(left, right, SIZE_MAX, 0, PLACE); }

RUNTIME int NAME(ncmp)(const CHARACTER *left, const CHARACTER *right, size_t size) { return LOCAL(compare)(left, right, size, 0, PLACE); }

RUNTIME int FOLDED(icmp)(const CHARACTER *left, const CHARACTER *right) { return LOCAL(compare)(left, right, SIZE_MAX, 1, PLACE); }

RUNTIME int FOLDED(nicmp)(const CHARACTER *left, const CHARACTER *right, size_t size) {
  return LOCAL(compare)(left, right, size, 1, PLACE);
}

RUNTIME CHARACTER *NAME(chr)(const CHARACTER *text, SOUGHT sought) {
  for (size_t i = 0;; i++) {
    CHARACTER character = LOCAL(at)(text, i, PLACE);
    if (character == (CHARACTER)sought)
      return (CHARACTER *)text + i;
    if (character == 0)
      return NULL;
  }
}

RUNTIME CHARACTER *NAME(rchr)(const CHARACTER *text, SOUGHT sought) {
  const CHARACTER *found = NULL;
  for (size_t i = 0;; i++) {
    CHARACTER character = LOCAL(at)(text, i, PLACE);
    if (character == (CHARACTER)sought)
      found = text + i;
    if (character == 0)
      return (CHARACTER *)found;
  }
}

RUNTIME CHARACTER *NAME(str)(const CHARACTER *text, const CHARACTER *part) { return LOCAL(find_part)(text, part, PLACE); }

RUNTIME size_t NAME(spn)(const CHARACTER *text, const CHARACTER *set) {
  size_t set_length = LOCAL(length)(set, SIZE_MAX, PLACE);
  for (size_t i = 0;; i++) {
    CHARACTER character = LOCAL(at)(text, i, PLACE);
    size_t k = 0;
    while (k < set_length && set[k] != character)
      k++;
    if (character == 0 || k == set_length)
      return i;
  }
}

RUNTIME CHARACTER *NAME(cpy)(CHARACTER *destination, const CHARACTER *source) {
  LOCAL(put)(destination, LOCAL(copy)(destination, source, SIZE_MAX, PLACE), 0, PLACE);
  return destination;
}

RUNTIME CHARACTER *NAME(ncpy)(CHARACTER *destination, const CHARACTER *source, size_t size) {
  for (size_t i = LOCAL(copy)(destination, source, size, PLACE); i < size; i++)
    LOCAL(put)(destination, i, 0, PLACE);
  return destination;
}

RUNTIME CHARACTER *NAME(cat)(CHARACTER *destination, const CHARACTER *source) {
  CHARACTER *end = destination + LOCAL(length)(destination, SIZE_MAX, PLACE);
  LOCAL(put)(end, LOCAL(copy)(end, source, SIZE_MAX, PLACE), 0, PLACE);
  return destination;
}

RUNTIME CHARACTER *NAME(ncat)(CHARACTER *destination, const CHARACTER *source, size_t size) {
  CHARACTER *end = destination + LOCAL(length)(destination, SIZE_MAX, PLACE);
  LOCAL(put)(end, LOCAL(copy)(end, source, size, PLACE), 0, PLACE);
  return destination;
}

RUNTIME CHARACTER *FOLDED(lwr)(CHARACTER *text) {
  for (size_t i = 0; LOCAL(at)(text, i, PLACE) != 0; i++)
    LOCAL(put)(text, i, (CHARACTER)LOCAL(lower)((UNSIGNED)text[i]), PLACE);
  return text;
}

RUNTIME CHARACTER *FOLDED(upr)(CHARACTER *text) {
  for (size_t i = 0; LOCAL(at)(text, i, PLACE) != 0; i++)
    LOCAL(put)(text, i, (CHARACTER)LOCAL(upper)((UNSIGNED)text[i]), PLACE);
  return text;
}
