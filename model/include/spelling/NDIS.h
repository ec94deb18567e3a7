/* Another spelling of <ndis.h>. */
#include <ndis.h>
