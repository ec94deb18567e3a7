#include "search_time.h"

#include "machine.h"

static uint64_t executed_ns(const SimMachine *machine) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    sum += machine->vcpus[i].executed_ns;
  return sum;
}

static uint64_t latest_ns(const SimMachine *machine) {
  uint64_t latest = machine->now_ns;
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    if (machine->vcpus[i].time_ns > latest)
      latest = machine->vcpus[i].time_ns;
  return latest;
}

static void interval_begin(SimSearchTime *time, const SimMachine *machine) {
  time->lowest_ns = machine->now_ns;
  time->base_ns = latest_ns(machine);
  time->base_executed_ns = executed_ns(machine);
  time->stepped = 0;
  time->is_read = false;
}

void sim_search_time_begin(SimSearchTime *time, const SimMachine *machine) {
  interval_begin(time, machine);
  time->interval = time->due_count = 0;
  time->slack_ns = time->slack_intervals = 0;
}

void sim_search_time_note(SimSearchTime *time, const SimFootprint *footprint) {
  time->is_read |= footprint->reads_time;
  for (uint32_t i = 0; i < footprint->due_count; i++) {
    if (time->due_count == SIM_SEARCH_DUE_COUNT_MAX)
      time->is_read = true;
    else
      time->dues[time->due_count++] = (SimSearchDue){ .due = footprint->dues[i], .interval = time->interval };
  }
}

uint64_t sim_search_time_spent_ns(const SimSearchTime *time, const SimMachine *machine) {
  return executed_ns(machine) - time->base_executed_ns;
}

/* ---- what comes after a time ---- */

static uint64_t distance(uint64_t left, uint64_t right) { return left < right ? right - left : left - right; }

static uint64_t tick_of(uint64_t time_ns, uint64_t tick_ns) { return (time_ns + tick_ns - 1) / tick_ns; }

/* When something could have happened that happened at that time in this interval. */
typedef struct Span {
  bool is_shared; /* more than one cpu stepped, and not all orders are taken */
  uint64_t lowest_ns, highest_ns;
} Span;

/* In another order it would have come at another tick. */
static bool is_at_another_tick(const SimSearchTime *time, const SimDue *due, const Span *span) {
  uint64_t lowest_ns = due->time_ns - time->slack_ns, highest_ns = due->time_ns + time->slack_ns;
  if (span->is_shared) {
    lowest_ns = span->lowest_ns + due->after_ns;
    highest_ns = span->highest_ns + due->after_ns;
  }
  return due->tick_ns != 0 && tick_of(lowest_ns, due->tick_ns) != tick_of(highest_ns, due->tick_ns);
}

static uint64_t intervals_of(const SimSearchDue *self) { return self->slack_ns > 0 ? self->intervals : 0; }

/* Which of two comes first is another question in another order, unless both come as long after what happened, the one before the other. */
static uint64_t order_look(const SimSearchDue *left, const SimSearchDue *right) {
  bool is_alike = left->interval == right->interval && left->due.after_ns == right->due.after_ns;
  bool is_open = !is_alike && distance(left->due.time_ns, right->due.time_ns) <= left->slack_ns + right->slack_ns;
  return is_open ? intervals_of(left) | intervals_of(right) : 0;
}

/* The same beside what comes at times that everybody knows. */
static uint64_t queue_look(const SimSearchDue *self, const SimQueue *queue) {
  if (self->due.tick_ns != 0 || self->slack_ns == 0)
    return 0; /* comes with the clock's tick */
  for (uint32_t i = 1; !queue->is_wheel && i <= queue->count; i++) {
    uint64_t time_ns = queue->heap[i]->time_ns;
    if (time_ns != self->due.time_ns && distance(time_ns, self->due.time_ns) <= self->slack_ns)
      return intervals_of(self);
  }
  return queue->is_wheel ? intervals_of(self) : 0;
}

/* Those of this interval get their slack. Returns in which intervals the order of what comes is open; *is_open: in this one something else is. */
static uint64_t dues_look(SimSearchTime *time, const SimMachine *machine, const Span *span, bool *is_open) {
  uint64_t found = 0;
  for (uint32_t i = 0; i < time->due_count; i++) {
    SimSearchDue *self = &time->dues[i];
    if (self->due.tick_ns == SIM_DUE_LATER) {
      *is_open |= self->due.time_ns <= span->highest_ns + time->slack_ns;
      time->dues[i--] = time->dues[--time->due_count];
      continue;
    }
    if (self->interval == time->interval) {
      self->slack_ns = span->is_shared ? span->highest_ns - span->lowest_ns : time->slack_ns;
      self->intervals = time->slack_intervals | (span->is_shared ? sim_search_time_bit(time->interval) : 0);
      *is_open |= is_at_another_tick(time, &self->due, span);
    }
    found |= queue_look(self, &machine->queue);
    for (uint32_t k = 0; k < i; k++)
      found |= order_look(&time->dues[k], self);
  }
  return found;
}

/* The next interval begins at that time, or with the slack of what comes then. What has come is over. */
static void dues_pass(SimSearchTime *time, uint64_t now_ns) {
  uint32_t kept = 0;
  time->slack_ns = time->slack_intervals = 0;
  for (uint32_t i = 0; i < time->due_count; i++) {
    const SimSearchDue *self = &time->dues[i];
    if (self->due.tick_ns == 0 && self->due.time_ns == now_ns && self->slack_ns > 0) {
      time->slack_ns = self->slack_ns > time->slack_ns ? self->slack_ns : time->slack_ns;
      time->slack_intervals |= self->intervals;
    }
    if (self->due.time_ns + self->slack_ns + self->due.tick_ns > now_ns)
      time->dues[kept++] = *self;
  }
  time->due_count = kept;
}

uint64_t sim_search_time_look(SimSearchTime *time, const SimMachine *machine, const SimQueueEntry *first, uint64_t exact) {
  uint64_t cpus = time->stepped | machine->enabled, self = sim_search_time_bit(time->interval);
  Span span = { .is_shared = time->stepped != 0 && (cpus & (cpus - 1)) != 0 && !(exact & self),
                .lowest_ns = time->lowest_ns,
                .highest_ns = time->base_ns + sim_search_time_spent_ns(time, machine) };
  bool is_near = first != NULL && span.highest_ns >= first->time_ns, is_open = false;
  uint64_t found = dues_look(time, machine, &span, &is_open);
  if (is_near || time->is_read || is_open)
    found |= (span.is_shared ? self : 0) | time->slack_intervals;
  interval_begin(time, machine);
  time->interval++;
  if (first != NULL && first->time_ns > machine->now_ns) {
    dues_pass(time, first->time_ns);
    time->lowest_ns = first->time_ns - time->slack_ns;
    time->base_ns = (first->time_ns > time->base_ns ? first->time_ns : time->base_ns) + time->slack_ns;
  }
  return found & ~exact;
}
