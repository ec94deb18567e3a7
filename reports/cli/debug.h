/*
 * debug.h: irqlab replay --gdb: gdb on the replay, stopped in the driver's function at an event.
 */
#pragma once

#include "schedule.h"

/* What gdb is told beside: NULL-terminated commands, after which it ends; NULL: a person types them. */
int debug_replay(CliSchedule *schedule, const char *name, const char *line, const char *event, char **commands);

/* What gdb runs: the schedule, up to the event, where it calls irqlab_event_reached. */
int debug_reach(CliSchedule *schedule, const char *event);
