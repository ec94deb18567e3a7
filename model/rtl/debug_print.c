/*
 * DbgPrint's formatting: what Windows' kernel run-time library makes of a format, which is not what C's does. `l` is 32 bits, `ll` and `I64`
 * are 64, a lone `I` is the size of a pointer, `w` and `l` make a text wide, `S` and `C` are wide, `Z` is a counted string; %p is sixteen
 * upper-case digits. Floating point is not supported. wdm/nf-wdm-dbgprint, wdm/nf-wdm-dbgprintex.
 *
 * Every byte that comes from the driver is probed, at the IRQL of the call.
 */
#include <ntddk.h>

#include "ddi_ids.gen.h"

#include "../../sim/machine.h"
#include "../events.h"
#include "../mm/mm.h"
#include "debug_log.h"
#include "rtl_face.h"
#include "rtl_state.h"

typedef struct Printer {
  BOOLEAN is_trusted; /* the format is the model's own, outside of the arena */
  const uint64_t *arguments;
  unsigned argument_count;
  unsigned argument_next;
  ULONG length;
  BOOLEAN is_cut;      /* the text did not fit */
  BOOLEAN has_unicode; /* the wide characters were complained about */
  char text[DEBUG_TEXT_SIZE_MAX];
} Printer;

typedef enum PrintSize { SIZE_NONE, SIZE_CHAR, SIZE_SHORT, SIZE_LONG, SIZE_INT32, SIZE_INT64, SIZE_WIDE } PrintSize;

typedef struct PrintFormat {
  BOOLEAN left, plus, space, alternate, zero;
  LONG width;
  LONG precision; /* -1: none given */
  PrintSize size;
  char type;
} PrintFormat;

/* Arguments that the call did not give are zero here; Windows prints what lies on the stack. */
static uint64_t next_argument(Printer *printer) {
  return printer->argument_next < printer->argument_count ? printer->arguments[printer->argument_next++] : 0;
}

static void put(Printer *printer, char character) {
  if (printer->length < DEBUG_TEXT_SIZE_MAX)
    printer->text[printer->length++] = character;
  else
    printer->is_cut = TRUE;
}

static void put_many(Printer *printer, char character, LONG count) {
  for (; count > 0 && !printer->is_cut; count--)
    put(printer, character);
}

/* Simplified: the ANSI code page is taken for ASCII; what lies outside of it becomes a question mark. */
static void put_wide(Printer *printer, WCHAR character) { put(printer, character < 0x80 ? (char)character : '?'); }

/* ---- numbers ---- */

static LONG format_digits(char *digits, uint64_t value, unsigned base, BOOLEAN upper) {
  LONG count = 0;
  for (; value != 0; value /= base) {
    unsigned digit = (unsigned)(value % base);
    digits[count++] = (char)(digit < 10 ? '0' + digit : (upper ? 'A' : 'a') + digit - 10);
  }
  return count; /* least significant first */
}

static void print_digits(Printer *printer, const PrintFormat *format, const char *prefix, uint64_t value, unsigned base, BOOLEAN upper) {
  char digits[24];
  LONG digit_count = format_digits(digits, value, base, upper);
  LONG precision = format->precision < 0 ? 1 : format->precision;
  LONG zeros = precision > digit_count ? precision - digit_count : 0;
  if (base == 8 && format->alternate && zeros == 0 && value != 0)
    zeros = 1;
  LONG prefix_length = 0;
  while (prefix[prefix_length] != 0)
    prefix_length++;

  LONG padding = format->width - prefix_length - zeros - digit_count;
  BOOLEAN pads_zero = format->zero && !format->left && format->precision < 0;
  if (!format->left && !pads_zero)
    put_many(printer, ' ', padding);
  for (LONG at = 0; at < prefix_length; at++)
    put(printer, prefix[at]);
  if (pads_zero)
    put_many(printer, '0', padding);
  put_many(printer, '0', zeros);
  while (digit_count > 0)
    put(printer, digits[--digit_count]);
  if (format->left)
    put_many(printer, ' ', padding);
}

static int64_t sign_extended(uint64_t value, PrintSize size) {
  switch (size) {
  case SIZE_INT64: return (int64_t)value;
  case SIZE_SHORT: return (int16_t)value;
  case SIZE_CHAR: return (int8_t)value;
  default: return (int32_t)value;
  }
}

static uint64_t zero_extended(uint64_t value, PrintSize size) {
  switch (size) {
  case SIZE_INT64: return value;
  case SIZE_SHORT: return (uint16_t)value;
  case SIZE_CHAR: return (uint8_t)value;
  default: return (uint32_t)value;
  }
}

