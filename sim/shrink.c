#include "shrink.h"

#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define MOVE_DISTANCE_MAX 64
#define MOVE_COUNT_MAX 24 /* schedules with more switches than that are not moved about: delta debugging has to do */
#define PAIR_DISTANCE_MAX 8
#define HOPELESS_FACTOR 4 /* how much is left is only known about */
#define PATIENCE 1000     /* runs that look for fewer preemptions, before other ways to find some are tried */

/* What it costs. Less comes first by the first that differs. */
typedef struct Cost {
  uint32_t preemptions;
  uint32_t faults;
  size_t words; /* of the schedule as it is worked on */
} Cost;

/* A failing schedule: its switches, where what goes on goes on; and what departs from the natural one. */
typedef struct Case {
  SimSchedule said;
  SimSchedule taken;
  Cost cost;
} Case;

/* What is being worked on. */
typedef struct Work {
  const SimShrink *shrink;
  SimShrinkResult *result;
  SimSurvey survey;
  Case tried;           /* the last one that failed */
  bool says_departures; /* candidates are departures from the natural schedule, not switches */
} Work;

/* How far schedules with fewer were searched. */
typedef struct Proof {
  SimSearchOptions options;
  uint32_t done; /* no schedule with fewer preemptions than that fails */
  double part;   /* of those with so many that were run, when the runs for it were used up */
  uint64_t runs; /* ... */
} Proof;

/* ---- schedules as lists ---- */

static void schedule_swap(SimSchedule *left, SimSchedule *right) {
  SimSchedule other = *left;
  *left = *right;
  *right = other;
}

static void case_swap(Case *left, Case *right) {
  Case other = *left;
  *left = *right;
  *right = other;
}

static void case_finish(Case *self) {
  sim_schedule_finish(&self->said);
  sim_schedule_finish(&self->taken);
}

static void schedule_append(SimSchedule *to, const SimSchedule *from, size_t first, size_t end) {
  for (size_t i = first; i < end; i++)
    sim_schedule_append(to, from->exceptions[i]);
}

static void schedule_copy(SimSchedule *to, const SimSchedule *from) {
  to->count = 0;
  schedule_append(to, from, 0, from->count);
}

/* Without [first, end). */
static void schedule_leave_out(SimSchedule *to, const SimSchedule *from, size_t first, size_t end) {
  to->count = 0;
  schedule_append(to, from, 0, first);
  schedule_append(to, from, end, from->count);
}

static uint32_t kinds_of(const SimSchedule *schedule) {
  uint32_t kinds = 0;
  for (size_t i = 0; i < schedule->count; i++) {
    const SimException *exception = &schedule->exceptions[i];
    bool is_clock = exception->answer == SIM_OPTION_CLOCK && (exception->kind == SIM_CHOICE_STEP || exception->kind == SIM_CHOICE_ACCESS);
    kinds |= 1u << (is_clock ? SIM_CHOICE_CLOCK : exception->kind);
  }
  return kinds;
}

/* The end of what the line tells by a first and a last. */
static size_t range_end(const SimSchedule *schedule, size_t first) {
  const SimException *begin = &schedule->exceptions[first];
  size_t end = first + 1;
  for (; end < schedule->count; end++) {
    const SimException *next = &schedule->exceptions[end];
    if (next->context != begin->context || next->kind != begin->kind || next->answer != begin->answer ||
        next->ordinal != next[-1].ordinal + 1)
      break;
  }
  return end;
}

/* ---- runs ---- */

static bool may_run(const Work *work) { return work->result->run_count < work->shrink->run_max; }

static bool is_less(const Cost *left, const Cost *right) {
  if (left->preemptions != right->preemptions)
    return left->preemptions < right->preemptions;
  return left->faults != right->faults ? left->faults < right->faults : left->words < right->words;
}

