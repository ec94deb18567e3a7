#include "mm.h"

#include "../../sim/machine.h"

/* A page at a time, so that each page of the range is judged whatever became of the one before. */
static void probe(const volatile void *address, SIZE_T size, SimAccessKind kind) {
  uint64_t at = (uint64_t)address;
  uint64_t end = at + size < at ? UINT64_MAX : at + size;
  while (at < end) {
    uint64_t next = (at | (SIM_PAGE_SIZE - 1)) + 1;
    if (next > end || next == 0)
      next = end;
    sim_probe(sim_machine(), at, next - at, kind);
    at = next;
  }
}

void mm_probe_read(const volatile void *address, SIZE_T size) { probe(address, size, SIM_ACCESS_READ); }

void mm_probe_write(const volatile void *address, SIZE_T size) { probe(address, size, SIM_ACCESS_WRITE); }

SIZE_T mm_probe_text(const char *text, SIZE_T limit) {
  for (SIZE_T length = 0; length < limit; length++) {
    mm_probe_read(text + length, 1);
    if (text[length] == 0)
      return length;
  }
  return limit;
}

SIZE_T mm_probe_wide_text(const WCHAR *text, SIZE_T limit) {
  for (SIZE_T length = 0; length < limit; length++) {
    mm_probe_read(text + length, sizeof *text);
    if (text[length] == 0)
      return length;
  }
  return limit;
}
