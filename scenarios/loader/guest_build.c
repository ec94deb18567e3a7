#include "guest_build.h"

#include "guest_cache.h"
#include "guest_import.h"
#include "guest_object.h"
#include "guest_tool.h"

#include "sim/arena.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

/* Changes what every image is: a new number, a new key in the cache. */
#define BUILD_VERSION "3"

G_DEFINE_QUARK(guest - build - error - quark, guest_build_error)

/* The one list of flags of all guest code; nothing is inherited from a distribution's or a user's settings. Uninitialised locals, canaries,
 * paths and the order of a host's functions would otherwise carry something of the host into the guest. */
static const char *const guest_flags[] = {
  "-std=gnu17",
  "-m64",
  "-march=x86-64",
  "-O1",
  "-g",
  "-fno-inline", /* a frame for each function the driver wrote */
  "-fno-optimize-sibling-calls",
  "-fno-builtin",                    /* memcpy and its kin are calls, which the guest's runtime judges */
  "-fno-delete-null-pointer-checks", /* a use of NULL is a fault to be seen, not a licence */
  "-fno-common",
  "-fno-ident",
  "-gno-record-gcc-switches",
  "-ftrivial-auto-var-init=pattern",
  "-fno-stack-protector",
  "-U_FORTIFY_SOURCE",
  "-fcf-protection=none",
  "-fstack-clash-protection", /* a large frame touches the guard page and cannot step over it */
  "-mno-red-zone",            /* hooks run on the driver's stack */
  "-fPIC",
  "-fvisibility=hidden",
  "-fno-asynchronous-unwind-tables",
  "-Wno-builtin-macro-redefined",
  "-D__DATE__=\"Jan  1 1970\"",
  "-D__TIME__=\"00:00:00\"",
  "-D__TIMESTAMP__=\"Thu Jan  1 00:00:00 1970\"",
  "-fno-diagnostics-show-option",
  "-fdiagnostics-color=never",
  "-Werror=return-type", /* a value nobody returned is a value of the host */
};
static const char *const instrumentation_flags[] = { "-fsanitize=thread" };
/* Nothing is optimised: each line has blocks of its own, as gcov wants it, too. */
static const char *const coverage_flags_gcc[] = { "-fsanitize-coverage=trace-pc", "-O0" };
static const char *const coverage_flags_clang[] = { "-fsanitize-coverage=bb,no-prune,trace-pc", "-O0" };
static const char *const gcc_flags[] = { "--param=tsan-distinguish-volatile=1", "-frandom-seed=irqlab", "-fmax-errors=20" };
static const char *const clang_flags[] = { "-mllvm", "-tsan-distinguish-volatile=1", "-fno-finite-loops", "-gdwarf-aranges",
                                           "-Wno-unused-command-line-argument" };

static const char runtime_file[] = "all.c";

/* One build under way. */
typedef struct Build {
  const GuestSource *source;
  unsigned slot;
  unsigned timeout_seconds;
  char *folder;         /* of the source, absolute */
  char *include_folder; /* irqlab's headers, absolute */
  char *runtime_folder;
  char *compiler; /* path */
  char *linker;
  char *assembler;
  bool is_clang;
  char *cache;
  char *key;
  char *temporary;
  GPtrArray *wdk_flags; /* of model/include/wdk-flags */
  GPtrArray *objects;   /* GuestObject */
  GPtrArray *headers;   /* what is not the driver's that was read: headers, the runtime; paths, once each */
  GPtrArray *files;     /* the driver's own files that were read */
  GString *warnings;
} Build;

/* Removes a folder of plain files. */
static void folder_remove(const char *path) {
  GDir *folder = g_dir_open(path, 0, NULL);
  for (const char *name = folder != NULL ? g_dir_read_name(folder) : NULL; name != NULL; name = g_dir_read_name(folder)) {
    g_autofree char *entry = g_build_filename(path, name, NULL);
    g_remove(entry);
  }
  if (folder != NULL)
    g_dir_close(folder);
  g_rmdir(path);
}

