/* Another spelling of <in6addr.h>. */
#include <in6addr.h>
