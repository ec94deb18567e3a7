/*
 * wheel.h: a hierarchical timing wheel with exact times: a slot of level n holds what first differs from `base`, the time of the last one popped, in
 * the n-th six bits of the time. Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987), with a bitmap a level, and slots that are
 * spread over the levels below only when their turn comes. Internal to queue.c.
 *
 * Ties keep the order they were pushed in: what has one time is in one slot always, slots are circles in that order, and are spread from the front.
 */
#pragma once

#include "queue.h"

#define SIM_WHEEL_DIGIT 6
#define SIM_WHEEL_SLOT_COUNT 64
#define SIM_WHEEL_LEVEL_COUNT 11

typedef struct SimWheelSlot {
  SimQueueEntry *head;  /* NULL: empty */
  SimQueueEntry *first; /* the earliest of its circle; NULL: to be looked for */
} SimWheelSlot;

typedef struct SimWheel {
  uint64_t base;   /* no entry is earlier */
  uint32_t levels; /* bit n: level n is not empty */
  uint64_t slots_used[SIM_WHEEL_LEVEL_COUNT];
  SimWheelSlot slots[SIM_WHEEL_LEVEL_COUNT][SIM_WHEEL_SLOT_COUNT];
} SimWheel;

void sim_wheel_add(SimWheel *wheel, SimQueueEntry *entry);
void sim_wheel_remove(SimWheel *wheel, SimQueueEntry *entry);
/* The earliest; NULL: none. */
SimQueueEntry *sim_wheel_first(SimWheel *wheel);
/* Removes the earliest, which is given; what follows it is spread. */
void sim_wheel_pop(SimWheel *wheel, SimQueueEntry *first);
