/* See types.h. */
#include "types.h"

#include <dwarf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- growing arrays ---- */

typedef struct Array {
  void *items;
  uint32_t count, capacity;
} Array;

static void *array_add(Array *array, size_t size) {
  if (array->count == array->capacity) {
    array->capacity = array->capacity != 0 ? array->capacity * 2 : 1024;
    array->items = realloc(array->items, array->capacity * size);
    if (array->items == NULL)
      abort();
  }
  return memset((char *)array->items + array->count++ * size, 0, size);
}

static Array types;       /* LayoutTypePointer */
static Array fields;      /* LayoutField, as read */
static Array names;       /* LayoutName */
static Array enumerators; /* LayoutEnumerator */
static Array guid_names;  /* const char * */
static Array aliases;     /* LayoutAlias: names of structures that have no tag */
static Array sorted_fields;

typedef LayoutType *LayoutTypePointer;

typedef struct LayoutAlias {
  Dwarf_Off die;
  const char *name;
} LayoutAlias;

#define BUCKET_COUNT 65536
static LayoutType *buckets[BUCKET_COUNT];

static void fail(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fprintf(stderr, "layout_dump: ");
  vfprintf(stderr, format, list);
  fprintf(stderr, "\n");
  va_end(list);
  exit(1);
}

static char *make_key(const char *format, ...) {
  char *key = NULL;
  va_list list;
  va_start(list, format);
  if (vasprintf(&key, format, list) < 0)
    abort();
  va_end(list);
  return key;
}

/* The type of that key, made when it is new. Takes the key. */
static LayoutType *intern(char *key, DdiTypeKind kind, bool *is_new) {
  uint32_t hash = 2166136261u;
  for (const char *at = key; *at != '\0'; at++)
    hash = (hash ^ (unsigned char)*at) * 16777619u;
  LayoutType **bucket = &buckets[hash % BUCKET_COUNT];
  for (LayoutType *type = *bucket; type != NULL; type = type->next) {
    if (strcmp(type->key, key) == 0) {
      free(key);
      *is_new = false;
      return type;
    }
  }
  LayoutType *type = calloc(1, sizeof *type);
  if (type == NULL)
    abort();
  *(LayoutTypePointer *)array_add(&types, sizeof(LayoutTypePointer)) = type;
  type->key = key;
  type->name = "";
  type->kind = kind;
  type->next = *bucket;
  *bucket = type;
  *is_new = true;
  return type;
}

/* ---- attributes ---- */

static uint64_t die_number(Dwarf_Die *die, unsigned name, uint64_t otherwise) {
  Dwarf_Attribute attribute;
  Dwarf_Word value;
  if (dwarf_attr(die, name, &attribute) == NULL || dwarf_formudata(&attribute, &value) != 0)
    return otherwise;
  return value;
}

static bool die_type(Dwarf_Die *die, Dwarf_Die *result) {
  Dwarf_Attribute attribute;
  return dwarf_attr(die, DW_AT_type, &attribute) != NULL && dwarf_formref_die(&attribute, result) != NULL;
}

static const char *alias_of(Dwarf_Die *die) {
  const LayoutAlias *all = aliases.items;
  const char *best = NULL;
  for (uint32_t at = 0; at < aliases.count; at++) {
    if (all[at].die == dwarf_dieoffset(die) && (best == NULL || strcmp(all[at].name, best) < 0))
      best = all[at].name;
  }
  return best;
}

/* ---- types ---- */

static LayoutType *resolve(Dwarf_Die *die, const char *path, const char *function_name);

LayoutType *layout_integer(unsigned size, bool is_signed) {
  static const char *const integer_names[2][4] = { { "UCHAR", "USHORT", "ULONG", "ULONG64" }, { "CHAR", "SHORT", "LONG", "LONG64" } };
  bool is_new;
  LayoutType *type = intern(make_key("i %u %s", size, is_signed ? "signed" : "unsigned"), DDI_TYPE_INTEGER, &is_new);
  type->size = size;
  type->is_signed = is_signed;
  type->name = integer_names[is_signed][size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3];
  return type;
}

static LayoutType *make_void(void) {
  bool is_new;
  LayoutType *type = intern(make_key("\x01 void"), DDI_TYPE_VOID, &is_new); /* its key is the first of all */
  type->name = "VOID";
  return type;
}

static LayoutType *make_pointer(LayoutType *target) {
  bool is_new;
  LayoutType *type = intern(make_key("p %s", target->key), DDI_TYPE_POINTER, &is_new);
  type->size = 8;
  type->target = target;
  return type;
}

static LayoutType *make_array(LayoutType *element, uint32_t count) {
  bool is_new;
  LayoutType *type = intern(make_key("a %u %s", count, element->key), DDI_TYPE_ARRAY, &is_new);
  type->target = element;
  type->count = count;
  type->size = count * element->size;
  return type;
}

