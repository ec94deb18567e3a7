/* Another spelling of <wdm.h>. */
#include <wdm.h>
