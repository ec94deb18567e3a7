/* What sublayers, callouts and filters have in common: keys, lifetimes, transactions. W-BFE-4, W-BFE-5. */
#include "wfp.h"

#include "../ddi/ddi.h"
#include "../mm/mm.h"
#include "../model.h"
#include "../ndis/net_buffer.h"

PVOID wfp_memory_allocate(SIZE_T size) {
  PVOID memory = ndis_memory_allocate(size);
  if (memory == NULL)
    sim_stop(sim_machine(), SIM_STOP_LIMIT_MEMORY, "guest memory");
  SIM_ASSERT(memory != NULL);
  return memory;
}

VOID wfp_memory_free(PVOID memory) { ndis_memory_free(memory); }

uint64_t wfp_lock_create(const char *name) {
  PKSPIN_LOCK lock = wfp_memory_allocate(sizeof *lock);
  KeInitializeSpinLock(lock);
  Object *object = object_find((uint64_t)lock, OBJECT_SPIN_LOCK);
  object->driver = 0;
  object_name_set(object, name);
  return (uint64_t)lock;
}

/* ---- keys ---- */

bool wfp_guid_is_null(const WfpGuid *key) {
  static const WfpGuid null;
  return wfp_guid_equal(key, &null);
}

WfpGuid wfp_guid_new(void) {
  uint64_t words[2] = { ++wfp_state()->key_next, 0x626c7172692d7066 };
  WfpGuid key;
  RtlCopyMemory(&key, words, sizeof key);
  return key;
}

WfpGuid wfp_guid_named(const char *name) {
  WfpGuid key = { { 0 } };
  const DdiGuid *row = ddi_guid_find(name);
  if (row != NULL)
    RtlCopyMemory(&key, row->bytes, sizeof key);
  return key;
}

void wfp_item_name(WfpItem *item, const wchar_t *text) {
  char name[OBJECT_NAME_SIZE];
  SIZE_T length = mm_probe_wide_text((const WCHAR *)text, sizeof name - 1);
  for (SIZE_T at = 0; at < length; at++)
    name[at] = (char)(text[at] < 0x80 ? text[at] : '?');
  name[length] = '\0';
  if (item->object->name[0] == '\0')
    object_name_set(item->object, name);
}

/* ---- who sees it ---- */

bool wfp_item_is_seen(const WfpItem *item, const WfpSession *session) {
  switch (item->visibility) {
  case WFP_VISIBLE: return true;
  case WFP_ADDING: return item->changer == session;
  case WFP_DELETING: return item->changer != session;
  default: return false;
  }
}

WfpItem *wfp_item_find(SimLink *list, const WfpGuid *key, const WfpSession *session) {
  SimLink *link, *following;
  SIM_LIST_EACH(list, link, following) {
    WfpItem *item = SIM_CONTAINER(link, WfpItem, link);
    if (wfp_guid_equal(&item->key, key) && wfp_item_is_seen(item, session))
      return item;
  }
  return NULL;
}

/* ---- from addition to end ---- */

void wfp_item_init(WfpItem *item, Object *object, const WfpGuid *key, bool is_persistent, const WfpChange *change) {
  item->object = object;
  item->key = *key;
  item->lifetime = is_persistent ? WFP_LIFETIME_PERSISTENT : WFP_LIFETIME_STATIC;
  item->owner = NULL;
  if (change->session != NULL && change->session->is_dynamic) {
    item->lifetime = WFP_LIFETIME_DYNAMIC;
    item->owner = change->session;
  }
  item->visibility = change->is_explicit ? WFP_ADDING : WFP_VISIBLE;
  item->changer = change->is_explicit ? change->session : NULL;
}

void wfp_item_gone(WfpItem *item) {
  item->visibility = WFP_GONE;
  item->changer = item->owner = NULL;
  switch ((ObjectKind)item->object->kind) {
  case OBJECT_FWPM_FILTER: wfp_filter_gone((WfpFilter *)item); break;
  case OBJECT_FWPS_CALLOUT: wfp_callout_gone((WfpCallout *)item); break;
  default: wfp_sublayer_gone((WfpSubLayer *)item); break;
  }
}

void wfp_item_delete(WfpItem *item, const WfpChange *change) {
  if (!change->is_explicit || item->visibility == WFP_ADDING) {
    wfp_item_gone(item);
    return;
  }
  item->visibility = WFP_DELETING;
  item->changer = change->session;
}

/* Filters first: nothing they name may go before them. */
static SimLink *item_list(unsigned number) {
  WfpState *state = wfp_state();
  SimLink *lists[] = { &state->filters, &state->callouts, &state->sublayers };
  return lists[number];
}
#define ITEM_LIST_COUNT 3

static void item_commit(WfpItem *item) {
  item->changer = NULL;
  if (item->visibility == WFP_DELETING) {
    wfp_item_gone(item);
    return;
  }
  item->visibility = WFP_VISIBLE;
  if (item->object->kind == OBJECT_FWPM_FILTER)
    wfp_policy_changed(((WfpFilter *)item)->layer);
}

