/*
 * guest_image.h: driver images in memory: loaded at the address they were linked for, their data put back before each run.
 */
#pragma once

#include "guest_build.h"
#include "guest_symbol.h"

/* One loaded driver. Read-only for users. */
typedef struct GuestImage {
  char *name; /* of the driver, as the scenario has it */
  char *path;
  char *fingerprint;
  GPtrArray *unmodelled; /* GuestUse */
  unsigned slot;
  guint64 base;
  guint64 end;   /* first address beyond */
  guint64 entry; /* DriverEntry */
  guint64 data;  /* its writable segment */
  gsize data_size;
  gsize data_file_size; /* of it, what does not begin as zeros */
  void *data_initial;   /* a copy of that part */
  void *handle;
  GuestSymbols *symbols; /* opened when first asked */
  GHashTable *variables; /* name -> GuestVariable: those asked for; looked up only */
} GuestImage;

/* Loads what guest_build made for that slot. Maps the arena, fills the thunks and installs the signal handlers where that has not been done.
 * Before sim_arena_reset or between runs. Returns owned; NULL with *error. */
GuestImage *guest_image_load(const GuestBuild *build, unsigned slot, const char *name, GError **error);
void guest_image_unload(GuestImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestImage, guest_image_unload)

/* Puts its data back to what the compiler wrote and makes it part of the saved state. After each sim_arena_reset, before driver code runs. A
 * restored snapshot needs no more than the restoring. */
void guest_image_begin(const GuestImage *image);

/* Address of a function or variable of the driver, static ones included; 0: none of that name. */
guint64 guest_image_find(GuestImage *image, const char *name);
/* The same for a variable, with its size in bytes. */
guint64 guest_image_find_variable(GuestImage *image, const char *name, gsize *size);

/* Where a site of this image is in its source; false: unknown. Strings are borrowed from the image. */
bool guest_image_symbol(GuestImage *image, guint32 site, GuestSymbol *symbol);

/* Its debug information, opened when first asked; NULL: it cannot be read. Borrowed. */
GuestSymbols *guest_image_symbols(GuestImage *image);

/* The fingerprint of several images together: one's own when there is one, "-" when there is none. Returns owned. */
char *guest_images_fingerprint(const GPtrArray *images);
