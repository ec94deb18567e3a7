/*
 * Debug information says which variables there are, and of what types. Of memory that is no variable it says nothing: there the source line that touches or
 * allocates it is read for a pointer to a structure, and believed where that structure has the member the line names just there.
 */
#include "guest_path.h"
#include "guest_symbol_internal.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* ---- variables ---- */

typedef struct Variable {
  guint64 address;
  guint64 size;
  Dwarf_Die die;
  Dwarf_Die type;
} Variable;

/* Where it always is; 0: on the stack, or nowhere. */
static guint64 address_of(Dwarf_Die *die) {
  Dwarf_Attribute attribute;
  Dwarf_Op *operations;
  size_t count;
  if (dwarf_getlocation(dwarf_attr(die, DW_AT_location, &attribute), &operations, &count) != 0 || count != 1)
    return 0;
  return operations[0].atom == DW_OP_addr ? operations[0].number : 0;
}

static void variable_add(GArray *variables, Dwarf_Die *die) {
  Variable variable = { .address = address_of(die), .die = *die };
  if (variable.address == 0 || dwarf_diename(die) == NULL || !guest_path_type(die, &variable.type))
    return;
  variable.size = guest_path_size(&variable.type);
  g_array_append_val(variables, variable);
}

/* Static ones within functions, too. */
static void variables_collect(GArray *variables, Dwarf_Die *parent) {
  Dwarf_Die child;
  for (int more = dwarf_child(parent, &child); more == 0; more = dwarf_siblingof(&child, &child)) {
    int tag = dwarf_tag(&child);
    if (tag == DW_TAG_variable)
      variable_add(variables, &child);
    else if (tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block)
      variables_collect(variables, &child);
  }
}

static const GArray *variables_of(GuestSymbols *symbols) {
  if (symbols->variables == NULL) {
    Dwarf_Addr bias;
    symbols->variables = g_array_new(FALSE, FALSE, sizeof(Variable));
    for (Dwarf_Die *unit = NULL; (unit = dwfl_module_nextcu(symbols->module, unit, &bias)) != NULL;)
      variables_collect(symbols->variables, unit);
  }
  return symbols->variables;
}

char *guest_type_variable(GuestSymbols *symbols, guint64 address, gsize size, GuestDepth depth) {
  const GArray *variables = variables_of(symbols);
  for (guint i = 0; i < variables->len; i++) {
    Variable *variable = &g_array_index(variables, Variable, i);
    if (address < variable->address || address - variable->address >= variable->size)
      continue;
    g_autoptr(GString) name = g_string_new(dwarf_diename(&variable->die));
    guest_path_append(name, &variable->type, address - variable->address, size, depth, NULL);
    return g_strdup(name->str);
  }
  return NULL;
}

/* ---- names in a source line ---- */

static bool find_child(Dwarf_Die *scope, const char *name, Dwarf_Die *found) {
  Dwarf_Die child;
  for (int more = dwarf_child(scope, &child); more == 0; more = dwarf_siblingof(&child, &child)) {
    int tag = dwarf_tag(&child);
    const char *own = tag == DW_TAG_variable || tag == DW_TAG_formal_parameter ? dwarf_diename(&child) : NULL;
    if (own != NULL && strcmp(own, name) == 0) {
      *found = child;
      return true;
    }
  }
  return false;
}

/* The type of the variable or parameter that the name means at an instruction. */
static bool type_of_name(GuestSymbols *symbols, guint64 address, const char *name, Dwarf_Die *type) {
  Dwarf_Addr bias;
  Dwarf_Die *unit = dwfl_module_addrdie(symbols->module, address, &bias), *scopes = NULL, found;
  int count = unit != NULL ? dwarf_getscopes(unit, address - bias, &scopes) : 0;
  bool is_found = false;
  for (int i = 0; i < count && !is_found; i++)
    is_found = find_child(&scopes[i], name, &found) && guest_path_type(&found, type);
  free(scopes);
  return is_found;
}

