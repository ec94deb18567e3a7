/* Another spelling of <ntstrsafe.h>. */
#include <ntstrsafe.h>
