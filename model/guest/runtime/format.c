/*
 * format.c: the bounded formatters the kernel exports, by Windows' rules: `l` is 32 bits, %S the other width of text, %wZ a UNICODE_STRING, a
 * buffer that is filled to the brim has no terminator. One formatter for 8-bit and 16-bit text.
 *
 * Simplified: no floating point (drivers have none); characters beyond 8 bits become '?' in 8-bit text.
 */
#include "runtime.h"

#include <ntdef.h>

#include <stdarg.h>
#include <stdio.h>

/* Text of either width, read or written a character at a time. */
typedef struct FormatText {
  void *text;
  int is_wide;
} FormatText;

typedef struct FormatOutput {
  FormatText to;
  size_t capacity;
  size_t count; /* characters so far, written or not */
  uintptr_t place;
} FormatOutput;

typedef struct FormatSpec {
  int is_left, has_plus, has_blank, has_mark, has_zeros;
  int width;
  int precision; /* -1: none */
  int is_64, is_16, is_8, is_wide_text, is_narrow_text;
  unsigned conversion;
} FormatSpec;

static unsigned format_read(FormatText from, size_t index, uintptr_t place) {
  if (from.is_wide) {
    irqlab_read2((const uint16_t *)from.text + index, place);
    return ((const uint16_t *)from.text)[index];
  }
  irqlab_read1((const char *)from.text + index, place);
  return ((const unsigned char *)from.text)[index];
}

static void format_put(FormatOutput *output, unsigned character) {
  size_t index = output->count++;
  if (index >= output->capacity)
    return;
  if (output->to.is_wide) {
    irqlab_write2((uint16_t *)output->to.text + index, output->place);
    ((uint16_t *)output->to.text)[index] = (uint16_t)character;
  } else {
    irqlab_write1((char *)output->to.text + index, output->place);
    ((char *)output->to.text)[index] = (char)(character < 256 ? character : '?');
  }
}

static void format_pad(FormatOutput *output, unsigned character, int count) {
  for (; count > 0; count--)
    format_put(output, character);
}

/* Text of at most `length` characters; SIZE_MAX: to its zero. */
static void format_text(FormatOutput *output, const FormatSpec *spec, FormatText from, size_t length) {
  size_t count = 0, most = length;
  if (spec->precision >= 0 && (size_t)spec->precision < most)
    most = (size_t)spec->precision;
  while (count < most && (length != SIZE_MAX || format_read(from, count, output->place) != 0))
    count++;
  if (!spec->is_left)
    format_pad(output, ' ', spec->width - (int)count);
  for (size_t i = 0; i < count; i++)
    format_put(output, format_read(from, i, output->place));
  if (spec->is_left)
    format_pad(output, ' ', spec->width - (int)count);
}

static void format_string(FormatOutput *output, const FormatSpec *spec, void *text) {
  int is_other = spec->conversion == 'S';
  FormatText from = { text, spec->is_wide_text || (!spec->is_narrow_text && output->to.is_wide != is_other) };
  static const char none[] = "(null)";
  if (text == NULL)
    from = (FormatText){ (void *)none, 0 };
  format_text(output, spec, from, SIZE_MAX);
}

/* STRING and UNICODE_STRING begin alike. */
static void format_counted(FormatOutput *output, const FormatSpec *spec, const STRING *string) {
  irqlab_range(string, sizeof *string, 0, output->place);
  FormatText from = { string->Buffer, spec->is_wide_text };
  format_text(output, spec, from, spec->is_wide_text ? string->Length / 2 : string->Length);
}

static void format_number(FormatOutput *output, const FormatSpec *spec, uint64_t value, unsigned base, const char *sign) {
  char digits[24];
  int count = 0, sign_length = sign[0] == 0 ? 0 : sign[1] == 0 ? 1 : 2;
  unsigned letters = spec->conversion == 'x' ? 'a' : 'A';
  for (; value != 0 || (count == 0 && spec->precision != 0); value /= base)
    digits[count++] = (char)(value % base < 10 ? '0' + value % base : letters + value % base - 10);
  int zeros = spec->precision > count ? spec->precision - count : 0;
  int room = spec->width - count - zeros - sign_length;
  if (spec->has_zeros && !spec->is_left && spec->precision < 0 && room > 0) {
    zeros = room;
    room = 0;
  }
  if (!spec->is_left)
    format_pad(output, ' ', room);
  for (int i = 0; i < sign_length; i++)
    format_put(output, (unsigned char)sign[i]);
  format_pad(output, '0', zeros);
  while (count > 0)
    format_put(output, (unsigned char)digits[--count]);
  if (spec->is_left)
    format_pad(output, ' ', room);
}

static void format_integer(FormatOutput *output, const FormatSpec *spec, uint64_t value) {
  int is_signed = spec->conversion == 'd' || spec->conversion == 'i';
  unsigned bits = spec->is_64 ? 0 : spec->is_8 ? 56 : spec->is_16 ? 48 : 32;
  unsigned base = spec->conversion == 'o' ? 8 : (spec->conversion | 32) == 'x' ? 16 : 10;
  value = is_signed ? (uint64_t)((int64_t)(value << bits) >> bits) : value << bits >> bits;
  if (is_signed && (int64_t)value < 0)
    format_number(output, spec, 0 - value, 10, "-");
  else if (is_signed)
    format_number(output, spec, value, 10, spec->has_plus ? "+" : spec->has_blank ? " " : "");
  else
    format_number(output, spec, value, base, spec->has_mark && base == 16 && value != 0 ? (spec->conversion == 'x' ? "0x" : "0X") : "");
}

