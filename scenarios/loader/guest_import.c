#include "guest_import.h"

#include "model/ddi/ddi.h"
#include "model/guest/guest_face.h"

#include <string.h>

/* What the names of the kernel's functions begin with; a capital letter follows. */
static const char *const kernel_prefixes[] = { "Aux",  "BCrypt", "Cc",  "Cm",   "Dbg", "Etw",  "Ex",  "Flt", "FsRtl", "Fwpm",
                                               "Fwpp", "Fwps",   "Hal", "Inbv", "Io",  "Kd",   "Ke",  "Kf",  "Ki",    "Mm",
                                               "Mup",  "Ndis",   "Net", "Nmr",  "Nt",  "Ob",   "Pf",  "Po",  "Ps",    "Rtl",
                                               "Se",   "Tdi",    "Tm",  "Vf",   "Wdf", "Whea", "Wmi", "Wsk", "Zw" };

static bool has_kernel_prefix(const char *name) {
  for (gsize i = 0; i < G_N_ELEMENTS(kernel_prefixes); i++) {
    gsize length = strlen(kernel_prefixes[i]);
    if (strncmp(name, kernel_prefixes[i], length) == 0 && g_ascii_isupper(name[length]))
      return true;
  }
  return false;
}

/* ---- headers ---- */

typedef enum Declaration { DECLARATION_NONE, DECLARATION_FUNCTION, DECLARATION_VARIABLE } Declaration;

static bool is_word(char character) { return g_ascii_isalnum(character) || character == '_'; }

/* Is the text at `at` inside of a comment? Looks back to the last comment mark; good enough for headers. */
static bool is_comment(const char *text, const char *at) {
  for (const char *back = at; back > text; back--) {
    if (back[-1] == '*' && back - 1 > text && back[-2] == '/')
      return true;
    if (back[-1] == '/' && back - 1 > text && back[-2] == '*')
      return false;
  }
  return false;
}

static Declaration declared_in(const char *text, const char *name) {
  gsize length = strlen(name);
  Declaration found = DECLARATION_NONE;
  for (const char *at = strstr(text, name); at != NULL; at = strstr(at + length, name)) {
    const char *behind = at + length;
    if ((at > text && is_word(at[-1])) || is_word(*behind))
      continue;
    while (g_ascii_isspace(*behind))
      behind++;
    if (*behind == '(' && !is_comment(text, at))
      return DECLARATION_FUNCTION;
    if ((*behind == ';' || *behind == '[') && !is_comment(text, at))
      found = DECLARATION_VARIABLE;
  }
  return found;
}

static Declaration windows_declares(const char *name, const GPtrArray *headers) {
  for (guint i = 0; i < headers->len; i++) {
    const char *path = g_ptr_array_index(headers, i);
    g_autofree char *text = NULL;
    if (!g_str_has_suffix(path, ".h") || !g_file_get_contents(path, &text, NULL, NULL))
      continue;
    Declaration found = declared_in(text, name);
    if (found != DECLARATION_NONE)
      return found;
  }
  return has_kernel_prefix(name) ? DECLARATION_FUNCTION : DECLARATION_NONE;
}

/* ---- stubs ---- */

static void stub_begin(GString *assembly, const char *section, const char *type, int align, const char *name) {
  g_string_append_printf(assembly, "\t.section %s\n\t.balign %d\n\t.globl %s\n\t.hidden %s\n\t.type %s, @%s\n%s:\n", section, align, name,
                         name, name, type, name);
}

static void stub_jump(GString *assembly, guint64 thunk) {
  g_string_append_printf(assembly, "\tmovabsq $0x%" G_GINT64_MODIFIER "x, %%r11\n\tjmp *%%r11\n", thunk);
}

static void put_thunk(GString *assembly, const char *name, guint64 thunk) {
  stub_begin(assembly, ".irqlab.imports,\"ax\",@progbits", "function", 16, name);
  stub_jump(assembly, thunk);
}

static void put_unmodelled_function(GString *assembly, const char *name) {
  stub_begin(assembly, ".irqlab.imports,\"ax\",@progbits", "function", 16, name);
  g_string_append(assembly, "\tleaq 1f(%rip), %rdi\n");
  stub_jump(assembly, guest_thunk_find(GUEST_NOT_MODELLED_HOOK));
  g_string_append_printf(assembly, "\t.section .rodata.irqlab,\"a\",@progbits\n1:\t.asciz \"%s\"\n", name);
}

static void put_unmodelled_variable(GString *assembly, const char *name) {
  stub_begin(assembly, ".irqlab.unmodelled,\"a\",@progbits", "object", GUEST_CELL_SIZE, name);
  g_string_append_printf(assembly, "\t.asciz \"%.*s\"\n\t.balign %d\n", GUEST_CELL_SIZE - 1, name, GUEST_CELL_SIZE);
}

static void put_guid(GString *assembly, const DdiGuid *guid) {
  stub_begin(assembly, ".rodata.irqlab,\"a\",@progbits", "object", 4, guid->name);
  for (gsize i = 0; i < sizeof guid->bytes; i++)
    g_string_append_printf(assembly, "\t.byte %u\n", guid->bytes[i]);
}

