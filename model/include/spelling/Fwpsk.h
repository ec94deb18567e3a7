/* Another spelling of <fwpsk.h>. */
#include <fwpsk.h>
