/* Another spelling of <ntdef.h>. */
#include <ntdef.h>
