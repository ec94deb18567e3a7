/*
 * place.h: where something is in a driver, as a person writes it: "fw.classify step 2", "fw.classify (firewall.c:88)", "gLock + 8". From what the
 * runner knows of the drivers' steps and images.
 */
#pragma once

#include "guest_type.h"
#include "run.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* "fw.classify step 2", or "fw.classify (firewall.c:88)" of compiled code; "" for none. Returns owned. */
char *place_words(const ScenarioRun *run, uint32_t site);
/* "fw.classify"; "" for none. Returns owned. */
char *place_function(const ScenarioRun *run, uint32_t site);
/* "dpc-classify.json:14", "firewall.c:88": the file without its folder; "" for none. Returns owned. */
char *place_file_line(const ScenarioRun *run, uint32_t site);
/* The routine whose code begins at or holds the address: "fw.OnDpc"; NULL: it is no driver code. Returns owned. */
char *place_routine(const ScenarioRun *run, uint64_t address);
/* The place an address of compiled code is in, with its line: "fw.Work (driver.c:33)"; "" for none. Returns owned. */
char *place_code(const ScenarioRun *run, uint64_t address);
/* The driver's variable that holds the address, and the part of it of that size (0: the first thing that begins there): "gLock", "gTable.Entries[3].Count".
 * `depth`: how far into it the name goes. Returns owned; NULL: none. */
char *place_variable(const ScenarioRun *run, uint64_t address, uint32_t size, GuestDepth depth);

/* A part of a block that a compiled driver has allocated. */
typedef struct PlaceInBlock {
  uint64_t block; /* 0: what a NULL pointer would point to */
  uint64_t offset;
  uint32_t size;      /* 0: not known */
  uint32_t accessed;  /* the site that touches it; 0: none */
  uint32_t allocated; /* the site that allocated the block; 0: none */
  GuestDepth depth;
} PlaceInBlock;

/* What the driver's source calls it: "connection->Bytes", "CONNECTION.Bytes". Returns owned; NULL: that is not known. */
char *place_in_block(const ScenarioRun *run, const PlaceInBlock *part);
/* The arrays that the function of a compiled driver there has on its stack: "buffer (16 bytes)". Returns owned; NULL: none, or not known. */
char *place_local_arrays(const ScenarioRun *run, uint32_t site);

/* How many blanks and tabs stand before the text of a compiled line, so that RunSite.column can be counted in RunSite.text. */
uint32_t place_indentation(const ScenarioRun *run, const RunSite *where);
