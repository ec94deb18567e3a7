/*
 * draw.h: the one generator of random words: splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). One word of
 * state, so that a schedule is a seed; never the host's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct SimDraw {
  uint64_t word;
} SimDraw;

static inline uint64_t sim_draw(SimDraw *draw) {
  uint64_t word = draw->word += 0x9e3779b97f4a7c15ULL;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
  return word ^ (word >> 31);
}

/* Uniform in 0 .. count - 1. */
static inline uint32_t sim_draw_below(SimDraw *draw, uint32_t count) { return (uint32_t)(((sim_draw(draw) >> 32) * count) >> 32); }

/* True `numerator` times in 1024. */
static inline bool sim_draw_chance(SimDraw *draw, uint32_t numerator) { return (sim_draw(draw) >> 54) < numerator; }

/* A distance of about `mean`, at least 1: geometric, as between things that happen now and then. */
static inline uint32_t sim_draw_distance(SimDraw *draw, uint32_t mean) {
  uint32_t distance = 1;
  uint64_t word = sim_draw(draw);
  /* As many halves as leading zeros, and a uniform part below: close enough to geometric, without a logarithm of the host. */
  uint32_t scale = (uint32_t)__builtin_clzll(word | 1);
  distance += sim_draw_below(draw, mean > 1 ? mean : 2) + scale * mean / 2;
  return distance;
}
