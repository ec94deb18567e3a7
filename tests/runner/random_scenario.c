#include "random_scenario.h"

#include <stdbool.h>

enum { WORD_COUNT = 2, THREAD_COUNT_MAX = 3 };

const char *const random_scenario_globals[] = { "gWord0", "gWord1", "gOut0", "gOut1", "gOut2", "gDpcOut0", "gDpcOut1" };
const size_t random_scenario_global_count = G_N_ELEMENTS(random_scenario_globals);

typedef struct Draft {
  uint64_t state;
  RandomSort sort;
  GString *text;
  unsigned thread;
  unsigned left; /* operations still to be drawn */
  unsigned lock; /* spin locks held: bits */
  bool has_mutex;
  bool is_raised;
} Draft;

static uint32_t draw(Draft *draft, uint32_t count) {
  draft->state = draft->state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (uint32_t)((draft->state >> 33) % count);
}

static void __attribute__((format(printf, 2, 3))) add(Draft *draft, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_string_append(draft->text, "          \"");
  g_string_append_vprintf(draft->text, format, arguments);
  g_string_append(draft->text, "\",\n");
  va_end(arguments);
}

/* ---- threads ---- */

static void lock_give(Draft *draft) {
  if (draft->lock & 2)
    add(draft, "KeReleaseSpinLockFromDpcLevel(&gLock%u)", draft->lock & 4 ? 0 : 1);
  add(draft, "KeReleaseSpinLock(&gLock%u, irql)", draft->lock & 4 ? 1 : 0);
  draft->lock = 0;
}

/* Bit 0: the outer one is held, bit 1: the inner one, bit 2: the outer one is the second. */
static void lock_take(Draft *draft) {
  if (draft->lock == 0) {
    draft->lock = 1 | (draw(draft, 2) ? 4 : 0);
    add(draft, "KeAcquireSpinLock(&gLock%u, &irql)", draft->lock & 4 ? 1 : 0);
  } else if (!(draft->lock & 2)) {
    draft->lock |= 2;
    add(draft, "KeAcquireSpinLockAtDpcLevel(&gLock%u)", draft->lock & 4 ? 0 : 1);
  }
}

/* Mostly the same; or so near to it that the order of what was before decides which comes first; or so that it decides at which tick it comes. */
static const char *time_draw(Draft *draft) {
  static const char *const times[] = { "&gShort", "&gShort", "&gShort", "&gLong", "&gNear", "&gEdge" };
  return times[draw(draft, G_N_ELEMENTS(times))];
}

static void wait_add(Draft *draft) {
  static const char *const objects[] = { "gEvent", "gNotification", "gSemaphore" };
  const char *time = draft->sort == RANDOM_TIMES && draw(draft, 2) ? time_draw(draft) : "NULL";
  switch (draw(draft, 5)) {
  case 0:
    add(draft, "objects[0] = &%s", objects[draw(draft, 2)]);
    add(draft, "objects[1] = &gSemaphore");
    add(draft, "seen = seen * 5 + KeWaitForMultipleObjects(2, objects, %s, Executive, KernelMode, FALSE, %s, NULL)",
        draw(draft, 2) ? "WaitAny" : "WaitAll", time);
    break;
  default:
    add(draft, "seen = seen * 5 + KeWaitForSingleObject(&%s, Executive, KernelMode, FALSE, %s)", objects[draw(draft, 3)], time);
    break;
  }
}

static void signal_add(Draft *draft) {
  switch (draw(draft, 6)) {
  case 0: add(draft, "KeSetEvent(&gNotification, IO_NO_INCREMENT, FALSE)"); break;
  case 1:
  case 2: add(draft, "KeSetEvent(&gEvent, IO_NO_INCREMENT, FALSE)"); break;
  case 3: add(draft, "KeReleaseSemaphore(&gSemaphore, IO_NO_INCREMENT, 1, FALSE)"); break;
  case 4: add(draft, "KeClearEvent(&gNotification)"); break;
  default: add(draft, "seen = seen * 5 + KeReadStateEvent(&gNotification)"); break;
  }
}

