/* every_kind.h: a program that meets every kind of point, for tests of policies and of schedules. */
#pragma once

#include "rig.h"

#define EVERY_KIND_CPU_COUNT 4

/* In guest memory, all of it touched through the hook. */
typedef struct EveryKindMemory {
  uint64_t lock;
  uint64_t words[7];
} EveryKindMemory;

static inline EveryKindMemory *every_kind_memory(void) { return (EveryKindMemory *)SIM_GUEST_BASE; }

/* The page it stands in, the first of guest memory; then its threads and interrupts. */
void every_kind_page(void);
void every_kind(void);
