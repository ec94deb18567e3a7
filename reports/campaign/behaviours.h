/*
 * behaviours.h: how many ways of going (hashes of events) were met, and how many of them once only: what Good and Turing estimate the unseen by (Good: The
 * population frequencies of species and the estimation of population parameters, Biometrika 1953). Of very many a fair sample is kept: those whose hash ends
 * in `level` zeros (Wegman's adaptive sampling), so that memory and log stay bounded. What is kept depends on the set met alone, not on the order.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Behaviours {
  uint64_t *slots; /* hash, its two lowest bits being how often it was met: 1 once, 2 more; 0: free */
  uint64_t slot_count;
  uint64_t kept;
  uint64_t once_kept;
  unsigned level;
} Behaviours;

void behaviours_finish(Behaviours *behaviours);

/* Notes that it was met, `count` times (1, or 2 for more than once). Returns how often it is known to have been met before: 0, 1 or 2. */
unsigned behaviours_add(Behaviours *behaviours, uint64_t hash, unsigned count);
/* How often it is known to have been met: 0, 1, or 2 for more, or for what is not sampled. */
unsigned behaviours_met(const Behaviours *behaviours, uint64_t hash);
/* Adds all of another set: what is in both was met more than once. */
void behaviours_join(Behaviours *behaviours, const Behaviours *other);

uint64_t behaviours_distinct(const Behaviours *behaviours);
uint64_t behaviours_once(const Behaviours *behaviours);
/* Probability that the next schedule goes a way that none went so far, after `count` of them. */
double behaviours_unseen(const Behaviours *behaviours, uint64_t count);

/* The hashes met once, or more than once, as hexadecimal digits, 16 each, sorted; and back. */
char *behaviours_print(const Behaviours *behaviours, unsigned count);
bool behaviours_read(Behaviours *behaviours, const char *text, unsigned count);
