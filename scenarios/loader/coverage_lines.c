/*
 * coverage_lines.c: from counted basic blocks to lines. Code that was built to be covered calls a hook where each block begins; what stands between
 * two such calls is run as often as the first. Lines are those of the image's line table that are the driver's own.
 */
#include "coverage_collect.h"

#include "guest_symbol.h"
#include "model/guest/guest_face.h"

#include <elfutils/libdwfl.h>
#include <string.h>

#define CALL_SIZE 5 /* e8, and the distance */

typedef struct Range {
  uint64_t low;
  uint64_t high;
  const char *name; /* of the function */
} Range;

/* A place where a block's hook is called, and how often it was. */
typedef struct Block {
  uint64_t low; /* the call, or for the first of a function its beginning */
  uint64_t count;
} Block;

typedef struct Image {
  Dwfl *dwfl;
  Dwfl_Module *module;
  GuestSymbols *symbols; /* of what a header of Windows' inlines */
  GArray *functions;     /* Range */
  GArray *blocks;        /* Block, by address */
  uint64_t hook;         /* address of the import stub of the block hook */
} Image;

/* ---- functions ---- */

static int range_compare(gconstpointer a, gconstpointer b) {
  uint64_t left = ((const Range *)a)->low, right = ((const Range *)b)->low;
  return left < right ? -1 : left > right;
}