static bool is_word(char character) { return g_ascii_isalnum(character) || character == '_'; }

static const char *skip_blanks(const char *at) {
  while (g_ascii_isspace(*at))
    at++;
  return at;
}

/* The identifier there; NULL: none. Owned. */
static char *word_at(const char **at) {
  const char *begin = *at;
  while (is_word(**at))
    ++*at;
  return *at > begin && !g_ascii_isdigit(*begin) ? g_strndup(begin, (gsize)(*at - begin)) : NULL;
}

/* Behind the bracket that closes the one there; NULL: it is not closed. */
static const char *skip_brackets(const char *at) {
  unsigned depth = 0;
  for (; *at != '\0'; at++) {
    depth += *at == '[';
    depth -= *at == ']';
    if (depth == 0)
      return at + 1;
  }
  return NULL;
}

/* ---- expressions: NAME, NAME->Member, NAME.Member, NAME[...], and so on ---- */

typedef struct Expression {
  GString *text; /* up to here; an index is "[]" */
  Dwarf_Die type;
  const char *at; /* what comes next */
} Expression;

static bool is_pointer(Dwarf_Die *type) { return dwarf_tag(type) == DW_TAG_pointer_type; }

/* One more "->Member", ".Member" or "[...]". False: there is none, or it cannot be followed. */
static bool expression_go_on(Expression *expression) {
  const char *at = skip_blanks(expression->at);
  Dwarf_Die target = expression->type, member;
  bool is_arrow = at[0] == '-' && at[1] == '>';
  if (*at == '[') {
    const char *behind = skip_brackets(at);
    bool is_indexed = behind != NULL && (is_pointer(&target) || dwarf_tag(&target) == DW_TAG_array_type);
    if (!is_indexed || !guest_path_type(&target, &expression->type))
      return false;
    g_string_append(expression->text, "[]");
    expression->at = behind;
    return true;
  }
  if (!is_arrow && *at != '.')
    return false;
  if (is_arrow && (!is_pointer(&target) || !guest_path_type(&target, &target)))
    return false;
  at = skip_blanks(at + (is_arrow ? 2 : 1));
  g_autofree char *name = word_at(&at);
  if (name == NULL || !guest_path_member(&target, name, &member) || !guest_path_type(&member, &expression->type))
    return false;
  g_string_append_printf(expression->text, "%s%s", is_arrow ? "->" : ".", name);
  expression->at = at;
  return true;
}

/* Begins one where a variable is named. */
static bool expression_begin(GuestSymbols *symbols, guint64 address, const char *at, Expression *expression) {
  const char *behind = at;
  g_autofree char *name = word_at(&behind);
  if (name == NULL || !type_of_name(symbols, address, name, &expression->type))
    return false;
  g_string_assign(expression->text, name);
  expression->at = behind;
  return true;
}

/* The typedef of a structure that is called like its tag without the underscore, as Windows' are. */
static bool is_typedef_of_tag(Dwarf_Die *structure, const char *name) {
  Dwarf_Die unit, child;
  if (name[0] != '_' || dwarf_diecu(structure, &unit, NULL, NULL) == NULL)
    return false;
  for (int more = dwarf_child(&unit, &child); more == 0; more = dwarf_siblingof(&child, &child))
    if (dwarf_tag(&child) == DW_TAG_typedef && g_strcmp0(dwarf_diename(&child), name + 1) == 0)
      return true;
  return false;
}

