/* character.c: classes of characters, and small arithmetic. Simplified: ASCII only, as in the C locale. */
#include "runtime.h"

#include <ctype.h>
#include <stdlib.h>

static int is_between(int character, int first, int last) { return character >= first && character <= last; }

RUNTIME int isdigit(int character) { return is_between(character, '0', '9'); }
RUNTIME int islower(int character) { return is_between(character, 'a', 'z'); }
RUNTIME int isupper(int character) { return is_between(character, 'A', 'Z'); }
RUNTIME int isalpha(int character) { return is_between(character | 32, 'a', 'z'); }
RUNTIME int isalnum(int character) { return is_between(character, '0', '9') || is_between(character | 32, 'a', 'z'); }
RUNTIME int isxdigit(int character) { return is_between(character, '0', '9') || is_between(character | 32, 'a', 'f'); }
RUNTIME int isspace(int character) { return character == ' ' || is_between(character, '\t', '\r'); }
RUNTIME int isprint(int character) { return is_between(character, ' ', '~'); }
RUNTIME int tolower(int character) { return is_between(character, 'A', 'Z') ? character + 32 : character; }
RUNTIME int toupper(int character) { return is_between(character, 'a', 'z') ? character - 32 : character; }

RUNTIME int iswdigit(wchar_t character) { return is_between(character, '0', '9'); }
RUNTIME int iswalpha(wchar_t character) { return is_between(character | 32, 'a', 'z'); }
RUNTIME int iswspace(wchar_t character) { return character == ' ' || is_between(character, '\t', '\r'); }
RUNTIME wchar_t towlower(wchar_t character) { return (wchar_t)(is_between(character, 'A', 'Z') ? character + 32 : character); }
RUNTIME wchar_t towupper(wchar_t character) { return (wchar_t)(is_between(character, 'a', 'z') ? character - 32 : character); }

RUNTIME int abs(int value) { return value < 0 ? -value : value; }

RUNTIME int atoi(const char *text) {
  uintptr_t place = PLACE;
  size_t i = 0;
  irqlab_read1(text, place);
  while (text[i] == ' ' || is_between(text[i], '\t', '\r'))
    irqlab_read1(text + ++i, place);
  int is_negative = text[i] == '-';
  if (text[i] == '-' || text[i] == '+')
    irqlab_read1(text + ++i, place);
  unsigned value = 0;
  while (is_between(text[i], '0', '9')) {
    value = value * 10 + (unsigned)(text[i] - '0');
    irqlab_read1(text + ++i, place);
  }
  return (int)(is_negative ? 0 - value : value);
}
