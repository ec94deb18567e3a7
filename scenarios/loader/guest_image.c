/* dlinfo is GNU's. */
#define _GNU_SOURCE

#include "guest_image.h"

#include "guest_signals.h"

#include "model/guest/guest_face.h"
#include "sim/machine.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>

/* The loaded segments, as guest_link_script orders them. */
enum { SEGMENT_CODE, SEGMENT_FIXED, SEGMENT_UNMODELLED, SEGMENT_DATA, SEGMENT_COUNT };

static const guint8 segment_attributes[SEGMENT_COUNT] = {
  [SEGMENT_CODE] = GUEST_PAGE_CODE,
  [SEGMENT_FIXED] = GUEST_PAGE_CODE,
  [SEGMENT_UNMODELLED] = GUEST_PAGE_UNMODELLED,
  [SEGMENT_DATA] = GUEST_PAGE_DATA,
};

static bool fail(GError **error, const char *name, const char *why) {
  g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL, "%s cannot be loaded: %s", name, why);
  return false;
}

/* Arena, thunks, signals: once a process. */
static bool process_prepare(const char *name, GError **error) {
  static bool is_prepared;
  if (is_prepared)
    return true;
  if (!sim_arena_map())
    return fail(error, name, g_strerror(errno));
  if (!guest_thunks_fill())
    return fail(error, name, "compiled drivers need x86-64 and a free address for their imports");
  guest_signals_install();
  return is_prepared = true;
}

static guint64 page_down(guint64 address) { return address & ~(guint64)(SIM_PAGE_SIZE - 1); }
static guint64 page_up(guint64 address) { return page_down(address + SIM_PAGE_SIZE - 1); }

/* Finds the segments in the loaded program headers. */
static bool segments_read(GuestImage *image) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)image->base;
  const Elf64_Phdr *segment = (const Elf64_Phdr *)(image->base + header->e_phoff);
  unsigned number = 0;
  image->entry = header->e_entry;
  for (unsigned i = 0; i < header->e_phnum; i++, segment++) {
    if (segment->p_type != PT_LOAD)
      continue;
    guint64 low = page_down(segment->p_vaddr);
    image->end = page_up(segment->p_vaddr + segment->p_memsz);
    if (number >= SEGMENT_COUNT || low < image->base || image->end > image->base + SIM_IMAGE_SLOT_SIZE)
      return false;
    if (number++ == SEGMENT_DATA) {
      image->data = segment->p_vaddr;
      image->data_size = segment->p_memsz;
      image->data_file_size = segment->p_filesz;
    }
  }
  return number == SEGMENT_COUNT;
}

/* The attributes of its pages; the headers were checked when it was loaded. */
static void segments_open(const GuestImage *image) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)image->base;
  const Elf64_Phdr *segment = (const Elf64_Phdr *)(image->base + header->e_phoff);
  unsigned number = 0;
  for (unsigned i = 0; i < header->e_phnum; i++, segment++) {
    if (segment->p_type != PT_LOAD)
      continue;
    guint64 low = page_down(segment->p_vaddr);
    guint64 end = page_up(segment->p_vaddr + segment->p_memsz);
    sim_pages_set(sim_machine(), low, (end - low) / SIM_PAGE_SIZE, segment_attributes[number++]);
  }
}

static bool image_open(GuestImage *image, GError **error) {
  struct link_map *map;
  image->handle = dlopen(image->path, RTLD_NOW | RTLD_LOCAL);
  if (image->handle == NULL)
    return fail(error, image->name, dlerror());
  if (dlinfo(image->handle, RTLD_DI_LINKMAP, &map) != 0 || map->l_addr != 0)
    return fail(error, image->name, "its address is taken by something else in this process");
  if (!segments_read(image))
    return fail(error, image->name, "it is not as irqlab builds images");
  image->data_initial = g_memdup2((const void *)image->data, image->data_file_size);
  return true;
}

