#include "behaviours.h"

#include <string.h>

#define KEPT_MAX 262144
#define SLOT_COUNT_FIRST 1024
#define MET_MASK 3ULL

void behaviours_finish(Behaviours *behaviours) {
  g_free(behaviours->slots);
  *behaviours = (Behaviours){ 0 };
}

/* The two bits that say how often it was met are no part of a hash: one in four billion pairs less is told apart. */
static uint64_t plain(uint64_t hash) { return hash & ~MET_MASK; }

static uint64_t mix(uint64_t hash) {
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31);
}

static bool is_sampled(const Behaviours *behaviours, uint64_t hash) { return (mix(hash) & ((1ULL << behaviours->level) - 1)) == 0; }

static uint64_t *slot_find(const Behaviours *behaviours, uint64_t hash) {
  uint64_t at = (mix(hash) >> 20) & (behaviours->slot_count - 1);
  while (behaviours->slots[at] != 0 && plain(behaviours->slots[at]) != hash)
    at = (at + 1) & (behaviours->slot_count - 1);
  return &behaviours->slots[at];
}

/* Into a table of that size, without what is no longer sampled. */
static void rebuild(Behaviours *behaviours, uint64_t slot_count) {
  Behaviours old = *behaviours;
  behaviours->slots = g_new0(uint64_t, slot_count);
  behaviours->slot_count = slot_count;
  behaviours->kept = behaviours->once_kept = 0;
  for (uint64_t i = 0; i < old.slot_count; i++) {
    uint64_t hash = plain(old.slots[i]);
    if (old.slots[i] == 0 || !is_sampled(behaviours, hash))
      continue;
    *slot_find(behaviours, hash) = old.slots[i];
    behaviours->kept++;
    behaviours->once_kept += (old.slots[i] & MET_MASK) == 1;
  }
  g_free(old.slots);
}

static void room_make(Behaviours *behaviours) {
  if (behaviours->slot_count == 0)
    rebuild(behaviours, SLOT_COUNT_FIRST);
  else if (behaviours->kept * 2 > behaviours->slot_count)
    rebuild(behaviours, behaviours->slot_count * 2);
  while (behaviours->kept > KEPT_MAX) {
    behaviours->level++;
    rebuild(behaviours, behaviours->slot_count);
  }
}

unsigned behaviours_add(Behaviours *behaviours, uint64_t hash, unsigned count) {
  hash = plain(hash);
  if (!is_sampled(behaviours, hash))
    return 2;
  room_make(behaviours);
  if (!is_sampled(behaviours, hash))
    return 2;
  uint64_t *slot = slot_find(behaviours, hash);
  unsigned before = (unsigned)(*slot & MET_MASK);
  unsigned after = MIN(before + count, 2);
  *slot = hash | after;
  behaviours->kept += before == 0;
  behaviours->once_kept += (after == 1) - (before == 1);
  return before;
}

unsigned behaviours_met(const Behaviours *behaviours, uint64_t hash) {
  hash = plain(hash);
  if (!is_sampled(behaviours, hash))
    return 2;
  return behaviours->slot_count == 0 ? 0 : (unsigned)(*slot_find(behaviours, hash) & MET_MASK);
}

void behaviours_join(Behaviours *behaviours, const Behaviours *other) {
  if (other->level > behaviours->level) {
    behaviours->level = other->level;
    rebuild(behaviours, MAX(behaviours->slot_count, SLOT_COUNT_FIRST));
  }
  for (uint64_t i = 0; i < other->slot_count; i++)
    if (other->slots[i] != 0)
      behaviours_add(behaviours, plain(other->slots[i]), (unsigned)(other->slots[i] & MET_MASK));
}

uint64_t behaviours_distinct(const Behaviours *behaviours) { return behaviours->kept << behaviours->level; }
uint64_t behaviours_once(const Behaviours *behaviours) { return behaviours->once_kept << behaviours->level; }

double behaviours_unseen(const Behaviours *behaviours, uint64_t count) {
  return count == 0 ? 1 : MIN(1.0, (double)behaviours_once(behaviours) / (double)count);
}

/* ---- as text ---- */

static gint by_value(gconstpointer left, gconstpointer right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

char *behaviours_print(const Behaviours *behaviours, unsigned count) {
  g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  for (uint64_t i = 0; i < behaviours->slot_count; i++)
    if ((behaviours->slots[i] & MET_MASK) == count) {
      uint64_t hash = plain(behaviours->slots[i]);
      g_array_append_val(hashes, hash);
    }
  g_array_sort(hashes, by_value);
  GString *text = g_string_sized_new(hashes->len * 16 + 1);
  for (guint i = 0; i < hashes->len; i++)
    g_string_append_printf(text, "%016" G_GINT64_MODIFIER "x", g_array_index(hashes, uint64_t, i));
  return g_string_free(text, FALSE);
}

bool behaviours_read(Behaviours *behaviours, const char *text, unsigned count) {
  size_t length = strlen(text);
  if (length % 16 != 0 || strspn(text, "0123456789abcdef") != length)
    return false;
  for (size_t at = 0; at < length; at += 16) {
    char digits[17] = { 0 };
    memcpy(digits, text + at, 16);
    behaviours_add(behaviours, g_ascii_strtoull(digits, NULL, 16), count);
  }
  return true;
}