static void build_free(Build *build) {
  if (build->temporary != NULL)
    folder_remove(build->temporary);
  g_free(build->folder);
  g_free(build->include_folder);
  g_free(build->runtime_folder);
  g_free(build->compiler);
  g_free(build->linker);
  g_free(build->assembler);
  g_free(build->cache);
  g_free(build->key);
  g_free(build->temporary);
  g_ptr_array_unref(build->wdk_flags);
  g_ptr_array_unref(build->objects);
  g_ptr_array_unref(build->headers);
  g_ptr_array_unref(build->files);
  g_string_free(build->warnings, TRUE);
  g_free(build);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Build, build_free)

/* ---- what is to be built ---- */

/* `path` as seen from `folder`, by "..": the same name in every checkout. Both absolute and canonical. */
static char *path_relative(const char *folder, const char *path) {
  g_auto(GStrv) from = g_strsplit(folder, "/", -1);
  g_auto(GStrv) to = g_strsplit(path, "/", -1);
  guint common = 0;
  while (from[common] != NULL && to[common] != NULL && strcmp(from[common], to[common]) == 0)
    common++;
  GString *relative = g_string_new(NULL);
  for (guint i = common; from[i] != NULL && *from[i] != '\0'; i++)
    g_string_append(relative, "../");
  for (guint i = common; to[i] != NULL; i++)
    g_string_append_printf(relative, "%s%s", to[i], to[i + 1] != NULL ? "/" : "");
  if (relative->len == 0)
    g_string_append_c(relative, '.');
  return g_string_free(relative, FALSE);
}

static char *source_name(const Build *build, const char *path) {
  g_autofree char *absolute = g_canonicalize_filename(path, build->folder);
  return path_relative(build->folder, absolute);
}

/* gcc, clang, or one with a version: what scenarios may name. */
static bool compiler_is_known(const char *name, bool *is_clang) {
  *is_clang = g_str_has_prefix(name, "clang");
  const char *rest = name + (*is_clang ? strlen("clang") : strlen("gcc"));
  if (!*is_clang && !g_str_has_prefix(name, "gcc"))
    return false;
  return *rest == '\0' || (*rest == '-' && rest[1] != '\0' && strspn(rest + 1, "0123456789") == strlen(rest + 1));
}

static bool tools_find(Build *build, GError **error) {
  const char *name = build->source->compiler != NULL ? build->source->compiler : "gcc";
  if (!compiler_is_known(name, &build->is_clang)) {
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL,
                "%s: no compiler for drivers; it is gcc or clang, with or without -VERSION", name);
    return false;
  }
  build->compiler = guest_tool_find(name, error);
  build->linker = build->compiler != NULL ? guest_tool_find("ld.bfd", error) : NULL;
  build->assembler = build->linker != NULL ? guest_tool_find("as", error) : NULL;
  return build->assembler != NULL;
}

static bool wdk_flags_read(Build *build, GError **error) {
  g_autofree char *path = g_build_filename(build->include_folder, "wdk-flags", NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) problem = NULL;
  if (!g_file_get_contents(path, &text, NULL, &problem)) {
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL, "%s", problem->message);
    return false;
  }
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_auto(GStrv) parts = g_strsplit(*line, "@INCLUDE@", -1);
    if (**line != '\0')
      g_ptr_array_add(build->wdk_flags, g_strjoinv(build->include_folder, parts));
  }
  return true;
}

/* The runtime's sources: beside the headers where they are installed, beside model/include in a checkout. */
static bool runtime_find(Build *build, GError **error) {
  static const char *const places[] = { "irqlab/runtime", "../guest/runtime" };
  for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
    g_free(build->runtime_folder);
    build->runtime_folder = g_canonicalize_filename(places[i], build->include_folder);
    g_autofree char *header = g_build_filename(build->runtime_folder, "runtime.h", NULL);
    if (g_file_test(header, G_FILE_TEST_EXISTS))
      return true;
  }
  g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL, "%s: the guest's runtime is not there", build->runtime_folder);
  return false;
}

static void key_add(GChecksum *sum, const char *text) { g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1); }

static void key_add_list(GChecksum *sum, const char *title, const char *const *list, gsize count) {
  key_add(sum, title);
  for (gsize i = 0; i < count; i++)
    key_add(sum, list[i]);
}

