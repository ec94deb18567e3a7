/*
 * guest_path.h: from a type in debug information and an offset to the member that is there: ".Entries[3].Count".
 */
#pragma once

#include "guest_type.h"

#include <elfutils/libdw.h>

/* The type of a variable, member or pointer without its typedefs and qualifiers. False: it has none, such as what a PVOID points to. */
bool guest_path_type(Dwarf_Die *die, Dwarf_Die *type);
/* In bytes; 0: not known. */
guint64 guest_path_size(Dwarf_Die *type);
/* Finds a member by its name, also in members without one. False: there is none. */
bool guest_path_member(Dwarf_Die *structure, const char *name, Dwarf_Die *member);

/* What lies in the type at that offset, of that size (0: not known): ".Count", "[3]", " + 4" where no member is; "" for all of it. Appends.
 * `line`: a source line that is about it: where several members share the place, one that it names is meant. NULL: none. */
void guest_path_append(GString *path, Dwarf_Die *type, guint64 offset, gsize size, GuestDepth depth, const char *line);
