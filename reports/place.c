#include "place.h"

#include "run_internal.h" /* the steps and the images of the run */

#include <elf.h>
#include <string.h>

/* ---- code ---- */

char *place_words(const ScenarioRun *run, uint32_t site) {
  RunSite where;
  if (site == 0 || !scenario_run_site(run, site, &where))
    return g_strdup("");
  if (where.step != 0)
    return g_strdup_printf("%s.%s step %u", where.driver, where.function, where.step);
  if (site & SIM_SITE_STEP)
    return g_strdup_printf("%s.%s", where.driver, where.function);
  g_autofree char *file = g_path_get_basename(where.file);
  return g_strdup_printf("%s.%s (%s:%u)", where.driver, where.function, file, where.line);
}

char *place_function(const ScenarioRun *run, uint32_t site) {
  RunSite where;
  if (site == 0 || !scenario_run_site(run, site, &where))
    return g_strdup("");
  return g_strdup_printf("%s.%s", where.driver, where.function);
}

char *place_file_line(const ScenarioRun *run, uint32_t site) {
  RunSite where;
  if (site == 0 || !scenario_run_site(run, site, &where))
    return g_strdup("");
  g_autofree char *file = g_path_get_basename(where.file);
  return g_strdup_printf("%s:%u", file, where.line);
}

static char *step_routine(const ScenarioRun *run, uint64_t address) {
  for (size_t i = 0; i < run->scenario->driver_count; i++) {
    const ScenarioDriver *driver = &run->scenario->drivers[i];
    for (size_t j = 0; j < driver->function_count; j++) {
      StepFunction *function = step_program_find(run->steps, driver->name.text, driver->functions[j].name.text);
      if (function != NULL && step_function_address(function) == address)
        return g_strdup_printf("%s.%s", driver->name.text, driver->functions[j].name.text);
    }
  }
  return NULL;
}

char *place_routine(const ScenarioRun *run, uint64_t address) {
  char *name = NULL;
  if (address >= SIM_IMAGE_BASE && address < SIM_IMAGE_END)
    name = place_function(run, (uint32_t)(address - SIM_IMAGE_BASE) + 1); /* a site is behind its instruction */
  else if (run->steps != NULL && address >= SIM_STEP_CODE_BASE && address < SIM_STEP_CODE_BASE + SIM_STEP_CODE_SIZE)
    name = step_routine(run, address);
  else if (address <= UINT32_MAX && (address & SIM_SITE_STEP)) /* as bug checks name the step that touched something */
    name = place_words(run, (uint32_t)address);
  if (name != NULL && *name == '\0')
    g_clear_pointer(&name, g_free);
  return name;
}

char *place_code(const ScenarioRun *run, uint64_t address) {
  if (address < SIM_IMAGE_BASE || address >= SIM_IMAGE_END)
    return g_strdup("");
  uint32_t site = (uint32_t)(address - SIM_IMAGE_BASE); /* behind the instruction, unless a function begins there */
  g_autofree char *before = place_function(run, site), *after = place_function(run, site + 1);
  return place_words(run, strcmp(before, after) == 0 ? site : site + 1);
}

/* ---- data ---- */

static char *with_offset(const char *name, uint64_t offset) {
  return offset == 0 ? g_strdup(name) : g_strdup_printf("%s + %" G_GUINT64_FORMAT, name, offset);
}

static char *step_variable(const ScenarioRun *run, uint64_t address, uint32_t size) {
  for (size_t i = 0; i < run->scenario->driver_count; i++) {
    const ScenarioDriver *driver = &run->scenario->drivers[i];
    for (size_t j = 0; j < driver->global_count; j++) {
      const StepGlobal *global = step_global_find(run->steps, driver->name.text, driver->globals[j].name.text);
      uint64_t base = global != NULL ? step_global_address(run->instance, global) : 0;
      if (global == NULL || address < base || address - base >= step_global_size(global))
        continue;
      g_autofree char *part = step_global_part(global, (uint32_t)(address - base), size);
      return g_strconcat(driver->globals[j].name.text, part, NULL);
    }
  }
  return NULL;
}

