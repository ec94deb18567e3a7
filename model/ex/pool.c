/*
 * Pool. wdm/nf-wdm-exallocatepool2, wdm/nf-wdm-exallocatepoolwithtag, wdm/nf-wdm-exfreepoolwithtag, bug-check-0xc2. README.md has what was
 * decided.
 */
#include <ntifs.h>

#include "ddi_ids.gen.h"

#include "../../sim/machine.h"
#include "../ddi/fail.h"
#include "../events.h"
#include "../io/io_face.h"
#include "../ke/ke.h"
#include "../mm/bugcheck_codes.h"
#include "../mm/mm.h"
#include "../model.h"
#include "../verifier/verifier.h"
#include "pool.h"
#include "pool_block.h"

/* What memory holds that nobody wrote: eight bytes that as a pointer name system space where nothing is, so that a garbage pointer ends as
 * Windows' usual garbage does: 0x50, or 0xD1 at DISPATCH_LEVEL. */
#define PATTERN_UNINITIALIZED 0xffffcdcdcdcdcdcdULL
#define PATTERN_FREED 0xffffddddddddddddULL

enum { POOL_PAGED_BIT = 1, POOL_RAISE_BIT = 16, POOL_NX_BIT = 512 }; /* of POOL_TYPE: wdm/ne-wdm-_pool_type */

enum { TAG_NONE = 0x656e6f4e }; /* "None": what ExAllocatePool uses */

typedef struct PoolRequest {
  PoolKind kind;
  ULONG pool_type;
  ULONG tag;
  SIZE_T size;
  BOOLEAN is_zeroed;
  BOOLEAN raises;
} PoolRequest;

static PoolKind kind_of(ULONG pool_type) {
  if (pool_type & POOL_PAGED_BIT)
    return POOL_PAGED;
  return pool_type & POOL_NX_BIT ? POOL_NONPAGED_NX : POOL_NONPAGED;
}

/* ---- allocate ---- */

static PVOID block_begin(PoolBlock *block, const PoolRequest *request, uint32_t driver) {
  block->tag = request->tag;
  block->pool_type = request->pool_type;
  block->driver = driver;
  block->free_site = 0;
  block->is_special = verifier_is_on_for(driver, MODEL_VERIFIER_SPECIAL_POOL);
  pool_block_fill(block, request->is_zeroed ? 0 : PATTERN_UNINITIALIZED);
  Object *object = object_create(OBJECT_POOL_BLOCK, block->address, request->size, 0);
  object->driver = driver;
  block->object = object->ordinal;
  sim_event(sim_machine(), EVENT_POOL_ALLOCATE, 0, object->ordinal, (int32_t)request->size, request->tag, block->address);
  return (PVOID)block->address;
}

static PVOID allocate(const PoolRequest *request, uint32_t driver) {
  VerifierPool asked = { 0, request->size, request->pool_type, request->tag, request->kind == POOL_PAGED };
  if (driver != 0)
    verifier_check_pool_allocate(&asked);
  PoolBlock *block = driver != 0 && ddi_allocation_fails() ? NULL : pool_block_create(request->kind, request->size);
  if (block != NULL) {
    /* Windows' own code writes a header into the page; at DISPATCH_LEVEL that is a touch of pageable memory like any other. */
    if (request->kind == POOL_PAGED && request->size != 0 && ke_irql() >= DISPATCH_LEVEL)
      mm_probe_write((PVOID)block->address, 1);
    return block_begin(block, request, driver);
  }
  if (request->raises)
    ke_raise_status(STATUS_INSUFFICIENT_RESOURCES);
  return NULL;
}

/* NonPagedPool or NonPagedPoolNx: <= DISPATCH_LEVEL; PagedPool: <= APC_LEVEL. NULL when there is none. Not zeroed. */
PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag) {
  ULONG type = (ULONG)PoolType;
  PoolRequest request = { kind_of(type), type, Tag, NumberOfBytes, FALSE, (type & POOL_RAISE_BIT) != 0 };
  return allocate(&request, io_driver_current());
}

PVOID ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes) { return ExAllocatePoolWithTag(PoolType, NumberOfBytes, TAG_NONE); }

PVOID ExAllocatePoolUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag) {
  return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

PVOID ExAllocatePoolZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag) {
  ULONG type = (ULONG)PoolType;
  PoolRequest request = { kind_of(type), type, Tag, NumberOfBytes, TRUE, (type & POOL_RAISE_BIT) != 0 };
  return allocate(&request, io_driver_current());
}

/* Raises where others return NULL, unless POOL_QUOTA_FAIL_INSTEAD_OF_RAISE (8) is given. Simplified: quota is not charged. */
PVOID ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag) {
  ULONG type = (ULONG)PoolType;
  PoolRequest request = { kind_of(type), type, Tag, NumberOfBytes, FALSE, (type & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE) == 0 };
  return allocate(&request, io_driver_current());
}

PVOID ExAllocatePoolQuotaUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag) {
  return ExAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, Tag);
}

PVOID ExAllocatePoolQuotaZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag) {
  PVOID block = ExAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, Tag);
  if (block != NULL)
    memset(block, 0, NumberOfBytes);
  return block;
}

/* Exactly one kind of pool; required flags that are unknown, or a tag of 0: NULL. Zeroed unless POOL_FLAG_UNINITIALIZED.
 * Simplified: POOL_FLAG_SESSION and optional flags change nothing. */