static void key_add_tools(GChecksum *sum, const Build *build) {
  const char *const parts[] = { BUILD_VERSION,   build->include_folder, build->runtime_folder,
                                build->compiler, build->linker,         build->assembler };
  key_add_list(sum, "tools", parts, G_N_ELEMENTS(parts));
  key_add_list(sum, "flags", guest_flags, G_N_ELEMENTS(guest_flags));
  key_add_list(sum, "wdk", (const char *const *)build->wdk_flags->pdata, build->wdk_flags->len);
}

/* What the image is asked to be; what the files hold is the recipe's business. */
static char *key_of_image(const Build *build) {
  const GuestSource *source = build->source;
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  g_autofree char *table = guest_imports_table_version();
  g_autofree char *slot = g_strdup_printf("%u", build->slot);
  const char *const parts[] = { table, slot, build->folder };
  key_add_tools(sum, build);
  key_add_list(sum, "parts", parts, G_N_ELEMENTS(parts));
  key_add_list(sum, "files", source->files, source->file_count);
  key_add_list(sum, "include", source->include_paths, source->include_count);
  key_add_list(sum, "defines", source->defines, source->define_count);
  if (source->is_covered) {
    key_add_list(sum, "covered", coverage_flags_gcc, G_N_ELEMENTS(coverage_flags_gcc));
    key_add_list(sum, "covered", coverage_flags_clang, G_N_ELEMENTS(coverage_flags_clang));
  }
  return g_strdup(g_checksum_get_string(sum));
}

static char *key_of_runtime(const Build *build) {
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  key_add(sum, "runtime");
  key_add_tools(sum, build);
  return g_strdup(g_checksum_get_string(sum));
}

static Build *build_new(const GuestSource *source, unsigned slot, const GuestBuildOptions *options, GError **error) {
  g_autoptr(Build) build = g_new0(Build, 1);
  build->source = source;
  build->slot = slot;
  build->timeout_seconds = options->timeout_seconds != 0 ? options->timeout_seconds : 60;
  build->folder = g_canonicalize_filename(source->folder, NULL);
  build->include_folder = g_canonicalize_filename(options->include_folder, NULL);
  build->wdk_flags = g_ptr_array_new_with_free_func(g_free);
  build->objects = g_ptr_array_new_with_free_func((GDestroyNotify)guest_object_free);
  build->headers = g_ptr_array_new_with_free_func(g_free);
  build->files = g_ptr_array_new_with_free_func(g_free);
  build->warnings = g_string_new(NULL);
  if (!tools_find(build, error) || !wdk_flags_read(build, error) || !runtime_find(build, error) ||
      (build->cache = guest_cache_folder(options->cache_folder, error)) == NULL)
    return NULL;
  build->key = key_of_image(build);
  return g_steal_pointer(&build);
}

/* ---- compiling ---- */

static void add(GPtrArray *argv, const char *word) { g_ptr_array_add(argv, g_strdup(word)); }

static void add_all(GPtrArray *argv, const char *const *words, gsize count) {
  for (gsize i = 0; i < count; i++)
    add(argv, words[i]);
}

/* A path of the machine never gets into debug information or __FILE__. */
static void add_map(GPtrArray *argv, const char *from, const char *to) {
  g_ptr_array_add(argv, g_strdup_printf("-ffile-prefix-map=%s=%s", from, to));
}

static GPtrArray *compiler_command(const Build *build, bool is_driver) {
  GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
  add(argv, build->compiler);
  add_all(argv, guest_flags, G_N_ELEMENTS(guest_flags));
  if (is_driver)
    add_all(argv, instrumentation_flags, G_N_ELEMENTS(instrumentation_flags));
  if (is_driver && build->source->is_covered)
    add_all(argv, build->is_clang ? coverage_flags_clang : coverage_flags_gcc,
            build->is_clang ? G_N_ELEMENTS(coverage_flags_clang) : G_N_ELEMENTS(coverage_flags_gcc));
  if (build->is_clang)
    add_all(argv, clang_flags, G_N_ELEMENTS(clang_flags));
  else
    add_all(argv, gcc_flags, G_N_ELEMENTS(gcc_flags));
  if (is_driver)
    add_map(argv, build->folder, ".");
  add_map(argv, build->include_folder, "irqlab/include");
  if (!is_driver)
    add_map(argv, build->runtime_folder, "irqlab/runtime"); /* the last that fits counts */
  for (gsize i = 0; is_driver && i < build->source->include_count; i++) {
    g_autofree char *name = source_name(build, build->source->include_paths[i]);
    g_ptr_array_add(argv, g_strconcat("-I", name, NULL));
  }
  for (gsize i = 0; is_driver && i < build->source->define_count; i++)
    g_ptr_array_add(argv, g_strconcat("-D", build->source->defines[i], NULL));
  add_all(argv, (const char *const *)build->wdk_flags->pdata, build->wdk_flags->len);
  return argv;
}

