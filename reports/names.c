#include "names.h"

#include "model/events.h"
#include "model/tcpip/tcpip_face.h"

#include <string.h>

/* A context of execution: what it is, and what it runs now, while the record is gone through. */
typedef struct Context {
  const char *kind; /* "thread", "DPC", "interrupt", "work item" */
  const char *base; /* its name when it runs nothing of a driver's */
  const char *base_kind;
  const char *now;
} Context;

typedef struct Running {
  const char *name;
  const char *kind;
} Running;

struct Names {
  const ScenarioRun *run;
  const SimRecord *record;
  GStringChunk *texts;
  GHashTable *contexts; /* id -> Context; looked up only */
  GHashTable *routines; /* ordinal -> the routine that a thread or DPC without a name of its own runs; looked up only */
  Running *running;     /* by event */
};

/* ---- contexts: named after what they run ---- */

static Context *context_of(Names *names, uint32_t id) {
  Context *context = g_hash_table_lookup(names->contexts, GUINT_TO_POINTER(id));
  if (context == NULL) {
    context = g_new0(Context, 1);
    context->kind = context->base_kind = "";
    context->base = context->now = "";
    g_hash_table_insert(names->contexts, GUINT_TO_POINTER(id), context);
  }
  return context;
}

static const char *keep(Names *names, char *text) {
  const char *kept = g_string_chunk_insert_const(names->texts, text);
  g_free(text);
  return kept;
}

static void context_begin(Names *names, const SimEvent *event, const char *kind, const char *name) {
  Context *context = context_of(names, event->context);
  context->kind = context->base_kind = kind;
  context->base = context->now = name;
}

static void context_runs(Names *names, const SimEvent *event, const char *kind, const char *name) {
  Context *context = context_of(names, event->context);
  context->kind = kind;
  context->now = name;
}

static void interrupt_begin(Names *names, const SimEvent *event) {
  if (event->object != 0)
    context_begin(names, event, "interrupt", keep(names, names_object_short(names, event->object)));
  else if (event->detail == SIM_IRQL_DISPATCH)
    context_begin(names, event, "DPC", "");
  else
    context_begin(names, event, "interrupt", event->detail == SIM_IRQL_CLOCK ? "clock" : "interrupt");
}

/* Callbacks whose routine is what the context is there for; others (a classify, a notification) are something on the way. */
static bool is_main_routine(const char *callback) {
  static const char *const types[] = { "KSTART_ROUTINE",         "KDEFERRED_ROUTINE",     "KSERVICE_ROUTINE",        "IO_WORKITEM_ROUTINE",
                                       "IO_WORKITEM_ROUTINE_EX", "WORKER_THREAD_ROUTINE", "KMESSAGE_SERVICE_ROUTINE" };
  for (unsigned i = 0; i < G_N_ELEMENTS(types); i++)
    if (strcmp(callback, types[i]) == 0)
      return true;
  return false;
}

static void callback_begin(Names *names, const SimEvent *event) {
  char *routine = is_main_routine(names_function(event->function)) ? place_routine(names->run, event->value) : NULL;
  if (routine == NULL)
    return;
  Context *context = context_of(names, event->context);
  if (strcmp(context->kind, "thread") != 0 || context->base[0] == '\0')
    context->now = keep(names, routine);
  else
    g_free(routine);
}

/* A thread's own name, or the routine of driver code that it begins with. */
static const char *thread_name(Names *names, size_t begin) {
  const SimEvent *event = &names->record->events[begin];
  const Object *object = event->object != 0 ? object_by_ordinal(event->object) : NULL;
  if (object != NULL && object->name[0] != '\0')
    return keep(names, g_strdup(object->name));
  for (size_t i = begin + 1; i < names->record->count; i++) {
    const SimEvent *other = &names->record->events[i];
    if (other->context != event->context)
      continue;
    char *routine = other->kind == EVENT_CALLBACK ? place_routine(names->run, other->value) : NULL;
    if (routine == NULL)
      return "";
    const char *name = keep(names, routine);
    g_hash_table_insert(names->routines, GUINT_TO_POINTER(event->object), (gpointer)name);
    return name;
  }
  return "";
}

