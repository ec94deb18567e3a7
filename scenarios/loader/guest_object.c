#include "guest_object.h"

#include "guest_build.h"

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

GuestObject *guest_object_new(const char *path, const char *source) {
  GuestObject *object = g_new0(GuestObject, 1);
  object->path = g_strdup(path);
  object->source = g_strdup(source);
  return object;
}

void guest_object_free(GuestObject *object) {
  g_free(object->path);
  g_free(object->source);
  g_free(object);
}

void guest_names_free(GuestNames *names) {
  g_hash_table_unref(names->defined);
  g_hash_table_unref(names->weak);
  g_ptr_array_unref(names->undefined);
  g_free(names->twice);
  g_free(names);
}

static gint compare_names(gconstpointer left, gconstpointer right) { return strcmp(*(char *const *)left, *(char *const *)right); }

/* ---- symbol tables ---- */

typedef void SymbolVisitor(const char *name, const GElf_Sym *symbol, const GuestObject *object, void *data);

static Elf_Scn *section_of_type(Elf *elf, GElf_Word type, GElf_Shdr *header) {
  for (Elf_Scn *section = elf_nextscn(elf, NULL); section != NULL; section = elf_nextscn(elf, section))
    if (gelf_getshdr(section, header) != NULL && header->sh_type == type)
      return section;
  return NULL;
}

static void symbols_visit(Elf *elf, const GuestObject *object, SymbolVisitor *visit, void *data) {
  GElf_Shdr header;
  Elf_Scn *section = section_of_type(elf, SHT_SYMTAB, &header);
  Elf_Data *table = section != NULL ? elf_getdata(section, NULL) : NULL;
  for (size_t i = 1; table != NULL && i < header.sh_size / header.sh_entsize; i++) {
    GElf_Sym symbol;
    if (gelf_getsym(table, (int)i, &symbol) == NULL || GELF_ST_BIND(symbol.st_info) == STB_LOCAL)
      continue;
    const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
    if (name != NULL && name[0] != '\0' && strcmp(name, "_GLOBAL_OFFSET_TABLE_") != 0)
      visit(name, &symbol, object, data);
  }
}

static bool object_visit(const GuestObject *object, SymbolVisitor *visit, void *data, GError **error) {
  int file = open(object->path, O_RDONLY | O_CLOEXEC);
  Elf *elf = file >= 0 ? elf_begin(file, ELF_C_READ, NULL) : NULL;
  bool is_elf = elf != NULL && elf_kind(elf) == ELF_K_ELF;
  if (is_elf)
    symbols_visit(elf, object, visit, data);
  else
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL, "%s: the compiler left no object file", object->source);
  if (elf != NULL)
    elf_end(elf);
  if (file >= 0)
    close(file);
  return is_elf;
}

static void note_defined(const char *name, const GElf_Sym *symbol, const GuestObject *object, void *data) {
  GuestNames *names = data;
  if (symbol->st_shndx == SHN_UNDEF)
    return;
  bool is_weak = GELF_ST_BIND(symbol->st_info) == STB_WEAK;
  const char *before = is_weak ? NULL : g_hash_table_lookup(names->defined, name);
  if (before != NULL && names->twice == NULL)
    names->twice = g_strdup_printf("%s is defined in %s and in %s", name, before, object->source);
  g_hash_table_insert(is_weak ? names->weak : names->defined, g_strdup(name), (void *)object->source);
}

static void note_undefined(const char *name, const GElf_Sym *symbol, const GuestObject *object, void *data) {
  GuestNames *names = data;
  (void)object;
  if (symbol->st_shndx == SHN_UNDEF && !g_hash_table_contains(names->defined, name) && !g_hash_table_contains(names->weak, name))
    g_ptr_array_add(names->undefined, g_strdup(name));
}

static void sort_once(GPtrArray *names) {
  g_ptr_array_sort(names, compare_names);
  for (guint i = 1; i < names->len;)
    if (strcmp(g_ptr_array_index(names, i - 1), g_ptr_array_index(names, i)) == 0)
      g_ptr_array_remove_index(names, i);
    else
      i++;
}

GuestNames *guest_names_read(const GPtrArray *objects, GError **error) {
  g_autoptr(GuestNames) names = g_new0(GuestNames, 1);
  names->defined = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  names->weak = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  names->undefined = g_ptr_array_new_with_free_func(g_free);
  elf_version(EV_CURRENT);
  for (guint i = 0; i < objects->len; i++)
    if (!object_visit(g_ptr_array_index(objects, i), note_defined, names, error))
      return NULL;
  for (guint i = 0; i < objects->len; i++)
    if (!object_visit(g_ptr_array_index(objects, i), note_undefined, names, error))
      return NULL;
  sort_once(names->undefined);
  return g_steal_pointer(&names);
}

