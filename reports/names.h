/*
 * names.h: the names a person reads for what events carry as ordinals and ids. From a run's record and the machine as the run left it.
 */
#pragma once

#include "place.h"

/* What reports look up again and again. Borrows the run and the record; names of objects are those the machine has when they are asked for. */
typedef struct Names Names;

Names *names_create(const ScenarioRun *run, const SimRecord *record);
void names_free(Names *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Names, names_free)

const ScenarioRun *names_run(const Names *names);
const SimRecord *names_record(const Names *names);

/* ---- who ---- */

/* What the event's context was running then: "agent.receiver", "fw.OnDpc", "clock"; "" for none. Borrowed. */
const char *names_running(const Names *names, uint32_t sequence);
/* The last event of a context up to that one; the one itself when there is none. */
uint32_t names_event_of(const Names *names, uint32_t context, uint32_t sequence);
/* The same as a place to be in: "in a DPC (kernel client)", "in thread agent.receiver", "in a work item (fw.work)"; "" for none. Returns owned. */
char *names_in(const Names *names, uint32_t sequence);
/* What a context, by its id, was running last: as names_running says it. Borrowed. */
const char *names_context(const Names *names, uint32_t context);
/* The kind of context alone: "a DPC", "a thread", "an interrupt", "a work item"; "" for none. Constant. */
const char *names_kind(const Names *names, uint32_t sequence);

/* ---- what ---- */

/* "event gDone", "spin lock gLock", "process agent"; "" for 0. Returns owned. */
char *names_object(const Names *names, uint32_t ordinal);
/* Its own name or the driver's variable that it is; else its kind and number; "" for 0. Returns owned. */
char *names_object_short(const Names *names, uint32_t ordinal);
/* What an address is: "NULL + 4", "gLock", "pool block 3 ('Tag1', 64 bytes) + 16", "a kernel stack", or the number. Returns owned. */
char *names_address(const Names *names, uint64_t address);
/* The same of something that is read or written there, of `size` bytes (0: not known), by the code at `site` (0: not known): where the driver's source has a
 * name for it, that name: "connection->Bytes, in pool block 3 ('Tag1', 64 bytes)". Returns owned. */
char *names_access(const Names *names, uint64_t address, uint32_t size, uint32_t site);
/* Where an address is beside the nearest pool block: "4 bytes behind pool block 3 ('Tag1', 64 bytes)"; "" when none is near. Returns owned. */
char *names_beside(const Names *names, uint64_t address);
/* The newest pool block, living or freed, that holds the address; NULL: none. */
const Object *names_pool_block(uint64_t address);
/* "'Tag1', 64 bytes" of a pool block; "" when its allocation was not recorded. Returns owned. */
char *names_pool_details(const Names *names, uint32_t ordinal);

/* Of a DDI function, a callback type or "". Borrowed, constant. */
const char *names_function(uint32_t id);
/* "STATUS_TIMEOUT" or "0xC000000D". Returns owned. */
char *names_status(int32_t status);
/* A function's result as its type reads: a status, an IRQL, TRUE, a number; NULL: it has none. Returns owned. */
char *names_result(uint32_t id, int32_t status);
/* "PASSIVE", "APC", "DISPATCH", "DIRQL 5": short enough for a column. Constant. */
const char *names_irql_short(SimIrql irql);
/* "FWP_ACTION_BLOCK", or the number. Returns owned. */
char *names_action(uint32_t action);
/* "ALE_AUTH_CONNECT_V4". Constant. */
const char *names_layer(uint32_t id);
/* "1.000400 ms" since boot was over; "boot+0.000020 ms" before that: since the machine was switched on. Returns owned. */
char *names_time(const ScenarioRun *run, uint64_t time_ns);
