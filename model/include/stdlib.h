/* <stdlib.h>: what the kernel's runtime exports; no heap. */
#pragma once

#include <stddef.h>

int atoi(const char *text);
int abs(int value);