static void functions_read(Image *image) {
  int count = dwfl_module_getsymtab(image->module);
  for (int i = 1; i < count; i++) {
    GElf_Sym symbol;
    GElf_Addr address;
    const char *name = dwfl_module_getsym_info(image->module, i, &symbol, &address, NULL, NULL, NULL);
    bool is_compilers = name == NULL || strstr(name, "_sub_I_") != NULL || strstr(name, "module_ctor") != NULL;
    if (is_compilers || symbol.st_shndx == SHN_UNDEF || GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
      continue;
    if (strcmp(name, GUEST_BLOCK_HOOK) == 0)
      image->hook = address;
    else if (symbol.st_size > 0)
      g_array_append_val(image->functions, ((Range){ .low = address, .high = address + symbol.st_size, .name = name }));
  }
  g_array_sort(image->functions, range_compare);
}

/* ---- blocks ---- */

/* The call that ends at an address: does it lead to the hook? The code is in memory where it was linked for. */
static bool is_hook_call(const Image *image, uint64_t address) {
  const uint8_t *code = (const uint8_t *)address;
  int32_t distance;
  memcpy(&distance, code + 1, sizeof distance);
  return code[0] == 0xe8 && address + CALL_SIZE + (uint64_t)(int64_t)distance == image->hook;
}

static void blocks_read(Image *image, const Coverage *coverage) {
  for (guint i = 0; i < image->functions->len; i++) {
    const Range *function = &g_array_index(image->functions, Range, i);
    uint64_t low = function->low;
    for (uint64_t at = function->low; at + CALL_SIZE <= function->high; at++) {
      if (!is_hook_call(image, at))
        continue;
      uint64_t count = coverage->lines[(at + CALL_SIZE - SIM_IMAGE_BASE) / 4];
      g_array_append_val(image->blocks, ((Block){ .low = low != 0 ? low : at, .count = count }));
      low = 0; /* only the first begins with its function */
      at += CALL_SIZE - 1;
    }
  }
}

/* The most that any block with code in the range was run; false: there is none. */
static bool range_count(const Image *image, uint64_t low, uint64_t high, uint64_t *most) {
  bool is_any = false;
  *most = 0;
  for (guint i = 0; i < image->blocks->len; i++) {
    const Block *block = &g_array_index(image->blocks, Block, i);
    uint64_t end = i + 1 < image->blocks->len ? g_array_index(image->blocks, Block, i + 1).low : UINT64_MAX;
    if (block->low >= high || end <= low)
      continue;
    *most = MAX(*most, block->count);
    is_any = true;
  }
  return is_any;
}

static bool is_in_function(const Image *image, uint64_t address) {
  for (guint i = 0; i < image->functions->len; i++) {
    const Range *function = &g_array_index(image->functions, Range, i);
    if (address >= function->low && address < function->high)
      return true;
  }
  return false;
}

/* ---- lines ---- */

static const char *own_file(const char *file) {
  while (file != NULL && g_str_has_prefix(file, "./"))
    file += 2;
  return file == NULL || g_path_is_absolute(file) || g_str_has_prefix(file, "irqlab/") ? NULL : file;
}

static void line_add(CoverageLines *lines, const char *file, unsigned line, uint64_t count) {
  for (guint i = 0; i < lines->lines->len; i++) {
    CoverageLine *known = &g_array_index(lines->lines, CoverageLine, i);
    if (known->line == line && strcmp(known->file, file) == 0) {
      known->count = MAX(known->count, count);
      return;
    }
  }
  g_array_append_val(lines->lines,
                     ((CoverageLine){ .file = g_string_chunk_insert_const(lines->texts, file), .line = line, .count = count }));
}

/* What was inlined from a header of Windows' is the driver's line that used it. */
static const char *row_place(const Image *image, Dwarf_Line *row, uint64_t low, unsigned *line) {
  int number = 0;
  const char *file = own_file(dwarf_linesrc(row, NULL, NULL));
  GuestSymbol symbol;
  if (file == NULL && image->symbols != NULL && guest_symbols_find_place(image->symbols, low + 1, &symbol)) {
    *line = symbol.line;
    return own_file(symbol.file);
  }
  dwarf_lineno(row, &number);
  *line = (unsigned)number;
  return file;
}

static void row_add(const Image *image, Dwarf_Line *row, uint64_t low, uint64_t high, CoverageLines *lines) {
  unsigned line = 0;
  uint64_t most;
  const char *file = is_in_function(image, low) ? row_place(image, row, low, &line) : NULL;
  if (file != NULL && line != 0 && range_count(image, low, high, &most))
    line_add(lines, file, line, most);
}

static void unit_read(const Image *image, Dwarf_Die *unit, Dwarf_Addr bias, CoverageLines *lines) {
  Dwarf_Lines *table;
  size_t count;
  if (dwarf_getsrclines(unit, &table, &count) != 0)
    return;
  for (size_t i = 0; i + 1 < count; i++) {
    Dwarf_Line *row = dwarf_onesrcline(table, i);
    Dwarf_Addr low, high;
    bool is_end = false;
    if (dwarf_lineendsequence(row, &is_end) != 0 || is_end || dwarf_lineaddr(row, &low) != 0 ||
        dwarf_lineaddr(dwarf_onesrcline(table, i + 1), &high) != 0 || high <= low)
      continue;
    row_add(image, row, low + bias, high + bias, lines);
  }
}

static void function_add(const Image *image, const Range *function, CoverageLines *lines) {
  Dwfl_Line *row = dwfl_module_getsrc(image->module, function->low);
  int number = 0;
  const char *file = row != NULL ? own_file(dwfl_lineinfo(row, NULL, &number, NULL, NULL, NULL)) : NULL;
  uint64_t count;
  if (file != NULL && range_count(image, function->low, function->low + 1, &count))
    g_array_append_val(lines->functions, ((CoverageFunction){ .file = g_string_chunk_insert_const(lines->texts, file),
                                                              .line = (unsigned)number,
                                                              .name = g_string_chunk_insert_const(lines->texts, function->name),
                                                              .count = count }));
}

static int place_compare(const char *file, unsigned line, const char *other_file, unsigned other_line) {
  int files = strcmp(file, other_file);
  return files != 0 ? files : (line > other_line) - (line < other_line);
}

static int line_compare(gconstpointer a, gconstpointer b) {
  const CoverageLine *left = a, *right = b;
  return place_compare(left->file, left->line, right->file, right->line);
}

static int function_compare(gconstpointer a, gconstpointer b) {
  const CoverageFunction *left = a, *right = b;
  return place_compare(left->file, left->line, right->file, right->line);
}

static void image_read(Image *image, const Coverage *coverage, CoverageLines *lines) {
  Dwarf_Addr bias;
  functions_read(image);
  if (image->hook == 0 || coverage->lines == NULL)
    return;
  blocks_read(image, coverage);
  for (Dwarf_Die *unit = dwfl_module_nextcu(image->module, NULL, &bias); unit != NULL;
       unit = dwfl_module_nextcu(image->module, unit, &bias))
    unit_read(image, unit, bias, lines);
  for (guint i = 0; i < image->functions->len; i++)
    function_add(image, &g_array_index(image->functions, Range, i), lines);
}

CoverageLines *coverage_lines_of(const Coverage *coverage, const char *image_path) {
  static const Dwfl_Callbacks callbacks = { .find_elf = dwfl_build_id_find_elf, .find_debuginfo = dwfl_standard_find_debuginfo };
  CoverageLines *lines = g_new0(CoverageLines, 1);
  lines->lines = g_array_new(FALSE, FALSE, sizeof(CoverageLine));
  lines->functions = g_array_new(FALSE, FALSE, sizeof(CoverageFunction));
  lines->texts = g_string_chunk_new(1024);
  Image image = { .functions = g_array_new(FALSE, FALSE, sizeof(Range)), .blocks = g_array_new(FALSE, FALSE, sizeof(Block)) };
  image.dwfl = dwfl_begin(&callbacks);
  dwfl_report_begin(image.dwfl);
  image.module = dwfl_report_elf(image.dwfl, "driver", image_path, -1, 0, true);
  dwfl_report_end(image.dwfl, NULL, NULL);
  image.symbols = guest_symbols_open(image_path, NULL);
  if (image.module != NULL)
    image_read(&image, coverage, lines);
  guest_symbols_close(image.symbols);
  dwfl_end(image.dwfl);
  g_array_unref(image.functions);
  g_array_unref(image.blocks);
  g_array_sort(lines->lines, line_compare);
  g_array_sort(lines->functions, function_compare);
  return lines;
}

void coverage_lines_free(CoverageLines *lines) {
  if (lines == NULL)
    return;
  g_array_unref(lines->lines);
  g_array_unref(lines->functions);
  g_string_chunk_free(lines->texts);
  g_free(lines);
}