/* Runs the candidate; when it fails, it is what was tried, and what the run did not meet is gone from it. */
static bool run_one(Work *work, SimSchedule *candidate) {
  if (!may_run(work))
    return false;
  work->result->run_count++;
  work->tried.taken.count = 0;
  work->survey.goes_on = !work->says_departures;
  candidate->sorted_count = SIZE_MAX; /* made anew */
  if (!work->shrink->fails(candidate, &work->tried.taken, &work->survey, work->shrink->data))
    return false;
  schedule_copy(&work->tried.said, &work->survey.switches);
  size_t words = work->says_departures ? work->tried.taken.count : work->tried.said.count;
  work->tried.cost = (Cost){ work->survey.preemptions, work->survey.faults, words };
  return true;
}

/* True: it fails, too, and is less. */
static bool try_one(Work *work, SimSchedule *candidate, Case *best) {
  bool is_better = run_one(work, candidate) && is_less(&work->tried.cost, &best->cost);
  if (is_better)
    case_swap(best, &work->tried);
  return is_better;
}

/* A schedule that fails, as departures from the natural one. False: no run is left. */
static bool case_take(Work *work, SimSchedule *departures, Case *self) {
  work->says_departures = true;
  bool is_failing = run_one(work, departures);
  work->says_departures = false;
  if (is_failing) {
    case_swap(self, &work->tried);
    self->cost.words = self->said.count;
  }
  return is_failing;
}

/* ---- taking away ---- */

/* One sweep that leaves out `chunk` at a time. True: something went. */
static bool sweep(Work *work, Case *best, SimSchedule *candidate, size_t chunk) {
  bool is_shorter = false;
  for (size_t at = 0; at < best->said.count && may_run(work);) {
    size_t end = at + chunk < best->said.count ? at + chunk : best->said.count;
    schedule_leave_out(candidate, &best->said, at, end);
    if (try_one(work, candidate, best))
      is_shorter = true; /* what follows has moved up */
    else
      at = end;
  }
  return is_shorter;
}

static void minimize(Work *work, Case *best) {
  SimSchedule candidate = { 0 };
  size_t chunk = best->said.count;
  while (best->said.count > 0 && may_run(work)) {
    bool is_shorter = sweep(work, best, &candidate, chunk);
    if (chunk == 1 && !is_shorter)
      break;
    chunk = chunk > best->said.count ? (best->said.count + 1) / 2 : (chunk + 1) / 2;
    if (chunk == 0)
      chunk = 1;
  }
  sim_schedule_finish(&candidate);
}

/* Two that are not side by side: what is left between a switch there and one back. True: something went. */
static bool pairs_try(Work *work, Case *best) {
  SimSchedule candidate = { 0 };
  bool is_shorter = false;
  for (size_t distance = 1; distance <= PAIR_DISTANCE_MAX; distance++)
    for (size_t at = 0; at + distance < best->said.count && may_run(work);) {
      schedule_leave_out(&candidate, &best->said, at + distance, at + distance + 1);
      memmove(candidate.exceptions + at, candidate.exceptions + at + 1, (candidate.count - at - 1) * sizeof *candidate.exceptions);
      candidate.count--;
      bool is_gone = try_one(work, &candidate, best);
      is_shorter |= is_gone;
      at += !is_gone;
    }
  sim_schedule_finish(&candidate);
  return is_shorter;
}

/* ---- moving one, to be rid of another ---- */

/* With switch `index` moved, does it fail without one of the others? */
static bool move_one(Work *work, Case *best, SimSchedule *candidate, size_t index, int64_t distance) {
  int64_t ordinal = (int64_t)best->said.exceptions[index].ordinal + distance;
  if (ordinal < 0)
    return false;
  schedule_copy(candidate, &best->said);
  candidate->exceptions[index].ordinal = (uint32_t)ordinal;
  if (!run_one(work, candidate))
    return false;
  Case moved = { 0 };
  case_swap(&moved, &work->tried);
  bool is_shorter = is_less(&moved.cost, &best->cost);
  if (is_shorter)
    case_swap(best, &moved);
  for (size_t without = 0; !is_shorter && moved.said.count > 1 && without < moved.said.count && may_run(work); without++) {
    schedule_leave_out(candidate, &moved.said, without, without + 1);
    is_shorter = try_one(work, candidate, best);
  }
  case_finish(&moved);
  return is_shorter;
}