/* ---- uses, by relocations and line tables ---- */

static void use_free(void *data) {
  GuestUse *use = data;
  g_free(use->name);
  g_free(use->file);
  g_free(use);
}

static gint compare_uses(gconstpointer left, gconstpointer right) {
  const GuestUse *a = *(GuestUse *const *)left, *b = *(GuestUse *const *)right;
  int order = strcmp(a->name, b->name);
  if (order == 0)
    order = strcmp(a->file, b->file);
  return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

typedef struct UseSearch {
  const GuestObject *object;
  GHashTable *names;
  GPtrArray *uses;
  Dwfl_Module *module;
  Elf *elf;
  GElf_Addr bias;
} UseSearch;

static void use_add(UseSearch *search, const char *name, const GElf_Shdr *target, GElf_Addr offset) {
  GuestUse *use = g_new0(GuestUse, 1);
  use->name = g_strdup(name);
  int line = 0;
  const char *file = NULL;
  Dwfl_Line *place =
      (target->sh_flags & SHF_EXECINSTR) ? dwfl_module_getsrc(search->module, search->bias + target->sh_addr + offset) : NULL;
  if (place != NULL)
    file = dwfl_lineinfo(place, NULL, &line, NULL, NULL, NULL);
  while (file != NULL && g_str_has_prefix(file, "./"))
    file += 2;
  use->file = g_strdup(file != NULL ? file : search->object->source);
  use->line = (unsigned)line;
  g_ptr_array_add(search->uses, use);
}

static void relocations_search(UseSearch *search, Elf_Scn *section, const GElf_Shdr *header) {
  GElf_Shdr target, symbols_header;
  Elf_Scn *symbols = elf_getscn(search->elf, header->sh_link);
  if (gelf_getshdr(elf_getscn(search->elf, header->sh_info), &target) == NULL || !(target.sh_flags & SHF_ALLOC) ||
      gelf_getshdr(symbols, &symbols_header) == NULL)
    return;
  Elf_Data *table = elf_getdata(symbols, NULL), *data = elf_getdata(section, NULL);
  for (size_t i = 0; data != NULL && i < header->sh_size / header->sh_entsize; i++) {
    GElf_Rela relocation;
    GElf_Sym symbol;
    if (gelf_getrela(data, (int)i, &relocation) == NULL || gelf_getsym(table, (int)GELF_R_SYM(relocation.r_info), &symbol) == NULL)
      continue;
    const char *name = elf_strptr(search->elf, symbols_header.sh_link, symbol.st_name);
    if (symbol.st_shndx == SHN_UNDEF && name != NULL && g_hash_table_contains(search->names, name))
      use_add(search, name, &target, relocation.r_offset);
  }
}

static void object_search(UseSearch *search) {
  static const Dwfl_Callbacks callbacks = { .find_elf = dwfl_build_id_find_elf,
                                            .find_debuginfo = dwfl_standard_find_debuginfo,
                                            .section_address = dwfl_offline_section_address };
  Dwfl *dwfl = dwfl_begin(&callbacks);
  dwfl_report_begin(dwfl);
  search->module = dwfl_report_offline(dwfl, search->object->source, search->object->path, -1);
  dwfl_report_end(dwfl, NULL, NULL);
  search->elf = search->module != NULL ? dwfl_module_getelf(search->module, &search->bias) : NULL;
  for (Elf_Scn *section = search->elf != NULL ? elf_nextscn(search->elf, NULL) : NULL; section != NULL;
       section = elf_nextscn(search->elf, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_RELA)
      relocations_search(search, section, &header);
  }
  dwfl_end(dwfl);
}

GPtrArray *guest_uses_find(const GPtrArray *objects, GHashTable *names) {
  GPtrArray *uses = g_ptr_array_new_with_free_func(use_free);
  for (guint i = 0; i < objects->len; i++) {
    UseSearch search = { .object = g_ptr_array_index(objects, i), .names = names, .uses = uses };
    object_search(&search);
  }
  g_ptr_array_sort(uses, compare_uses);
  for (guint i = 1; i < uses->len;)
    if (compare_uses(&uses->pdata[i - 1], &uses->pdata[i]) == 0)
      g_ptr_array_remove_index(uses, i);
    else
      i++;
  return uses;
}
