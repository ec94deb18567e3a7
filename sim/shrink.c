#include "shrink.h"

#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define MOVE_DISTANCE_MAX 64
#define MOVE_COUNT_MAX 12 /* schedules with more than that are not moved about: delta debugging has to do */

/* What is being worked on. */
typedef struct Work {
  const SimShrink *shrink;
  SimShrinkResult *result;
  SimSurvey survey; /* of runs whose points nobody wants */
} Work;

/* A failing schedule: what is said, some of it to stay, and what the run then took. */
typedef struct Case {
  SimSchedule said;
  SimSchedule taken;
} Case;

/* ---- schedules as lists ---- */

static void schedule_swap(SimSchedule *left, SimSchedule *right) {
  SimSchedule other = *left;
  *left = *right;
  *right = other;
}

static void case_swap(Case *left, Case *right) {
  schedule_swap(&left->said, &right->said);
  schedule_swap(&left->taken, &right->taken);
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

static bool has_staying(const SimSchedule *schedule) {
  for (size_t i = 0; i < schedule->count; i++)
    if (schedule->exceptions[i].stays)
      return true;
  return false;
}

/* An interrupt that lands still later, at the next point of the same context. */
static bool is_more(const SimException *before, uint32_t context, uint32_t kind, uint32_t ordinal) {
  return before->kind == SIM_CHOICE_INTERRUPT && kind == SIM_CHOICE_INTERRUPT && before->context == context &&
         before->ordinal + 1 == ordinal && !before->stays;
}

/* What it counts for: how long an interrupt is late is no difference. */
static size_t cost_of(const SimSchedule *schedule) {
  size_t cost = 0;
  for (size_t i = 0; i < schedule->count; i++) {
    const SimException *exception = &schedule->exceptions[i];
    cost += i == 0 || !is_more(exception - 1, exception->context, exception->kind, exception->ordinal);
  }
  return cost;
}

static bool is_clock(const SimException *exception) {
  return exception->answer == SIM_OPTION_CLOCK && (exception->kind == SIM_CHOICE_STEP || exception->kind == SIM_CHOICE_ACCESS);
}

static uint32_t kinds_of(const SimSchedule *schedule) {
  uint32_t kinds = 0;
  for (size_t i = 0; i < schedule->count; i++)
    kinds |= 1u << (is_clock(&schedule->exceptions[i]) ? SIM_CHOICE_CLOCK : schedule->exceptions[i].kind);
  return kinds;
}

/* ---- runs ---- */

static bool may_run(const Work *work) { return work->result->run_count < work->shrink->run_max; }

/* Runs the candidate; when it fails, that is the case's. Where nothing stays, what the run did not meet is gone from it, too. */
static bool run_one(Work *work, SimSchedule *candidate, Case *best, SimSurvey *survey) {
  SimSchedule taken = { 0 };
  work->result->run_count++;
  candidate->sorted_count = SIZE_MAX; /* made anew */
  bool fails = work->shrink->fails(candidate, &taken, survey, work->shrink->data);
  if (fails) {
    schedule_swap(&best->taken, &taken);
    schedule_copy(&best->said, has_staying(candidate) ? candidate : &best->taken);
  }
  sim_schedule_finish(&taken);
  return fails;
}

static bool try_one(Work *work, SimSchedule *candidate, Case *best) {
  return may_run(work) && run_one(work, candidate, best, &work->survey);
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

/* ---- letting one stay, to be rid of those behind it ---- */

static bool stay_one(Work *work, Case *best, SimSchedule *candidate, size_t index) {
  SimException *exception = &best->said.exceptions[index];
  if (exception->stays || !sim_exception_may_stay(exception))
    return false;
  size_t end = index + 1; /* those by which the same one goes on */
  while (end < best->said.count && best->said.exceptions[end].kind == exception->kind &&
         best->said.exceptions[end].answer == exception->answer && !best->said.exceptions[end].stays)
    end++;
  if (end > index + 1) {
    schedule_leave_out(candidate, &best->said, index + 1, end);
    candidate->exceptions[index].stays = true;
    if (try_one(work, candidate, best))
      return true;
  }
  if (end >= best->said.count) /* nothing is behind */
    return false;
  schedule_leave_out(candidate, &best->said, index + 1, best->said.count);
  candidate->exceptions[index].stays = true;
  return try_one(work, candidate, best);
}

/* True: it became shorter. */
static bool stay_any(Work *work, Case *best) {
  SimSchedule candidate = { 0 };
  bool is_shorter = false;
  for (size_t i = 0; i < best->said.count && may_run(work); i++)
    is_shorter |= stay_one(work, best, &candidate, i);
  sim_schedule_finish(&candidate);
  return is_shorter;
}

/* ---- moving one, to be rid of another ---- */

/* With exception `index` moved, does it fail without one of the others? */
static bool move_one(Work *work, Case *best, SimSchedule *candidate, size_t index, int64_t distance) {
  size_t count = best->said.count;
  int64_t ordinal = (int64_t)best->said.exceptions[index].ordinal + distance;
  Case moved = { 0 };
  if (ordinal < 0)
    return false;
  schedule_copy(candidate, &best->said);
  candidate->exceptions[index].ordinal = (uint32_t)ordinal;
  bool is_shorter = try_one(work, candidate, &moved) && moved.said.count < count;
  if (is_shorter)
    case_swap(best, &moved);
  for (size_t without = 0; !is_shorter && moved.said.count > 1 && without < moved.said.count && may_run(work); without++) {
    schedule_leave_out(candidate, &moved.said, without, without + 1);
    is_shorter = try_one(work, candidate, best);
  }
  case_finish(&moved);
  return is_shorter;
}

/* True: it became shorter. */
static bool move_any(Work *work, Case *best) {
  SimSchedule candidate = { 0 };
  bool is_shorter = false;
  for (int64_t distance = 1; !is_shorter && distance <= MOVE_DISTANCE_MAX; distance *= 2)
    for (size_t i = 0; !is_shorter && i < best->said.count && may_run(work); i++)
      is_shorter = move_one(work, best, &candidate, i, -distance) || move_one(work, best, &candidate, i, distance);
  sim_schedule_finish(&candidate);
  return is_shorter;
}

static void shorten(Work *work, Case *best) {
  do
    minimize(work, best);
  while (best->said.count > 1 && may_run(work) && (stay_any(work, best) || (best->said.count <= MOVE_COUNT_MAX && move_any(work, best))));
}

/* ---- every schedule with fewer ---- */

typedef enum Checked { CHECKED_NONE, CHECKED_FOUND, CHECKED_CUT } Checked;

static Checked run_checked(Work *work, SimSchedule *candidate, Case *found, SimSurvey *survey) {
  if (!may_run(work) || work->result->check_count >= work->shrink->check_max)
    return CHECKED_CUT;
  work->result->check_count++;
  return run_one(work, candidate, found, survey) ? CHECKED_FOUND : CHECKED_NONE;
}

static Checked check(Work *work, SimSchedule *prefix, size_t left, uint32_t kinds, Case *found);

/* The schedule with that option taken at the point; and, where it may, with it staying. */
static Checked check_option(Work *work, SimSchedule *prefix, const SimSurveyPoint *point, uint32_t answer, size_t left, uint32_t kinds,
                            Case *found) {
  SimException exception = { .context = point->context, .ordinal = point->ordinal, .answer = answer, .kind = point->kind };
  Checked checked = CHECKED_NONE;
  if (is_clock(&exception) && !(kinds >> SIM_CHOICE_CLOCK & 1))
    return checked;
  for (int stays = sim_exception_may_stay(&exception); stays >= 0 && checked == CHECKED_NONE; stays--) {
    exception.stays = stays == 1;
    sim_schedule_append(prefix, exception);
    checked = check(work, prefix, left, kinds, found);
    prefix->count--;
  }
  return checked;
}

/* All schedules that begin with this one and say at most `left` more, each behind those before it: every schedule comes once. */
static Checked check(Work *work, SimSchedule *prefix, size_t left, uint32_t kinds, Case *found) {
  const SimException *last = prefix->count > 0 ? &prefix->exceptions[prefix->count - 1] : NULL;
  bool has_more = last != NULL && last->kind == SIM_CHOICE_INTERRUPT && !last->stays;
  SimException before = has_more ? *last : (SimException){ 0 };
  SimSurvey survey = { .is_listing = left > 0 || has_more, .visits_accesses = kinds >> SIM_CHOICE_ACCESS & 1 };
  Checked checked = run_checked(work, prefix, found, &survey);
  for (size_t i = survey.free_from; checked == CHECKED_NONE && i < survey.count; i++) {
    const SimSurveyPoint *point = &survey.points[i];
    bool is_free = has_more && is_more(&before, point->context, point->kind, point->ordinal);
    unsigned others = (kinds >> point->kind & 1) && (is_free || left > 0) ? point->others : 0;
    for (unsigned k = 0; k < others && checked == CHECKED_NONE; k++)
      checked = check_option(work, prefix, point, survey.others[point->other + k], is_free ? left : left - 1, kinds, found);
  }
  sim_survey_finish(&survey);
  return checked;
}

/* Looks at all schedules with fewer than the best, of at most `most`, as far as the runs go; false: they were used up. */
static bool check_fewer(Work *work, Case *best, size_t most) {
  size_t bound = work->result->refuted == SIZE_MAX ? 0 : work->result->refuted + 1;
  for (; bound < cost_of(&best->said) && bound <= most; bound++) {
    SimSchedule prefix = { 0 };
    Case found = { 0 };
    uint32_t kinds = work->shrink->kinds | kinds_of(&best->said);
    Checked checked = check(work, &prefix, bound, kinds, &found);
    if (checked == CHECKED_FOUND)
      case_swap(best, &found);
    else if (checked == CHECKED_NONE) {
      work->result->refuted = bound;
      work->result->kinds &= kinds;
    }
    sim_schedule_finish(&prefix);
    case_finish(&found);
    if (checked == CHECKED_CUT)
      return false;
  }
  return true;
}

/* ---- the whole ---- */

/* Schedules with one preemption, which are to be run to know that there is none. */
static uint64_t one_count(Work *work, uint32_t kinds) {
  SimSurvey survey = { .is_listing = true, .visits_accesses = kinds >> SIM_CHOICE_ACCESS & 1 };
  SimSchedule natural = { 0 };
  Case found = { 0 };
  uint64_t count = 0;
  run_one(work, &natural, &found, &survey);
  for (size_t i = 0; i < survey.count; i++)
    if (kinds >> survey.points[i].kind & 1)
      count += survey.points[i].others;
  sim_survey_finish(&survey);
  sim_schedule_finish(&natural);
  case_finish(&found);
  return 2 * count; /* each of them may stay */
}

static bool is_proved(const Work *work, const Case *best) {
  return best->said.count == 0 || (work->result->refuted != SIZE_MAX && work->result->refuted + 1 >= cost_of(&best->said));
}

static void others_try(Work *work, Case *best) {
  const SimShrink *shrink = work->shrink;
  for (unsigned i = 0; shrink->another != NULL && i < shrink->another_max && !is_proved(work, best) && may_run(work); i++) {
    Case other = { 0 };
    bool is_there = shrink->another(&other.said, shrink->data);
    if (is_there) {
      work->result->another_count++;
      schedule_copy(&other.taken, &other.said);
      shorten(work, &other);
      if (cost_of(&other.said) < cost_of(&best->said))
        case_swap(best, &other);
    }
    case_finish(&other);
    if (!is_there)
      return;
  }
}

void sim_shrink(const SimShrink *shrink, SimSchedule *schedule, SimShrinkResult *result) {
  Work work = { .shrink = shrink, .result = result };
  Case best = { 0 };
  *result = (SimShrinkResult){ .refuted = SIZE_MAX, .kinds = UINT32_MAX };
  schedule_copy(&best.said, schedule);
  schedule_copy(&best.taken, schedule);
  shorten(&work, &best);
  if (!is_proved(&work, &best) && may_run(&work)) {
    bool is_small = one_count(&work, shrink->kinds | kinds_of(&best.said)) <= shrink->check_max;
    if (is_small)
      check_fewer(&work, &best, 1);
    others_try(&work, &best);
    check_fewer(&work, &best, SIZE_MAX);
  }
  result->count = cost_of(&best.said);
  result->is_proved = is_proved(&work, &best);
  schedule_swap(schedule, &best.taken);
  case_finish(&best);
  sim_survey_finish(&work.survey);
}
