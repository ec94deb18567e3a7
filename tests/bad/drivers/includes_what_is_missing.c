// The compiler's own words are shown.
// exit: 2
// says: missing.h: No such file or directory
#include "missing.h"