/* The variable among an image's symbols, where there is no debug information. Read from the file that irqlab itself has built. */
static char *elf_variable(const char *bytes, gsize size, uint64_t address) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)bytes;
  if (size < sizeof *header || memcmp(bytes, ELFMAG, SELFMAG) != 0 || header->e_shoff + header->e_shnum * sizeof(Elf64_Shdr) > size)
    return NULL;
  const Elf64_Shdr *sections = (const Elf64_Shdr *)(bytes + header->e_shoff);
  for (unsigned i = 0; i < header->e_shnum; i++) {
    const Elf64_Shdr *table = &sections[i];
    if (table->sh_type != SHT_SYMTAB || table->sh_link >= header->e_shnum || table->sh_offset + table->sh_size > size)
      continue;
    const Elf64_Sym *symbols = (const Elf64_Sym *)(bytes + table->sh_offset);
    const char *names = bytes + sections[table->sh_link].sh_offset;
    for (uint64_t j = 0; j < table->sh_size / sizeof *symbols; j++) {
      const Elf64_Sym *symbol = &symbols[j];
      if (ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT && address >= symbol->st_value && address - symbol->st_value < symbol->st_size)
        return with_offset(names + symbol->st_name, address - symbol->st_value);
    }
  }
  return NULL;
}

static char *image_variable(const ScenarioRun *run, uint64_t address, uint32_t size, GuestDepth depth) {
  for (guint i = 0; i < run->images->len; i++) {
    GuestImage *image = g_ptr_array_index(run->images, i);
    if (address < image->base || address >= image->end)
      continue;
    GuestSymbols *symbols = guest_image_symbols(image);
    char *typed = symbols != NULL ? guest_type_variable(symbols, address, size, depth) : NULL;
    if (typed != NULL)
      return typed;
    GMappedFile *file = g_mapped_file_new(image->path, FALSE, NULL);
    char *name = file != NULL ? elf_variable(g_mapped_file_get_contents(file), g_mapped_file_get_length(file), address) : NULL;
    g_clear_pointer(&file, g_mapped_file_unref);
    return name != NULL ? name : g_strdup_printf("data of %s", image->name);
  }
  return NULL;
}

char *place_variable(const ScenarioRun *run, uint64_t address, uint32_t size, GuestDepth depth) {
  char *name = run->steps != NULL && run->instance != NULL ? step_variable(run, address, size) : NULL;
  return name != NULL ? name : image_variable(run, address, size, depth);
}

/* The debug information of the image that a site is in; NULL: none, as of a step. */
static GuestSymbols *symbols_of(const ScenarioRun *run, uint32_t site) {
  unsigned slot = site >> 24;
  bool is_compiled = site != 0 && !(site & SIM_SITE_STEP) && slot < run->images->len;
  return is_compiled ? guest_image_symbols(g_ptr_array_index(run->images, slot)) : NULL;
}

char *place_in_block(const ScenarioRun *run, const PlaceInBlock *part) {
  GuestSymbols *symbols = symbols_of(run, part->accessed);
  RunSite where;
  char *name = NULL;
  if (symbols != NULL && scenario_run_site(run, part->accessed, &where))
    name = guest_type_of_access(symbols, SIM_IMAGE_BASE + part->accessed - 1, where.text, part->offset, part->size);
  if (name != NULL || part->block == 0)
    return name;
  symbols = symbols_of(run, part->allocated);
  if (symbols != NULL && scenario_run_site(run, part->allocated, &where))
    name = guest_type_of_allocation(symbols, SIM_IMAGE_BASE + part->allocated - 1, where.text, part->offset, part->size, part->depth);
  for (guint i = 0; name == NULL && i < run->images->len; i++) {
    symbols = guest_image_symbols(g_ptr_array_index(run->images, i));
    name = symbols != NULL ? guest_type_of_pointer(symbols, part->block, part->offset, part->size, part->depth) : NULL;
  }
  return name;
}

char *place_local_arrays(const ScenarioRun *run, uint32_t site) {
  GuestSymbols *symbols = symbols_of(run, site);
  return symbols != NULL ? guest_type_local_arrays(symbols, SIM_IMAGE_BASE + site - 1) : NULL;
}

uint32_t place_indentation(const ScenarioRun *run, const RunSite *where) {
  g_autofree char *path =
      g_path_is_absolute(where->file) ? g_strdup(where->file) : g_build_filename(run->scenario->folder, where->file, NULL);
  g_autofree char *text = NULL;
  if (where->step != 0 || where->line == 0 || !g_file_get_contents(path, &text, NULL, NULL))
    return 0;
  const char *line = text;
  for (uint32_t i = 1; i < where->line && line != NULL; i++) {
    line = strchr(line, '\n');
    line = line != NULL ? line + 1 : NULL;
  }
  return line != NULL ? (uint32_t)strspn(line, " \t") : 0;
}
