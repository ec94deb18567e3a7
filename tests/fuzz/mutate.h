/*
 * mutate.h: bytes made from other bytes, by number.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define MUTATE_SIZE_MAX 65536

/* Writes the input of that number, made from the files (GBytes *, at least one), to buffer[0..MUTATE_SIZE_MAX). Returns its size. */
size_t mutate(const GPtrArray *files, uint64_t number, uint8_t *buffer);
