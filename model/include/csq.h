/* mingw-w64's csq.h, which takes the kernel header for granted. */
#pragma once

#include <wdm.h>

#include_next <csq.h>
