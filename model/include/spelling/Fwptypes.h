/* Another spelling of <fwptypes.h>. */
#include <fwptypes.h>
