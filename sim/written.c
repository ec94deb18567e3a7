/*
 * Which pages a run writes. A state that is restored again and again is for the most part never written: those pages are protected, so that the first
 * write to one of them is told by a signal; from then on the page is one that a restore copies. What is still protected is as the state has it, so
 * that a restore costs what runs change and not what there is.
 *
 * Two states may take turns, as far as they are alike: where a page of the second differs from what is there, it counts as written.
 *
 * Not with AddressSanitizer, whose handler of SIGSEGV is its own, and not where few runs begin from one state: protecting has its price, once.
 */
#include "process.h"

#include "sanitizer.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Restores of one state in a row before its pages are protected: that costs as much as some dozens of restores. */
#define RESTORES_BEFORE 32

#define SIGNAL_STACK_SIZE 65536

static SimWritten *written(void) { return &sim_process()->written; }

static bool is_tracked_address(uint64_t address) { return address - SIM_ARENA_BASE < SIM_TRACKED_PAGE_COUNT << SIM_PAGE_SHIFT; }

static uint64_t page_number(uint64_t address) { return (address - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT; }

static bool is_cold(uint64_t page) { return (written()->cold[page / 64] >> (page % 64)) & 1; }

static void cold_set(uint64_t page, bool value) {
  uint64_t bit = 1ULL << (page % 64), *word = &written()->cold[page / 64];
  *word = value ? *word | bit : *word & ~bit;
}

static bool pages_protect(uint64_t page, uint64_t count, int protection) {
  return mprotect((void *)(SIM_ARENA_BASE + (page << SIM_PAGE_SHIFT)), count << SIM_PAGE_SHIFT, protection) == 0;
}

/* ---- the signal ---- */

static void handler_call_before(int signal, siginfo_t *info, void *context) {
  struct sigaction *before = &written()->before;
  if ((before->sa_flags & SA_SIGINFO) && before->sa_sigaction != NULL)
    before->sa_sigaction(signal, info, context);
  else if (!(before->sa_flags & SA_SIGINFO) && before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN)
    before->sa_handler(signal);
  else
    sigaction(signal, before, NULL); /* returns to the same instruction, and then dies of it */
}

static void on_write(int signal, siginfo_t *info, void *context) {
  uint64_t address = (uint64_t)info->si_addr;
  if (is_tracked_address(address) && is_cold(page_number(address))) {
    int error = errno;
    cold_set(page_number(address), false);
    written()->grown++;
    bool is_open = pages_protect(page_number(address), 1, PROT_READ | PROT_WRITE);
    errno = error;
    if (is_open)
      return;
  }
  handler_call_before(signal, info, context);
}

/* The handler runs on a stack of its own: fibers' are small, and what driver code sees of its stack is not the host's to write. */
static bool stack_install(void) {
  stack_t stack;
  if (sigaltstack(NULL, &stack) == 0 && !(stack.ss_flags & SS_DISABLE) && stack.ss_size >= SIGNAL_STACK_SIZE / 4)
    return true;
  void *memory = mmap(NULL, SIGNAL_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED && sigaltstack(&(stack_t){ .ss_sp = memory, .ss_size = SIGNAL_STACK_SIZE }, NULL) == 0;
}

static bool handler_install(void) {
  struct sigaction action = { .sa_sigaction = on_write, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  sigemptyset(&action.sa_mask);
  return stack_install() && sigaction(SIGSEGV, &action, &written()->before) == 0;
}

/* Unless somebody else has taken it meanwhile, who then goes on telling us. */
static void handler_remove(void) {
  struct sigaction now;
  if (sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_sigaction == on_write)
    sigaction(SIGSEGV, &written()->before, NULL);
}

/* ---- on and off ---- */

/* Calls for each run of cold pages of [first, first + count). */
static void cold_runs_open(uint64_t first, uint64_t count) {
  for (uint64_t page = first; page < first + count;) {
    uint64_t end = page;
    while (end < first + count && is_cold(end))
      cold_set(end++, false);
    if (end > page)
      SIM_ASSERT(pages_protect(page, end - page, PROT_READ | PROT_WRITE));
    page = end + 1;
  }
}

void sim_written_end(void) {
  SimWritten *self = written();
  self->snapshot = self->former = 0;
  self->restore_count = 0;
  for (uint32_t i = 0; i < SIM_WRITTEN_STATE_COUNT; i++)
    self->states[i].snapshot = 0;
  if (!self->is_on)
    return;
  self->is_on = false;
  self->epoch++;
  memset(self->clean_stacks, 0, sizeof self->clean_stacks);
  for (uint64_t word = 0; word < SIM_TRACKED_PAGE_COUNT / 64; word++)
    if (self->cold[word] != 0)
      cold_runs_open(word * 64, 64);
  handler_remove();
}

void sim_written_forget(uint64_t snapshot) {
  const SimWritten *self = written();
  if (self->snapshot == snapshot || self->former == snapshot || self->states[0].snapshot == snapshot ||
      self->states[1].snapshot == snapshot)
    sim_written_end();
}

void sim_written_hurry(void) {
#ifndef SIM_WITH_ASAN
  if (!written()->is_on)
    written()->restore_count = RESTORES_BEFORE;
#endif
}

/* Stacks of the host are written by every run; the kernel itself may, and is told of no signal. */
static bool is_stack(uint64_t address) { return sim_stack_slot_of(address) < SIM_CONTEXT_COUNT_MAX; }

static void extent_protect(const SimExtent *extent) {
  uint64_t first = page_number(extent->address), last = page_number(extent->address + extent->size - 1);
  if (!is_stack(extent->address) && pages_protect(first, last - first + 1, PROT_READ))
    for (uint64_t page = first; page <= last; page++)
      cold_set(page, true);
}

/* The pages of a guest stack that are all zero, below what is kept: they need not be cleared until something is written there. */
static void guest_stack_protect(unsigned slot, uint64_t below) {
  uint64_t low = sim_guest_stack_high(slot) - SIM_GUEST_STACK_SIZE, first = page_number(low);
  uint64_t count = (below - low) >> SIM_PAGE_SHIFT;
  if (count > 0 && pages_protect(first, count, PROT_READ))
    for (uint64_t page = first; page < first + count; page++)
      cold_set(page, true);
}

/* Not called where a sanitizer has the signals. */
__attribute__((unused)) static void turn_on(const SimExtent *extents, uint32_t extent_count) {
  SimWritten *self = written();
  if (!handler_install())
    return;
  self->is_on = true;
  self->epoch++;
  self->state = 0;
  self->states[0].snapshot = self->snapshot;
  self->states[0].listed_at = UINT32_MAX;
  for (uint32_t i = 0; i < extent_count; i++)
    if (is_tracked_address(extents[i].address))
      extent_protect(&extents[i]);
}

/* Zeroed after each restore by whoever calls; the pages that were not written since are. */
void sim_written_clear(unsigned slot, uint64_t below) {
  uint64_t low = sim_guest_stack_high(slot) - SIM_GUEST_STACK_SIZE;
  for (uint64_t at = low; at < below;) {
    uint64_t next = at + SIM_PAGE_SIZE < below ? at + SIM_PAGE_SIZE : below;
    if (!is_cold(page_number(at)))
      memset((void *)at, 0, next - at);
    at = next;
  }
}

void sim_written_clean(unsigned slot, uint64_t below) {
  uint64_t *seen = &written()->clean_stacks[slot / 64], bit = 1ULL << (slot % 64);
  if (!written()->is_on || (*seen & bit))
    return;
  *seen |= bit;
  guest_stack_protect(slot, below);
}

/* ---- what is to be copied ---- */

static void span_add(SimWrittenState *self, uint64_t address, uint64_t end, const char *from) {
  if (self->span_count == self->span_capacity) {
    self->span_capacity = self->span_capacity > 0 ? self->span_capacity * 2 : 256;
    self->spans = realloc(self->spans, self->span_capacity * sizeof *self->spans);
    SIM_ASSERT(self->spans != NULL);
  }
  self->spans[self->span_count++] = (SimSpan){ address, from, end - address };
}

/* The extent without its cold pages. */
static void extent_list(SimWrittenState *self, const SimExtent *extent, const char *from) {
  uint64_t end = extent->address + extent->size;
  if (!is_tracked_address(extent->address)) {
    span_add(self, extent->address, end, from);
    return;
  }
  for (uint64_t at = extent->address; at < end;) {
    bool cold = is_cold(page_number(at));
    uint64_t to = at;
    while (to < end && is_cold(page_number(to)) == cold)
      to = (to | (SIM_PAGE_SIZE - 1)) + 1;
    to = to < end ? to : end;
    if (!cold)
      span_add(self, at, to, from + (at - extent->address));
    at = to;
  }
}

static void spans_list(SimWrittenState *self, const SimExtent *extents, uint32_t extent_count, const char *const *places) {
  self->span_count = 0;
  self->listed_at = written()->grown;
  for (uint32_t i = 0; i < extent_count; i++)
    extent_list(self, &extents[i], places[i]);
}

/* ---- a second state ---- */

/* What differs there is written from now on. */
static void extent_compare(const SimExtent *extent, const char *from) {
  uint64_t end = extent->address + extent->size;
  for (uint64_t at = extent->address, to; at < end; at = to) {
    to = (at | (SIM_PAGE_SIZE - 1)) + 1 < end ? (at | (SIM_PAGE_SIZE - 1)) + 1 : end;
    if (!is_cold(page_number(at)) || memcmp((const void *)at, from + (at - extent->address), to - at) == 0)
      continue;
    cold_runs_open(page_number(at), 1);
    written()->grown++;
  }
}

static void join(SimWrittenState *state, uint64_t snapshot, const SimExtent *extents, uint32_t extent_count, const char *const *places) {
  state->snapshot = snapshot;
  state->listed_at = UINT32_MAX;
  for (uint32_t i = 0; i < extent_count; i++) {
    unsigned slot = sim_stack_slot_of(extents[i].address);
    if (slot < SIM_CONTEXT_COUNT_MAX) /* is in use: not to be taken for clean where the other state has nobody */
      written()->clean_stacks[slot / 64] |= 1ULL << (slot % 64);
    if (is_tracked_address(extents[i].address))
      extent_compare(&extents[i], places[i]);
  }
}

bool sim_written_begin(uint64_t snapshot, const SimExtent *extents, uint32_t extent_count, const char *const *places) {
  SimWritten *self = written();
  if (!self->is_on)
    return false;
  uint32_t at = 0;
  while (at < SIM_WRITTEN_STATE_COUNT && self->states[at].snapshot != snapshot && self->states[at].snapshot != 0)
    at++;
  if (at == SIM_WRITTEN_STATE_COUNT) {
    sim_written_end();
    return false;
  }
  SimWrittenState *state = &self->states[at];
  if (state->snapshot == 0)
    join(state, snapshot, extents, extent_count, places);
  if (state->listed_at != self->grown)
    spans_list(state, extents, extent_count, places);
  self->state = at;
  self->snapshot = snapshot;
  return true;
}

void sim_written_note(uint64_t snapshot, const SimExtent *extents, uint32_t extent_count) {
  SimWritten *self = written();
  if (self->snapshot != snapshot && self->former != snapshot)
    self->restore_count = 0;
  if (self->snapshot != snapshot)
    self->former = self->snapshot;
  self->snapshot = snapshot;
#ifdef SIM_WITH_ASAN
  (void)turn_on, (void)extents, (void)extent_count;
#else
  if (++self->restore_count >= RESTORES_BEFORE)
    turn_on(extents, extent_count);
#endif
}