GuestImage *guest_image_load(const GuestBuild *build, unsigned slot, const char *name, GError **error) {
  if (!process_prepare(name, error))
    return NULL;
  GuestImage *image = g_new0(GuestImage, 1);
  image->name = g_strdup(name);
  image->path = g_strdup(build->path);
  image->fingerprint = g_strdup(build->fingerprint);
  image->unmodelled = g_ptr_array_ref(build->unmodelled);
  image->slot = slot;
  image->base = SIM_IMAGE_BASE + slot * SIM_IMAGE_SLOT_SIZE;
  image->end = image->base;
  if (!image_open(image, error)) {
    guest_image_unload(image);
    return NULL;
  }
  return image;
}

void guest_image_unload(GuestImage *image) {
  if (image == NULL)
    return;
  sim_pages_set(sim_machine(), image->base, SIM_IMAGE_SLOT_SIZE / SIM_PAGE_SIZE, SIM_PAGE_NONE);
  guest_symbols_close(image->symbols);
  if (image->variables != NULL)
    g_hash_table_unref(image->variables);
  if (image->handle != NULL)
    dlclose(image->handle);
  g_free(image->name);
  g_free(image->path);
  g_free(image->fingerprint);
  g_ptr_array_unref(image->unmodelled);
  g_free(image->data_initial);
  g_free(image);
}

void guest_image_begin(const GuestImage *image) {
  memcpy((void *)image->data, image->data_initial, image->data_file_size);
  memset((char *)image->data + image->data_file_size, 0, image->data_size - image->data_file_size);
  segments_open(image); /* a reset, or a driver that unloaded in a former run, took the pages' attributes */
  sim_arena_claim(image->data, image->data_size);
}

/* ---- symbols ---- */

GuestSymbols *guest_image_symbols(GuestImage *image) {
  if (image->symbols == NULL)
    image->symbols = guest_symbols_open(image->path, NULL);
  return image->symbols;
}

guint64 guest_image_find(GuestImage *image, const char *name) {
  GuestSymbols *symbols = guest_image_symbols(image);
  return symbols != NULL ? guest_symbols_find_name(symbols, name) : 0;
}

typedef struct GuestVariable {
  guint64 address; /* 0: none of that name */
  gsize size;
} GuestVariable;

/* Expectations ask for the same ones after every run. */
static const GuestVariable *variable_of(GuestImage *image, const char *name) {
  if (image->variables == NULL)
    image->variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  GuestVariable *variable = g_hash_table_lookup(image->variables, name);
  if (variable != NULL)
    return variable;
  GuestSymbols *symbols = guest_image_symbols(image);
  variable = g_new0(GuestVariable, 1);
  if (symbols != NULL)
    variable->address = guest_symbols_find_variable(symbols, name, &variable->size);
  g_hash_table_insert(image->variables, g_strdup(name), variable);
  return variable;
}

guint64 guest_image_find_variable(GuestImage *image, const char *name, gsize *size) {
  const GuestVariable *variable = variable_of(image, name);
  *size = variable->size;
  return variable->address;
}

bool guest_image_symbol(GuestImage *image, guint32 site, GuestSymbol *symbol) {
  guint64 address = SIM_IMAGE_BASE + site;
  GuestSymbols *symbols = !(site & SIM_SITE_STEP) && address > image->base && address <= image->end ? guest_image_symbols(image) : NULL;
  return symbols != NULL && guest_symbols_find_place(symbols, address, symbol);
}

char *guest_images_fingerprint(const GPtrArray *images) {
  if (images == NULL || images->len == 0)
    return g_strdup("-");
  if (images->len == 1)
    return g_strdup(((const GuestImage *)g_ptr_array_index(images, 0))->fingerprint);
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  for (guint i = 0; i < images->len; i++) {
    const GuestImage *image = g_ptr_array_index(images, i);
    g_checksum_update(sum, (const guchar *)image->fingerprint, (gssize)strlen(image->fingerprint) + 1);
  }
  return g_strndup(g_checksum_get_string(sum), 10);
}
