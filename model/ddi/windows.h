/*
 * windows.h: the versions of Windows a machine can be, as data. Stdint only: model, scenarios and reports read it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order of their release, so that "from Windows 8 on" is a comparison. A server is the client of the same kernel. */
typedef enum DdiWindows {
  DDI_WINDOWS_2000, /* only as "exists since" of a bug check; no machine */
  DDI_WINDOWS_XP,   /* the same */
  DDI_WINDOWS_VISTA_SP2,
  DDI_WINDOWS_7,
  DDI_WINDOWS_7_SP1,
  DDI_WINDOWS_8,
  DDI_WINDOWS_8_1,
  DDI_WINDOWS_10,
  DDI_WINDOWS_11,
} DdiWindows;

typedef struct DdiWindowsName {
  const char *name;  /* as a scenario writes it: "7-sp1", "server-2008-r2-sp1" */
  const char *title; /* as a report writes it: "Windows 7 SP1" */
  DdiWindows version;
} DdiWindowsName;

/* Names a scenario may use: clients first, oldest first, then servers. */
extern const DdiWindowsName ddi_windows_names[];
extern const size_t ddi_windows_name_count;

const DdiWindowsName *ddi_windows_find(const char *name); /* NULL: none */
const char *ddi_windows_title(DdiWindows version);        /* "Windows 7 SP1": constant */
