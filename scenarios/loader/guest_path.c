#include "guest_path.h"

#include <dwarf.h>
#include <string.h>

#define UNION_WORDS " (of a union)" /* one of several names */
#define LEVEL_COUNT_MAX 16          /* structures in structures: what is deeper is told by its offset */

/* ---- types and members ---- */

guint64 guest_path_size(Dwarf_Die *type) {
  Dwarf_Word size;
  return dwarf_aggregate_size(type, &size) == 0 ? size : 0;
}

bool guest_path_type(Dwarf_Die *die, Dwarf_Die *type) {
  Dwarf_Attribute attribute;
  Dwarf_Die named;
  return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), &named) != NULL && dwarf_peel_type(&named, type) == 0;
}

static bool number_of(Dwarf_Die *die, unsigned name, guint64 *number) {
  Dwarf_Attribute attribute;
  Dwarf_Word value;
  if (dwarf_formudata(dwarf_attr(die, name, &attribute), &value) != 0)
    return false;
  *number = value;
  return true;
}

/* Its bytes; of a bit field those that hold its bits. */
typedef struct Member {
  Dwarf_Die die;
  Dwarf_Die type;
  guint64 offset;
  guint64 size;
  bool is_bits;
} Member;

static bool member_read(Dwarf_Die *die, Member *member) {
  guint64 bits = 0, first_bit = 0;
  *member = (Member){ .die = *die };
  if (dwarf_tag(die) != DW_TAG_member || !guest_path_type(die, &member->type))
    return false;
  number_of(die, DW_AT_data_member_location, &member->offset); /* of a union's there is none: 0 */
  member->size = guest_path_size(&member->type);
  member->is_bits = number_of(die, DW_AT_bit_size, &bits) && bits > 0;
  if (member->is_bits && number_of(die, DW_AT_data_bit_offset, &first_bit)) {
    member->offset = first_bit / 8;
    member->size = (first_bit + bits - 1) / 8 - member->offset + 1;
  }
  return true;
}

static bool is_structure(Dwarf_Die *type) {
  int tag = dwarf_tag(type);
  return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_class_type;
}

bool guest_path_member(Dwarf_Die *structure, const char *name, Dwarf_Die *found) {
  Dwarf_Die child;
  for (int more = dwarf_child(structure, &child); more == 0; more = dwarf_siblingof(&child, &child)) {
    const char *own = dwarf_diename(&child);
    Member member;
    if (own != NULL && strcmp(own, name) == 0 && dwarf_tag(&child) == DW_TAG_member) {
      *found = child;
      return true;
    }
    if (own == NULL && member_read(&child, &member) && is_structure(&member.type) && guest_path_member(&member.type, name, found))
      return true;
  }
  return false;
}

/* ---- the way down ---- */

/* The part that is looked for. */
typedef struct Part {
  gsize size;  /* at least 1 */
  bool is_any; /* its size is not known: the first thing that begins there */
  GuestDepth depth;
  const char *line; /* NULL: none */
} Part;

static bool append(GString *path, Dwarf_Die *type, guint64 offset, const Part *part, unsigned level);

static bool append_member(GString *path, Member *member, guint64 offset, const Part *part, unsigned level) {
  const char *name = dwarf_diename(&member->die);
  if (name != NULL)
    g_string_append_printf(path, ".%s", name);
  if (!member->is_bits)
    return append(path, &member->type, offset - member->offset, part, level + 1);
  g_string_append(path, " (a bit field)");
  return true;
}

/* Does the part lie in the member? Of bit fields: does it share a byte with it? */
static bool is_in(Member *member, guint64 offset, const Part *part) {
  if (member->is_bits)
    return offset < member->offset + member->size && offset + part->size > member->offset;
  bool is_flexible = member->size == 0 && dwarf_tag(&member->type) == DW_TAG_array_type;
  return offset >= member->offset && (is_flexible || offset + part->size <= member->offset + member->size);
}

/* Does the line name the member? */
static bool is_named(Member *member, const Part *part) {
  const char *name = dwarf_diename(&member->die);
  gsize length = name != NULL ? strlen(name) : 0;
  for (const char *at = part->line; at != NULL && name != NULL && (at = strstr(at, name)) != NULL; at += length)
    if (at > part->line && (at[-1] == '.' || at[-1] == '>') && !g_ascii_isalnum(at[length]) && at[length] != '_')
      return true;
  return false;
}