/* A DPC or interrupt of the scenario's own (model/io names them so) goes by the routine that it calls next. */
static void stimulus_name(Names *names, size_t begin) {
  const SimEvent *event = &names->record->events[begin];
  const Object *object = event->object != 0 ? object_by_ordinal(event->object) : NULL;
  if (object == NULL || (strcmp(object->name, "stimulus") != 0 && strcmp(object->name, "device") != 0))
    return;
  for (size_t i = begin + 1; i < names->record->count; i++) {
    const SimEvent *other = &names->record->events[i];
    if (other->cpu != event->cpu)
      continue;
    char *routine = other->kind == EVENT_CALLBACK ? place_routine(names->run, other->value) : NULL;
    if (routine != NULL)
      g_hash_table_insert(names->routines, GUINT_TO_POINTER(event->object), (gpointer)keep(names, routine));
    return;
  }
}

/* An interrupt is taken by a context that then goes by another id, its own: the first that nobody has heard of on that CPU. */
static void identity_follow(Names *names, const SimEvent *event, const uint32_t *interrupts) {
  if (event->context == 0 || event->cpu == 0xff || g_hash_table_contains(names->contexts, GUINT_TO_POINTER(event->context)))
    return;
  const Context *taken = g_hash_table_lookup(names->contexts, GUINT_TO_POINTER(interrupts[event->cpu]));
  if (taken != NULL)
    *context_of(names, event->context) = *taken;
}

/* The same of those that never ran: the scenario's DPCs are made in the order of its traffic. */
static void stimuli_name(Names *names) {
  const Scenario *scenario = scenario_run_scenario(names->run);
  size_t next = 0;
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->kind != OBJECT_DPC || strcmp(object->name, "stimulus") != 0)
      continue;
    while (next < scenario->stimulus_count && scenario->stimuli[next].kind != SCENARIO_DPC)
      next++;
    if (next == scenario->stimulus_count)
      return;
    const ScenarioRoutine *routine = &scenario->stimuli[next++].routine;
    if (!g_hash_table_contains(names->routines, GUINT_TO_POINTER(ordinal)) && routine->driver != NULL)
      g_hash_table_insert(names->routines, GUINT_TO_POINTER(ordinal),
                          (gpointer)keep(names, g_strdup_printf("%s.%s", routine->driver->name.text, routine->name)));
  }
}

static void contexts_collect(Names *names) {
  uint32_t interrupts[256] = { 0 }; /* by CPU: the context that took the last one */
  for (size_t i = 0; i < names->record->count; i++) {
    const SimEvent *event = &names->record->events[i];
    if (event->kind == SIM_EVENT_INTERRUPT || event->kind == EVENT_DPC_BEGIN)
      stimulus_name(names, i);
    if (event->kind == SIM_EVENT_INTERRUPT)
      interrupts[event->cpu] = event->context;
    else if (event->kind != SIM_EVENT_CONTEXT_BEGIN)
      identity_follow(names, event, interrupts);
    switch (event->kind) {
    case SIM_EVENT_CONTEXT_BEGIN: context_begin(names, event, "thread", thread_name(names, i)); break;
    case SIM_EVENT_INTERRUPT: interrupt_begin(names, event); break;
    case EVENT_DPC_BEGIN: context_runs(names, event, "DPC", keep(names, names_object_short(names, event->object))); break;
    case EVENT_WORK_BEGIN: context_runs(names, event, "work item", keep(names, names_object_short(names, event->object))); break;
    case EVENT_CALLBACK: callback_begin(names, event); break;
    default: break;
    }
    const Context *context = g_hash_table_lookup(names->contexts, GUINT_TO_POINTER(event->context));
    if (context != NULL && event->context != 0)
      names->running[i] = (Running){ context->now, context->kind };
    if (event->kind == EVENT_DPC_END || event->kind == EVENT_WORK_END)
      context_runs(names, event, context_of(names, event->context)->base_kind, context_of(names, event->context)->base);
  }
}

