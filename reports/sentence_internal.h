/*
 * sentence_internal.h: what the files of sentences share: each room has the rules of one kind, sentence.c the table of all.
 */
#pragma once

#include "sentence.h"

typedef char *Sentence(const Names *names, const Finding *finding);

/* The event the finding is about beside its own; NULL: none. */
const SimEvent *sentence_related(const Names *names, const Finding *finding);
/* The function of Windows it was made in; "the driver" for none. */
const char *sentence_function_of(const Finding *finding);
/* The driver's function that did it: "fw.classify"; "the driver" when that is not known. Returns owned. */
char *sentence_who(const Names *names, const Finding *finding);
/* ", in a DPC"; "" when it was a plain thread at a level that needs no explaining. Returns owned. */
char *sentence_context(const Names *names, const Finding *finding);
/* The same behind who did it: "fw.OnTimer (in a DPC)". Returns owned. */
char *sentence_who_where(const Names *names, const Finding *finding);
/* The routine whose return the finding is about: "fw.classify". Returns owned. */
char *sentence_callback_routine(const Names *names, const Finding *finding);

/* sentence_memory.c */
extern Sentence sentence_of_access, sentence_of_wild, sentence_of_null, sentence_of_paged, sentence_of_freed, sentence_of_bounds,
    sentence_of_read_only, sentence_of_user, sentence_of_argument, sentence_of_stack;
/* sentence_two.c */
extern Sentence sentence_of_race, sentence_of_lock_order, sentence_of_lock_irql;
/* sentence_object.c */
extern Sentence sentence_of_uninitialized, sentence_of_kind, sentence_of_freed_queued, sentence_of_work_item, sentence_of_left_behind,
    sentence_of_form, sentence_of_lock_leak, sentence_of_not_held, sentence_of_recursion, sentence_of_owner;
