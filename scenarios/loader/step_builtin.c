#include "step_builtin.h"

#include "sim/machine.h"

#include <string.h>

static void touch(uint64_t address, uint32_t size, SimAccessKind kind) { sim_access(address, size, kind, sim_machine()->current->site); }

/* ---- doubly linked lists: LIST_ENTRY is {Flink, Blink}; wdm.h's inline functions, one access for each of theirs ---- */

enum { FLINK = 0, BLINK = 8 };

static uint64_t link_read(uint64_t entry, unsigned which) {
  uint64_t value;
  touch(entry + which, 8, SIM_ACCESS_READ);
  memcpy(&value, (const void *)(entry + which), 8);
  return value;
}

static void link_write(uint64_t entry, unsigned which, uint64_t value) {
  touch(entry + which, 8, SIM_ACCESS_WRITE);
  memcpy((void *)(entry + which), &value, 8);
}

static void list_initialize(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count, (void)result;
  link_write(arguments[0], BLINK, arguments[0]);
  link_write(arguments[0], FLINK, arguments[0]);
}

static void list_is_empty(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count;
  *result = link_read(arguments[0], FLINK) == arguments[0];
}

/* Between two neighbours. */
static void list_insert(uint64_t entry, uint64_t before, uint64_t after) {
  link_write(entry, FLINK, after);
  link_write(entry, BLINK, before);
  link_write(after, BLINK, entry);
  link_write(before, FLINK, entry);
}

static void list_insert_head(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count, (void)result;
  list_insert(arguments[1], arguments[0], link_read(arguments[0], FLINK));
}

static void list_insert_tail(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count, (void)result;
  list_insert(arguments[1], link_read(arguments[0], BLINK), arguments[0]);
}

/* Returns whether the list is empty now. */
static uint64_t list_unlink(uint64_t entry) {
  uint64_t after = link_read(entry, FLINK);
  uint64_t before = link_read(entry, BLINK);
  link_write(before, FLINK, after);
  link_write(after, BLINK, before);
  return after == before;
}

static void list_remove(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count;
  *result = list_unlink(arguments[0]);
}

static void list_remove_head(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count;
  *result = link_read(arguments[0], FLINK);
  list_unlink(*result);
}

static void list_remove_tail(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count;
  *result = link_read(arguments[0], BLINK);
  list_unlink(*result);
}

/* ---- singly linked lists: SINGLE_LIST_ENTRY is {Next} ---- */

static void stack_push(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count, (void)result;
  link_write(arguments[1], FLINK, link_read(arguments[0], FLINK));
  link_write(arguments[0], FLINK, arguments[1]);
}

static void stack_pop(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count;
  *result = link_read(arguments[0], FLINK);
  if (*result != 0)
    link_write(arguments[0], FLINK, link_read(*result, FLINK));
}

/* ---- blocks of memory ---- */

/* How much of a block lies on the page of its beginning: each page is an access of its own, so that the first bad one is what faults. */
static uint32_t on_page(uint64_t address, uint64_t size) {
  uint64_t left = SIM_PAGE_SIZE - address % SIM_PAGE_SIZE;
  return (uint32_t)(size < left ? size : left);
}

static void block_touch(uint64_t address, uint64_t size, SimAccessKind kind) {
  while (size != 0) {
    uint32_t part = on_page(address, size);
    touch(address, part, kind);
    address += part;
    size -= part;
  }
}

static void block_set(uint64_t address, uint64_t size, int byte) {
  while (size != 0) {
    uint32_t part = on_page(address, size);
    touch(address, part, SIM_ACCESS_WRITE);
    memset((void *)address, byte, part);
    address += part;
    size -= part;
  }
}

static void memory_zero(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count, (void)result;
  block_set(arguments[0], arguments[1], 0);
}

static void memory_fill(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count, (void)result;
  block_set(arguments[0], arguments[1], (uint8_t)arguments[2]);
}

/* memset(DESTINATION, BYTE, LENGTH) and the like return the destination. */
static void memory_set(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count;
  block_set(arguments[0], arguments[2], (uint8_t)arguments[1]);
  *result = arguments[0];
}