Names *names_create(const ScenarioRun *run, const SimRecord *record) {
  Names *names = g_new0(Names, 1);
  names->run = run;
  names->record = record;
  names->texts = g_string_chunk_new(1024);
  names->contexts = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  names->routines = g_hash_table_new(NULL, NULL);
  names->running = g_new0(Running, record->count + 1);
  contexts_collect(names);
  stimuli_name(names);
  return names;
}

void names_free(Names *names) {
  if (names == NULL)
    return;
  g_hash_table_unref(names->contexts);
  g_hash_table_unref(names->routines);
  g_string_chunk_free(names->texts);
  g_free(names->running);
  g_free(names);
}

const ScenarioRun *names_run(const Names *names) { return names->run; }
const SimRecord *names_record(const Names *names) { return names->record; }

const char *names_running(const Names *names, uint32_t sequence) {
  const char *name = sequence < names->record->count ? names->running[sequence].name : NULL;
  return name != NULL ? name : "";
}

uint32_t names_event_of(const Names *names, uint32_t context, uint32_t sequence) {
  for (size_t i = MIN((size_t)sequence + 1, names->record->count); context != 0 && i-- > 0;)
    if (names->record->events[i].context == context)
      return (uint32_t)i;
  return sequence;
}

const char *names_context(const Names *names, uint32_t context) {
  for (size_t i = names->record->count; i-- > 0;)
    if (names->record->events[i].context == context)
      return names_running(names, (uint32_t)i);
  return "";
}

const char *names_kind(const Names *names, uint32_t sequence) {
  static const char *const articles[][2] = {
    { "thread", "a thread" }, { "DPC", "a DPC" }, { "interrupt", "an interrupt" }, { "work item", "a work item" }
  };
  const char *kind = sequence < names->record->count ? names->running[sequence].kind : NULL;
  for (unsigned i = 0; kind != NULL && i < G_N_ELEMENTS(articles); i++)
    if (strcmp(kind, articles[i][0]) == 0)
      return articles[i][1];
  return "";
}

char *names_in(const Names *names, uint32_t sequence) {
  const char *name = names_running(names, sequence), *kind = names_kind(names, sequence);
  if (*kind == '\0')
    return g_strdup("");
  if (strcmp(kind, "a thread") == 0 && *name != '\0')
    return g_strdup_printf("in thread %s", name);
  return *name != '\0' ? g_strdup_printf("in %s (%s)", kind, name) : g_strdup_printf("in %s", kind);
}

/* ---- objects ---- */

static bool is_stream_lock(const Object *object) {
  if (object->kind != OBJECT_SPIN_LOCK || object->driver != 0)
    return false;
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *other = object_by_ordinal(ordinal);
    if (other->kind == OBJECT_CONNECTION && other->is_alive && other->body != NULL &&
        ((const TcpipConnection *)other->body)->lock == object->address)
      return true;
  }
  return false;
}

/* What the driver's source calls a part of a pool block, accessed by the code at `site` (0: by none); NULL: that is not known. Returns owned. */
static char *block_field(const Names *names, const Object *block, uint64_t address, uint32_t size, uint32_t site, GuestDepth depth) {
  PlaceInBlock part = { .block = block->address, .offset = address - block->address, .size = size, .accessed = site, .depth = depth };
  for (size_t i = 0; i < names->record->count && part.allocated == 0; i++) {
    const SimEvent *event = &names->record->events[i];
    if (event->kind == EVENT_POOL_ALLOCATE && event->object == block->ordinal)
      part.allocated = event->site;
  }
  return place_in_block(names->run, &part);
}

