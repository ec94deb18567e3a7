#include <ntifs.h>

#include "../ke/ke.h"
#include "../mm/bugcheck_codes.h"
#include "../ob/ob_face.h"

/* PASSIVE_LEVEL. A kernel handle that is none, closed by the kernel: Windows returns an error to a driver, and stops where bad handles are
 * watched for; a handle of a user-mode process that is none is the error only. wdm/nf-wdm-zwclose, bug-check-0x93 */
NTSTATUS ZwClose(HANDLE Handle) {
  NTSTATUS status = ob_handle_close((uint64_t)Handle);
  if (status == STATUS_INVALID_HANDLE && !ke_process_current()->is_user)
    ke_bugcheck_raise(BUGCHECK_INVALID_KERNEL_HANDLE, (uint64_t)Handle, 1, 0, 0);
  return status;
}
