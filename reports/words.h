/*
 * words.h: the names a person reads for what events carry as ordinals and ids. From a run's record and the machine as the run left it.
 */
#pragma once

#include "run.h"

/* What reports look up again and again. Borrows the run and the record. */
typedef struct Words Words;

Words *words_create(const ScenarioRun *run, const SimRecord *record);
void words_free(Words *words);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Words, words_free)

/* "agent.receiver", "NDIS receive", "thread 4", "" for none. Borrowed. */
const char *words_context(const Words *words, uint32_t context);
/* "event gDone", "spin lock 2", "process agent"; "" for 0. Returns owned. */
char *words_object(uint32_t ordinal);
/* The object's own name, or its kind and number. Returns owned. */
char *words_object_short(uint32_t ordinal);
/* Of a DDI function, a callback type or "". Borrowed, constant. */
const char *words_function(uint32_t id);
/* "STATUS_TIMEOUT" or "0xC000000D". Returns owned. */
char *words_status(int32_t status);
/* "PASSIVE", "APC", "DISPATCH", "DIRQL 5": short enough for a column. Constant. */
const char *words_irql_short(SimIrql irql);
/* "FWP_ACTION_BLOCK", or the number. Returns owned. */
char *words_action(uint32_t action);
/* "ALE_AUTH_CONNECT_V4". Constant. */
const char *words_layer(uint32_t id);
/* What the event says, in one line; NULL for one that is not told. Returns owned. */
char *words_event(const Words *words, const SimEvent *event);
/* "fw.classify step 3" or "classify, firewall.c:88"; "" for none. Returns owned. */
char *words_site(const ScenarioRun *run, uint32_t site);
/* "1.000400 ms" since boot was over. Returns owned. */
char *words_time(const ScenarioRun *run, uint64_t time_ns);
