/*
 * variables.c: variables that ntoskrnl exports. Each holds the guest address of the kernel's own variable, which is not known before a run has
 * begun: the runner writes it then, from the list below, before DriverEntry (scenarios/loader/run_image.c).
 */
#include "runtime.h"

#define EXPORTED(name) __attribute__((weak)) void *name;
#define EXPORTED_ALL(X)                                                                                                                    \
  X(ExEventObjectType) X(IoDeviceObjectType) X(IoDriverObjectType) X(IoFileObjectType) X(PsProcessType) X(PsThreadType)

EXPORTED_ALL(EXPORTED)

/* Found by name in the image; ends with a NULL. */
extern const struct {
  const char *name;
  void **variable;
} irqlab_exports[];

#define LISTED(name) { #name, &name },
__attribute__((used)) const typeof(irqlab_exports[0]) irqlab_exports[] = { EXPORTED_ALL(LISTED){ 0, 0 } };
