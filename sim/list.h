/*
 * list.h: intrusive doubly linked lists for what a run changes. A list is a head; an element embeds a link. Both live in the arena.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct SimLink {
  struct SimLink *next;
  struct SimLink *previous;
} SimLink;

#define SIM_CONTAINER(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

/* Walks a list; the element may be removed inside. `cursor` and `following` are SimLink pointers of the caller. */
#define SIM_LIST_EACH(head, cursor, following)                                                                                             \
  for ((cursor) = (head)->next, (following) = (cursor)->next; (cursor) != (head); (cursor) = (following), (following) = (cursor)->next)

static inline void sim_list_init(SimLink *head) { head->next = head->previous = head; }

static inline bool sim_list_is_empty(const SimLink *head) { return head->next == head; }

static inline void sim_list_push_tail(SimLink *head, SimLink *link) {
  link->next = head;
  link->previous = head->previous;
  head->previous->next = link;
  head->previous = link;
}

static inline void sim_list_push_head(SimLink *head, SimLink *link) { sim_list_push_tail(head->next, link); }

/* Takes the element out and leaves its link an empty list, so that removing twice does nothing. */
static inline void sim_list_remove(SimLink *link) {
  link->previous->next = link->next;
  link->next->previous = link->previous;
  sim_list_init(link);
}

static inline SimLink *sim_list_first(const SimLink *head) { return head->next == head ? NULL : head->next; }

static inline SimLink *sim_list_pop(SimLink *head) {
  SimLink *first = sim_list_first(head);
  if (first != NULL)
    sim_list_remove(first);
  return first;
}
