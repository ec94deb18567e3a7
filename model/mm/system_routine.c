#include <ntifs.h>

#include "../guest/guest_face.h"
#include "mm.h"

#define ROUTINE_NAME_SIZE 64

/* The address of a kernel function by its name, as an import would have it; NULL: this Windows has none of that name. PASSIVE_LEVEL.
 * wdm/nf-wdm-mmgetsystemroutineaddress */
PVOID MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName) {
  char name[ROUTINE_NAME_SIZE];
  SIZE_T length = SystemRoutineName->Length / sizeof(WCHAR);
  mm_probe_read(SystemRoutineName->Buffer, SystemRoutineName->Length);
  if (length >= ROUTINE_NAME_SIZE)
    return NULL;
  for (SIZE_T at = 0; at < length; at++)
    name[at] = (char)SystemRoutineName->Buffer[at];
  name[length] = 0;
  return (PVOID)guest_thunk_find(name);
}