/* True: it became less. */
static bool move_any(Work *work, Case *best) {
  SimSchedule candidate = { 0 };
  bool is_shorter = false;
  for (int64_t distance = 1; !is_shorter && distance <= MOVE_DISTANCE_MAX; distance *= 2)
    for (size_t i = 0; !is_shorter && i < best->said.count && may_run(work); i++)
      is_shorter = move_one(work, best, &candidate, i, -distance) || move_one(work, best, &candidate, i, distance);
  sim_schedule_finish(&candidate);
  return is_shorter;
}

static void move(Work *work, Case *best) {
  while (best->cost.preemptions > 0 && may_run(work) && pairs_try(work, best))
    minimize(work, best);
  while (best->cost.preemptions > 0 && best->said.count <= MOVE_COUNT_MAX && may_run(work) && move_any(work, best))
    minimize(work, best);
}

/* ---- every schedule with fewer ---- */

static Proof proof_begin(const Case *best, bool visits_accesses) {
  uint32_t kinds = kinds_of(&best->taken);
  Proof proof = { .options = sim_search_options_default };
  proof.options.policy = &sim_policy_exhaustive;
  proof.options.visits_accesses = visits_accesses;
  proof.options.holds_up = kinds >> SIM_CHOICE_CLOCK & 1;
  proof.options.varies = kinds & SIM_CHOICE_RARE;
  return proof;
}

static uint64_t checks_left(const Work *work) {
  const SimShrinkResult *result = work->result;
  uint64_t runs = work->shrink->run_max - result->run_count;
  uint64_t checks = work->shrink->check_max > result->check_count ? work->shrink->check_max - result->check_count : 0;
  return runs < checks ? runs : checks;
}

/* Runs all schedules with fewer preemptions than the best, with none first, as far as that many runs go for each number. False: they were used up. */
static bool check_fewer(Work *work, Case *best, Proof *proof, uint64_t patience) {
  while (proof->done < best->cost.preemptions) {
    uint64_t left = checks_left(work), runs = left < patience ? left : patience;
    SimSchedule found = { 0 };
    SimSearchOptions options = proof->options;
    options.preemption_bound = options.preemption_floor = proof->done;
    SimShrinkSearched searched = SIM_SHRINK_CUT;
    if (runs > 0)
      searched = work->shrink->search(&options, &runs, &proof->part, &found, work->shrink->data);
    proof->runs = runs;
    work->result->run_count += runs;
    work->result->check_count += runs;
    bool is_taken = searched == SIM_SHRINK_FOUND && case_take(work, &found, best);
    sim_schedule_finish(&found);
    if (searched == SIM_SHRINK_NONE)
      proof->done++;
    else if (!is_taken)
      return false;
  }
  return true;
}

/* The runs that are left are nowhere near enough for what is to be run next. */
static bool is_hopeless(const Work *work, const Proof *proof) {
  return proof->runs > 0 && (double)proof->runs > HOPELESS_FACTOR * proof->part * (double)checks_left(work);
}

static void others_try(Work *work, Case *best, const Proof *proof) {
  const SimShrink *shrink = work->shrink;
  for (unsigned i = 0; shrink->another != NULL && i < shrink->another_max && best->cost.preemptions > proof->done && may_run(work); i++) {
    Case other = { 0 };
    SimSchedule schedule = { 0 };
    bool is_there = shrink->another(&schedule, shrink->data) && case_take(work, &schedule, &other);
    if (is_there) {
      work->result->another_count++;
      minimize(work, &other);
      move(work, &other);
      if (is_less(&other.cost, &best->cost))
        case_swap(best, &other);
    }
    case_finish(&other);
    sim_schedule_finish(&schedule);
    if (!is_there)
      return;
  }
}