/* What a pointer's type calls what it points to: "CONNECTION". Borrowed; NULL: nothing. */
static const char *target_name(Dwarf_Die *pointer) {
  Dwarf_Attribute attribute;
  Dwarf_Die target;
  if (dwarf_formref_die(dwarf_attr(pointer, DW_AT_type, &attribute), &target) == NULL)
    return NULL;
  while (dwarf_tag(&target) == DW_TAG_const_type || dwarf_tag(&target) == DW_TAG_volatile_type)
    if (dwarf_formref_die(dwarf_attr(&target, DW_AT_type, &attribute), &target) == NULL)
      return NULL;
  const char *name = dwarf_diename(&target);
  return name != NULL && is_typedef_of_tag(&target, name) ? name + 1 : name;
}

/* The part of a block that such a pointer points to: "[2].Count", where several stand in a row. False: it is no pointer to a structure. */
static bool part_of(Dwarf_Die *pointer, guint64 offset, gsize size, GuestDepth depth, const char *line, GString *part) {
  Dwarf_Die target;
  guint64 whole = is_pointer(pointer) && guest_path_type(pointer, &target) ? guest_path_size(&target) : 0;
  int tag = whole > 0 ? dwarf_tag(&target) : DW_TAG_invalid;
  if (tag != DW_TAG_structure_type && tag != DW_TAG_union_type)
    return false;
  if (offset >= whole)
    g_string_append_printf(part, "[%" G_GUINT64_FORMAT "]", offset / whole);
  guest_path_append(part, &target, offset % whole, size, depth, line);
  return true;
}

/* ---- what touches it ---- */

/* What the line may mean so far. */
typedef struct Meaning {
  char *text;
  char *type_text;
  bool is_several;
} Meaning;

static void meaning_add(Meaning *meaning, const char *pointer, Dwarf_Die *type, const char *part) {
  const char *name = target_name(type);
  const char *first = *part == '[' ? strchr(part, ']') + 1 : part;
  g_autofree char *text = *part == '[' ? g_strconcat(pointer, part, NULL) : g_strdup_printf("%s->%s", pointer, first + 1);
  g_autofree char *type_text = name != NULL ? g_strconcat(name, part, NULL) : NULL;
  if (meaning->text == NULL) {
    meaning->text = g_steal_pointer(&text);
    meaning->type_text = g_steal_pointer(&type_text);
  } else if (strcmp(meaning->text, text) != 0) {
    meaning->is_several = true;
    if (g_strcmp0(meaning->type_text, type_text) != 0)
      g_clear_pointer(&meaning->type_text, g_free);
  }
}

/* Does the line go on behind the pointer with the member that the part begins with? */
static bool is_named(const char *behind, const char *part) {
  const char *at = skip_blanks(behind);
  const char *first = *part == '[' ? strchr(part, ']') + 1 : part;
  if (*at == '[' && (at = skip_brackets(at)) == NULL)
    return false;
  at = skip_blanks(at);
  at = at[0] == '-' && at[1] == '>' ? at + 2 : at[0] == '.' ? at + 1 : "";
  at = skip_blanks(at);
  g_autofree char *name = word_at(&at);
  return name != NULL && *first == '.' && g_str_has_prefix(first + 1, name) && !is_word(first[1 + strlen(name)]);
}

static void expression_try(Expression *expression, guint64 offset, gsize size, Meaning *meaning) {
  do {
    g_autoptr(GString) part = g_string_new(NULL);
    if (part_of(&expression->type, offset, size, GUEST_DEPTH_ACCESS, expression->at, part) && is_named(expression->at, part->str))
      meaning_add(meaning, expression->text->str, &expression->type, part->str);
  } while (expression_go_on(expression));
}

char *guest_type_of_access(GuestSymbols *symbols, guint64 address, const char *text, guint64 offset, gsize size) {
  Expression expression = { .text = g_string_new(NULL) };
  Meaning meaning = { 0 };
  for (const char *at = text; *at != '\0'; at++) {
    bool is_first = at == text || (!is_word(at[-1]) && at[-1] != '.' && !(at[-1] == '>' && at - 1 > text && at[-2] == '-'));
    if (is_word(*at) && is_first && expression_begin(symbols, address, at, &expression))
      expression_try(&expression, offset, size, &meaning);
  }
  g_string_free(expression.text, TRUE);
  char *told = meaning.is_several ? g_steal_pointer(&meaning.type_text) : g_steal_pointer(&meaning.text);
  g_free(meaning.text);
  g_free(meaning.type_text);
  return told;
}