/* The object's own name, or what the driver calls the memory it is in; NULL: neither. Returns owned. */
static char *own_name(const Names *names, const Object *object) {
  const char *routine = g_hash_table_lookup(names->routines, GUINT_TO_POINTER(object->ordinal));
  if (routine != NULL)
    return g_strdup(routine);
  if (object->name[0] != '\0')
    return g_strdup(object->name);
  if (is_stream_lock(object))
    return g_strdup("netio's stream lock");
  if (object->size == 0 || object->kind == OBJECT_POOL_BLOCK)
    return NULL;
  char *name = place_variable(names->run, object->address, object->size, GUEST_DEPTH_OBJECT);
  const Object *block = name == NULL ? names_pool_block(object->address) : NULL;
  g_autofree char *field = block != NULL ? block_field(names, block, object->address, object->size, 0, GUEST_DEPTH_OBJECT) : NULL;
  return field != NULL ? g_strdup_printf("%s of pool block %u", field, block->number) : name;
}

char *names_object_short(const Names *names, uint32_t ordinal) {
  const Object *object = ordinal != 0 ? object_by_ordinal(ordinal) : NULL;
  if (object == NULL)
    return g_strdup("");
  char *name = own_name(names, object);
  return name != NULL ? name : g_strdup_printf("%s %u", object_kind_name((ObjectKind)object->kind), object->number);
}

#define FAST_MUTEX_EVENT 24 /* where a FAST_MUTEX of 56 bytes has its event, by which it is known */
#define FAST_MUTEX_SIZE 56

/* The names of events stop at the mutex that they are in. */
static bool is_fast_mutex(const Names *names, const Object *object) {
  if (object->kind != OBJECT_EVENT || object->address < FAST_MUTEX_EVENT)
    return false;
  g_autofree char *event = place_variable(names->run, object->address, object->size, GUEST_DEPTH_OBJECT);
  g_autofree char *mutex = place_variable(names->run, object->address - FAST_MUTEX_EVENT, FAST_MUTEX_SIZE, GUEST_DEPTH_OBJECT);
  return event != NULL && g_strcmp0(event, mutex) == 0;
}

char *names_object(const Names *names, uint32_t ordinal) {
  const Object *object = ordinal != 0 ? object_by_ordinal(ordinal) : NULL;
  if (object == NULL)
    return g_strdup("");
  g_autofree char *name = own_name(names, object);
  const char *kind = is_fast_mutex(names, object) ? "fast mutex" : object_kind_name((ObjectKind)object->kind);
  if (name == NULL)
    return g_strdup_printf("%s %u", kind, object->number);
  return is_stream_lock(object) || strstr(name, "lock") != NULL ? g_steal_pointer(&name) : g_strdup_printf("%s %s", kind, name);
}

const Object *names_pool_block(uint64_t address) {
  for (uint32_t ordinal = object_count(); ordinal > 0; ordinal--) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->kind == OBJECT_POOL_BLOCK && address >= object->address && address - object->address < MAX(object->size, 1))
      return object;
  }
  return NULL;
}

static char tag_character(uint32_t tag, unsigned index) {
  char character = (char)(tag >> (8 * index));
  return g_ascii_isprint(character) ? character : '.';
}

char *names_pool_details(const Names *names, uint32_t ordinal) {
  for (size_t i = 0; i < names->record->count; i++) {
    const SimEvent *event = &names->record->events[i];
    if (event->kind == EVENT_POOL_ALLOCATE && event->object == ordinal)
      return g_strdup_printf("'%c%c%c%c', %d bytes", tag_character(event->detail, 0), tag_character(event->detail, 1),
                             tag_character(event->detail, 2), tag_character(event->detail, 3), event->status);
  }
  return g_strdup("");
}

static char *pool_words(const Names *names, const Object *block, uint64_t address) {
  g_autofree char *details = names_pool_details(names, block->ordinal);
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_append_printf(text, "pool block %u", block->number);
  if (*details != '\0')
    g_string_append_printf(text, " (%s)", details);
  if (address != block->address)
    g_string_append_printf(text, " + %" G_GUINT64_FORMAT, address - block->address);
  return g_strdup(text->str);
}

#define BESIDE_BYTES_MAX 256

