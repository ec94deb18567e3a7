/*
 * guest_build.h: driver C source -> a shared object linked at its fixed base, cached by content.
 *
 * The same sources, compiler version, flags and DDI table give the same bytes, whoever builds them and wherever: nothing is taken from CC, CFLAGS,
 * the locale or any other variable but PATH, and no path of the machine gets into an image.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What a scenario says of a driver that is C source. Borrowed. */
typedef struct GuestSource {
  const char *folder;       /* the scenario's: relative names start here, and the image names files relative to it */
  const char *const *files; /* C files */
  size_t file_count;
  const char *const *include_paths; /* searched before irqlab's headers */
  size_t include_count;
  const char *const *defines; /* "NAME" or "NAME=VALUE" */
  size_t define_count;
  bool is_covered;      /* counts its basic blocks: another image, with another fingerprint */
  const char *compiler; /* "gcc", "clang", or one of them with a version ("gcc-12"); NULL: gcc */
} GuestSource;

/* What irqlab brings along. Borrowed. */
typedef struct GuestBuildOptions {
  const char *include_folder; /* model/include, or where it is installed */
  const char *cache_folder;   /* NULL: $XDG_CACHE_HOME/irqlab, ~/.cache/irqlab, or one of the process under TMPDIR */
  unsigned timeout_seconds;   /* of each compiler or linker call; 0: 60 */
} GuestBuildOptions;

/* A place where driver source uses something that exists in Windows but is not modelled. */
typedef struct GuestUse {
  char *name;
  char *file;    /* relative to GuestSource.folder */
  unsigned line; /* 0: in an initialiser */
} GuestUse;

typedef struct GuestBuild {
  char *path;            /* of the image: immutable, in the cache */
  char *fingerprint;     /* of its loaded bytes, 10 hexadecimal digits: what the replay line carries */
  GPtrArray *unmodelled; /* GuestUse, by name, then place: to be listed when the driver loads */
  char *warnings;        /* of the compiler, in its words; "" when the image came from the cache */
  bool is_cached;
} GuestBuild;

typedef enum GuestBuildError {
  GUEST_BUILD_ERROR_SOURCE, /* the driver's source is wrong: the message holds the compiler's words, file:line first */
  GUEST_BUILD_ERROR_LINK,   /* a name nobody defines, one that two files define, or no DriverEntry */
  GUEST_BUILD_ERROR_TOOL,   /* no compiler, no linker, no time, no disk */
} GuestBuildError;

#define GUEST_BUILD_ERROR (guest_build_error_quark())
GQuark guest_build_error_quark(void);

/* Builds the driver for an image slot (0 .. SIM_IMAGE_SLOT_COUNT - 1), or finds it in the cache. Returns owned; NULL with *error. */
GuestBuild *guest_build(const GuestSource *source, unsigned slot, const GuestBuildOptions *options, GError **error);
void guest_build_free(GuestBuild *build);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestBuild, guest_build_free)
