/* mm_state.h: what a run changes in model/mm. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

#define MM_USER_RANGE_COUNT_MAX 64

/* Pages of user memory, and whose they are. */
typedef struct MmUserRange {
  uint64_t address;
  uint64_t size;
  uint32_t process; /* ordinal */
} MmUserRange;

/* The last fault that Windows let pass: the same once more (a loop over a buffer) is not told again. */
typedef struct MmSilentFault {
  uint64_t page;
  uint32_t context;
  uint32_t site;
  uint32_t reason;
} MmSilentFault;

typedef struct MmState {
  uint32_t user_range_count;
  MmUserRange user_ranges[MM_USER_RANGE_COUNT_MAX];
  MmSilentFault silent;
  uint64_t fault_count;
  uint64_t page_in_count;
} MmState;
