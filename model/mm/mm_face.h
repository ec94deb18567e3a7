/*
 * mm_face.h: memory management for those outside of the WDK world. Stdint only.
 */
#pragma once

#include <stdint.h>

struct SimFault;
struct SimMachine;

/* From model_begin: makes mm_fault the machine's fault handler. */
void mm_begin(void);

/* The machine's fault handler (SimFaultHandler): from a fault to EVENT_FAULT and to what Windows does. README.md has the table. */
void mm_fault(struct SimMachine *machine, const struct SimFault *fault);

/* Sends every resident pageable page of the guest out (EVENT_PAGE_OUT each); contents stay. What a machine short of memory does, and
 * Verifier's force-IRQL checking (K-PG-3). */
void mm_trim(void);
/* The same for the pages that [address, address + size) touches. */
void mm_trim_range(uint64_t address, uint64_t size);

/* Zeroed pages of user memory of a process (its ordinal): accessible in that process' context only. 0: there are none left. */
uint64_t mm_user_pages_allocate(uint32_t process, uint64_t page_count);

/* Where a site of driver code lies: its address for compiled code, the site itself for steps. What bug checks name as the instruction. */
uint64_t mm_instruction(uint32_t site);
