/* Another spelling of <fwpstypes.h>. */
#include <fwpstypes.h>
