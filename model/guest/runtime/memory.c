/* memory.c: blocks of bytes. Also what compilers call of themselves. */
#include "runtime.h"

#include <string.h>

static inline __attribute__((always_inline)) void *move(void *destination, const void *source, size_t size, uintptr_t place) {
  range_read(source, size, place);
  range_write(destination, size, place);
  if ((uintptr_t)destination - (uintptr_t)source >= size) {
    bytes_copy(destination, source, size);
    return destination;
  }
  void *to = (char *)destination + size - 1;
  const void *from = (const char *)source + size - 1;
  __asm__ volatile("std\n\trep movsb\n\tcld" : "+D"(to), "+S"(from), "+c"(size) : : "memory", "cc");
  return destination;
}

static inline __attribute__((always_inline)) void *fill(void *destination, int value, size_t size, uintptr_t place) {
  range_write(destination, size, place);
  void *at = destination;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
  return destination;
}

/* As Windows' own: overlapping blocks are moved, too. */
RUNTIME void *memcpy(void *destination, const void *source, size_t size) { return move(destination, source, size, PLACE); }

RUNTIME void *memmove(void *destination, const void *source, size_t size) { return move(destination, source, size, PLACE); }

RUNTIME void *memset(void *destination, int value, size_t size) { return fill(destination, value, size, PLACE); }

RUNTIME int memcmp(const void *left, const void *right, size_t size) {
  range_read(left, size, PLACE);
  range_read(right, size, PLACE);
  const unsigned char *a = left, *b = right;
  for (size_t i = 0; i < size; i++)
    if (a[i] != b[i])
      return a[i] < b[i] ? -1 : 1;
  return 0;
}

RUNTIME void *memchr(const void *buffer, int value, size_t size) {
  const unsigned char *at = buffer;
  for (size_t i = 0; i < size; i++) {
    irqlab_read1(at + i, PLACE);
    if (at[i] == (unsigned char)value)
      return (void *)(at + i);
  }
  return NULL;
}

/* Names that clang's instrumentation gives to the three. */
void *__tsan_memcpy(void *destination, const void *source, size_t size);
void *__tsan_memmove(void *destination, const void *source, size_t size);
void *__tsan_memset(void *destination, int value, size_t size);

RUNTIME void *__tsan_memcpy(void *destination, const void *source, size_t size) { return move(destination, source, size, PLACE); }

RUNTIME void *__tsan_memmove(void *destination, const void *source, size_t size) { return move(destination, source, size, PLACE); }

RUNTIME void *__tsan_memset(void *destination, int value, size_t size) { return fill(destination, value, size, PLACE); }
