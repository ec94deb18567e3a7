/* files.h: the scenario files below a folder, or one file, in the order of their names. */
#pragma once

/* NULL-terminated. Returns owned (g_strfreev). */
char **scenario_files(const char *path);
