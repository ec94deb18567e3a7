/*
 * faults.h: what the faults policy finds: the places where something can fail, and which of them have failed in a run of their own.
 *
 * A place is a way to go otherwise at the n-th point of one key (SimPoint.key): for a call of driver code that can fail, the path of calls that led to
 * it. So places survive moved source lines, other compilers and other schedules. Host memory, a part of the search: search->state.
 */
#pragma once

#include "search.h"

typedef struct SimFaultPlace {
  uint64_t key;
  uint32_t ordinal;  /* how many points of that key the run had met before */
  uint32_t answer;   /* what fails it */
  uint32_t function; /* the call of driver code it stands in; 0: in none */
  uint32_t site;     /* where driver code was when the place was met first: another run may come to it from elsewhere */
  uint32_t next;     /* in the queue of its ordinal */
  uint8_t kind;      /* SimChoiceKind */
  bool is_tried;     /* has failed alone */
} SimFaultPlace;

#define SIM_FAULT_NONE UINT32_MAX

typedef struct SimFaults {
  SimFaultPlace *places; /* in the order in which they were met */
  uint32_t count, capacity;
  uint32_t tried; /* how many have failed alone */
  /* what fails in the run at hand: places; SIM_FAULT_NONE where there are fewer */
  uint32_t chosen[2];
  uint32_t struck;          /* of them */
  uint32_t struck_sites[2]; /* where driver code was when they did, in this run */
  uint64_t pair_count, pair_next;
  bool is_pair_list_full; /* there are more pairs than were noted */
  struct SimFaultTables *tables;
} SimFaults;

/* Every place fails alone, those that come first on their path first; with options.depth 2 or more then every two of which the second was met
 * behind the first. */
extern const SimPolicy sim_policy_faults;
