/* Another spelling of <ntintsafe.h>. */
#include <ntintsafe.h>