static LayoutType *resolve_base(Dwarf_Die *die) {
  uint64_t encoding = die_number(die, DW_AT_encoding, 0);
  unsigned size = (unsigned)die_number(die, DW_AT_byte_size, 0);
  if (encoding == DW_ATE_float || encoding == DW_ATE_complex_float || size > 8)
    return make_array(layout_integer(1, false), size); /* no step computes with it */
  return layout_integer(size, encoding == DW_ATE_signed || encoding == DW_ATE_signed_char);
}

/* The dimensions of an array from the one at `range` on. */
static LayoutType *resolve_dimensions(Dwarf_Die *range, LayoutType *element) {
  Dwarf_Die next = *range;
  while (dwarf_siblingof(&next, &next) == 0) {
    if (dwarf_tag(&next) == DW_TAG_subrange_type) {
      element = resolve_dimensions(&next, element);
      break;
    }
  }
  uint64_t count = die_number(range, DW_AT_count, UINT64_MAX);
  if (count == UINT64_MAX) {
    uint64_t last = die_number(range, DW_AT_upper_bound, UINT64_MAX);
    count = last == UINT64_MAX || last == UINT32_MAX ? 0 : last + 1;
  }
  return make_array(element, (uint32_t)count);
}

static LayoutType *resolve_array(Dwarf_Die *die, const char *path) {
  Dwarf_Die element, child;
  if (!die_type(die, &element) || dwarf_child(die, &child) != 0)
    fail("an array without element or size");
  return resolve_dimensions(&child, resolve(&element, path, ""));
}

static void read_enumerators(Dwarf_Die *die, LayoutType *type) {
  Dwarf_Die child;
  for (int result = dwarf_child(die, &child); result == 0; result = dwarf_siblingof(&child, &child)) {
    Dwarf_Attribute attribute;
    Dwarf_Sword value;
    if (dwarf_tag(&child) != DW_TAG_enumerator || dwarf_attr(&child, DW_AT_const_value, &attribute) == NULL)
      continue;
    LayoutEnumerator *one = array_add(&enumerators, sizeof *one);
    one->name = dwarf_diename(&child);
    one->type = type;
    Dwarf_Word plain;
    if (dwarf_whatform(&attribute) == DW_FORM_sdata && dwarf_formsdata(&attribute, &value) == 0)
      one->value = value;
    else if (dwarf_formudata(&attribute, &plain) == 0)
      one->value = (long long)plain;
    one->value = (int32_t)one->value; /* Windows' enumerators are int */
  }
}

static LayoutType *resolve_enum(Dwarf_Die *die) {
  const char *name = dwarf_diename(die) != NULL ? dwarf_diename(die) : alias_of(die);
  bool is_new;
  if (name == NULL)
    return layout_integer(4, true);
  LayoutType *type = intern(make_key("enum %s", name), DDI_TYPE_ENUM, &is_new);
  type->name = name;
  type->size = 4;
  type->is_signed = true; /* Windows' enumerations are int */
  return type;
}

static void read_field(Dwarf_Die *die, LayoutType *owner, uint32_t number) {
  Dwarf_Die type_die;
  if (!die_type(die, &type_die))
    fail("a field of %s has no type", owner->key);
  char *path = make_key("%s.%u", owner->key, number);
  LayoutType *type = resolve(&type_die, path, "");
  free(path);
  LayoutField *field = array_add(&fields, sizeof *field);
  field->name = dwarf_diename(die) != NULL ? dwarf_diename(die) : "";
  field->type = type;
  field->offset = (uint32_t)die_number(die, DW_AT_data_member_location, 0);
  field->bit_size = (uint8_t)die_number(die, DW_AT_bit_size, 0);
  if (field->bit_size != 0) {
    uint64_t bits = die_number(die, DW_AT_data_bit_offset, UINT64_MAX);
    if (bits == UINT64_MAX) /* the old form, which counts from the high end of the storage unit */
      bits = (field->offset + die_number(die, DW_AT_byte_size, type->size)) * 8 - die_number(die, DW_AT_bit_offset, 0) - field->bit_size;
    field->offset = (uint32_t)(bits / (type->size * 8)) * type->size;
    field->bit_offset = (uint8_t)(bits % (type->size * 8));
  }
}

