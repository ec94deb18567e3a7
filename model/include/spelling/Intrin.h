/* Another spelling of <intrin.h>. */
#include <intrin.h>
