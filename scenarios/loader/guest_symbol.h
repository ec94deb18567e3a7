/*
 * guest_symbol.h: from places in an image to its source, by its debug information (libdw).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct GuestSymbol {
  const char *function;
  const char *file; /* relative to the scenario's folder */
  unsigned line;    /* from 1 */
  unsigned column;  /* from 1; 0: not known */
} GuestSymbol;

typedef struct GuestSymbols GuestSymbols;

/* Opens the image's debug information. Returns owned; NULL with *error. */
GuestSymbols *guest_symbols_open(const char *path, GError **error);
void guest_symbols_close(GuestSymbols *symbols);

/* The source of the instruction that ends at `address` (a site: the return address of a hook or a call). What a header of Windows' inlines is
 * told as the driver's line that used it. False: not known. Strings live as long as `symbols`. Cached. */
bool guest_symbols_find_place(GuestSymbols *symbols, guint64 address, GuestSymbol *symbol);

/* The address of a function or variable, local ones included; 0: there is none. */
guint64 guest_symbols_find_name(GuestSymbols *symbols, const char *name);
/* The same for a variable, with its size in bytes. */
guint64 guest_symbols_find_variable(GuestSymbols *symbols, const char *name, gsize *size);