static size_t format_flags(FormatText format, size_t i, FormatSpec *spec, uintptr_t place) {
  for (;; i++) {
    switch (format_read(format, i, place)) {
    case '-': spec->is_left = 1; break;
    case '+': spec->has_plus = 1; break;
    case ' ': spec->has_blank = 1; break;
    case '#': spec->has_mark = 1; break;
    case '0': spec->has_zeros = 1; break;
    default: return i;
    }
  }
}

static size_t format_digits(FormatText format, size_t i, int *number, uintptr_t place) {
  for (unsigned c; (c = format_read(format, i, place)) >= '0' && c <= '9'; i++)
    if (*number < 100000)
      *number = *number * 10 + (int)(c - '0');
  return i;
}

static size_t format_size(FormatText format, size_t i, FormatSpec *spec, uintptr_t place) {
  for (;; i++) {
    unsigned c = format_read(format, i, place);
    if (c == 'l') {
      spec->is_64 = spec->is_wide_text; /* the second l */
      spec->is_wide_text = 1;
    } else if (c == 'w') {
      spec->is_wide_text = 1;
    } else if (c == 'h') {
      spec->is_8 = spec->is_16;
      spec->is_16 = spec->is_narrow_text = 1;
    } else if (c == 'z' || c == 't' || c == 'j') {
      spec->is_64 = 1;
    } else if (c == 'I' && format_read(format, i + 1, place) == '6' && format_read(format, i + 2, place) == '4') {
      spec->is_64 = 1;
      i += 2;
    } else if (c == 'I' && format_read(format, i + 1, place) == '3' && format_read(format, i + 2, place) == '2') {
      i += 2;
    } else if (c == 'I') {
      spec->is_64 = 1;
    } else {
      return i;
    }
  }
}

static void format_one(FormatOutput *output, FormatSpec *spec, uint64_t value) {
  uint16_t character = (uint16_t)value;
  switch (spec->conversion) {
  case 'd':
  case 'i':
  case 'u':
  case 'x':
  case 'X':
  case 'o': format_integer(output, spec, value); break;
  case 'p':
    spec->is_64 = 1;
    spec->conversion = 'X';
    spec->precision = 16;
    format_number(output, spec, value, 16, "");
    break;
  case 'c':
  case 'C':
    spec->precision = -1;
    format_text(output, spec, (FormatText){ &character, 1 }, 1);
    break;
  case 's':
  case 'S': format_string(output, spec, (void *)value); break;
  case 'Z': format_counted(output, spec, (const STRING *)value); break;
  default: format_put(output, spec->conversion);
  }
}

/* Returns how many characters the whole text has. */
static size_t format_all(FormatOutput *output, FormatText format, va_list arguments) {
  uintptr_t place = output->place;
  for (size_t i = 0;; i++) {
    unsigned c = format_read(format, i, place);
    if (c == 0)
      return output->count;
    if (c != '%') {
      format_put(output, c);
      continue;
    }
    FormatSpec spec = { .precision = -1 };
    i = format_flags(format, i + 1, &spec, place);
    if (format_read(format, i, place) == '*') {
      spec.width = va_arg(arguments, int);
      if (spec.width < 0) {
        spec.is_left = 1;
        spec.width = -spec.width;
      }
      i++;
    } else {
      i = format_digits(format, i, &spec.width, place);
    }
    if (format_read(format, i, place) == '.') {
      spec.precision = 0;
      if (format_read(format, i + 1, place) == '*') {
        spec.precision = va_arg(arguments, int);
        i += 2;
      } else {
        i = format_digits(format, i + 1, &spec.precision, place);
      }
    }
    i = format_size(format, i, &spec, place);
    spec.conversion = format_read(format, i, place);
    if (spec.conversion == 0)
      return output->count;
    format_one(output, &spec, spec.conversion == '%' ? 0 : va_arg(arguments, uint64_t));
  }
}

/* Windows' older kind: the count, or -1 where it does not fit; a terminator where there is room for one. */
static int format_bounded(void *buffer, size_t capacity, int is_wide, const void *format, va_list arguments, uintptr_t place) {
  FormatOutput output = { .to = { buffer, is_wide }, .capacity = capacity, .place = place };
  size_t count = format_all(&output, (FormatText){ (void *)format, is_wide }, arguments);
  if (count > capacity)
    return -1;
  format_put(&output, 0);
  return (int)count;
}

#define FORMAT(buffer, capacity, is_wide)                                                                                                  \
  va_list arguments;                                                                                                                       \
  va_start(arguments, format);                                                                                                             \
  int count = format_bounded(buffer, capacity, is_wide, format, arguments, PLACE);                                                         \
  va_end(arguments);                                                                                                                       \
  return count

RUNTIME int _vsnprintf(char *buffer, size_t size, const char *format, va_list arguments) {
  return format_bounded(buffer, size, 0, format, arguments, PLACE);
}

RUNTIME int _vsnwprintf(wchar_t *buffer, size_t length, const wchar_t *format, va_list arguments) {
  return format_bounded(buffer, length, 1, format, arguments, PLACE);
}

RUNTIME int vsprintf(char *buffer, const char *format, va_list arguments) {
  return format_bounded(buffer, SIZE_MAX, 0, format, arguments, PLACE);
}

RUNTIME int _snprintf(char *buffer, size_t size, const char *format, ...) { FORMAT(buffer, size, 0); }

RUNTIME int _snwprintf(wchar_t *buffer, size_t length, const wchar_t *format, ...) { FORMAT(buffer, length, 1); }

RUNTIME int sprintf(char *buffer, const char *format, ...) { FORMAT(buffer, SIZE_MAX, 0); }

RUNTIME int swprintf(wchar_t *buffer, const wchar_t *format, ...) { FORMAT(buffer, SIZE_MAX, 1); }
