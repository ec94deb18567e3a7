/*
 * guest_tool.h: runs a compiler or linker: a clean environment, a time limit, its words kept.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The program's absolute path, by PATH. Returns owned; NULL with *error. */
char *guest_tool_find(const char *name, GError **error);

/* Runs argv (argv[0] is a path) in `folder` with PATH, LC_ALL=C, TMPDIR=`temporary` and SOURCE_DATE_EPOCH=0 only. Returns its exit status, and in
 * *output what it wrote (owned). -1 with *error: it did not start, was killed, or took longer than timeout_seconds. */
int guest_tool_run(const GPtrArray *argv, const char *folder, const char *temporary, unsigned timeout_seconds, char **output,
                   GError **error);