static void resolve(GuestImports *imports, const char *name, const GPtrArray *headers) {
  guint64 thunk = guest_thunk_find(name);
  const DdiGuid *guid = ddi_guid_find(name);
  if (thunk != 0) {
    put_thunk(imports->assembly, name, thunk);
    return;
  }
  if (guid != NULL) {
    put_guid(imports->assembly, guid);
    return;
  }
  Declaration declaration = windows_declares(name, headers);
  g_hash_table_add(declaration == DECLARATION_NONE ? imports->unknown : imports->unmodelled, g_strdup(name));
  if (declaration == DECLARATION_FUNCTION)
    put_unmodelled_function(imports->assembly, name);
  else if (declaration == DECLARATION_VARIABLE)
    put_unmodelled_variable(imports->assembly, name);
}

GuestImports *guest_imports_resolve(const GPtrArray *undefined, const GPtrArray *headers) {
  GuestImports *imports = g_new0(GuestImports, 1);
  imports->assembly = g_string_new("\t.section .note.GNU-stack,\"\",@progbits\n");
  imports->unmodelled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  imports->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < undefined->len; i++)
    resolve(imports, g_ptr_array_index(undefined, i), headers);
  return imports;
}

void guest_imports_free(GuestImports *imports) {
  g_string_free(imports->assembly, TRUE);
  g_hash_table_unref(imports->unmodelled);
  g_hash_table_unref(imports->unknown);
  g_free(imports);
}

char *guest_imports_table_version(void) {
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  for (guint i = 0; i < ddi_function_count; i++)
    g_checksum_update(sum, (const guchar *)ddi_functions[i].name, (gssize)strlen(ddi_functions[i].name) + 1);
  for (guint i = 0; i < guest_hook_count; i++)
    g_checksum_update(sum, (const guchar *)guest_hooks[i].name, (gssize)strlen(guest_hooks[i].name) + 1);
  for (guint i = 0; i < ddi_guid_count; i++) {
    g_checksum_update(sum, (const guchar *)ddi_guids[i].name, (gssize)strlen(ddi_guids[i].name) + 1);
    g_checksum_update(sum, ddi_guids[i].bytes, sizeof ddi_guids[i].bytes);
  }
  return g_strdup(g_checksum_get_string(sum));
}

/* ---- layout: four segments, each of one kind of page ---- */

char *guest_link_script(guint64 base, guint64 size_max) {
  return g_strdup_printf("OUTPUT_FORMAT(elf64-x86-64)\n"
                         "ENTRY(DriverEntry)\n"
                         "PHDRS {\n"
                         "  code PT_LOAD FILEHDR PHDRS FLAGS(5);\n" /* code and constants */
                         "  fixed PT_LOAD FLAGS(6);\n"              /* constants that hold addresses: written by the loader only */
                         "  unmodelled PT_LOAD FLAGS(4);\n"         /* variables of Windows that are not modelled: not to be touched */
                         "  data PT_LOAD FLAGS(6);\n"
                         "  dynamic PT_DYNAMIC FLAGS(6);\n"
                         "  stack PT_GNU_STACK FLAGS(6);\n"
                         "}\n"
                         "SECTIONS {\n"
                         "  . = 0x%" G_GINT64_MODIFIER "x + SIZEOF_HEADERS;\n"
                         "  .hash : { *(.hash) } :code\n"
                         "  .dynsym : { *(.dynsym) } :code\n"
                         "  .dynstr : { *(.dynstr) } :code\n"
                         "  .rela.dyn : { *(.rela .rela.*) } :code\n"
                         "  .text : { *(.text .text.*) } :code\n"
                         "  .irqlab.imports : { *(.irqlab.imports) } :code\n"
                         "  .rodata : { *(.rodata .rodata.*) } :code\n"
                         "  . = ALIGN(0x1000);\n"
                         "  .data.rel.ro : { *(.data.rel.ro .data.rel.ro.*) } :fixed\n"
                         "  .dynamic : { *(.dynamic) } :fixed :dynamic\n"
                         "  .got : { *(.got .got.plt) } :fixed\n"
                         "  . = ALIGN(0x1000);\n"
                         "  .irqlab.unmodelled : { QUAD(0) *(.irqlab.unmodelled) } :unmodelled\n"
                         "  . = ALIGN(0x1000);\n"
                         "  .data : { QUAD(0) *(.data .data.*) } :data\n"
                         "  .bss : { *(.bss .bss.*) *(COMMON) . = ALIGN(0x1000); } :data\n" /* else the file shows in its last page */
                         "  ASSERT(. - 0x%" G_GINT64_MODIFIER "x <= 0x%" G_GINT64_MODIFIER
                         "x, \"the driver is larger than an image slot\")\n"
                         "  /DISCARD/ : { *(.init_array .init_array.* .fini_array .fini_array.* .ctors .ctors.* .dtors .dtors.* .eh_frame "
                         ".note .note.* .comment) }\n"
                         "}\n",
                         base, base, size_max);
}
