/* <stdio.h>: the bounded formatters the kernel's runtime exports; `l` is 32 bit and %ls 16-bit text there. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

int _snprintf(char *buffer, size_t size, const char *format, ...);
int _vsnprintf(char *buffer, size_t size, const char *format, va_list arguments);
int _snwprintf(wchar_t *buffer, size_t length, const wchar_t *format, ...);
int _vsnwprintf(wchar_t *buffer, size_t length, const wchar_t *format, va_list arguments);
int sprintf(char *buffer, const char *format, ...);
int vsprintf(char *buffer, const char *format, va_list arguments);
int swprintf(wchar_t *buffer, const wchar_t *format, ...);