/* Finds the member the part lies in: one that the line names, else the first. */
static bool member_find(Dwarf_Die *type, guint64 offset, const Part *part, Member *found) {
  bool is_found = false;
  Dwarf_Die child;
  Member member;
  for (int more = dwarf_child(type, &child); more == 0; more = dwarf_siblingof(&child, &child)) {
    if (!member_read(&child, &member) || !is_in(&member, offset, part))
      continue;
    bool is_wanted = is_named(&member, part);
    if (!is_found || is_wanted)
      *found = member;
    is_found = true;
    if (is_wanted)
      break;
  }
  return is_found;
}

static void append_offset(GString *path, guint64 offset) {
  if (offset > 0)
    g_string_append_printf(path, " + %" G_GUINT64_FORMAT, offset);
}

static bool append_structure(GString *path, Dwarf_Die *type, guint64 offset, const Part *part, unsigned level) {
  Member member;
  if (member_find(type, offset, part, &member))
    return append_member(path, &member, offset, part, level);
  append_offset(path, offset);
  return false;
}

/* The member that the line names; else the first with a part of just that size there; else the first that the part lies in. */
static bool append_union(GString *path, Dwarf_Die *type, guint64 offset, const Part *part, unsigned level) {
  g_autoptr(GString) first = g_string_new(NULL);
  gsize length = path->len;
  Dwarf_Die child;
  Member member;
  if (member_find(type, offset, part, &member) && is_named(&member, part))
    return append_member(path, &member, offset, part, level);
  for (int more = dwarf_child(type, &child); more == 0; more = dwarf_siblingof(&child, &child)) {
    if (!member_read(&child, &member) || !is_in(&member, offset, part))
      continue;
    bool is_exact = append_member(path, &member, offset, part, level);
    if (is_exact) {
      g_string_append(path, UNION_WORDS);
      return true;
    }
    if (first->len == 0)
      g_string_append(first, path->str + length);
    g_string_truncate(path, length);
  }
  g_string_append(path, first->str);
  if (first->len > 0)
    g_string_append(path, UNION_WORDS);
  else
    append_offset(path, offset);
  return false;
}

static bool append_element(GString *path, Dwarf_Die *type, guint64 offset, const Part *part, unsigned level) {
  Dwarf_Die element;
  guint64 size = guest_path_type(type, &element) ? guest_path_size(&element) : 0;
  if (size == 0 || offset % size + part->size > size) {
    append_offset(path, offset);
    return false;
  }
  g_string_append_printf(path, "[%" G_GUINT64_FORMAT "]", offset / size);
  return append(path, &element, offset % size, part, level + 1);
}

/* The event in one is Windows' business: whoever asks for that object means the mutex. */
static bool is_fast_mutex(Dwarf_Die *type) { return is_structure(type) && g_strcmp0(dwarf_diename(type), "_FAST_MUTEX") == 0; }

/* True: what stands there has just that size. */
static bool append(GString *path, Dwarf_Die *type, guint64 offset, const Part *part, unsigned level) {
  bool is_object = part->depth == GUEST_DEPTH_OBJECT;
  bool is_whole = offset == 0 && ((is_object && part->is_any) || part->size >= guest_path_size(type));
  int tag = level < LEVEL_COUNT_MAX ? dwarf_tag(type) : DW_TAG_invalid;
  if (is_object && (is_whole || is_fast_mutex(type)))
    return true;
  if (tag == DW_TAG_union_type)
    return append_union(path, type, offset, part, level);
  if (is_structure(type) && tag != DW_TAG_invalid)
    return append_structure(path, type, offset, part, level);
  if (tag == DW_TAG_array_type && !is_whole)
    return append_element(path, type, offset, part, level);
  append_offset(path, offset);
  return is_whole;
}

void guest_path_append(GString *path, Dwarf_Die *type, guint64 offset, gsize size, GuestDepth depth, const char *line) {
  Part part = { .size = MAX(size, 1), .is_any = size == 0, .depth = depth, .line = line };
  append(path, type, offset, &part, 0);
}
