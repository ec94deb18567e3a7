/* mingw-w64's wdmsec.h, which takes the kernel header for granted. */
#pragma once

#include <wdm.h>

#include_next <wdmsec.h>