static void add_once(GPtrArray *paths, const char *path) {
  for (guint i = 0; i < paths->len; i++)
    if (strcmp(g_ptr_array_index(paths, i), path) == 0)
      return;
  g_ptr_array_add(paths, g_strdup(path));
}

static bool is_under(const char *path, const char *folder) {
  gsize length = strlen(folder);
  return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* The rule "OBJECT: FILE FILE \ ..." that -MD writes: each file, unescaped. */
static void dependencies_read(Build *build, const char *rule_path, const char *folder) {
  g_autofree char *rule = NULL;
  if (!g_file_get_contents(rule_path, &rule, NULL, NULL))
    return;
  const char *at = strstr(rule, ": ");
  g_autoptr(GString) name = g_string_new(NULL);
  for (at = at != NULL ? at + 1 : ""; *at != '\0'; at++) {
    bool is_escape = *at == '\\' && at[1] != '\0';
    bool is_doubled = *at == '$' && at[1] == '$';
    if ((is_escape && at[1] != '\n') || is_doubled)
      g_string_append_c(name, *++at);
    else if (!is_escape && !g_ascii_isspace(*at))
      g_string_append_c(name, *at);
    if ((g_ascii_isspace(*at) || is_escape || at[1] == '\0') && !(is_escape && *at != '\\') && name->len > 0) {
      g_autofree char *path = g_canonicalize_filename(name->str, folder);
      bool is_header = is_under(path, build->include_folder) || is_under(path, "/usr");
      add_once(is_header ? build->headers : build->files, path);
      g_string_truncate(name, 0);
    }
  }
}

/* Compiles one file, named as seen from `folder`. */
static bool compile(Build *build, const char *folder, const char *name, bool is_driver, GError **error) {
  guint number = build->objects->len;
  g_autofree char *object = g_strdup_printf("%s/%u.o", build->temporary, number);
  g_autofree char *rule = g_strdup_printf("%s/%u.d", build->temporary, number);
  g_autoptr(GPtrArray) argv = compiler_command(build, is_driver);
  const char *const words[] = { "-MD", "-MF", rule, "-MT", "object", "-c", "-o", object, name };
  add_all(argv, words, G_N_ELEMENTS(words));
  g_ptr_array_add(argv, NULL);
  g_autofree char *output = NULL;
  int status = guest_tool_run(argv, folder, build->temporary, build->timeout_seconds, &output, error);
  if (status > 0)
    g_set_error(error, GUEST_BUILD_ERROR, is_driver ? GUEST_BUILD_ERROR_SOURCE : GUEST_BUILD_ERROR_TOOL, "%s", g_strchomp(output));
  if (status != 0)
    return false;
  if (is_driver)
    g_string_append(build->warnings, output);
  dependencies_read(build, rule, folder);
  g_ptr_array_add(build->objects, guest_object_new(object, name));
  return true;
}

static void recipe_add_read(GuestRecipe *recipe, const GPtrArray *paths, const Build *build) {
  for (guint i = 0; i < paths->len; i++) {
    const char *path = g_ptr_array_index(paths, i);
    guest_recipe_add_file(recipe, path, paths == build->headers || is_under(path, build->runtime_folder));
  }
}

/* The guest's runtime is the same for all drivers: it is compiled once for a compiler, and kept like an image. */
static bool runtime_compile(Build *build, GError **error) {
  g_autofree char *key = key_of_runtime(build);
  g_autofree char *path = NULL;
  g_autoptr(GuestRecipe) recipe = guest_cache_find(build->cache, key, &path);
  if (recipe == NULL) {
    recipe = guest_recipe_new();
    if (!compile(build, build->runtime_folder, runtime_file, false, error))
      return false;
    const GuestObject *object = g_ptr_array_index(build->objects, 0);
    guest_recipe_add_file(recipe, build->compiler, true);
    recipe_add_read(recipe, build->headers, build);
    recipe_add_read(recipe, build->files, build);
    path = guest_cache_store(build->cache, key, recipe, object->path, error);
    if (path == NULL)
      return false;
    g_ptr_array_set_size(build->objects, 0);
  }
  for (guint i = 0; i < recipe->files->len; i++)
    add_once(build->headers, ((const GuestFile *)g_ptr_array_index(recipe->files, i))->path);
  g_ptr_array_set_size(build->files, 0);
  g_ptr_array_add(build->objects, guest_object_new(path, "irqlab/runtime"));
  return true;
}

static bool compile_all(Build *build, GError **error) {
  if (!runtime_compile(build, error))
    return false;
  for (gsize i = 0; i < build->source->file_count; i++) {
    g_autofree char *name = source_name(build, build->source->files[i]);
    if (!compile(build, build->folder, name, true, error))
      return false;
  }
  return true;
}

/* ---- linking ---- */

/* Names that nobody defines, each with where it is used. */
static void unknown_report(const Build *build, GHashTable *unknown, GError **error) {
  g_autoptr(GPtrArray) uses = guest_uses_find(build->objects, unknown);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < uses->len; i++) {
    const GuestUse *use = g_ptr_array_index(uses, i);
    if (use->line != 0)
      g_string_append_printf(text, "%s:%u: ", use->file, use->line);
    else
      g_string_append_printf(text, "%s: ", use->file);
    g_string_append_printf(text, "%s is neither Windows' nor defined by the driver%s", use->name, i + 1 < uses->len ? "\n" : "");
  }
  g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_LINK, "%s", text->str);
}

