/*
 * Assertions of a checked driver: told to the debugger, and as there is none, an exception that nobody handles.
 */
#include <ntddk.h>

#include "../../sim/machine.h"
#include "../mm/mm.h"
#include "debug_log.h"

/* Simplified: Windows asks the debugger's user what to do; without a debugger the assertion ends as STATUS_ASSERTION_FAILURE, as NT_ASSERT
 * does. Any IRQL. wdm/nf-wdm-assert, wdm/nf-wdm-nt_assert */
VOID RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PCHAR Message) {
  const uint64_t plain[] = { (uint64_t)FailedAssertion, (uint64_t)FileName, LineNumber };
  const uint64_t with_message[] = { (uint64_t)Message, (uint64_t)FailedAssertion, (uint64_t)FileName, LineNumber };
  if (Message == NULL)
    debug_print_model("\n*** Assertion failed: %s\n***   Source File: %s, line %lu\n\n", plain, 3);
  else
    debug_print_model("\n*** Assertion failed: %s: %s\n***   Source File: %s, line %lu\n\n", with_message, 4);
  const SimContext *context = sim_machine()->current;
  mm_exception(STATUS_ASSERTION_FAILURE, mm_instruction(context != NULL ? context->site : 0), 0, 0);
}
