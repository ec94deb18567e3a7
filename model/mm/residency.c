/*
 * Which pages of the guest are in memory, and whose user pages are.
 */
#include "../../sim/machine.h"
#include "../events.h"
#include "../model.h"
#include "mm_face.h"

static void page_out(SimMachine *machine, uint64_t page) {
  const uint8_t resident = SIM_PAGE_PAGED | SIM_PAGE_RESIDENT;
  uint8_t attributes = sim_page_attributes(machine, page);
  if ((attributes & (SIM_PAGE_KIND_MASK | SIM_PAGE_RESIDENT)) != resident)
    return;
  sim_pages_set(machine, page, 1, attributes & (uint8_t)~SIM_PAGE_RESIDENT);
  sim_event(machine, EVENT_PAGE_OUT, 0, 0, 0, 0, page);
}

void mm_trim_range(uint64_t address, uint64_t size) {
  SimMachine *machine = sim_machine();
  for (uint64_t page = address & ~(SIM_PAGE_SIZE - 1); page < address + size; page += SIM_PAGE_SIZE)
    page_out(machine, page);
}

/* Guest memory in use, then images: ascending, so that the order is that of addresses. */
void mm_trim(void) {
  mm_trim_range(SIM_GUEST_BASE, sim_machine()->guest_pages_used * SIM_PAGE_SIZE);
  for (uint32_t at = 0; at < MODEL->ddi.code_count; at++) {
    const DdiCode *code = &MODEL->ddi.code[at];
    if (code->address - SIM_IMAGE_BASE < SIM_IMAGE_END - SIM_IMAGE_BASE)
      mm_trim_range(code->address, code->size);
  }
}

uint64_t mm_user_pages_allocate(uint32_t process, uint64_t page_count) {
  MmState *state = &MODEL->mm;
  if (state->user_range_count == MM_USER_RANGE_COUNT_MAX)
    return 0;
  uint64_t address = sim_pages_allocate(sim_machine(), page_count, SIM_PAGE_USER | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE);
  if (address != 0)
    state->user_ranges[state->user_range_count++] = (MmUserRange){ address, page_count * SIM_PAGE_SIZE, process };
  return address;
}
