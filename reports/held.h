/*
 * held.h: which locks a context held at a moment of a run, from its record.
 */
#pragma once

#include "names.h"

/* "spin lock gLock", "mutex gMutex and fast mutex gFast", "no lock": drivers' own, behind that event. Returns owned. */
char *held_words(const Names *names, uint32_t context, uint32_t sequence);