/* ---- what allocated it, what points to it ---- */

static char *type_text(Dwarf_Die *pointer, guint64 offset, gsize size, GuestDepth depth) {
  const char *name = target_name(pointer);
  g_autoptr(GString) text = g_string_new(name);
  return name != NULL && part_of(pointer, offset, size, depth, NULL, text) ? g_strdup(text->str) : NULL;
}

/* "TYPE *name = ", "a->b = ", "name = (TYPE *)": the last expression before the first "=" is what the result is put into. */
char *guest_type_of_allocation(GuestSymbols *symbols, guint64 address, const char *text, guint64 offset, gsize size, GuestDepth depth) {
  const char *assignment = strchr(text, '=');
  Expression expression = { .text = g_string_new(NULL) };
  char *told = NULL;
  for (const char *at = text; assignment != NULL && at < assignment && told == NULL; at++) {
    if (!is_word(*at) || (at > text && is_word(at[-1])) || !expression_begin(symbols, address, at, &expression))
      continue;
    while (expression_go_on(&expression))
      ;
    if (skip_blanks(expression.at) == assignment && is_pointer(&expression.type))
      told = type_text(&expression.type, offset, size, depth);
  }
  g_string_free(expression.text, TRUE);
  return told;
}

char *guest_type_of_pointer(GuestSymbols *symbols, guint64 block, guint64 offset, gsize size, GuestDepth depth) {
  const GArray *variables = variables_of(symbols);
  for (guint i = 0; i < variables->len; i++) {
    Variable *variable = &g_array_index(variables, Variable, i);
    g_autoptr(GString) part = g_string_new(NULL);
    if (!is_pointer(&variable->type) || *(const guint64 *)variable->address != block ||
        !part_of(&variable->type, offset, size, depth, NULL, part))
      continue;
    const char *name = dwarf_diename(&variable->die);
    return part->len == 0        ? g_strdup_printf("*%s", name)
           : part->str[0] == '.' ? g_strdup_printf("%s->%s", name, part->str + 1)
                                 : g_strconcat(name, part->str, NULL);
  }
  return NULL;
}

/* ---- what a function has on its stack ---- */

static void arrays_collect(Dwarf_Die *scope, GString *arrays) {
  Dwarf_Die child, type;
  for (int more = dwarf_child(scope, &child); more == 0; more = dwarf_siblingof(&child, &child)) {
    int tag = dwarf_tag(&child);
    if (tag == DW_TAG_lexical_block)
      arrays_collect(&child, arrays);
    if (tag != DW_TAG_variable || address_of(&child) != 0 || dwarf_diename(&child) == NULL || !guest_path_type(&child, &type) ||
        dwarf_tag(&type) != DW_TAG_array_type)
      continue;
    g_string_append_printf(arrays, "%s%s (%" G_GUINT64_FORMAT " bytes)", arrays->len > 0 ? ", " : "", dwarf_diename(&child),
                           guest_path_size(&type));
  }
}

char *guest_type_local_arrays(GuestSymbols *symbols, guint64 address) {
  Dwarf_Addr bias;
  Dwarf_Die *unit = dwfl_module_addrdie(symbols->module, address, &bias), *scopes = NULL;
  int count = unit != NULL ? dwarf_getscopes(unit, address - bias, &scopes) : 0;
  g_autoptr(GString) arrays = g_string_new(NULL);
  for (int i = 0; i < count; i++)
    if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram) {
      arrays_collect(&scopes[i], arrays);
      break;
    }
  free(scopes);
  return arrays->len > 0 ? g_strdup(arrays->str) : NULL;
}
