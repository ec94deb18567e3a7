/* Another spelling of <ntifs.h>. */
#include <ntifs.h>
