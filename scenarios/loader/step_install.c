/* A program in a machine: its guest memory. */
#include "step_name.h"

#include <string.h>

static uint64_t page_count(uint64_t size) { return (size + SIM_PAGE_SIZE - 1) >> SIM_PAGE_SHIFT; }

/* Whole pages with the bytes; 0 when there are none. */
static uint64_t install_bytes(SimMachine *machine, const GByteArray *bytes, uint8_t attributes, uint64_t *size) {
  *size = page_count(bytes->len) << SIM_PAGE_SHIFT;
  if (bytes->len == 0)
    return 0;
  uint64_t address = sim_pages_allocate(machine, page_count(bytes->len), attributes);
  if (address == 0) {
    sim_stop(machine, SIM_STOP_LIMIT_MEMORY, "guest memory");
    *size = 0;
    return 0;
  }
  memcpy((void *)address, bytes->data, bytes->len);
  return address;
}

static void relocate(const StepInstance *instance, const StepDriver *driver) {
  uint64_t memory = instance->memory[driver->number];
  for (guint i = 0; memory != 0 && i < driver->relocations->len; i++) {
    const StepRelocation *relocation = &g_array_index(driver->relocations, StepRelocation, i);
    uint32_t target = MIN(relocation->driver, instance->driver_count);
    uint64_t value = instance->memory[target] + relocation->addend;
    memcpy((void *)(memory + relocation->offset), &value, sizeof value);
  }
}

StepInstance *step_program_install(StepProgram *program, SimMachine *machine) {
  StepInstance *instance = sim_heap_allocate(sizeof *instance);
  instance->program = program;
  instance->functions = (const StepFunction *const *)program->functions->pdata;
  instance->function_count = program->functions->len;
  instance->driver_count = program->drivers->len;
  for (guint i = 0; i < program->drivers->len; i++) {
    const StepDriver *driver = g_ptr_array_index(program->drivers, i);
    instance->memory[i] =
        install_bytes(machine, driver->image, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE, &instance->size[i]);
  }
  guint last = program->drivers->len;
  instance->memory[last] = install_bytes(machine, program->read_only, SIM_PAGE_CODE | SIM_PAGE_RESIDENT, &instance->size[last]);
  for (guint i = 0; i < program->drivers->len; i++)
    relocate(instance, g_ptr_array_index(program->drivers, i));
  return instance;
}

const StepProgram *step_instance_program(const StepInstance *instance) { return instance->program; }

uint64_t step_driver_memory(const StepInstance *instance, const char *driver, uint64_t *size) {
  const StepDriver *owner = step_driver_find(instance->program, driver);
  *size = owner != NULL ? instance->size[owner->number] : 0;
  return owner != NULL ? instance->memory[owner->number] : 0;
}

uint64_t step_global_address(const StepInstance *instance, const StepGlobal *global) {
  return instance->memory[global->variable.driver->number] + global->variable.offset;
}

uint32_t step_global_size(const StepGlobal *global) { return global->variable.type->size; }

bool step_global_read(const StepInstance *instance, const StepGlobal *global, int64_t *value) {
  const StepType *type = global->variable.type;
  if (!step_type_is_scalar(type))
    return false;
  uint64_t bytes = 0;
  memcpy(&bytes, (const void *)step_global_address(instance, global), type->size);
  *value = (int64_t)step_widen(bytes, step_width_of(type->size, type->is_signed));
  return true;
}
