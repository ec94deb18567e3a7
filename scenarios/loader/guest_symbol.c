#include "guest_symbol_internal.h"

#include "guest_build.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

GuestSymbols *guest_symbols_open(const char *path, GError **error) {
  static const Dwfl_Callbacks callbacks = { .find_elf = dwfl_build_id_find_elf, .find_debuginfo = dwfl_standard_find_debuginfo };
  GuestSymbols *symbols = g_new0(GuestSymbols, 1);
  symbols->places = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  symbols->dwfl = dwfl_begin(&callbacks);
  dwfl_report_begin(symbols->dwfl);
  symbols->module = dwfl_report_elf(symbols->dwfl, "driver", path, -1, 0, true); /* at the addresses it was linked for */
  dwfl_report_end(symbols->dwfl, NULL, NULL);
  if (symbols->module == NULL) {
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL, "%s: %s", path, dwfl_errmsg(-1));
    guest_symbols_close(symbols);
    return NULL;
  }
  return symbols;
}

void guest_symbols_close(GuestSymbols *symbols) {
  if (symbols == NULL)
    return;
  dwfl_end(symbols->dwfl);
  g_hash_table_unref(symbols->places);
  g_clear_pointer(&symbols->variables, g_array_unref);
  g_free(symbols);
}

/* ---- places ---- */

static const char *strip(const char *file) {
  while (file != NULL && g_str_has_prefix(file, "./"))
    file += 2;
  return file;
}

/* A header that irqlab or the system brings along: nothing a driver's author wrote. */
static bool is_foreign(const char *file) { return g_path_is_absolute(file) || g_str_has_prefix(file, "irqlab/"); }

static unsigned attribute_number(Dwarf_Die *die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value;
  return dwarf_attr_integrate(die, name, &attribute) != NULL && dwarf_formudata(&attribute, &value) == 0 ? (unsigned)value : 0;
}

/* Where an inlined function was called. */
static bool call_place(Dwarf_Die *unit, Dwarf_Die *inlined, GuestSymbol *symbol) {
  Dwarf_Files *files;
  size_t count;
  unsigned file = attribute_number(inlined, DW_AT_call_file);
  if (dwarf_getsrcfiles(unit, &files, &count) != 0 || file >= count)
    return false;
  const char *name = strip(dwarf_filesrc(files, file, NULL, NULL));
  if (name == NULL)
    return false;
  symbol->file = name;
  symbol->line = attribute_number(inlined, DW_AT_call_line);
  symbol->column = attribute_number(inlined, DW_AT_call_column);
  return true;
}

/* Names the function; leaves headers of Windows' for the driver's own line. */
static void scopes_walk(GuestSymbols *symbols, Dwarf_Addr address, GuestSymbol *symbol) {
  Dwarf_Addr bias;
  Dwarf_Die *unit = dwfl_module_addrdie(symbols->module, address, &bias);
  Dwarf_Die *scopes = NULL;
  int count = unit != NULL ? dwarf_getscopes(unit, address - bias, &scopes) : 0;
  for (int i = 0; i < count; i++) {
    int tag = dwarf_tag(&scopes[i]);
    if (tag == DW_TAG_inlined_subroutine && is_foreign(symbol->file)) {
      call_place(unit, &scopes[i], symbol);
    } else if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine) {
      symbol->function = dwarf_diename(&scopes[i]);
      break;
    }
  }
  free(scopes);
}

static bool place_find(GuestSymbols *symbols, Dwarf_Addr address, GuestSymbol *symbol) {
  Dwfl_Line *line = dwfl_module_getsrc(symbols->module, address);
  int number = 0, column = 0;
  const char *file = line != NULL ? dwfl_lineinfo(line, NULL, &number, &column, NULL, NULL) : NULL;
  *symbol = (GuestSymbol){ .file = strip(file), .line = (unsigned)number, .column = (unsigned)column };
  if (file != NULL)
    scopes_walk(symbols, address, symbol);
  if (symbol->function == NULL)
    symbol->function = dwfl_module_addrname(symbols->module, address);
  return symbol->file != NULL;
}

bool guest_symbols_find_place(GuestSymbols *symbols, guint64 address, GuestSymbol *symbol) {
  gint64 key = (gint64)address;
  GuestSymbol *known = g_hash_table_lookup(symbols->places, &key);
  if (known == NULL) {
    known = g_new0(GuestSymbol, 1);
    place_find(symbols, address - 1, known);
    g_hash_table_insert(symbols->places, g_memdup2(&key, sizeof key), known);
  }
  *symbol = *known;
  return known->file != NULL;
}

/* By the image's symbol table; `is_variable`: functions do not count. */
static guint64 name_find(GuestSymbols *symbols, const char *name, bool is_variable, gsize *size) {
  int count = dwfl_module_getsymtab(symbols->module);
  for (int i = 1; i < count; i++) {
    GElf_Sym symbol;
    GElf_Addr address;
    const char *found = dwfl_module_getsym_info(symbols->module, i, &symbol, &address, NULL, NULL, NULL);
    int type = GELF_ST_TYPE(symbol.st_info);
    bool is_wanted = type == STT_OBJECT || (type == STT_FUNC && !is_variable);
    if (found == NULL || symbol.st_shndx == SHN_UNDEF || !is_wanted || strcmp(found, name) != 0)
      continue;
    *size = symbol.st_size;
    return address;
  }
  return 0;
}

guint64 guest_symbols_find_name(GuestSymbols *symbols, const char *name) {
  gsize size;
  return name_find(symbols, name, false, &size);
}

guint64 guest_symbols_find_variable(GuestSymbols *symbols, const char *name, gsize *size) { return name_find(symbols, name, true, size); }
