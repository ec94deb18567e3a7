/* The security descriptor that a port is made with. Simplified: its contents are not modelled; it is a block that must be given and given back. */
#include <fltKernel.h>

#include "../ddi/call.h"
#include "../ke/ke.h"
#include "../model.h"
#include "ddi_ids.gen.h"
#include "flt.h"

NTSTATUS FltBuildDefaultSecurityDescriptor(PSECURITY_DESCRIPTOR *SecurityDescriptor, ACCESS_MASK DesiredAccess) {
  (void)DesiredAccess;
  Object *object = object_create_opaque(OBJECT_SECURITY_DESCRIPTOR, sizeof(uint64_t));
  *SecurityDescriptor = (PSECURITY_DESCRIPTOR)object->address;
  return STATUS_SUCCESS;
}

VOID FltFreeSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor) {
  Object *object = object_find((uint64_t)SecurityDescriptor, OBJECT_SECURITY_DESCRIPTOR);
  if (object == NULL)
    flt_pointer_fault((uint64_t)SecurityDescriptor, DDI_FltFreeSecurityDescriptor);
  object_delete(object);
}