static void mutex_add(Draft *draft) {
  if (draft->has_mutex)
    add(draft, "KeReleaseMutex(&gMutex, FALSE)");
  else
    add(draft, "KeWaitForSingleObject(&gMutex, Executive, KernelMode, FALSE, NULL)");
  draft->has_mutex = !draft->has_mutex;
}

static void time_add(Draft *draft) {
  switch (draw(draft, 4)) {
  case 0: add(draft, "KeDelayExecutionThread(KernelMode, FALSE, %s)", time_draw(draft)); break;
  case 1: add(draft, "KeSetTimer(&gTimer, %s, &gDpc%u)", time_draw(draft) + 1, draw(draft, 2)); break;
  case 2: add(draft, "seen = seen * 5 + KeCancelTimer(&gTimer)"); break;
  default: add(draft, "KeWaitForSingleObject(&gTimer, Executive, KernelMode, FALSE, &gLong)"); break;
  }
}

static void operation_add(Draft *draft) {
  uint32_t kind = draw(draft, 20);
  bool is_high = draft->lock != 0 || draft->is_raised;
  if (kind < 3)
    add(draft, "seen = seen * 5 + gWord%u", draw(draft, WORD_COUNT));
  else if (kind < 6)
    add(draft, "gWord%u = seen * 8 + %u", draw(draft, WORD_COUNT), draft->thread + 1);
  else if (kind < 8)
    lock_take(draft);
  else if (kind < 10 && draft->lock != 0)
    lock_give(draft);
  else if (kind < 12 && !is_high)
    wait_add(draft);
  else if (kind < 15)
    signal_add(draft);
  else if (kind == 15 && !is_high)
    mutex_add(draft);
  else if (kind < 18 && (draft->sort != RANDOM_PLACES || draw(draft, 2)))
    add(draft, "seen = seen * 5 + KeInsertQueueDpc(&gDpc%u, NULL, NULL)", draw(draft, 2));
  else if (kind == 18 && draft->lock == 0 && !draft->has_mutex) {
    add(draft, draft->is_raised ? "KeLowerIrql(raised)" : "KeRaiseIrql(DISPATCH_LEVEL, &raised)");
    draft->is_raised = !draft->is_raised;
  } else if (kind == 19 && draft->sort == RANDOM_TIMES && !is_high) {
    time_add(draft);
  } else if (kind > 15 && draft->sort == RANDOM_PLACES) {
    add(draft, "seen = seen * 5 + KeGetCurrentProcessorNumberEx(NULL)");
  } else {
    add(draft, "InterlockedIncrement(&gWord%u)", draw(draft, WORD_COUNT));
  }
}

static void thread_add(Draft *draft, unsigned thread, unsigned count) {
  draft->thread = thread;
  g_string_append_printf(
      draft->text,
      "      \"Thread%u\": {\n        \"as\": \"KSTART_ROUTINE\",\n        \"locals\": { \"irql\": \"KIRQL\", \"raised\": "
      "\"KIRQL\", \"seen\": \"ULONG = %u\", \"objects\": \"PVOID[2]\" },\n        \"do\": [\n",
      thread, thread + 1);
  for (unsigned i = 0; i < count; i++)
    operation_add(draft);
  if (draft->lock != 0)
    lock_give(draft);
  if (draft->is_raised)
    add(draft, "KeLowerIrql(raised)");
  draft->is_raised = false;
  if (draft->has_mutex)
    mutex_add(draft);
  g_string_append_printf(draft->text, "          \"gOut%u = seen\"\n        ]\n      },\n", thread);
}

/* ---- DPCs ---- */

static void dpc_add(Draft *draft, unsigned dpc) {
  g_string_append_printf(draft->text, "      \"OnDpc%u\": [\n", dpc);
  switch (draw(draft, 4)) {
  case 0: add(draft, "gDpcOut%u = gDpcOut%u * 7 + gWord%u + 1", dpc, dpc, draw(draft, WORD_COUNT)); break;
  case 1: add(draft, "KeSetEvent(&gEvent, IO_NO_INCREMENT, FALSE)"); break;
  case 2:
    add(draft, "KeAcquireSpinLockAtDpcLevel(&gLock0)");
    add(draft, "gWord0 = gWord0 * 3 + 1");
    add(draft, "KeReleaseSpinLockFromDpcLevel(&gLock0)");
    break;
  default: add(draft, "gWord%u = gWord%u * 3 + %u", dpc, dpc, dpc + 1); break;
  }
  g_string_append_printf(draft->text, "          \"gDpcOut%u++\"\n      ],\n", dpc);
}

