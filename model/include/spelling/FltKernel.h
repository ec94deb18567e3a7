/* Another spelling of <fltkernel.h>. */
#include <fltkernel.h>