static bool names_are_sound(const Build *build, const GuestNames *names, GError **error) {
  if (names->twice != NULL) {
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_LINK, "%s", names->twice);
    return false;
  }
  if (!g_hash_table_contains(names->defined, "DriverEntry")) {
    g_autofree char *first = source_name(build, build->source->files[0]);
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_LINK, "%s%s: no DriverEntry: a driver begins there", first,
                build->source->file_count > 1 ? " and the driver's other files" : "");
    return false;
  }
  return true;
}

static bool tool_run(const Build *build, GPtrArray *argv, GError **error) {
  g_autofree char *output = NULL;
  g_ptr_array_add(argv, NULL);
  int status = guest_tool_run(argv, build->temporary, build->temporary, build->timeout_seconds, &output, error);
  if (status > 0)
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_LINK, "%s", g_strchomp(output));
  return status == 0;
}

static bool text_write(const Build *build, const char *name, const char *text, GError **error) {
  g_autofree char *path = g_build_filename(build->temporary, name, NULL);
  return g_file_set_contents(path, text, -1, error);
}

static bool assemble(const Build *build, const GuestImports *imports, GError **error) {
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  const char *const words[] = { build->assembler, "--64", "-o", "imports.o", "imports.s" };
  add_all(argv, words, G_N_ELEMENTS(words));
  return text_write(build, "imports.s", imports->assembly->str, error) && tool_run(build, argv, error);
}

static bool link_image(const Build *build, GError **error) {
  g_autofree char *script = guest_link_script(SIM_IMAGE_BASE + build->slot * SIM_IMAGE_SLOT_SIZE, SIM_IMAGE_SLOT_SIZE);
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  const char *const words[] = { build->linker,
                                "-shared",
                                "-nostdlib",
                                "--no-undefined",
                                "-Bsymbolic",
                                "-z",
                                "max-page-size=4096",
                                "-z",
                                "noexecstack",
                                "-z",
                                "norelro",
                                "--hash-style=sysv",
                                "--build-id=none",
                                "--no-warn-rwx-segments",
                                "--no-ld-generated-unwind-info",
                                "-soname",
                                "driver",
                                "-T",
                                "image.ld",
                                "-o",
                                "image.so" };
  add_all(argv, words, G_N_ELEMENTS(words));
  for (guint i = 0; i < build->objects->len; i++)
    add(argv, ((const GuestObject *)g_ptr_array_index(build->objects, i))->path);
  add(argv, "imports.o");
  return text_write(build, "image.ld", script, error) && tool_run(build, argv, error);
}

