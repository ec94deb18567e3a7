/* <ctype.h>: what the kernel's runtime exports. */
#pragma once

#include <stddef.h>

/* gcc knows the host's 32-bit wint_t. */
#ifndef __clang__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"
#endif

int isdigit(int character);
int isxdigit(int character);
int isalpha(int character);
int isalnum(int character);
int islower(int character);
int isupper(int character);
int isspace(int character);
int isprint(int character);
int tolower(int character);
int toupper(int character);
int iswdigit(wchar_t character);
int iswalpha(wchar_t character);
int iswspace(wchar_t character);
wchar_t towlower(wchar_t character);
wchar_t towupper(wchar_t character);

#ifndef __clang__
#pragma GCC diagnostic pop
#endif
