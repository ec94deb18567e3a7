/*
 * rule_table.c: every rule as a person reads it. Sorted by name; the ids are in rule_ids.h. A new rule is a row here, a line there, a detector
 * of its own beside this file, and a pair of scenarios that differ by one step.
 */
#include "rule.h"

#include "rule_ids.h"

const RuleInfo rule_table[] = {
  {
      .id = RULE_BAD_POINTER_ARGUMENT,
      .name = "bad-pointer-argument",
      .title = "a pointer was handed to Windows whose memory may not be touched",
      .explanation = "The function reads or writes the whole of what the pointer is documented to lead to. Part of it is not memory of the "
                     "driver, is shorter than the documented extent, or may not be touched at this IRQL. Kernel functions trust their "
                     "caller: they check none of it.",
      .windows = "Touches it: a bug check 0xD1, 0xA or 0x50 when nothing is mapped there, silent corruption when something else is.",
      .windows_verifier = "With special pool an overrun of a pool block faults at once (0xCD or 0xD6); otherwise as without.",
      .mend =
          "Hand over memory that is as large as the parameter's documentation says and lives as long as the function keeps it; nonpaged "
          "memory where the call is made at DISPATCH_LEVEL.",
      .page = "bug-check-0x50",
  },
  {
      .id = RULE_DATA_RACE,
      .name = "data-race",
      .title = "two accesses of the same data, one of them a write, that nothing keeps apart",
      .explanation = "Neither happens before the other by a lock, a wait, a queue, an interlocked operation or the IRQL of one CPU: in "
                     "another schedule they "
                     "come the other way round, or in the middle of one another. An update is lost, half of a value is read, or a pointer "
                     "is followed that is "
                     "just being replaced. A DPC comes in between on the very same CPU unless the thread has raised its IRQL. Accesses "
                     "that are all interlocked "
                     "or volatile are meant to meet, and are not reported.",
      .windows = "Notices nothing: the data is wrong now and then, and what that leads to shows elsewhere.",
      .windows_verifier = "The same.",
      .mend = "Put both under one spin lock (at DISPATCH_LEVEL where a DPC is one of them), use Interlocked functions for a single number, "
              "or let "
              "one side wait until the other is done.",
      .page = "kernel/introduction-to-spin-locks",
  },
  {
      .id = RULE_DEADLOCK,
      .name = "deadlock",
      .title = "each waits for what another of them holds",
      .explanation =
          "Threads and DPCs that take the same locks in different orders, or hold a lock while they wait for somebody who needs it, come "
          "to stand "
          "in a circle: the first waits for the second, and the last for the first. The worker threads and a user-mode service are such "
          "somebodies, too. Which order it needs may come once in a million connections.",
      .windows = "Hangs. With spin locks the CPUs spin: 0x133 from Windows 8 on, nothing before. With waits the threads stay for ever.",
      .windows_verifier =
          "With Deadlock Detection 0xC4 with 0x1001 at the first acquisition in the wrong order, even when nothing hangs yet.",
      .mend = "Give the locks one order and keep to it everywhere; hold none over a wait or a call into another component; never wait in a "
              "work "
              "item for another one.",
      .page = "devtest/deadlock-detection",
  },
  {
      .id = RULE_DECISION_LOST_ON_REAUTHORIZE,
      .name = "decision-lost-on-reauthorize",
      .title = "the reauthorization after a pended classify was answered differently from what had been decided",
      .explanation =
          "Completing a pended connect does not apply any action: it makes the engine classify the connection once more, with the "
          "reauthorize flag set, and the answer to that second classify is the one that counts. A callout that answers PERMIT to "
          "every reauthorization lets through what it decided to block, and the other way round.",
      .windows = "Applies the second answer: the connection is permitted or blocked against the decision, and nothing tells.",
      .windows_verifier = "The same: Verifier does not look at decisions.",
      .mend = "Keep the decision in a table by endpoint handle or addresses and ports before completing; in the classify with the "
              "reauthorize flag look it up and return it.",
      .page = "win32/FWP/ale-re-authorization",
  },
  {
      .id = RULE_FREED_WHILE_QUEUED,
      .name = "freed-while-queued",
      .title = "memory was freed with a timer, DPC or work item in it that Windows still has in a queue",
      .explanation =
          "A timer that is set, a DPC that is queued and a work item that is pending are links of lists that belong to the kernel. "
          "Freeing the memory under them leaves the list leading into whatever is allocated there next. KeCancelTimer does not "
          "take back a DPC that the timer has queued already, nor wait for one that runs.",
      .windows = "Follows the list into freed memory later: 0xC7, 0xD1, 0x139 or a jump into nowhere, in somebody else's context.",
      .windows_verifier = "Stops in the free: 0xC4 with 0x15 for timers, 0xC7 for DPCs, 0xE4 for work items, naming the block.",
      .mend = "Cancel the timer, call KeFlushQueuedDpcs at PASSIVE_LEVEL, let work items finish, and only then free.",
      .page = "wdm/nf-wdm-kecanceltimer",
  },
  {
      .id = RULE_IRQL_LEAK,
      .name = "irql-leak",
      .title = "a function returned at another IRQL than it was called at",
      .explanation =
          "A function that is not there to raise or lower the IRQL returns at the level it was entered at. Here it did not, and the "
          "code after the call now runs at a level that nobody chose. At DISPATCH_LEVEL or above its thread cannot be preempted, "
          "no DPC of its CPU runs, and touching pageable memory or waiting is fatal.",
      .windows =
          "Notices nothing at this place. It stops when the level bites: 0xD1 or 0xA at the next page that is not in memory, 0xE1 when "
          "a worker routine returns, 0x4A on the way back to user mode; or the CPU hangs with its DPCs.",
      .windows_verifier = "The same here; the next wait at the raised level is stopped with 0xC4.",
      .mend =
          "In a function of the driver: give back the IRQL on every path, by the release that belongs to the acquire. In one of Windows: "
          "install the version that is put right; until then save KeGetCurrentIrql before the call and lower to it afterwards.",
      .page = "kernel/managing-hardware-priorities",
  },
  {
      .id = RULE_IRQL_LEAK_CALLBACK,
      .name = "irql-leak-callback",
      .title = "a callback of the driver returned at another IRQL than Windows called it at",
      .explanation =
          "Windows calls a driver's routine at some level and goes on after it as if it were still at that level. A spin lock that "
          "is not released on one path, a release of the wrong form or a lowering too many changes it for code that cannot know.",
      .windows =
          "Checks at a few places only: 0xE1 after a worker routine, 0xC8 after an APC or ISR, 0x4A before user mode. After a classify "
          "or a notification nothing checks, and the network stack goes on at the wrong level.",
      .windows_verifier = "Checks some more: 0xC4 with 0xFA after a completion routine, with 0x111 after an ISR.",
      .mend = "Release on every path what was acquired, and with the release that belongs to the acquire; leave by one exit.",
      .page = "kernel/managing-hardware-priorities",
  },
  {
      .id = RULE_IRQL_RAISE_LOWER_MISMATCH,
      .name = "irql-raise-lower-mismatch",
      .title = "KeRaiseIrql to a lower level, or KeLowerIrql to a level that is not the one before",
      .explanation =
          "Raising never goes down and lowering never goes up. KeLowerIrql gives back exactly what the matching raise returned; to "
          "lower by guess takes away protection that a caller further out relies on, such as a spin lock it holds.",
      .windows = "May stop with 0xA or go on at the wrong level, depending on the version.",
      .windows_verifier = "Stops: 0xC4 with 0x30 (raise) or 0x31 (lower; inside a DPC routine too).",
      .mend = "Keep the old level in a local of the function that raises, and lower to it there.",
      .page = "wdm/nf-wdm-kelowerirql",
  },
  {
      .id = RULE_IRQL_TOO_HIGH,
      .name = "irql-too-high",
      .title = "a function was called above the IRQL it is documented for",
      .explanation = "The documentation of each function says up to which IRQL it may be called: what it does inside, such as waiting, "
                     "attaching to a process or touching pageable memory, is impossible above. Whether it goes wrong depends on what the "
                     "function happens to do this time, which is why it works on the developer's desk.",
      .windows = "Does not check. It goes wrong where the function first needs the lower level: 0x5, 0xB8, 0xA or 0xD1, or a hang.",
      .windows_verifier = "Stops at many functions by itself (0xC4 with force IRQL checking or DDI compliance checking), at the call.",
      .mend = "Do this part of the work at PASSIVE_LEVEL: queue a work item or hand it to a thread of the driver, and return.",
      .page = "kernel/managing-hardware-priorities",
  },
  {
      .id = RULE_IRQL_TOO_LOW,
      .name = "irql-too-low",
      .title = "a function was called below the IRQL it needs",
      .explanation =
          "Some functions rely on the caller being at DISPATCH_LEVEL already, because they save the work of raising. Below it the "
          "thread can be preempted, or interrupted by a DPC that wants the same lock, in the middle of what must not be divided.",
      .windows = "Does not check: a lost update, or a DPC that spins for ever on the lock of the thread it interrupted.",
      .windows_verifier = "Stops for the spin lock functions: 0xC4 with 0x40 or 0x41.",
      .mend = "Use the form that raises by itself (KeAcquireSpinLock), or raise with KeRaiseIrql around the call.",
      .page = "kernel/managing-hardware-priorities",
  },
  {
      .id = RULE_KERNEL_STACK_OVERFLOW,
      .name = "kernel-stack-overflow",
      .title = "the kernel stack was used up",
      .explanation =
          "A kernel stack has 24 KiB on x64 and does not grow. Large locals, recursion, and callbacks that call the stack of filters "
          "again from inside add up, in the worst case on top of what others below have used already.",
      .windows = "Stops with 0x7F (double fault, first parameter 8): the page below the stack is not there.",
      .windows_verifier = "The same.",
      .mend = "Move large buffers to pool, turn recursion into a loop, and hand deep work to another thread.",
      .page = "kernel/using-the-kernel-stack",
  },
  {
      .id = RULE_LEFT_BEHIND_AT_UNLOAD,
      .name = "left-behind-at-unload",
      .title = "DriverUnload returned while something of the driver is still alive",
      .explanation =
          "After DriverUnload returns, the driver's code is gone. A callout that is still registered, a timer that is set, a DPC, "
          "work item or thread that has not ended, calls into memory that holds nothing, or something else.",
      .windows = "Stops when the first of them comes back: 0xCE or 0xD1; memory that is not freed is lost until restart.",
      .windows_verifier = "Stops in the unload: 0xC4 with 0x62 for pool, 0xC7 for timers and DPCs.",
      .mend = "Undo in DriverUnload what was set up, last first: unregister callouts, wait for contexts and threads, cancel timers, flush "
              "DPCs, free.",
      .page = "kernel/unload-routine-environment",
  },
  {
      .id = RULE_LIVELOCK,
      .name = "livelock",
      .title = "driver code goes round and round, and nothing changes",
      .explanation =
          "Everybody who can step does, and no step brings anything new: a loop that polls for what nobody brings any more, or several "
          "that "
          "take, find the other's lock held, give back and try again in step. Nothing waits, so nothing looks stuck; the CPUs are busy.",
      .windows = "Runs for ever. At DISPATCH_LEVEL 0x133 from Windows 8 on; below, the machine is slow and the call never returns.",
      .windows_verifier = "The same.",
      .mend = "Wait for an event instead of polling; make each path give back what the others poll for; take locks in one order instead of "
              "trying.",
      .page = "kernel/managing-hardware-priorities",
  },
  {
      .id = RULE_LOCK_ORDER,
      .name = "lock-order",
      .title = "two locks were taken in two orders by two who can meet",
      .explanation =
          "One took the first lock and then the second, the other the second and then the first. It went well in this schedule. In another "
          "each "
          "takes its first lock and waits for the one that the other holds, for ever. Orders that a third lock keeps apart, or that are "
          "all one thread's, are not reported.",
      .windows = "Notices nothing until both meet; then two CPUs spin for ever (spin locks: 0x133 from Windows 8 on), or two threads wait "
                 "for ever.",
      .windows_verifier = "With deadlock detection it stops at the second order: 0xC4 with 0x1001.",
      .mend =
          "Decide on one order for all locks of the driver and take them in it everywhere; release the one before the other is needed; or "
          "use a single lock.",
      .page = "kernel/preventing-errors-and-deadlocks-while-using-spin-locks",
  },
  {
      .id = RULE_NETWORK_STALLED,
      .name = "network-stalled",
      .title = "a CPU runs no DPCs any more, and the traffic bound to it stands still",
      .explanation =
          "Receive traffic is bound to a CPU and is handled there in DPCs. A thread that stays at DISPATCH_LEVEL or above, because a "
          "level was leaked or a loop never ends, keeps them all in the queue. To users the machine is slow or its network is "
          "dead, with no error anywhere.",
      .windows = "Up to Windows 7 nothing at all; from Windows 8 on 0x133 after about two minutes.",
      .windows_verifier = "The same.",
      .mend = "Find who raised the level and never lowered it: the history of the CPU's IRQL names the function.",
      .page = "kernel/guidelines-for-writing-dpc-routines",
  },
  {
      .id = RULE_NULL_ACCESS,
      .name = "null-access",
      .title = "memory was touched through a null pointer",
      .explanation =
          "The pointer is NULL, or a small offset from NULL: a field of a structure that is not there. Usually the result of a call "
          "that can fail was used without looking.",
      .windows = "Stops: 0xD1 or 0xA at DISPATCH_LEVEL or above; below, an access violation that nobody handles, 0x7E or 0x3B.",
      .windows_verifier = "The same, and low resources simulation makes allocations fail often enough to meet it.",
      .mend = "Check the status or the pointer before using what a call was to deliver.",
      .page = "bug-check-0xd1",
  },
  {
      .id = RULE_OBJECT_NOT_INITIALIZED,
      .name = "object-not-initialized",
      .title = "an event, lock, timer or DPC was used before it was initialized",
      .explanation =
          "Kernel objects in the driver's memory become objects only by their initialization function. Before, their links and type "
          "are whatever the memory held, and waiting on them or queueing them follows those links.",
      .windows = "Follows what is there: 0xA, 0xD1 or 0x139, or a wait that never ends. A lock of zeros happens to work.",
      .windows_verifier = "Stops for some kinds, such as a spin lock whose memory makes no sense (0xC4).",
      .mend = "Initialize each object once, before anybody can reach it: KeInitializeEvent, KeInitializeSpinLock, KeInitializeDpc, ...",
      .page = "kernel/event-objects",
  },
  {
      .id = RULE_OUT_OF_BOUNDS,
      .name = "out-of-bounds",
      .title = "memory was touched outside of the block it belongs to",
      .explanation =
          "The access begins in a block of the driver or beside it and leaves it. What lies there belongs to another allocation or "
          "to the pool's own records.",
      .windows = "Silent until what was overwritten is used: 0x19, 0xC2, 0xC5, 0x13A, at another time and in another driver.",
      .windows_verifier = "With special pool it stops at the access: 0xD6 or 0xCD.",
      .mend = "Allocate what is really used, terminating zero included; bound every copy by the size of its destination.",
      .page = "bug-check-0xd6",
  },
  {
      .id = RULE_PAGED_AT_DISPATCH,
      .name = "paged-at-dispatch",
      .title = "pageable memory was touched at DISPATCH_LEVEL or above",
      .explanation =
          "At DISPATCH_LEVEL the thread cannot wait for the disk, so a page that is not in memory cannot be brought in. Whether the "
          "page is in memory is luck: it was used a moment ago, or memory is plenty.",
      .windows = "Silent while the page is in memory; 0xD1 (0xA when the kernel touched it) when it is not.",
      .windows_verifier = "Force IRQL checking throws pageable memory out whenever the driver raises, so that it stops nearly every time.",
      .mend = "Take the memory from nonpaged pool, keep the code out of pageable sections, or copy what is needed before raising.",
      .page = "kernel/when-should-code-and-data-be-pageable-",
  },
  {
      .id = RULE_PEND_COMPLETED_TWICE,
      .name = "pend-completed-twice",
      .title = "a pended operation was completed a second time",
      .explanation =
          "FwpsCompleteOperation0 gives the completion context away: afterwards it leads to nothing, or to another operation. Two "
          "paths that each believe the completion is theirs, such as a reply and a time-out, need to agree on one.",
      .windows = "Uses a context that is freed: 0xD1, 0x50, or damage to another connection.",
      .windows_verifier = "The same.",
      .mend = "Take the entry out of the driver's list under its lock; whoever took it out completes it, all others leave it.",
      .page = "fwpsk/nf-fwpsk-fwpscompleteoperation0",
  },
  {
      .id = RULE_PEND_CONTEXT_UNCHECKED,
      .name = "pend-context-unchecked",
      .title = "FwpsCompleteOperation0 got the context of a pend that had failed",
      .explanation = "When FwpsPendOperation0 fails it sets no completion context: the variable holds what it held before. It does fail in "
                     "ordinary operation, for instance when the classify is a reauthorization, or the layer does not allow pending.",
      .windows = "Follows whatever the variable holds: 0xD1 or 0x50, or nothing visible when it is an older context.",
      .windows_verifier = "The same.",
      .mend = "Look at the status of FwpsPendOperation0; only on success keep the context, return BLOCK with ABSORB and complete later. On "
              "failure decide at once.",
      .page = "fwpsk/nf-fwpsk-fwpspendoperation0",
  },
  {
      .id = RULE_PEND_CONTEXT_UNINITIALIZED,
      .name = "pend-context-uninitialized",
      .title = "FwpsCompleteOperation0 got a context that no pend has ever set",
      .explanation = "The completion context comes from FwpsPendOperation0 and from nowhere else. This value was never given out: an "
                     "uninitialized variable, or a path on which nothing was pended.",
      .windows = "Follows the value as a pointer: 0xD1 or 0x50.",
      .windows_verifier = "The same.",
      .mend = "Complete only where a pend has succeeded before; set the variable to NULL at first and test it.",
      .page = "fwpsk/nf-fwpsk-fwpscompleteoperation0",
  },
  {
      .id = RULE_PEND_NOT_COMPLETED,
      .name = "pend-not-completed",
      .title = "a pended operation was never completed",
      .explanation =
          "A pended connect, accept or listen waits until the driver completes it, without limit. A path that loses the context, "
          "such as an error return or an unload, leaves the application waiting and the endpoint's memory in use.",
      .windows = "Waits: the application hangs in connect, the endpoint stays, unloading the driver may hang too.",
      .windows_verifier = "The same.",
      .mend = "Keep each context in a list; complete it on every path, and all that are left when the driver unloads.",
      .page = "fwpsk/nf-fwpsk-fwpspendoperation0",
  },
  {
      .id = RULE_PEND_WITHOUT_ABSORB,
      .name = "pend-without-absorb",
      .title = "a classify that pended did not return FWP_ACTION_BLOCK with FWPS_CLASSIFY_OUT_FLAG_ABSORB",
      .explanation =
          "After a successful pend the classify function has to give the packet up silently: block and absorb. Any other answer is "
          "a decision, taken at once, about what was to be decided later; without absorb a drop is counted and reported.",
      .windows =
          "Takes the answer for the decision: the connection is permitted or refused before the service has answered, and classified "
          "again when the pend completes.",
      .windows_verifier = "The same.",
      .mend =
          "After the pend set actionType to FWP_ACTION_BLOCK, set FWPS_CLASSIFY_OUT_FLAG_ABSORB, clear FWPS_RIGHT_ACTION_WRITE, return.",
      .page = "network/types-of-callouts",
  },
  {
      .id = RULE_READ_ONLY_WRITE,
      .name = "read-only-write",
      .title = "memory that is read-only was written",
      .explanation =
          "Code and constants are mapped read-only. A write to a string literal, a constant table or the driver's own code is an "
          "error of the pointer or of the idea.",
      .windows = "Stops: 0xBE.",
      .windows_verifier = "The same.",
      .mend = "Copy the constant to memory of your own and change the copy.",
      .page = "bug-check-0xbe",
  },
  {
      .id = RULE_REPLY_NOT_FILLED,
      .name = "reply-not-filled",
      .title = "the reply buffer of FltSendMessage was read although no reply had filled it",
      .explanation =
          "FltSendMessage returns STATUS_TIMEOUT when nobody answered in time, and STATUS_TIMEOUT is a success code: NT_SUCCESS is "
          "true. The buffer then holds what it held before, and the driver takes it for the service's verdict.",
      .windows = "Notices nothing: the driver acts on a verdict that nobody gave.",
      .windows_verifier = "The same.",
      .mend =
          "Compare with STATUS_SUCCESS exactly, look at the reply's length, and set the buffer to the answer for silence before the call.",
      .page = "fltkernel/nf-fltkernel-fltsendmessage",
  },
  {
      .id = RULE_SPIN_LOCK_FORM_MISMATCH,
      .name = "spin-lock-form-mismatch",
      .title = "a spin lock was released by another form than it was acquired by",
      .explanation =
          "KeAcquireSpinLock raises the IRQL and KeReleaseSpinLock lowers it again; the AtDpcLevel and FromDpcLevel forms leave it "
          "alone; the queued forms keep a place in a line. Mixed, the lock is free but the IRQL stays raised, or is lowered under "
          "somebody, or the line is broken.",
      .windows = "Does not check: the IRQL leaks, and it stops where that bites.",
      .windows_verifier = "Stops for some combinations: 0xC4 with 0x32, 0x40 or 0x41.",
      .mend = "Pair the forms: acquire and release in one function, with the same family of names.",
      .page = "wdm/nf-wdm-kereleasespinlockfromdpclevel",
  },
  {
      .id = RULE_SPIN_LOCK_IRQL,
      .name = "spin-lock-irql",
      .title = "a spin lock that an interrupt takes is held by others below the interrupt's level",
      .explanation = "DISPATCH_LEVEL holds back no interrupt of a device. It may land on the very CPU that holds the lock; it then spins "
                     "for what only the "
                     "code it has interrupted could give back. It went well in this schedule.",
      .windows =
          "Notices nothing until the interrupt lands there; then that CPU hangs (0x133 from Windows 8 on), and all that want the lock.",
      .windows_verifier = "The same.",
      .mend = "Share data with an interrupt under its own lock, at its own level (KeAcquireInterruptSpinLock, KeSynchronizeExecution); or "
              "let the "
              "interrupt queue a DPC and take the lock there.",
      .page = "kernel/introduction-to-spin-locks",
  },
  {
      .id = RULE_SPIN_LOCK_LEAK,
      .name = "spin-lock-leak",
      .title = "a spin lock was still held when the driver's routine returned",
      .explanation =
          "A spin lock is held for a few instructions and released by the code that took it. Windows calls other code next, at a "
          "level and with a lock it knows nothing of; the next one who wants the lock spins for ever.",
      .windows = "Hangs: the next acquire never ends (0x133 from Windows 8 on).",
      .windows_verifier = "With deadlock detection it stops when a thread ends or memory is freed with the lock held (0xC4).",
      .mend = "Release on every path out of the function.",
      .page = "kernel/using-a-driver-supplied-spin-lock",
  },
  {
      .id = RULE_SPIN_LOCK_NOT_HELD,
      .name = "spin-lock-not-held",
      .title = "a spin lock was released that nobody holds",
      .explanation =
          "Releasing twice, or on a path that never acquired, gives free what the next holder believes to own, and lowers the IRQL "
          "to a level read from a variable that nobody set.",
      .windows = "Does not check: two CPUs are in the same critical section.",
      .windows_verifier = "Stops: 0xC4 with 0x32 when below DISPATCH_LEVEL, or by deadlock detection.",
      .mend = "One release for one acquire, on each path.",
      .page = "wdm/nf-wdm-kereleasespinlock",
  },
  {
      .id = RULE_SPIN_LOCK_RECURSION,
      .name = "spin-lock-recursion",
      .title = "a CPU tried to acquire a spin lock that it holds already",
      .explanation =
          "Spin locks do not count. The CPU waits for itself at DISPATCH_LEVEL and never gets on: directly, or through a callback "
          "that Windows makes from inside a call that was made with the lock held.",
      .windows = "Hangs that CPU (0x133 from Windows 8 on), then all that want the lock.",
      .windows_verifier = "With deadlock detection it stops: 0xC4 with 0x1000 and on.",
      .mend = "Release before calling out; split functions into an inner one that expects the lock and an outer one that takes it.",
      .page = "kernel/preventing-errors-and-deadlocks-while-using-spin-locks",
  },
  {
      .id = RULE_SPIN_LOCK_WRONG_OWNER,
      .name = "spin-lock-wrong-owner",
      .title = "a spin lock was released by somebody who did not acquire it",
      .explanation =
          "The release took effect, but the holder is another CPU, still inside of what the lock protects. A third one may enter "
          "now.",
      .windows = "Does not check: data is damaged.",
      .windows_verifier = "With deadlock detection it stops (0xC4).",
      .mend = "Acquire and release in the same function; hand work over by a list or an event, not by a lock.",
      .page = "wdm/nf-wdm-kereleasespinlock",
  },
  {
      .id = RULE_STARVATION,
      .name = "starvation",
      .title = "a DPC or a thread waits behind code that does not let go of its CPU",
      .explanation = "At DISPATCH_LEVEL no DPC of the CPU runs, and beside a busy thread of higher priority no other thread bound to it. "
                     "When the loop waits "
                     "for what one of these would do, it is a deadlock that looks like work.",
      .windows = "The DPC or thread does not run. 0x133 from Windows 8 on when the level is DISPATCH_LEVEL or above; nothing otherwise.",
      .windows_verifier = "The same.",
      .mend = "Keep raised levels short; wait at PASSIVE_LEVEL for what a DPC or another thread brings.",
      .page = "kernel/guidelines-for-writing-dpc-routines",
  },
  {
      .id = RULE_USE_AFTER_FREE,
      .name = "use-after-free",
      .title = "memory was touched after it was freed",
      .explanation =
          "The block was given back to the pool, or the object deleted, while a pointer to it was kept. Somebody else may own that "
          "memory now.",
      .windows = "Silent until the memory is used again: then whatever its new owner makes of it, often 0x19, 0xC2 or 0x13A.",
      .windows_verifier = "With special pool it stops at the access: 0xD5 or 0xCC.",
      .mend = "Give the object a count of references, or one owner who frees it when all others are known to have finished.",
      .page = "bug-check-0xd5",
  },
  {
      .id = RULE_USER_ADDRESS_ACCESS,
      .name = "user-address-access",
      .title = "a user-mode address was touched where it means nothing or may not be touched",
      .explanation = "A user-mode address belongs to the process that handed it over. In a DPC, a worker or another process it leads to "
                     "something else; at DISPATCH_LEVEL it may not be in memory; and the process can change or free it at any time.",
      .windows = "0xD1 or 0x50 when nothing is there; silent reading or writing in the wrong process when something is.",
      .windows_verifier = "The same.",
      .mend = "Copy it in the process's own context at PASSIVE_LEVEL, probed and inside of __try, and pass the copy on.",
      .page = "kernel/using-neither-buffered-nor-direct-i-o",
  },
  {
      .id = RULE_WAIT_AT_DISPATCH,
      .name = "wait-at-dispatch",
      .title = "a wait at DISPATCH_LEVEL or above",
      .explanation =
          "Waiting means letting another thread run, and at DISPATCH_LEVEL the scheduler itself cannot. Only a wait with a time-out "
          "of zero, which is a look, is allowed there.",
      .windows = "In a DPC: 0xB8. In a thread no documented check: it switches away and wakes still at DISPATCH_LEVEL, or hangs.",
      .windows_verifier = "Stops at the call: 0xC4 with 0x121 (no time-out), 0x122 (a time-out) or 0x3B.",
      .mend = "Do not wait: queue a work item that goes on when the event comes, or signal a thread that waits at PASSIVE_LEVEL.",
      .page = "wdm/nf-wdm-kewaitforsingleobject",
  },
  {
      .id = RULE_WAITS_FOR_EVER,
      .name = "waits-for-ever",
      .title = "a wait that nobody is left to end",
      .explanation = "Windows called the driver and waits for its return, or others wait for what this thread holds, and it waits without "
                     "a time-out for "
                     "something that nobody sets any more: the wakeup came too early and was lost, its sender failed and said nothing, or "
                     "the answer was "
                     "never sent.",
      .windows = "Hangs: the thread never returns, its process cannot be ended, an unload or a shutdown does not finish.",
      .windows_verifier = "The same.",
      .mend = "Look at the condition and begin to wait as one step: set events that stay set, clear them before the request is made; wait "
              "with a "
              "time-out; make each path of the other side set the event.",
      .page = "kernel/using-event-objects",
  },
  {
      .id = RULE_WILD_ACCESS,
      .name = "wild-access",
      .title = "memory was touched at an address where there is none",
      .explanation =
          "The pointer leads nowhere: it was never set, was overwritten, was cut to 32 bits, or was computed from something else "
          "than an address.",
      .windows = "Stops: 0xD1 or 0xA at DISPATCH_LEVEL or above, 0x50 or 0x7E below.",
      .windows_verifier = "The same.",
      .mend = "Follow the value back to where it came from; initialize locals; keep pointers in pointer types.",
      .page = "bug-check-0x50",
  },
  {
      .id = RULE_WORK_ITEM_QUEUED,
      .name = "work-item-queued",
      .title = "a work item was queued, set up or freed while it was queued already",
      .explanation =
          "A work item stands in one queue, once. Until its routine has been called it belongs to Windows; queueing it a second time "
          "links it twice, freeing it leaves the link.",
      .windows = "0xE4, 0x96 or 0x139 when the queue is walked; or the second request is lost.",
      .windows_verifier = "Stops in the call: 0xE4.",
      .mend = "Remember under a lock whether it is queued, or allocate one item for each request and free it in its own routine.",
      .page = "wdm/nf-wdm-ioqueueworkitem",
  },
  {
      .id = RULE_WRONG_OBJECT_KIND,
      .name = "wrong-object-kind",
      .title = "a pointer to one kind of object was handed over where another is wanted",
      .explanation =
          "Handles and pointers of the kernel are untyped where they are kept, and a cast hides the mistake: a client port where a "
          "server port is wanted, a filter where an instance is.",
      .windows = "Interprets the memory as what it is not: 0x3B, 0xD1 or damage.",
      .windows_verifier = "The same for most kinds.",
      .mend = "Keep each handle in a variable of its own type and hand over that one.",
      .page = "kernel/windows-kernel-mode-object-manager",
  },
};

const size_t rule_count = sizeof rule_table / sizeof rule_table[0];

static int name_compare(const char *a, const char *b) {
  for (; *a != '\0' && *a == *b; a++, b++)
    ;
  return (unsigned char)*a - (unsigned char)*b;
}

const RuleInfo *rule_find(const char *name) {
  for (size_t i = 0; i < rule_count; i++)
    if (name_compare(rule_table[i].name, name) == 0)
      return &rule_table[i];
  return NULL;
}

const RuleInfo *rule_by_id(uint32_t id) {
  for (size_t i = 0; i < rule_count; i++)
    if (rule_table[i].id == id)
      return &rule_table[i];
  return NULL;
}