PVOID ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag) {
  const POOL_FLAGS kinds = POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED;
  const POOL_FLAGS known =
      kinds | POOL_FLAG_USE_QUOTA | POOL_FLAG_UNINITIALIZED | POOL_FLAG_SESSION | POOL_FLAG_CACHE_ALIGNED | POOL_FLAG_RAISE_ON_FAILURE;
  POOL_FLAGS kind = Flags & kinds;
  BOOLEAN raises = (Flags & POOL_FLAG_RAISE_ON_FAILURE) != 0;
  BOOLEAN is_valid = kind != 0 && (kind & (kind - 1)) == 0 && (Flags & 0xffffffff & ~known) == 0 && Tag != 0;
  if (!is_valid) {
    if (raises)
      ke_raise_status(STATUS_INVALID_PARAMETER);
    return NULL;
  }
  ULONG type = kind == POOL_FLAG_PAGED ? PagedPool : kind == POOL_FLAG_NON_PAGED ? POOL_NX_BIT : NonPagedPool;
  PoolRequest request = { kind_of(type), type, Tag, NumberOfBytes, (Flags & POOL_FLAG_UNINITIALIZED) == 0, raises };
  return allocate(&request, io_driver_current());
}

PVOID ex_pool_allocate_system(PoolKind kind, SIZE_T size, ULONG tag) {
  static const ULONG types[POOL_KIND_COUNT] = { NonPagedPool, POOL_NX_BIT, PagedPool };
  PoolRequest request = { kind, types[kind], tag, size, TRUE, FALSE };
  return allocate(&request, 0);
}

/* ---- free ---- */

/* An address that is no living block. Without Verifier pool's own checks find it: bug-check-0xc2. */
static void free_bad(uint64_t address, const PoolBlock *block) {
  BOOLEAN is_freed = block != NULL && block->is_free && block->address == address;
  sim_event(sim_machine(), EVENT_CONTRACT, sim_machine()->current->call, is_freed ? block->object : 0, 0,
            is_freed ? CONTRACT_OBJECT_FREED : CONTRACT_OBJECT_KIND, address);
  verifier_check_pool_free_bad(address, is_freed, is_freed ? block->tag : 0);
  if (is_freed)
    ke_bugcheck_raise(BUGCHECK_BAD_POOL_CALLER, 0x07, 0, block->tag, address);
  else if (block != NULL)
    ke_bugcheck_raise(BUGCHECK_BAD_POOL_CALLER, 0x99, address, 0, 0);
  else if (address < SIM_ARENA_BASE)
    ke_bugcheck_raise(BUGCHECK_BAD_POOL_CALLER, 0x40, address, 0xffff800000000000ULL, 0);
  else
    ke_bugcheck_raise(BUGCHECK_BAD_POOL_CALLER, 0x46, address, 0, 0);
}

static KIRQL free_irql_max(const PoolBlock *block) { return block->kind == POOL_PAGED ? APC_LEVEL : DISPATCH_LEVEL; }

/* The level that a block may be freed at, which only its kind says; above DISPATCH_LEVEL the wrapper has told. The call goes on, as it does in
 * Windows. */
static void free_check_irql(const PoolBlock *block) {
  uint32_t max = free_irql_max(block), irql = ke_irql();
  if (irql > max && irql <= DISPATCH_LEVEL)
    sim_event(sim_machine(), EVENT_CONTRACT_IRQL, sim_machine()->current->call, block->object, 0, max << 8 | irql << 16, 0);
}

/* Windows' own code writes into the page. */
static void free_touch(const PoolBlock *block) {
  if (block->kind == POOL_PAGED && block->size != 0 && ke_irql() > free_irql_max(block))
    mm_probe_write((PVOID)block->address, 1);
}

static void block_end(PoolBlock *block) {
  SimMachine *machine = sim_machine();
  io_range_forget(block->address, block->size);
  ke_range_forget(block->address, block->size);
  block->free_site = machine->current != NULL ? machine->current->site : 0;
  sim_event(machine, EVENT_POOL_FREE, 0, block->object, 0, block->tag, block->address);
  pool_block_fill(block, PATTERN_FREED);
  pool_block_free(block);
  object_delete(object_by_ordinal(block->object));
}

/* Tag 0: any. <= DISPATCH_LEVEL, for paged pool <= APC_LEVEL. */
VOID ExFreePoolWithTag(PVOID P, ULONG Tag) {
  uint64_t address = (uint64_t)P;
  PoolBlock *block = pool_block_at(address);
  if (block == NULL || block->is_free || block->address != address) {
    free_bad(address, block);
    return;
  }
  VerifierPool freed = { block->address, block->size, block->pool_type, block->tag, block->kind == POOL_PAGED };
  free_check_irql(block);
  verifier_check_pool_free(&freed);
  if (Tag != 0 && Tag != block->tag) {
    ke_bugcheck_raise(BUGCHECK_BAD_POOL_CALLER, 0x0a, address, block->tag, Tag);
    return;
  }
  free_touch(block);
  block_end(block);
}

VOID ExFreePool(PVOID P) { ExFreePoolWithTag(P, 0); }

VOID ex_pool_free_system(PVOID address) {
  PoolBlock *block = pool_block_at((uint64_t)address);
  SIM_ASSERT(block != NULL && !block->is_free && block->address == (uint64_t)address);
  block_end(block);
}

/* ---- the face ---- */

void ex_allocation_failures_set(bool fails_allocations) { MODEL->ex.fails_allocations = fails_allocations; }

const PoolBlock *ex_pool_block_at(uint64_t address) { return pool_block_at(address); }

ExPoolUse ex_pool_use(uint32_t driver) {
  ExPoolUse use = { 0 };
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (!object->is_alive || object->kind != OBJECT_POOL_BLOCK || object->driver != driver)
      continue;
    const PoolBlock *block = pool_block_at(object->address);
    *(block->kind == POOL_PAGED ? &use.paged_bytes : &use.nonpaged_bytes) += block->size;
    if (use.count++ == 0)
      use.first_object = ordinal;
  }
  return use;
}
