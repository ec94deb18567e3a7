#include "guest_cache.h"

#include "guest_build.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECIPE_VERSION "irqlab guest recipe 1"
#define FINGERPRINT_LENGTH 10
#define KEEP_SECONDS (30 * 24 * 60 * 60)

/* ---- recipes ---- */

static void file_free(void *data) {
  GuestFile *file = data;
  g_free(file->path);
  g_free(file->hash);
  g_free(file);
}

static void use_free(void *data) {
  GuestUse *use = data;
  g_free(use->name);
  g_free(use->file);
  g_free(use);
}

GuestRecipe *guest_recipe_new(void) {
  GuestRecipe *recipe = g_new0(GuestRecipe, 1);
  recipe->files = g_ptr_array_new_with_free_func(file_free);
  recipe->folders = g_ptr_array_new_with_free_func(file_free);
  recipe->unmodelled = g_ptr_array_new_with_free_func(use_free);
  return recipe;
}

void guest_recipe_free(GuestRecipe *recipe) {
  g_free(recipe->image);
  g_free(recipe->fingerprint);
  g_ptr_array_unref(recipe->files);
  g_ptr_array_unref(recipe->folders);
  g_ptr_array_unref(recipe->unmodelled);
  g_free(recipe);
}

static char *bytes_hash(const void *bytes, gsize size) { return g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, size); }

static char *file_hash(const char *path) {
  g_autofree char *text = NULL;
  gsize size;
  return g_file_get_contents(path, &text, &size, NULL) ? bytes_hash(text, size) : NULL;
}

static bool file_stat(const char *path, GuestFile *file) {
  struct stat status;
  if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
    return false;
  file->size = (guint64)status.st_size;
  file->changed_ns = (gint64)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
  return true;
}

static gint compare_names(gconstpointer left, gconstpointer right) { return strcmp(*(char *const *)left, *(char *const *)right); }

/* Of the names of all headers in a folder: one that appears may come before another of its name. */
static char *folder_hash(const char *path) {
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  GDir *folder = g_dir_open(path, 0, NULL);
  for (const char *name = folder != NULL ? g_dir_read_name(folder) : NULL; name != NULL; name = g_dir_read_name(folder))
    if (g_str_has_suffix(name, ".h"))
      g_ptr_array_add(names, g_strdup(name));
  if (folder != NULL)
    g_dir_close(folder);
  g_ptr_array_sort(names, compare_names);
  g_ptr_array_add(names, NULL);
  g_autofree char *text = g_strjoinv("\n", (char **)names->pdata);
  return bytes_hash(text, strlen(text));
}

bool guest_recipe_add_file(GuestRecipe *recipe, const char *path, bool is_stable) {
  GuestFile *file = g_new0(GuestFile, 1);
  file->path = g_strdup(path);
  file->is_stable = is_stable;
  file->hash = file_hash(path);
  g_ptr_array_add(recipe->files, file);
  return file->hash != NULL && file_stat(path, file);
}

void guest_recipe_add_folder(GuestRecipe *recipe, const char *path) {
  GuestFile *file = g_new0(GuestFile, 1);
  file->path = g_strdup(path);
  file->hash = folder_hash(path);
  g_ptr_array_add(recipe->folders, file);
}

void guest_recipe_add_unmodelled(GuestRecipe *recipe, const char *name, const char *file, unsigned line) {
  GuestUse *use = g_new0(GuestUse, 1);
  use->name = g_strdup(name);
  use->file = g_strdup(file);
  use->line = line;
  g_ptr_array_add(recipe->unmodelled, use);
}

static bool is_unchanged(const GuestFile *file) {
  GuestFile now;
  if (!file_stat(file->path, &now) || now.size != file->size)
    return false;
  if (file->is_stable && now.changed_ns == file->changed_ns)
    return true;
  g_autofree char *hash = file_hash(file->path);
  return g_strcmp0(hash, file->hash) == 0;
}

/* ---- their text: one line a thing, fields between tabs, the last line a hash of all before ---- */

