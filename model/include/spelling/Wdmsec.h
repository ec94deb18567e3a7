/* Another spelling of <wdmsec.h>. */
#include <wdmsec.h>
