#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t check_of(uint64_t identity, const CampaignEntry *entry) {
  uint64_t check = identity ^ 0x9e3779b97f4a7c15ULL;
  const uint64_t words[] = { entry->number, entry->hash, entry->outcome };
  for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
    check = (check ^ words[i]) * 0xbf58476d1ce4e5b9ULL;
    check ^= check >> 29;
  }
  return check;
}

CampaignRing *campaign_ring_create(const char *file, uint64_t identity, GError **error) {
  int descriptor = -1, flags = MAP_SHARED | (file == NULL ? MAP_ANONYMOUS : 0);
  CampaignRing *ring = MAP_FAILED;
  if (file != NULL) {
    unlink(file); /* whoever still has the old one keeps it */
    descriptor = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    errno = descriptor >= 0 ? posix_fallocate(descriptor, 0, sizeof *ring) : errno;
  }
  if (file == NULL || (descriptor >= 0 && errno == 0))
    ring = mmap(NULL, sizeof *ring, PROT_READ | PROT_WRITE, flags, descriptor, 0);
  if (ring == MAP_FAILED)
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_SYSTEM, "%s: %s", file != NULL ? file : "shared memory", g_strerror(errno));
  if (descriptor >= 0)
    close(descriptor);
  if (ring == MAP_FAILED)
    return NULL;
  ring->identity = identity;
  return ring;
}

void campaign_ring_unmap(CampaignRing *ring) {
  if (ring != NULL)
    munmap(ring, sizeof *ring);
}

bool campaign_ring_put(CampaignRing *ring, uint64_t number, uint64_t hash, uint64_t outcome) {
  uint64_t head = ring->head;
  if (head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) >= CAMPAIGN_RING_COUNT)
    return false;
  CampaignEntry *entry = &ring->entries[head % CAMPAIGN_RING_COUNT];
  CampaignEntry filled = { .number = number, .hash = hash, .outcome = outcome };
  filled.check = check_of(ring->identity, &filled);
  *entry = filled;
  __atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
  return true;
}

static gint by_number(gconstpointer left, gconstpointer right) {
  const CampaignEntry *a = left, *b = right;
  return a->number < b->number ? -1 : a->number > b->number;
}

void campaign_ring_read(const char *file, uint64_t identity, GArray *entries) {
  g_autofree char *bytes = NULL;
  gsize size;
  if (!g_file_get_contents(file, &bytes, &size, NULL) || size != sizeof(CampaignRing))
    return;
  const CampaignRing *ring = (const CampaignRing *)(const void *)bytes;
  for (size_t i = 0; i < CAMPAIGN_RING_COUNT && ring->identity == identity; i++)
    if (ring->entries[i].check == check_of(identity, &ring->entries[i]))
      g_array_append_val(entries, ring->entries[i]);
  g_array_sort(entries, by_number);
}