/* Fields are read into one run of the array, so the types of fields are resolved first. */
static void read_fields(Dwarf_Die *die, LayoutType *type) {
  Dwarf_Die child;
  type->is_complete = true;
  type->size = (uint32_t)die_number(die, DW_AT_byte_size, 0);
  for (int pass = 0; pass < 2; pass++) {
    uint32_t number = 0;
    if (pass == 1)
      type->field_first = fields.count;
    for (int result = dwarf_child(die, &child); result == 0; result = dwarf_siblingof(&child, &child)) {
      if (dwarf_tag(&child) != DW_TAG_member)
        continue;
      read_field(&child, type, number++);
      if (pass == 0)
        fields.count--; /* forgets this field; those of nested types stay */
    }
    type->field_count = number;
  }
}

static LayoutType *resolve_struct(Dwarf_Die *die, const char *path) {
  const char *name = dwarf_diename(die) != NULL ? dwarf_diename(die) : alias_of(die);
  bool is_new;
  LayoutType *type = intern(name != NULL ? make_key("struct %s", name) : make_key("struct %s", path), DDI_TYPE_STRUCT, &is_new);
  if (name != NULL)
    type->name = name;
  type->is_union = dwarf_tag(die) == DW_TAG_union_type;
  if (!type->is_complete && die_number(die, DW_AT_declaration, 0) == 0)
    read_fields(die, type);
  return type;
}

static LayoutType *resolve_function(const char *name) {
  bool is_new;
  LayoutType *type = intern(make_key("f %s", name), DDI_TYPE_FUNCTION, &is_new);
  type->name = name;
  return type;
}

/* `path`: what a structure without any name is known by; `function_name`: the nearest typedef, which names a function type. */
static LayoutType *resolve(Dwarf_Die *die, const char *path, const char *function_name) {
  Dwarf_Die target;
  switch (dwarf_tag(die)) {
  case DW_TAG_base_type: return resolve_base(die);
  case DW_TAG_enumeration_type: return resolve_enum(die);
  case DW_TAG_structure_type:
  case DW_TAG_union_type: return resolve_struct(die, path);
  case DW_TAG_array_type: return resolve_array(die, path);
  case DW_TAG_subroutine_type: return resolve_function(function_name);
  case DW_TAG_pointer_type: return make_pointer(die_type(die, &target) ? resolve(&target, path, function_name) : make_void());
  case DW_TAG_typedef: return die_type(die, &target) ? resolve(&target, path, dwarf_diename(die)) : make_void();
  case DW_TAG_const_type:
  case DW_TAG_volatile_type:
  case DW_TAG_restrict_type:
  case DW_TAG_atomic_type: return die_type(die, &target) ? resolve(&target, path, function_name) : make_void();
  default: return make_array(layout_integer(1, false), (uint32_t)die_number(die, DW_AT_byte_size, 0));
  }
}

/* ---- the whole object ---- */

static bool is_tagged(int tag) { return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type; }

static void add_alias(Dwarf_Die *die) {
  Dwarf_Die target;
  if (dwarf_tag(die) != DW_TAG_typedef || !die_type(die, &target) || !is_tagged(dwarf_tag(&target)) || dwarf_diename(&target) != NULL)
    return;
  LayoutAlias *alias = array_add(&aliases, sizeof *alias);
  alias->die = dwarf_dieoffset(&target);
  alias->name = dwarf_diename(die);
}

static void add_name(const char *name, LayoutType *type, bool is_typedef) {
  if (name == NULL || strncmp(name, "__", 2) == 0) /* the compilers' own */
    return;
  LayoutName *added = array_add(&names, sizeof *added);
  added->name = name;
  added->type = type;
  added->is_typedef = is_typedef;
}

static void add_die(Dwarf_Die *die) {
  int tag = dwarf_tag(die);
  const char *name = dwarf_diename(die);
  if (tag == DW_TAG_typedef && name != NULL && strncmp(name, "__", 2) != 0) {
    add_name(name, resolve(die, name, name), true);
  } else if (is_tagged(tag) && die_number(die, DW_AT_declaration, 0) == 0) {
    LayoutType *type = name != NULL || alias_of(die) != NULL || tag == DW_TAG_enumeration_type ? resolve(die, "", "") : NULL;
    if (tag == DW_TAG_enumeration_type)
      read_enumerators(die, type);
    if (type != NULL)
      add_name(name, type, false);
  } else if (tag == DW_TAG_variable && name != NULL) {
    Dwarf_Die type;
    if (die_type(die, &type) && strcmp(resolve(&type, "", "")->name, "_GUID") == 0)
      *(const char **)array_add(&guid_names, sizeof(char *)) = name;
  }
}

static void each_die(Dwarf *dwarf, void (*visit)(Dwarf_Die *die)) {
  Dwarf_CU *unit = NULL;
  Dwarf_Die root, child;
  while (dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &root, NULL) == 0) {
    for (int result = dwarf_child(&root, &child); result == 0; result = dwarf_siblingof(&child, &child))
      visit(&child);
  }
}

