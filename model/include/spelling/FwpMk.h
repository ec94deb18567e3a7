/* Another spelling of <fwpmk.h>. */
#include <fwpmk.h>
