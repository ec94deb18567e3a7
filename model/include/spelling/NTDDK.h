/* Another spelling of <ntddk.h>. */
#include <ntddk.h>
