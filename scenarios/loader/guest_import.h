/*
 * guest_import.h: what becomes of each name that a driver uses and does not define: a thunk of the DDI or of a hook, a GUID, something of Windows
 * that is not modelled, or an error.
 */
#pragma once

#include "guest_object.h"

#include <glib.h>

typedef struct GuestImports {
  GString *assembly;      /* the import stubs */
  GHashTable *unmodelled; /* set of names of Windows that are not modelled */
  GHashTable *unknown;    /* set of names that are neither Windows' nor the driver's */
} GuestImports;

/* Decides on each undefined name. `headers`: paths of the WDK headers that the driver's files included. Returns owned. */
GuestImports *guest_imports_resolve(const GPtrArray *undefined, const GPtrArray *headers);
void guest_imports_free(GuestImports *imports);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestImports, guest_imports_free)

/* Changes when the DDI table or the hooks do, so that thunks moved. Returns owned. */
char *guest_imports_table_version(void);

/* The linker script for an image at a base. Returns owned. */
char *guest_link_script(guint64 base, guint64 size_max);
