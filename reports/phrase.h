/*
 * phrase.h: events in words: one line each, as a story or a trace tells them. The subject is whoever the event happened in.
 */
#pragma once

#include "names.h"

/* What the event says; NULL for one that is not told in words. Returns owned. */
char *phrase_event(const Names *names, const SimEvent *event);

/* The same; of one that has no words of its own its kind, said plainly. Returns owned. */
char *phrase_any(const Names *names, const SimEvent *event);

/* A call with what came of it: "KeAcquireSpinLock(gLock)", "FltSendMessage = STATUS_TIMEOUT"; `end` NULL: it has not returned. Returns owned. */
char *phrase_call(const Names *names, const SimEvent *call, const SimEvent *end);

/* "0x5 INVALID_PROCESS_ATTACH_ATTEMPT". Returns owned. */
char *phrase_bugcheck(uint32_t code);

/* "reads 4 bytes at", "writes 1 byte at", "runs code at": of an EVENT_FAULT's detail. Returns owned. */
char *phrase_access(uint32_t fault_detail);