static const char head[] =
    "{\n  \"irqlab\": 1,\n  \"title\": \"drawn\",\n  \"machine\": { \"cpus\": %u },\n  \"drivers\": {\n    \"p\": {\n      \"globals\": {\n"
    "        \"gLock0\": \"KSPIN_LOCK\", \"gLock1\": \"KSPIN_LOCK\", \"gEvent\": \"KEVENT\", \"gNotification\": \"KEVENT\",\n"
    "        \"gSemaphore\": \"KSEMAPHORE\", \"gMutex\": \"KMUTEX\", \"gDpc0\": \"KDPC\", \"gDpc1\": \"KDPC\", \"gTimer\": \"KTIMER\",\n"
    "        \"gShort\": \"LARGE_INTEGER = { .QuadPart = -10000 }\", \"gLong\": \"LARGE_INTEGER = { .QuadPart = -500000 }\",\n"
    "        \"gNear\": \"LARGE_INTEGER = { .QuadPart = -10002 }\", \"gEdge\": \"LARGE_INTEGER = { .QuadPart = -146245 }\",\n"
    "        \"gWord0\": \"LONG\", \"gWord1\": \"LONG\", \"gOut0\": \"ULONG\", \"gOut1\": \"ULONG\", \"gOut2\": \"ULONG\",\n"
    "        \"gDpcOut0\": \"ULONG\", \"gDpcOut1\": \"ULONG\"\n      },\n      \"DriverEntry\": [\n"
    "        \"KeInitializeSpinLock(&gLock0)\", \"KeInitializeSpinLock(&gLock1)\",\n"
    "        \"KeInitializeEvent(&gEvent, SynchronizationEvent, FALSE)\", \"KeInitializeEvent(&gNotification, NotificationEvent, "
    "FALSE)\",\n"
    "        \"KeInitializeSemaphore(&gSemaphore, 0, 10)\", \"KeInitializeMutex(&gMutex, 0)\", \"KeInitializeTimer(&gTimer)\",\n"
    "        \"KeInitializeDpc(&gDpc0, OnDpc0, NULL)\", \"KeInitializeDpc(&gDpc1, OnDpc1, NULL)\",\n%s"
    "        \"return STATUS_SUCCESS\"\n      ],\n";

char *random_scenario(uint64_t seed, RandomSort sort) {
  Draft draft = { .state = seed * 0x9e3779b97f4a7c15ULL + 1, .sort = sort, .text = g_string_new(NULL) };
  unsigned threads = 2 + draw(&draft, 4) / 3, cpus = draw(&draft, 4) ? threads : 2;
  bool is_pinned = draw(&draft, 2) && sort != RANDOM_PLACES;
  g_string_append_printf(draft.text, head, cpus, draw(&draft, 2) ? "        \"KeSetTargetProcessorDpc(&gDpc1, 1)\",\n" : "");
  for (unsigned i = 0; i < threads; i++)
    thread_add(&draft, i, threads == 2 ? 2 + draw(&draft, 4) : 1 + draw(&draft, 3));
  for (unsigned i = 0; i < 2; i++)
    dpc_add(&draft, i);
  g_string_truncate(draft.text, draft.text->len - 2);
  g_string_append(draft.text, "\n    }\n  },\n  \"traffic\": [\n");
  for (unsigned i = 0; i < threads; i++) {
    g_string_append_printf(draft.text, "    { \"at\": \"1ms\", \"thread\": \"p.Thread%u\"", i);
    if (is_pinned)
      g_string_append_printf(draft.text, ", \"in\": \"cpu %u\"", i % cpus);
    g_string_append_printf(draft.text, " }%s\n", i + 1 < threads ? "," : "");
  }
  g_string_append(draft.text, "  ],\n  \"policy\": { \"kind\": \"timed\" },\n  \"expect\": { \"sometimes\": [\"quiet\"] }\n}\n");
  return g_string_free(draft.text, FALSE);
}
