/*
 * guest_symbol_internal.h: what guest_symbol.c and guest_type.c share: an image's debug information while it is open.
 */
#pragma once

#include "guest_symbol.h"

#include <elfutils/libdwfl.h>

struct GuestSymbols {
  Dwfl *dwfl;
  Dwfl_Module *module;
  GHashTable *places; /* address -> GuestSymbol; looked up only */
  GArray *variables;  /* guest_type.c's; NULL: not asked for yet */
};