static char *recipe_write(const GuestRecipe *recipe) {
  GString *text = g_string_new(RECIPE_VERSION "\n");
  g_string_append_printf(text, "image\t%s\t%s\n", recipe->image, recipe->fingerprint);
  for (guint i = 0; i < recipe->files->len; i++) {
    const GuestFile *file = g_ptr_array_index(recipe->files, i);
    g_autofree char *path = g_strescape(file->path, NULL);
    g_string_append_printf(text, "file\t%s\t%d\t%" G_GUINT64_FORMAT "\t%" G_GINT64_FORMAT "\t%s\n", path, file->is_stable, file->size,
                           file->changed_ns, file->hash);
  }
  for (guint i = 0; i < recipe->folders->len; i++) {
    const GuestFile *folder = g_ptr_array_index(recipe->folders, i);
    g_autofree char *path = g_strescape(folder->path, NULL);
    g_string_append_printf(text, "folder\t%s\t%s\n", path, folder->hash);
  }
  for (guint i = 0; i < recipe->unmodelled->len; i++) {
    const GuestUse *use = g_ptr_array_index(recipe->unmodelled, i);
    g_autofree char *file = g_strescape(use->file, NULL);
    g_string_append_printf(text, "unmodelled\t%s\t%s\t%u\n", use->name, file, use->line);
  }
  g_autofree char *hash = bytes_hash(text->str, text->len);
  g_string_append_printf(text, "end\t%s\n", hash);
  return g_string_free(text, FALSE);
}

static bool recipe_take_line(GuestRecipe *recipe, char **field, guint count) {
  if (count == 3 && strcmp(field[0], "image") == 0) {
    recipe->image = g_strdup(field[1]);
    recipe->fingerprint = g_strdup(field[2]);
  } else if (count == 6 && strcmp(field[0], "file") == 0) {
    GuestFile *file = g_new0(GuestFile, 1);
    *file = (GuestFile){ .path = g_strcompress(field[1]),
                         .is_stable = field[2][0] == '1',
                         .size = g_ascii_strtoull(field[3], NULL, 10),
                         .changed_ns = g_ascii_strtoll(field[4], NULL, 10),
                         .hash = g_strdup(field[5]) };
    g_ptr_array_add(recipe->files, file);
  } else if (count == 3 && strcmp(field[0], "folder") == 0) {
    GuestFile *folder = g_new0(GuestFile, 1);
    *folder = (GuestFile){ .path = g_strcompress(field[1]), .hash = g_strdup(field[2]) };
    g_ptr_array_add(recipe->folders, folder);
  } else if (count == 4 && strcmp(field[0], "unmodelled") == 0) {
    g_autofree char *file = g_strcompress(field[2]);
    guest_recipe_add_unmodelled(recipe, field[1], file, (unsigned)g_ascii_strtoull(field[3], NULL, 10));
  } else {
    return false;
  }
  return true;
}

static GuestRecipe *recipe_read(const char *path) {
  g_autofree char *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, NULL))
    return NULL;
  char *end = g_strrstr(text, "end\t");
  if (end == NULL || (end != text && end[-1] != '\n') || !g_str_has_prefix(text, RECIPE_VERSION "\n"))
    return NULL;
  g_autofree char *hash = bytes_hash(text, (gsize)(end - text));
  if (!g_str_has_prefix(end + strlen("end\t"), hash))
    return NULL;
  *end = '\0';
  g_autoptr(GuestRecipe) recipe = guest_recipe_new();
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines + 1; *line != NULL && **line != '\0'; line++) {
    g_auto(GStrv) fields = g_strsplit(*line, "\t", -1);
    if (!recipe_take_line(recipe, fields, g_strv_length(fields)))
      return NULL;
  }
  return recipe->image != NULL ? g_steal_pointer(&recipe) : NULL;
}

/* ---- the folder ---- */

static bool is_ours(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() && (status.st_mode & 022) == 0;
}

static bool folder_make(const char *folder) {
  g_autofree char *images = g_build_filename(folder, "images", NULL);
  g_autofree char *recipes = g_build_filename(folder, "recipes", NULL);
  return g_mkdir_with_parents(images, 0700) == 0 && g_mkdir_with_parents(recipes, 0700) == 0 && access(images, W_OK | X_OK) == 0 &&
         access(recipes, W_OK | X_OK) == 0;
}

char *guest_cache_folder(const char *wanted, GError **error) {
  const char *cache = g_getenv("XDG_CACHE_HOME"), *home = g_getenv("HOME");
  g_autofree char *folder = NULL;
  if (wanted != NULL)
    folder = g_canonicalize_filename(wanted, NULL);
  else if (cache != NULL && g_path_is_absolute(cache))
    folder = g_build_filename(cache, "irqlab", NULL);
  else if (home != NULL && g_path_is_absolute(home))
    folder = g_build_filename(home, ".cache", "irqlab", NULL);
  if (folder != NULL && folder_make(folder))
    return g_steal_pointer(&folder);
  if (wanted == NULL) {
    g_free(folder);
    folder = g_strdup_printf("%s/irqlab-%u", g_get_tmp_dir(), (unsigned)geteuid());
    g_mkdir(folder, 0700);
    if (is_ours(folder) && folder_make(folder)) /* what is in it is run: nobody else may have put it there */
      return g_steal_pointer(&folder);
  }
  g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL, "%s: no folder for built drivers can be made there: %s", folder,
              g_strerror(errno));
  return NULL;
}