/* Nested enumerations stand inside of structures. */
static void add_nested_enums(Dwarf_Die *die) {
  Dwarf_Die child;
  if (dwarf_tag(die) != DW_TAG_structure_type && dwarf_tag(die) != DW_TAG_union_type)
    return;
  for (int result = dwarf_child(die, &child); result == 0; result = dwarf_siblingof(&child, &child)) {
    if (dwarf_tag(&child) == DW_TAG_enumeration_type)
      read_enumerators(&child, resolve(&child, "", ""));
    add_nested_enums(&child);
  }
}

/* ---- order ---- */

static int compare_types(const void *left, const void *right) {
  return strcmp((*(LayoutType *const *)left)->key, (*(LayoutType *const *)right)->key);
}

/* By name; of two with one name the typedef first. */
static int compare_names(const void *left, const void *right) {
  const LayoutName *one = left, *other = right;
  int order = strcmp(one->name, other->name);
  return order != 0 ? order : (int)other->is_typedef - (int)one->is_typedef;
}

static int compare_enumerators(const void *left, const void *right) {
  return strcmp(((const LayoutEnumerator *)left)->name, ((const LayoutEnumerator *)right)->name);
}

/* Leaves each name once, the first of those that are equal. Every row begins with its name. */
static void keep_first(Array *array, size_t size) {
  uint32_t kept = 0;
  for (uint32_t at = 0; at < array->count; at++) {
    char *row = (char *)array->items + at * size;
    char *last = (char *)array->items + (kept - 1) * size;
    if (kept > 0 && strcmp(*(char **)row, *(char **)last) == 0)
      continue;
    memmove((char *)array->items + kept++ * size, row, size);
  }
  array->count = kept;
}

static void reach(LayoutType *type) {
  if (type == NULL || type->is_reached)
    return;
  type->is_reached = true;
  reach(type->target);
  for (uint32_t at = 0; at < type->field_count; at++)
    reach(((LayoutField *)fields.items)[type->field_first + at].type);
}

/* Types that nothing names go: compilers differ in which of them they describe. */
static void drop_unreached(void) {
  uint32_t kept = 0;
  reach(make_void());
  for (unsigned size = 1; size <= 8; size *= 2) {
    reach(layout_integer(size, true));
    reach(layout_integer(size, false));
  }
  for (uint32_t at = 0; at < names.count; at++)
    reach(((LayoutName *)names.items)[at].type);
  for (uint32_t at = 0; at < enumerators.count; at++)
    reach(((LayoutEnumerator *)enumerators.items)[at].type);
  LayoutTypePointer *all = types.items;
  for (uint32_t at = 0; at < types.count; at++) {
    if (all[at]->is_reached)
      all[kept++] = all[at];
  }
  types.count = kept;
}

static void number_types(void) {
  LayoutType **all = types.items;
  qsort(all, types.count, sizeof(LayoutTypePointer), compare_types);
  for (uint32_t at = 0; at < types.count; at++) {
    LayoutType *type = all[at];
    type->index = at;
    uint32_t first = sorted_fields.count;
    for (uint32_t field = 0; field < type->field_count; field++)
      *(LayoutField *)array_add(&sorted_fields, sizeof(LayoutField)) = ((LayoutField *)fields.items)[type->field_first + field];
    type->field_first = first;
  }
}

const char **layout_read(Dwarf *dwarf, size_t *guid_count) {
  each_die(dwarf, add_alias);
  each_die(dwarf, add_die);
  each_die(dwarf, add_nested_enums);
  qsort(names.items, names.count, sizeof(LayoutName), compare_names);
  keep_first(&names, sizeof(LayoutName));
  qsort(enumerators.items, enumerators.count, sizeof(LayoutEnumerator), compare_enumerators);
  keep_first(&enumerators, sizeof(LayoutEnumerator));
  drop_unreached();
  number_types();
  *guid_count = guid_names.count;
  return guid_names.items;
}

uint32_t layout_type_count(void) { return types.count; }
const LayoutType *layout_type(uint32_t index) { return ((LayoutType **)types.items)[index]; }
uint32_t layout_field_count(void) { return sorted_fields.count; }
const LayoutField *layout_field(uint32_t index) { return &((LayoutField *)sorted_fields.items)[index]; }
uint32_t layout_name_count(void) { return names.count; }
const LayoutName *layout_name(uint32_t index) { return &((LayoutName *)names.items)[index]; }
uint32_t layout_enumerator_count(void) { return enumerators.count; }
const LayoutEnumerator *layout_enumerator(uint32_t index) { return &((LayoutEnumerator *)enumerators.items)[index]; }
bool layout_name_is_ours(const char *name) { return strncmp(name, LAYOUT_OWN_PREFIX, strlen(LAYOUT_OWN_PREFIX)) == 0; }
