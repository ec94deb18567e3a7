/* The member of a step driver's variable that lies at an offset: by the DDI's types, as guest_path.c does it by a compiled driver's. */
#include "step_tree.h"

#include <string.h>

/* What is looked for: an object's name stops at a FAST_MUTEX, whose event is Windows' business. */
static bool is_found(const StepType *type, uint32_t offset, uint32_t size) {
  bool is_mutex = type->kind == DDI_TYPE_STRUCT && strcmp(type->name, "FAST_MUTEX") == 0;
  return is_mutex || (offset == 0 && (size == 0 || size >= type->size));
}

static bool field_append(GString *part, StepTypes *types, const DdiType *structure, uint32_t offset, uint32_t size);

static void part_append(GString *part, StepTypes *types, const StepType *type, uint32_t offset, uint32_t size) {
  if (is_found(type, offset, size))
    return;
  if (type->kind == DDI_TYPE_STRUCT && field_append(part, types, &ddi_types[type->index], offset, size))
    return;
  if (type->kind == DDI_TYPE_ARRAY && type->target->size > 0) {
    g_string_append_printf(part, "[%u]", offset / type->target->size);
    part_append(part, types, type->target, offset % type->target->size, size);
    return;
  }
  if (offset > 0)
    g_string_append_printf(part, " + %u", offset);
}

/* The first field that the part lies in. False: there is none. */
static bool field_append(GString *part, StepTypes *types, const DdiType *structure, uint32_t offset, uint32_t size) {
  for (uint32_t i = 0; i < structure->field_count; i++) {
    const DdiField *field = &ddi_fields[structure->field_first + i];
    const StepType *type = step_type_of(types, field->type);
    if (offset < field->offset || offset + MAX(size, 1) > field->offset + type->size)
      continue;
    if (field->name[0] != '\0')
      g_string_append_printf(part, ".%s", field->name);
    part_append(part, types, type, offset - field->offset, size);
    return true;
  }
  return false;
}

char *step_global_part(const StepGlobal *global, uint32_t offset, uint32_t size) {
  g_autoptr(GString) part = g_string_new(NULL);
  StepTypes types;
  step_types_init(&types);
  part_append(part, &types, global->variable.type, offset, size);
  step_types_finish(&types);
  return g_strdup(part->str);
}