char *names_beside(const Names *names, uint64_t address) {
  const Object *nearest = NULL;
  uint64_t distance = BESIDE_BYTES_MAX;
  for (uint32_t ordinal = object_count(); ordinal > 0; ordinal--) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->kind != OBJECT_POOL_BLOCK)
      continue;
    uint64_t away =
        address < object->address ? object->address - address : address - object->address - MIN(object->size, address - object->address);
    if (away < distance) {
      nearest = object;
      distance = away;
    }
  }
  if (nearest == NULL)
    return g_strdup("");
  g_autofree char *block = pool_words(names, nearest, nearest->address);
  if (distance == 0)
    return g_strdup_printf("right behind %s", block);
  return g_strdup_printf("%" G_GUINT64_FORMAT " bytes %s %s", distance, address < nearest->address ? "before" : "behind", block);
}

/* The newest thing but pool that is or was exactly there. */
static const Object *object_at(uint64_t address) {
  const Object *living = object_find(address, OBJECT_NONE);
  if (living != NULL && living->kind != OBJECT_POOL_BLOCK)
    return living;
  for (uint32_t ordinal = object_count(); ordinal > 0; ordinal--) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->address == address && object->kind != OBJECT_POOL_BLOCK)
      return object;
  }
  return NULL;
}

/* Of memory that is nothing in particular: what its page is. */
static char *page_words(uint64_t address) {
  uint8_t attributes = sim_page_attributes(sim_machine(), address);
  switch (attributes & SIM_PAGE_KIND_MASK) {
  case SIM_PAGE_USER: return g_strdup_printf("the user-mode address 0x%" G_GINT64_MODIFIER "x", address);
  case SIM_PAGE_CODE: return g_strdup("code or a constant of the driver");
  case SIM_PAGE_NONPAGED: return (attributes & (SIM_PAGE_WRITABLE | SIM_PAGE_SHADOWED)) == 0 ? g_strdup("a constant of the driver") : NULL;
  default: return NULL;
  }
}

/* "NULL + 8 (connection->Link.Blink)". */
static char *null_words(const Names *names, uint64_t address, uint32_t size, uint32_t site) {
  const PlaceInBlock part = { .offset = address, .size = size, .accessed = site, .depth = GUEST_DEPTH_ACCESS };
  g_autofree char *field = site != 0 ? place_in_block(names->run, &part) : NULL;
  g_autofree char *number = address > 0 ? g_strdup_printf(" + %" G_GUINT64_FORMAT, address) : g_strdup("");
  return g_strdup_printf("NULL%s%s%s%s", number, field != NULL ? " (" : "", field != NULL ? field : "", field != NULL ? ")" : "");
}

/* `depth`: how far a name goes into what is there. */
static char *address_words(const Names *names, uint64_t address, uint32_t size, uint32_t site, GuestDepth depth) {
  if (address < 0x10000)
    return null_words(names, address, size, site);
  const Object *object = object_at(address);
  if (object != NULL && (depth == GUEST_DEPTH_OBJECT || size >= MAX(object->size, 1)))
    return names_object(names, object->ordinal);
  char *name = place_routine(names->run, address);
  if (name == NULL)
    name = place_variable(names->run, address, size, depth);
  if (name != NULL)
    return name;
  const Object *block = names_pool_block(address);
  if (block != NULL) {
    g_autofree char *field = depth == GUEST_DEPTH_ACCESS ? block_field(names, block, address, size, site, depth) : NULL;
    g_autofree char *words = pool_words(names, block, field != NULL ? block->address : address);
    return field != NULL ? g_strdup_printf("%s, in %s", field, words) : g_steal_pointer(&words);
  }
  if (sim_stack_slot_of(address) < SIM_CONTEXT_COUNT_MAX)
    return g_strdup("a kernel stack");
  char *page = page_words(address);
  return page != NULL ? page : g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address);
}

char *names_address(const Names *names, uint64_t address) { return address_words(names, address, 0, 0, GUEST_DEPTH_OBJECT); }

char *names_access(const Names *names, uint64_t address, uint32_t size, uint32_t site) {
  return address_words(names, address, size, site, GUEST_DEPTH_ACCESS);
}