static void memory_copy(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count;
  *result = arguments[0];
  block_touch(arguments[1], arguments[2], SIM_ACCESS_READ);
  block_touch(arguments[0], arguments[2], SIM_ACCESS_WRITE);
  memmove((void *)arguments[0], (const void *)arguments[1], arguments[2]);
}

/* RtlCompareMemory: how many bytes are equal from the start. */
static void memory_compare(const uint64_t *arguments, unsigned count, uint64_t *result) {
  (void)count;
  block_touch(arguments[0], arguments[2], SIM_ACCESS_READ);
  block_touch(arguments[1], arguments[2], SIM_ACCESS_READ);
  const uint8_t *left = (const uint8_t *)arguments[0], *right = (const uint8_t *)arguments[1];
  uint64_t equal = 0;
  while (equal < arguments[2] && left[equal] == right[equal])
    equal++;
  *result = equal;
}

static void memory_is_equal(const uint64_t *arguments, unsigned count, uint64_t *result) {
  memory_compare(arguments, count, result);
  *result = *result == arguments[2];
}

#define LIST_HEAD                                                                                                                          \
  { "ListHead", "PLIST_ENTRY" }
#define DESTINATION                                                                                                                        \
  { "Destination", "PVOID" }
#define LENGTH                                                                                                                             \
  { "Length", "SIZE_T" }
#define SOURCES                                                                                                                            \
  { "Source1", "PVOID" }, { "Source2", "PVOID" }

const StepBuiltin step_builtins[] = {
  { "InitializeListHead", "VOID", { LIST_HEAD }, list_initialize },
  { "IsListEmpty", "BOOLEAN", { LIST_HEAD }, list_is_empty },
  { "InsertHeadList", "VOID", { LIST_HEAD, { "Entry", "PLIST_ENTRY" } }, list_insert_head },
  { "InsertTailList", "VOID", { LIST_HEAD, { "Entry", "PLIST_ENTRY" } }, list_insert_tail },
  { "RemoveEntryList", "BOOLEAN", { { "Entry", "PLIST_ENTRY" } }, list_remove },
  { "RemoveHeadList", "PLIST_ENTRY", { LIST_HEAD }, list_remove_head },
  { "RemoveTailList", "PLIST_ENTRY", { LIST_HEAD }, list_remove_tail },
  { "PushEntryList", "VOID", { { "ListHead", "PSINGLE_LIST_ENTRY" }, { "Entry", "PSINGLE_LIST_ENTRY" } }, stack_push },
  { "PopEntryList", "PSINGLE_LIST_ENTRY", { { "ListHead", "PSINGLE_LIST_ENTRY" } }, stack_pop },
  { "RtlZeroMemory", "VOID", { DESTINATION, LENGTH }, memory_zero },
  { "RtlSecureZeroMemory", "VOID", { DESTINATION, LENGTH }, memory_zero },
  { "RtlFillMemory", "VOID", { DESTINATION, LENGTH, { "Fill", "UCHAR" } }, memory_fill },
  { "RtlCopyMemory", "VOID", { DESTINATION, { "Source", "PVOID" }, LENGTH }, memory_copy },
  { "RtlMoveMemory", "VOID", { DESTINATION, { "Source", "PVOID" }, LENGTH }, memory_copy },
  { "memset", "PVOID", { DESTINATION, { "Fill", "LONG" }, LENGTH }, memory_set },
  { "memcpy", "PVOID", { DESTINATION, { "Source", "PVOID" }, LENGTH }, memory_copy },
  { "memmove", "PVOID", { DESTINATION, { "Source", "PVOID" }, LENGTH }, memory_copy },
  { "RtlCompareMemory", "SIZE_T", { SOURCES, LENGTH }, memory_compare },
  { "RtlEqualMemory", "BOOLEAN", { SOURCES, LENGTH }, memory_is_equal },
  { NULL, NULL, { { NULL, NULL } }, NULL },
};

const StepBuiltin *step_builtin_find(const char *name) {
  for (const StepBuiltin *builtin = step_builtins; builtin->name != NULL; builtin++)
    if (strcmp(builtin->name, name) == 0)
      return builtin;
  return NULL;
}
