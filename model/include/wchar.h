/* <wchar.h>: the 16-bit string functions are in <string.h>, the formatters in <stdio.h>. */
#pragma once

#include <stdio.h>
#include <string.h>