/* ---- the whole ---- */

static GuestRecipe *recipe_make(const Build *build, const GuestImports *imports) {
  GuestRecipe *recipe = guest_recipe_new();
  guest_recipe_add_file(recipe, build->linker, true);
  guest_recipe_add_file(recipe, build->assembler, true);
  recipe_add_read(recipe, build->headers, build); /* the compiler is among them */
  recipe_add_read(recipe, build->files, build);
  g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < build->files->len; i++) {
    g_autofree char *folder = g_path_get_dirname(g_ptr_array_index(build->files, i));
    add_once(folders, folder);
  }
  for (gsize i = 0; i < build->source->include_count; i++) {
    g_autofree char *folder = g_canonicalize_filename(build->source->include_paths[i], build->folder);
    add_once(folders, folder);
  }
  for (guint i = 0; i < folders->len; i++)
    guest_recipe_add_folder(recipe, g_ptr_array_index(folders, i));
  g_autoptr(GPtrArray) uses = guest_uses_find(build->objects, imports->unmodelled);
  for (guint i = 0; i < uses->len; i++) {
    const GuestUse *use = g_ptr_array_index(uses, i);
    guest_recipe_add_unmodelled(recipe, use->name, use->file, use->line);
  }
  return recipe;
}

static GuestBuild *result_make(const GuestRecipe *recipe, const char *path, const char *warnings, bool is_cached) {
  GuestBuild *result = g_new0(GuestBuild, 1);
  result->path = g_strdup(path);
  result->fingerprint = g_strdup(recipe->fingerprint);
  result->unmodelled = g_ptr_array_ref(recipe->unmodelled);
  result->warnings = g_strdup(warnings);
  result->is_cached = is_cached;
  return result;
}

static GuestBuild *build_run(Build *build, GError **error) {
  g_autofree char *template = g_build_filename(build->cache, "build-XXXXXX", NULL);
  if (g_mkdtemp_full(template, 0700) == NULL) {
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL, "%s: %s", template, g_strerror(errno));
    return NULL;
  }
  build->temporary = g_steal_pointer(&template);
  if (!compile_all(build, error))
    return NULL;
  g_autoptr(GuestNames) names = guest_names_read(build->objects, error);
  if (names == NULL || !names_are_sound(build, names, error))
    return NULL;
  g_autoptr(GuestImports) imports = guest_imports_resolve(names->undefined, build->headers);
  if (g_hash_table_size(imports->unknown) > 0) {
    unknown_report(build, imports->unknown, error);
    return NULL;
  }
  if (!assemble(build, imports, error) || !link_image(build, error))
    return NULL;
  g_autoptr(GuestRecipe) recipe = recipe_make(build, imports);
  g_autofree char *image = g_build_filename(build->temporary, "image.so", NULL);
  g_autofree char *path = guest_cache_store(build->cache, build->key, recipe, image, error);
  return path != NULL ? result_make(recipe, path, build->warnings->str, false) : NULL;
}

GuestBuild *guest_build(const GuestSource *source, unsigned slot, const GuestBuildOptions *options, GError **error) {
  g_return_val_if_fail(slot < SIM_IMAGE_SLOT_COUNT && source->file_count > 0, NULL);
  g_autoptr(Build) build = build_new(source, slot, options, error);
  if (build == NULL)
    return NULL;
  g_autofree char *path = NULL;
  g_autoptr(GuestRecipe) recipe = guest_cache_find(build->cache, build->key, &path);
  return recipe != NULL ? result_make(recipe, path, "", true) : build_run(build, error);
}

void guest_build_free(GuestBuild *build) {
  g_free(build->path);
  g_free(build->fingerprint);
  g_ptr_array_unref(build->unmodelled);
  g_free(build->warnings);
  g_free(build);
}
