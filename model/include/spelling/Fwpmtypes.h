/* Another spelling of <fwpmtypes.h>. */
#include <fwpmtypes.h>