static void print_signed(Printer *printer, const PrintFormat *format) {
  int64_t value = sign_extended(next_argument(printer), format->size);
  const char *sign = value < 0 ? "-" : format->plus ? "+" : format->space ? " " : "";
  print_digits(printer, format, sign, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, FALSE);
}

static void print_unsigned(Printer *printer, const PrintFormat *format) {
  uint64_t value = zero_extended(next_argument(printer), format->size);
  BOOLEAN upper = format->type == 'X';
  unsigned base = format->type == 'u' ? 10 : format->type == 'o' ? 8 : 16;
  const char *prefix = base == 16 && format->alternate && value != 0 ? (upper ? "0X" : "0x") : "";
  print_digits(printer, format, prefix, value, base, upper);
}

static void print_pointer(Printer *printer, const PrintFormat *format) {
  PrintFormat pointer = *format;
  pointer.precision = 16;
  uint64_t value = next_argument(printer);
  print_digits(printer, &pointer, format->alternate && value != 0 ? "0X" : "", value, 16, TRUE);
}

/* ---- characters and texts ---- */

/* Formats that convert wide characters are for PASSIVE_LEVEL only: the tables of the conversion are pageable. */
static void check_unicode_irql(Printer *printer) {
  const SimVcpu *vcpu = sim_vcpu(sim_machine());
  if (printer->has_unicode || vcpu == NULL || vcpu->irql == SIM_IRQL_PASSIVE)
    return;
  printer->has_unicode = TRUE;
  sim_event(sim_machine(), EVENT_CONTRACT_IRQL, DDI_DbgPrint, 0, 0, (uint32_t)vcpu->irql << 16, 0);
}

static void put_units(Printer *printer, uint64_t address, SIZE_T count, BOOLEAN is_wide) {
  for (SIZE_T at = 0; at < count && !printer->is_cut; at++) {
    if (is_wide)
      put_wide(printer, ((const WCHAR *)address)[at]);
    else
      put(printer, ((const char *)address)[at]);
  }
}

/* `count` units at `address`, padded. They have been probed. */
static void print_units(Printer *printer, const PrintFormat *format, uint64_t address, SIZE_T count, BOOLEAN is_wide) {
  LONG padding = count < (SIZE_T)format->width ? format->width - (LONG)count : 0;
  if (!format->left)
    put_many(printer, format->zero ? '0' : ' ', padding);
  put_units(printer, address, count, is_wide);
  if (format->left)
    put_many(printer, ' ', padding);
}

static BOOLEAN is_wide_text(const PrintFormat *format) {
  if (format->type == 'S' || format->type == 'C')
    return format->size != SIZE_SHORT && format->size != SIZE_CHAR;
  return format->size == SIZE_WIDE || format->size == SIZE_LONG;
}

static void print_character(Printer *printer, const PrintFormat *format) {
  BOOLEAN is_wide = is_wide_text(format);
  uint64_t value = next_argument(printer);
  WCHAR wide = (WCHAR)value;
  char narrow = (char)value;
  if (is_wide)
    check_unicode_irql(printer);
  print_units(printer, format, is_wide ? (uint64_t)&wide : (uint64_t)&narrow, 1, is_wide);
}

static void print_text(Printer *printer, const PrintFormat *format) {
  BOOLEAN is_wide = is_wide_text(format);
  uint64_t address = next_argument(printer);
  SIZE_T limit = format->precision < 0 || format->precision > DEBUG_TEXT_SIZE_MAX ? DEBUG_TEXT_SIZE_MAX + 1 : (SIZE_T)format->precision;
  if (is_wide)
    check_unicode_irql(printer);
  if (address == 0) {
    print_units(printer, format, (uint64_t) "(null)", limit < 6 ? limit : 6, FALSE);
    return;
  }
  SIZE_T length = is_wide ? mm_probe_wide_text((const WCHAR *)address, limit) : mm_probe_text((const char *)address, limit);
  print_units(printer, format, address, length, is_wide);
}

static void print_counted(Printer *printer, const PrintFormat *format) {
  BOOLEAN is_wide = format->size == SIZE_WIDE || format->size == SIZE_LONG;
  const UNICODE_STRING *string = (const UNICODE_STRING *)next_argument(printer); /* an ANSI_STRING has the same layout */
  if (is_wide)
    check_unicode_irql(printer);
  if (string != NULL)
    mm_probe_read(string, sizeof *string);
  if (string == NULL || string->Buffer == NULL) {
    print_units(printer, format, (uint64_t) "(null)", 6, FALSE);
    return;
  }
  mm_probe_read(string->Buffer, string->Length);
  print_units(printer, format, (uint64_t)string->Buffer, is_wide ? string->Length / sizeof(WCHAR) : string->Length, is_wide);
}

/* ---- the format ---- */

