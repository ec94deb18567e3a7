/*
 * guest_cache.h: built images by content, and recipes that lead to them.
 *
 *   FOLDER/images/HASH.so     an image, named by the SHA-256 of its bytes: never changed, only removed
 *   FOLDER/recipes/KEY        what was built from what: files with their hashes, the image's name, what is not modelled
 *
 * Both appear by a rename, so that any number of processes may share the folder. Whatever does not match its hash is as good as absent.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A file that an image was built from. */
typedef struct GuestFile {
  char *path;
  guint64 size;
  gint64 changed_ns;
  char *hash;
  bool is_stable; /* of the system or irqlab: not read again while size and time are the same */
} GuestFile;

typedef struct GuestRecipe {
  char *image; /* SHA-256 of its bytes */
  char *fingerprint;
  GPtrArray *files;      /* GuestFile */
  GPtrArray *folders;    /* GuestFile: folders that headers are searched in; hash: of the names of the headers there */
  GPtrArray *unmodelled; /* GuestUse */
} GuestRecipe;

GuestRecipe *guest_recipe_new(void);
void guest_recipe_free(GuestRecipe *recipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestRecipe, guest_recipe_free)

/* Notes a file or folder as it is now. False: it cannot be read. */
bool guest_recipe_add_file(GuestRecipe *recipe, const char *path, bool is_stable);
void guest_recipe_add_folder(GuestRecipe *recipe, const char *path);
void guest_recipe_add_unmodelled(GuestRecipe *recipe, const char *name, const char *file, unsigned line);

/* The folder to use, made if need be: `wanted`, or by the environment. Returns owned; NULL with *error. */
char *guest_cache_folder(const char *wanted, GError **error);

/* The recipe of that key if all it was made from is still the same and its image is whole; *path: the image's. Returns owned, or NULL. */
GuestRecipe *guest_cache_find(const char *folder, const char *key, char **path);

/* Puts an image file (moved away) and its recipe, whose image and fingerprint it fills in, into the cache. Returns the image's path, owned; NULL
 * with *error. */
char *guest_cache_store(const char *folder, const char *key, GuestRecipe *recipe, const char *image_file, GError **error);
