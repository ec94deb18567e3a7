/*
 * guest_type.h: what an address in a driver's data is called in its source: "gTable.Entries[3].Count", "connection->Bytes". By the types in the image's
 * debug information.
 *
 * Of a bit field the first that lies there is named, of a union the first member that ends where the access does, and both are said to be that.
 */
#pragma once

#include "guest_symbol.h"

#include <stdint.h>

/* How far a name goes into what is there. */
typedef enum GuestDepth {
  GUEST_DEPTH_OBJECT, /* to a thing of that size: "gDevice.Done", where a KEVENT is meant */
  GUEST_DEPTH_ACCESS, /* to the member that is read or written: "gDevice.Done.Header.SignalState" */
} GuestDepth;

/* The variable that holds the address, static and local static ones too, and the part of it of that size (0: not known). Returns owned; NULL: none. */
char *guest_type_variable(GuestSymbols *symbols, guint64 address, gsize size, GuestDepth depth);

/* A block of memory by what the source line of an instruction there calls it, whose text is given: a pointer to a structure in it that has the member the
 * line names at that offset, "connection->Bytes"; "CONNECTION.Bytes" where several pointers to the same type could be meant. Returns owned; NULL: none. */
char *guest_type_of_access(GuestSymbols *symbols, guint64 address, const char *text, guint64 offset, gsize size);

/* The same by the line that allocated the block: what its result was put into, or whose size was asked for: "CONNECTION.Bytes". Returns owned; NULL: none. */
char *guest_type_of_allocation(GuestSymbols *symbols, guint64 address, const char *text, guint64 offset, gsize size, GuestDepth depth);

/* The same by a variable that points to the block: "gConnection->Bytes". Reads the image's data where they are loaded. Returns owned; NULL: none. */
char *guest_type_of_pointer(GuestSymbols *symbols, guint64 block, guint64 offset, gsize size, GuestDepth depth);

/* The arrays among the local variables of the function there: "buffer (16 bytes), name (32 bytes)". Returns owned; NULL: it has none. */
char *guest_type_local_arrays(GuestSymbols *symbols, guint64 address);
