// A driver begins in DriverEntry.
// exit: 2
// says: no DriverEntry: a driver begins there
#include <ntddk.h>

int Something;