static bool has_accesses(Work *work, Case *best) {
  if (!may_run(work))
    return false;
  work->survey.visits_accesses = true;
  run_one(work, &best->said);
  work->survey.visits_accesses = false;
  return work->survey.accesses > 0;
}

static void proof_note(Work *work, const Proof *proof, const Case *best) {
  bool is_proved = proof->done >= best->cost.preemptions;
  if (is_proved || !work->result->is_proved)
    work->result->proof = proof->options;
  work->result->is_proved |= is_proved;
}

static void prove(Work *work, Case *best) {
  Proof proof = proof_begin(best, false);
  if (!check_fewer(work, best, &proof, PATIENCE)) {
    move(work, best);
    others_try(work, best, &proof);
    if (!is_hopeless(work, &proof))
      check_fewer(work, best, &proof, UINT64_MAX);
  }
  proof_note(work, &proof, best);
  if (best->cost.preemptions == 0 || !has_accesses(work, best))
    return;
  Proof of_accesses = proof_begin(best, true);
  uint32_t before = best->cost.preemptions;
  if (!check_fewer(work, best, &of_accesses, PATIENCE) && !is_hopeless(work, &of_accesses))
    check_fewer(work, best, &of_accesses, UINT64_MAX);
  if (best->cost.preemptions < before) /* what is proved at calls is proved of as many */
    work->result->is_proved = proof.done >= best->cost.preemptions;
  proof_note(work, &of_accesses, best);
}

/* ---- the line ---- */

/* Without what the line can do without, as long as there are no more preemptions for it. */
static void line_shorten(Work *work, Case *best) {
  SimSchedule candidate = { 0 };
  bool is_shorter = true;
  work->says_departures = true;
  best->cost.words = best->taken.count;
  while (is_shorter) {
    is_shorter = false;
    for (size_t at = 0; at < best->taken.count && may_run(work);) {
      size_t end = range_end(&best->taken, at);
      schedule_leave_out(&candidate, &best->taken, at, end);
      if (try_one(work, &candidate, best))
        is_shorter = true;
      else
        at = end;
    }
  }
  work->says_departures = false;
  sim_schedule_finish(&candidate);
}

/* ---- the whole ---- */

/* What is told of a failure of the natural schedule, too: that one, unless another takes fewer preemptions, and some. */
static bool is_told_naturally(const Case *best, const Case *natural) {
  return best->cost.preemptions == 0 || best->cost.faults > 0 || natural->cost.preemptions <= best->cost.preemptions;
}

static void naturally_tell(Case *best, Case *natural, SimShrinkResult *result) {
  if (best->cost.faults > 0 || natural->cost.preemptions < best->cost.preemptions) {
    case_swap(best, natural);
    result->is_proved = false;
  }
  best->taken.count = 0;
}

void sim_shrink(const SimShrink *shrink, SimSchedule *schedule, SimShrinkResult *result) {
  Work work = { .shrink = shrink, .result = result };
  SimSchedule nothing = { 0 };
  Case best = { 0 }, natural = { 0 };
  *result = (SimShrinkResult){ .proof = sim_search_options_default };
  if (case_take(&work, schedule, &best)) {
    result->preemptions_before = best.cost.preemptions;
    result->is_natural = case_take(&work, &nothing, &natural);
    minimize(&work, &best);
    prove(&work, &best);
    line_shorten(&work, &best);
    if (result->is_natural && is_told_naturally(&best, &natural))
      naturally_tell(&best, &natural, result);
    schedule_swap(schedule, &best.taken);
    schedule->sorted_count = SIZE_MAX;
  }
  result->preemptions = best.cost.preemptions;
  result->faults = best.cost.faults;
  sim_schedule_finish(&nothing);
  case_finish(&best);
  case_finish(&natural);
  case_finish(&work.tried);
  sim_survey_finish(&work.survey);
}
