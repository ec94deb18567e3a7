/* mingw-w64's ws2ipdef.h on our ws2def.h. */
#pragma once

#include <ws2def.h>
#include_next <ws2ipdef.h>