static char format_character(const Printer *printer, const char *format, SIZE_T at) {
  if (!printer->is_trusted)
    mm_probe_read(format + at, 1);
  return format[at];
}

static SIZE_T parse_flags(const Printer *printer, const char *format, SIZE_T at, PrintFormat *result) {
  for (;; at++) {
    switch (format_character(printer, format, at)) {
    case '-': result->left = TRUE; break;
    case '+': result->plus = TRUE; break;
    case ' ': result->space = TRUE; break;
    case '#': result->alternate = TRUE; break;
    case '0': result->zero = TRUE; break;
    default: return at;
    }
  }
}

static SIZE_T parse_number(Printer *printer, const char *format, SIZE_T at, LONG *number) {
  if (format_character(printer, format, at) == '*') {
    *number = (LONG)next_argument(printer);
    return at + 1;
  }
  for (*number = 0; format_character(printer, format, at) >= '0' && format_character(printer, format, at) <= '9'; at++) {
    if (*number < 1000000)
      *number = *number * 10 + (format[at] - '0');
  }
  return at;
}

static SIZE_T parse_size(const Printer *printer, const char *format, SIZE_T at, PrintFormat *result) {
  switch (format_character(printer, format, at)) {
  case 'h':
    if (format_character(printer, format, at + 1) == 'h')
      return result->size = SIZE_CHAR, at + 2;
    return result->size = SIZE_SHORT, at + 1;
  case 'l':
    if (format_character(printer, format, at + 1) == 'l')
      return result->size = SIZE_INT64, at + 2;
    return result->size = SIZE_LONG, at + 1;
  case 'w': return result->size = SIZE_WIDE, at + 1;
  case 'I':
    if (format_character(printer, format, at + 1) == '6' && format_character(printer, format, at + 2) == '4')
      return result->size = SIZE_INT64, at + 3;
    if (format_character(printer, format, at + 1) == '3' && format_character(printer, format, at + 2) == '2')
      return result->size = SIZE_INT32, at + 3;
    return result->size = SIZE_INT64, at + 1;
  default: return at;
  }
}

static SIZE_T parse_format(Printer *printer, const char *format, SIZE_T at, PrintFormat *result) {
  *result = (PrintFormat){ .precision = -1 };
  at = parse_flags(printer, format, at, result);
  at = parse_number(printer, format, at, &result->width);
  if (result->width < 0) {
    result->left = TRUE;
    result->width = result->width < -1000000 ? 1000000 : -result->width;
  }
  if (format_character(printer, format, at) == '.') {
    at = parse_number(printer, format, at + 1, &result->precision);
    if (result->precision < 0)
      result->precision = -1;
  }
  at = parse_size(printer, format, at, result);
  result->type = format_character(printer, format, at);
  return result->type == 0 ? at : at + 1;
}

static void print_one(Printer *printer, const PrintFormat *format) {
  switch (format->type) {
  case 'd':
  case 'i': print_signed(printer, format); break;
  case 'u':
  case 'o':
  case 'x':
  case 'X': print_unsigned(printer, format); break;
  case 'p': print_pointer(printer, format); break;
  case 'c':
  case 'C': print_character(printer, format); break;
  case 's':
  case 'S': print_text(printer, format); break;
  case 'Z': print_counted(printer, format); break;
  case 0: break;
  default: put(printer, format->type); break; /* %% and whatever has no meaning */
  }
}

static void print(Printer *printer, const char *format) {
  for (SIZE_T at = 0; !printer->is_cut;) {
    char character = format_character(printer, format, at++);
    if (character == 0)
      break;
    if (character != '%') {
      put(printer, character);
      continue;
    }
    PrintFormat one;
    at = parse_format(printer, format, at, &one);
    print_one(printer, &one);
  }
  if (printer->is_cut)
    printer->text[DEBUG_TEXT_SIZE_MAX - 1] = '\n'; /* so that the next text begins on a line of its own */
  debug_log_append(printer->text, printer->length);
}

static void printer_begin(Printer *printer, BOOLEAN is_trusted, const uint64_t *arguments, unsigned count) {
  printer->is_trusted = is_trusted;
  printer->arguments = arguments;
  printer->argument_count = count;
  printer->argument_next = 0;
  printer->length = 0;
  printer->is_cut = printer->has_unicode = FALSE;
}

uint32_t dbg_print(uint64_t format, const uint64_t *arguments, unsigned count) {
  Printer printer;
  printer_begin(&printer, FALSE, arguments, count);
  print(&printer, (const char *)format);
  return STATUS_SUCCESS;
}

void debug_print_model(const char *format, const uint64_t *arguments, unsigned count) {
  Printer printer;
  printer_begin(&printer, TRUE, arguments, count);
  print(&printer, format);
}
