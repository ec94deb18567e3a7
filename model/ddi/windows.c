#include "windows.h"

const DdiWindowsName ddi_windows_names[] = {
  { "vista-sp2", "Windows Vista SP2", DDI_WINDOWS_VISTA_SP2 },
  { "7", "Windows 7", DDI_WINDOWS_7 },
  { "7-sp1", "Windows 7 SP1", DDI_WINDOWS_7_SP1 },
  { "8", "Windows 8", DDI_WINDOWS_8 },
  { "8.1", "Windows 8.1", DDI_WINDOWS_8_1 },
  { "10", "Windows 10", DDI_WINDOWS_10 },
  { "11", "Windows 11", DDI_WINDOWS_11 },
  { "server-2008-sp2", "Windows Server 2008 SP2", DDI_WINDOWS_VISTA_SP2 },
  { "server-2008-r2", "Windows Server 2008 R2", DDI_WINDOWS_7 },
  { "server-2008-r2-sp1", "Windows Server 2008 R2 SP1", DDI_WINDOWS_7_SP1 },
  { "server-2012", "Windows Server 2012", DDI_WINDOWS_8 },
  { "server-2012-r2", "Windows Server 2012 R2", DDI_WINDOWS_8_1 },
  { "server-2016", "Windows Server 2016", DDI_WINDOWS_10 },
  { "server-2019", "Windows Server 2019", DDI_WINDOWS_10 },
  { "server-2022", "Windows Server 2022", DDI_WINDOWS_10 },
  { "server-2025", "Windows Server 2025", DDI_WINDOWS_11 },
};

const size_t ddi_windows_name_count = sizeof ddi_windows_names / sizeof ddi_windows_names[0];

const DdiWindowsName *ddi_windows_find(const char *name) {
  for (size_t i = 0; i < ddi_windows_name_count; i++) {
    const char *a = ddi_windows_names[i].name, *b = name;
    for (; *a != '\0' && *a == *b; a++, b++)
      ;
    if (*a == *b)
      return &ddi_windows_names[i];
  }
  return NULL;
}

const char *ddi_windows_title(DdiWindows version) {
  if (version == DDI_WINDOWS_2000)
    return "Windows 2000";
  if (version == DDI_WINDOWS_XP)
    return "Windows XP";
  for (size_t i = 0; i < ddi_windows_name_count; i++)
    if (ddi_windows_names[i].version == version)
      return ddi_windows_names[i].title;
  return "Windows";
}
