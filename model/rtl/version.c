/*
 * Which Windows this is: what the machine's options say.
 */
#include <ntddk.h>

#include "../model.h"

typedef struct Version {
  DdiWindows windows;
  ULONG major, minor, build;
  USHORT service_pack;
} Version;

static const Version versions[] = {
  { DDI_WINDOWS_VISTA_SP2, 6, 0, 6002, 2 }, { DDI_WINDOWS_7, 6, 1, 7600, 0 },   { DDI_WINDOWS_7_SP1, 6, 1, 7601, 1 },
  { DDI_WINDOWS_8, 6, 2, 9200, 0 },         { DDI_WINDOWS_8_1, 6, 3, 9600, 0 }, { DDI_WINDOWS_10, 10, 0, 19045, 0 },
  { DDI_WINDOWS_11, 10, 0, 22631, 0 },
};

static const Version *current_version(void) {
  const Version *version = &versions[0];
  for (unsigned at = 0; at < RTL_NUMBER_OF(versions); at++) {
    if (versions[at].windows <= MODEL->options.windows)
      version = &versions[at];
  }
  return version;
}

static void fill_text(WCHAR *text, unsigned count, USHORT service_pack) {
  static const CHAR service_pack_text[] = "Service Pack ";
  memset(text, 0, count * sizeof(WCHAR));
  if (service_pack == 0)
    return;
  for (unsigned at = 0; service_pack_text[at] != 0; at++)
    text[at] = service_pack_text[at];
  text[sizeof service_pack_text - 1] = (WCHAR)('0' + service_pack);
}

/* Fills the short or the extended structure, by its size member. PASSIVE_LEVEL. wdm/nf-wdm-rtlgetversion */
NTSTATUS RtlGetVersion(PRTL_OSVERSIONINFOW lpVersionInformation) {
  const Version *version = current_version();
  lpVersionInformation->dwMajorVersion = version->major;
  lpVersionInformation->dwMinorVersion = version->minor;
  lpVersionInformation->dwBuildNumber = version->build;
  lpVersionInformation->dwPlatformId = VER_PLATFORM_WIN32_NT;
  fill_text(lpVersionInformation->szCSDVersion, RTL_NUMBER_OF(lpVersionInformation->szCSDVersion), version->service_pack);
  if (lpVersionInformation->dwOSVersionInfoSize == sizeof(RTL_OSVERSIONINFOEXW)) {
    PRTL_OSVERSIONINFOEXW extended = (PRTL_OSVERSIONINFOEXW)lpVersionInformation;
    extended->wServicePackMajor = version->service_pack;
    extended->wServicePackMinor = 0;
    extended->wSuiteMask = VER_SUITE_SINGLEUSERTS;
    extended->wProductType = MODEL->options.is_server ? VER_NT_SERVER : VER_NT_WORKSTATION;
    extended->wReserved = 0;
  }
  return STATUS_SUCCESS;
}

/* Three bits of condition for each bit of the type mask. Any IRQL. ntddk/nf-ntddk-versetconditionmask */
ULONGLONG VerSetConditionMask(ULONGLONG ConditionMask, ULONG TypeMask, UCHAR Condition) {
  for (unsigned bit = 0; bit < 8; bit++) {
    if (TypeMask & (1u << bit))
      ConditionMask |= (ULONGLONG)(Condition & VER_CONDITION_MASK) << (bit * VER_NUM_BITS_PER_CONDITION_MASK);
  }
  return ConditionMask;
}

static BOOLEAN holds(ULONGLONG mask, unsigned bit, LONG difference) {
  switch ((mask >> (bit * VER_NUM_BITS_PER_CONDITION_MASK)) & VER_CONDITION_MASK) {
  case VER_EQUAL: return difference == 0;
  case VER_GREATER: return difference > 0;
  case VER_GREATER_EQUAL: return difference >= 0;
  case VER_LESS: return difference < 0;
  case VER_LESS_EQUAL: return difference <= 0;
  default: return FALSE;
  }
}

/* The bits of TypeMask, as in wdm.h, by number. */
enum { BIT_MINOR = 0, BIT_MAJOR = 1, BIT_BUILD = 2, BIT_PLATFORM = 3, BIT_PACK_MINOR = 4, BIT_PACK_MAJOR = 5, BIT_PRODUCT = 7 };

/* Major, minor and service pack are compared as one number when the major version is asked for. PASSIVE_LEVEL.
 * Simplified: VER_SUITENAME is not looked at. wdm/nf-wdm-rtlverifyversioninfo */
NTSTATUS RtlVerifyVersionInfo(PRTL_OSVERSIONINFOEXW VersionInfo, ULONG TypeMask, ULONGLONG ConditionMask) {
  const Version *version = current_version();
  LONG pack = (LONG)version->service_pack - VersionInfo->wServicePackMajor;
  LONG minor = (LONG)version->minor - (LONG)VersionInfo->dwMinorVersion;
  LONG major = (LONG)version->major - (LONG)VersionInfo->dwMajorVersion;
  LONG product = (MODEL->options.is_server ? VER_NT_SERVER : VER_NT_WORKSTATION) - VersionInfo->wProductType;
  if (TypeMask == 0)
    return STATUS_INVALID_PARAMETER;
  if ((TypeMask & VER_PRODUCT_TYPE) && !holds(ConditionMask, BIT_PRODUCT, product))
    return STATUS_REVISION_MISMATCH;
  if ((TypeMask & VER_PLATFORMID) && !holds(ConditionMask, BIT_PLATFORM, VER_PLATFORM_WIN32_NT - (LONG)VersionInfo->dwPlatformId))
    return STATUS_REVISION_MISMATCH;
  if ((TypeMask & VER_BUILDNUMBER) && !holds(ConditionMask, BIT_BUILD, (LONG)version->build - (LONG)VersionInfo->dwBuildNumber))
    return STATUS_REVISION_MISMATCH;

  LONG difference = 0;
  if (TypeMask & VER_MAJORVERSION)
    difference = major;
  if (difference == 0 && (TypeMask & VER_MINORVERSION))
    difference = minor;
  if (difference == 0 && (TypeMask & VER_SERVICEPACKMAJOR))
    difference = pack;
  unsigned bit = TypeMask & VER_MAJORVERSION ? BIT_MAJOR : TypeMask & VER_MINORVERSION ? BIT_MINOR : BIT_PACK_MAJOR;
  if ((TypeMask & (VER_MAJORVERSION | VER_MINORVERSION | VER_SERVICEPACKMAJOR)) && !holds(ConditionMask, bit, difference))
    return STATUS_REVISION_MISMATCH;
  if ((TypeMask & VER_SERVICEPACKMINOR) && !holds(ConditionMask, BIT_PACK_MINOR, 0 - (LONG)VersionInfo->wServicePackMinor))
    return STATUS_REVISION_MISMATCH;
  return STATUS_SUCCESS;
}
