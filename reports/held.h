/*
 * held.h: which locks a context held at a moment of a run, from its record.
 */
#pragma once

#include "names.h"

/* A lock was taken while another one was held. */
typedef struct HeldOrder {
  uint32_t held;
  uint32_t taken;
  uint32_t context;
  uint32_t sequence; /* of the event that took it */
} HeldOrder;

/* All of a run up to that event, in their order. Of HeldOrder; returns owned. */
GArray *held_orders(const Names *names, uint32_t sequence);

/* "spin lock gLock", "mutex gMutex and fast mutex gFast", "no lock": drivers' own, behind that event. Returns owned. */
char *held_words(const Names *names, uint32_t context, uint32_t sequence);