static void item_abort(WfpItem *item) {
  item->changer = NULL;
  if (item->visibility == WFP_ADDING)
    wfp_item_gone(item);
  else
    item->visibility = WFP_VISIBLE;
}

static void items_settle(const WfpSession *session, void (*settle)(WfpItem *)) {
  for (unsigned number = 0; number < ITEM_LIST_COUNT; number++) {
    SimLink *link, *following;
    SIM_LIST_EACH(item_list(number), link, following) {
      WfpItem *item = SIM_CONTAINER(link, WfpItem, link);
      if (item->changer == session && (item->visibility == WFP_ADDING || item->visibility == WFP_DELETING))
        settle(item);
    }
  }
}

void wfp_items_abort(WfpSession *session) { items_settle(session, item_abort); }

void wfp_items_end(WfpLifetime lifetime, const WfpSession *session) {
  for (unsigned number = 0; number < ITEM_LIST_COUNT; number++) {
    SimLink *link, *following;
    SIM_LIST_EACH(item_list(number), link, following) {
      WfpItem *item = SIM_CONTAINER(link, WfpItem, link);
      if (item->visibility != WFP_GONE && item->lifetime <= (uint8_t)lifetime && (session == NULL || item->owner == session))
        wfp_item_gone(item);
    }
  }
}

/* ---- transactions ---- */

void wfp_transaction_release(WfpSession *session) {
  WfpState *state = wfp_state();
  if (session->transaction == WFP_TRANSACTION_READ_ONLY)
    state->readers--;
  else if (state->transaction == session)
    state->transaction = NULL;
  session->transaction = WFP_TRANSACTION_NONE;
  ke_event_set(state->transaction_free, 0);
}

/* Waits until the session may have the lock, for as long as it said it would. */
static NTSTATUS transaction_acquire(WfpSession *session, bool is_read_only) {
  WfpState *state = wfp_state();
  uint64_t due_ns = session->wait_ms == MAXULONG ? KE_WAIT_FOREVER : ke_due_after_ns(session->wait_ms * 1000000ULL);
  while (state->transaction != NULL || (!is_read_only && state->readers > 0)) {
    ke_event_reset(state->transaction_free);
    if (ke_wait_one(state->transaction_free, false, due_ns) != STATUS_SUCCESS)
      return STATUS_FWP_TIMEOUT;
    if (session->is_aborted)
      return STATUS_FWP_SESSION_ABORTED;
  }
  if (is_read_only)
    state->readers++;
  else
    state->transaction = session;
  return STATUS_SUCCESS;
}

NTSTATUS wfp_change_begin(HANDLE engine, WfpChange *change) {
  NTSTATUS status = wfp_session_get(engine, &change->session);
  if (status != STATUS_SUCCESS)
    return status;
  change->is_explicit = change->session->transaction == WFP_TRANSACTION_READ_WRITE;
  if (change->is_explicit)
    return STATUS_SUCCESS;
  if (change->session->transaction == WFP_TRANSACTION_READ_ONLY)
    return STATUS_FWP_INCOMPATIBLE_TXN;
  return transaction_acquire(change->session, false);
}

void wfp_change_end(const WfpChange *change) {
  if (!change->is_explicit)
    wfp_transaction_release(change->session);
}

/* fwpmk/nf-fwpmk-fwpmtransactionbegin0 (W-BFE-5) */
NTSTATUS FwpmTransactionBegin0(HANDLE engineHandle, UINT32 flags) {
  WfpSession *session;
  NTSTATUS status = wfp_session_get(engineHandle, &session);
  if (status != STATUS_SUCCESS)
    return status;
  if (session->transaction != WFP_TRANSACTION_NONE)
    return STATUS_FWP_TXN_IN_PROGRESS;
  if (flags & ~(UINT32)FWPM_TXN_READ_ONLY)
    return STATUS_FWP_INVALID_FLAGS;
  bool is_read_only = flags & FWPM_TXN_READ_ONLY;
  status = transaction_acquire(session, is_read_only);
  if (status == STATUS_SUCCESS)
    session->transaction = is_read_only ? WFP_TRANSACTION_READ_ONLY : WFP_TRANSACTION_READ_WRITE;
  return status;
}

static NTSTATUS transaction_end(HANDLE engine, void (*settle)(WfpItem *)) {
  WfpSession *session;
  NTSTATUS status = wfp_session_get(engine, &session);
  if (status != STATUS_SUCCESS)
    return status;
  if (session->transaction == WFP_TRANSACTION_NONE)
    return STATUS_FWP_NO_TXN_IN_PROGRESS;
  items_settle(session, settle);
  wfp_transaction_release(session);
  return STATUS_SUCCESS;
}

/* fwpmk/nf-fwpmk-fwpmtransactioncommit0 */
NTSTATUS FwpmTransactionCommit0(HANDLE engineHandle) { return transaction_end(engineHandle, item_commit); }

/* fwpmk/nf-fwpmk-fwpmtransactionabort0 */
NTSTATUS FwpmTransactionAbort0(HANDLE engineHandle) { return transaction_end(engineHandle, item_abort); }
