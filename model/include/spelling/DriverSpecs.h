/* Another spelling of <driverspecs.h>. */
#include <driverspecs.h>
