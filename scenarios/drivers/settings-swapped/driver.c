/*
 * New settings are made complete and then put in place of the old ones, by one exchange of a pointer, so that a classify sees the one or the other
 * and never a mixture. But the old ones are freed while somebody still reads them. Put right, readers and the exchange share a spin lock.
 */
#include <ntddk.h>

#define SETTINGS_TAG 'tteS'

typedef struct _SETTINGS {
  ULONG IsOn;
  ULONG Limit;
} SETTINGS, *PSETTINGS;

DRIVER_INITIALIZE DriverEntry;
KDEFERRED_ROUTINE Classify;
KSTART_ROUTINE Configure;

static PSETTINGS volatile gSettings;
static EX_SPIN_LOCK gLock;
static ULONG gBlocked, gSeen;

static PSETTINGS Create(ULONG IsOn, ULONG Limit) {
  PSETTINGS settings = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*settings), SETTINGS_TAG);
  if (settings != NULL) {
    settings->IsOn = IsOn;
    settings->Limit = Limit;
  }
  return settings;
}

VOID Classify(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(DeferredContext);
  UNREFERENCED_PARAMETER(SystemArgument1);
  UNREFERENCED_PARAMETER(SystemArgument2);
#ifdef CORRECTED
  ExAcquireSpinLockSharedAtDpcLevel(&gLock);
#endif
  PSETTINGS settings = gSettings;
  if (settings->IsOn && ++gSeen > settings->Limit)
    gBlocked++;
#ifdef CORRECTED
  ExReleaseSpinLockSharedFromDpcLevel(&gLock);
#endif
}

VOID Configure(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  PSETTINGS settings = Create(TRUE, 20);
  if (settings == NULL)
    return;
#ifdef CORRECTED
  KIRQL old = ExAcquireSpinLockExclusive(&gLock);
#endif
  PSETTINGS former = InterlockedExchangePointer((PVOID volatile *)&gSettings, settings);
#ifdef CORRECTED
  ExReleaseSpinLockExclusive(&gLock, old);
#endif
  ExFreePoolWithTag(former, SETTINGS_TAG);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  gSettings = Create(TRUE, 10);
  return gSettings != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
