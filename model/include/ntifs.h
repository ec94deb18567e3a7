/* mingw-w64's ntifs.h, put right: see wdm.h, which it includes. */
#pragma once

#include_next <ntifs.h>