static char *image_path(const char *folder, const char *hash) {
  g_autofree char *name = g_strconcat(hash, ".so", NULL);
  return g_build_filename(folder, "images", name, NULL);
}

static bool is_image_whole(const char *path, const char *hash) {
  g_autofree char *now = file_hash(path);
  return g_strcmp0(now, hash) == 0;
}

GuestRecipe *guest_cache_find(const char *folder, const char *key, char **path) {
  g_autofree char *recipe_path = g_build_filename(folder, "recipes", key, NULL);
  g_autoptr(GuestRecipe) recipe = recipe_read(recipe_path);
  if (recipe == NULL)
    return NULL;
  for (guint i = 0; i < recipe->files->len; i++)
    if (!is_unchanged(g_ptr_array_index(recipe->files, i)))
      return NULL;
  for (guint i = 0; i < recipe->folders->len; i++) {
    const GuestFile *file = g_ptr_array_index(recipe->folders, i);
    g_autofree char *hash = folder_hash(file->path);
    if (strcmp(hash, file->hash) != 0)
      return NULL;
  }
  g_autofree char *image = image_path(folder, recipe->image);
  if (!is_image_whole(image, recipe->image))
    return NULL;
  utimensat(AT_FDCWD, recipe_path, NULL, 0); /* used: not to be swept */
  utimensat(AT_FDCWD, image, NULL, 0);
  *path = g_steal_pointer(&image);
  return g_steal_pointer(&recipe);
}

static void sweep(const char *folder, const char *kind) {
  g_autofree char *path = g_build_filename(folder, kind, NULL);
  gint64 now = g_get_real_time() / G_USEC_PER_SEC;
  GDir *entries = g_dir_open(path, 0, NULL);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL; name != NULL; name = g_dir_read_name(entries)) {
    g_autofree char *entry = g_build_filename(path, name, NULL);
    struct stat status;
    if (lstat(entry, &status) == 0 && S_ISREG(status.st_mode) && now - status.st_mtim.tv_sec > KEEP_SECONDS)
      unlink(entry);
  }
  if (entries != NULL)
    g_dir_close(entries);
}

/* ---- fingerprints ---- */

/* Of what driver code can see of its image: the loaded bytes, without the import stubs, whose thunk addresses move as the DDI grows. */
static char *image_fingerprint(char *bytes, gsize size) {
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;
  const Elf64_Shdr *sections = (const Elf64_Shdr *)(bytes + header->e_shoff);
  const char *names = bytes + sections[header->e_shstrndx].sh_offset;
  for (unsigned i = 0; i < header->e_shnum; i++)
    if (strcmp(names + sections[i].sh_name, ".irqlab.imports") == 0)
      memset(bytes + sections[i].sh_offset, 0, sections[i].sh_size);
  const Elf64_Phdr *segments = (const Elf64_Phdr *)(bytes + header->e_phoff);
  gsize header_end = header->e_phoff + header->e_phnum * sizeof *segments;
  for (unsigned i = 0; i < header->e_phnum; i++) {
    gsize from = segments[i].p_offset;
    if (segments[i].p_type != PT_LOAD || from + segments[i].p_filesz > size)
      continue;
    guint64 place[2] = { segments[i].p_vaddr, segments[i].p_memsz };
    gsize skip = from == 0 ? header_end : 0; /* the ELF header tells where debug information is */
    g_checksum_update(sum, (const guchar *)place, sizeof place);
    g_checksum_update(sum, (const guchar *)bytes + from + skip, (gssize)(segments[i].p_filesz - skip));
  }
  return g_strndup(g_checksum_get_string(sum), FINGERPRINT_LENGTH);
}

char *guest_cache_store(const char *folder, const char *key, GuestRecipe *recipe, const char *image_file, GError **error) {
  g_autofree char *bytes = NULL;
  gsize size;
  if (!g_file_get_contents(image_file, &bytes, &size, error))
    return NULL;
  recipe->image = bytes_hash(bytes, size);
  recipe->fingerprint = image_fingerprint(bytes, size);
  g_autofree char *path = image_path(folder, recipe->image);
  g_autofree char *recipe_path = g_build_filename(folder, "recipes", key, NULL);
  g_autofree char *text = recipe_write(recipe);
  if (!is_image_whole(path, recipe->image) && (g_chmod(image_file, 0600) != 0 || g_rename(image_file, path) != 0)) {
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL, "%s: %s", path, g_strerror(errno));
    return NULL;
  }
  if (!g_file_set_contents(recipe_path, text, -1, error)) /* by a rename */
    return NULL;
  sweep(folder, "images");
  sweep(folder, "recipes");
  return g_steal_pointer(&path);
}
