/* The registers of a signal's context are GNU's. */
#define _GNU_SOURCE

#include "guest_signals.h"

#include "model/guest/guest_face.h"
#include "sim/machine.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#define SIGNAL_STACK_SIZE 65536
#define CLOCK_PERIOD_US 50000

/* Bits of a page fault's error code. */
enum { PAGE_FAULT_WRITE = 2, PAGE_FAULT_FETCH = 16 };
#define FLAG_DIRECTION 0x400

/* NTSTATUS of the exceptions of a processor. */
enum { BREAKPOINT = 0x80000003u, ILLEGAL_INSTRUCTION = 0xc000001du, INTEGER_DIVIDE_BY_ZERO = 0xc0000094u, INTEGER_OVERFLOW = 0xc0000095u };

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
#define SIGNAL_COUNT (sizeof signals / sizeof signals[0])

/* Of the process. A handler has nowhere else to keep them. */
static struct sigaction actions_before[SIGNAL_COUNT];
static bool is_installed;

/* The clock ticks; somebody wants it to. Starting and stopping it at every run would cost two calls of the kernel: nobody stops it but its own tick. */
static volatile bool is_ticking, is_clock_wanted;
static void clock_set(suseconds_t period_us);

/* What driver code did, kept for when its host stack goes on. */
static struct Crash {
  int signal;
  bool is_write;
  bool is_fetch;
  bool is_protection; /* a general protection fault: no address */
  bool is_return;     /* a function returned to the address */
  uint32_t status;    /* of what is no fault of memory */
  uint64_t address;
  uint64_t instruction;
} crash;

#if defined(__x86_64__)

static bool is_image(uint64_t address) { return address >= SIM_IMAGE_BASE && address < SIM_IMAGE_END; }

/* Is this driver code, on its stack or beside it? */
static bool is_guest(const SimMachine *machine, const greg_t *registers) {
  if (!machine->is_running || machine->current == NULL || machine->current->guest_depth == 0)
    return false;
  uint64_t stack = (uint64_t)registers[REG_RSP];
  return is_image((uint64_t)registers[REG_RIP]) ||
         (stack >= sim_context_guest_stack_low(machine->current) && stack < sim_context_guest_stack_high(machine->current));
}

/* Where in the driver it was: behind the instruction, as sites are; of a wild call, behind the call. */
static void site_note(SimContext *context) {
  uint64_t place = crash.instruction + 1;
  if (is_image(place))
    context->site = (uint32_t)(place - SIM_IMAGE_BASE);
}

/* On the host stack of the context, whose driver code is given up. */
static void crash_end(void) {
  SimMachine *machine = sim_machine();
  site_note(machine->current);
  switch (crash.signal) {
  case SIGALRM: sim_stop(machine, SIM_STOP_LIMIT_HOST_TIME, NULL); break;
  case SIGFPE:
  case SIGILL:
  case SIGTRAP: guest_exception(crash.status, crash.instruction);
  default:
    if (crash.is_return)
      guest_return_fault(crash.address);
    if (crash.is_protection) /* the address was no address at all */
      guest_fault(0x8000000000000000u, 1, false, false);
    guest_fault(crash.address, 1, crash.is_write, crash.is_fetch);
  }
  __builtin_trap();
}

/* Instead of back into driver code: to crash_end, below what the host stack holds. */
static void give_up(const SimMachine *machine, greg_t *registers) {
  uint64_t stack = ((uint64_t)machine->current->gate_stack_pointer & ~(uint64_t)15) - 136;
  registers[REG_RIP] = (greg_t)(uintptr_t)crash_end;
  registers[REG_RSP] = (greg_t)stack;
  registers[REG_RBP] = 0;
  registers[REG_EFL] &= ~FLAG_DIRECTION;
}

/* Division by zero, or a quotient that does not fit: one exception of the processor, told apart by the divisor as Windows does. A divisor in
 * memory counts as zero. */
static uint32_t division_status(const greg_t *registers) {
  static const int numbers[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                   REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };
  const uint8_t *code = (const uint8_t *)(uintptr_t)registers[REG_RIP];
  unsigned extension = 0;
  bool is_wide = false, is_short = false;
  for (; *code == 0x66 || (*code & 0xf0) == 0x40; code++) {
    is_short = is_short || *code == 0x66;
    if (*code != 0x66) {
      extension = *code & 1 ? 8 : 0;
      is_wide = (*code & 8) != 0;
    }
  }
  if (code[0] != 0xf7 || (code[1] & 0xc0) != 0xc0)
    return INTEGER_DIVIDE_BY_ZERO;
  uint64_t divisor = (uint64_t)registers[numbers[(code[1] & 7) | extension]];
  divisor &= is_wide ? UINT64_MAX : is_short ? UINT16_MAX : UINT32_MAX;
  return divisor == 0 ? INTEGER_DIVIDE_BY_ZERO : INTEGER_OVERFLOW;
}

static uint32_t status_of(int signal, const greg_t *registers) {
  switch (signal) {
  case SIGFPE: return division_status(registers);
  case SIGILL: return ILLEGAL_INSTRUCTION;
  case SIGTRAP: return BREAKPOINT;
  default: return 0;
  }
}

static bool is_on_stack(const SimMachine *machine, uint64_t address) {
  return address >= sim_context_guest_stack_low(machine->current) && address + 8 <= sim_context_guest_stack_high(machine->current);
}

static uint64_t word_at(uint64_t address) {
  uint64_t word;
  memcpy(&word, (const void *)address, sizeof word);
  return word;
}

/* Has a function returned to where no code is? The address it took from the stack is still there, and what a call would have pushed is not; one that is no
 * address at all the processor refuses to take. */
static void return_note(const SimMachine *machine, uint64_t stack) {
  bool is_taken = crash.is_fetch && is_on_stack(machine, stack - 8) && word_at(stack - 8) == crash.address &&
                  !(is_on_stack(machine, stack) && is_image(word_at(stack)));
  bool is_refused =
      crash.is_protection && is_image(crash.instruction) && *(const uint8_t *)crash.instruction == 0xc3 && is_on_stack(machine, stack);
  crash.is_return = is_taken || is_refused;
  if (is_refused)
    crash.address = word_at(stack);
}

static void crash_note(int signal, const siginfo_t *info, const SimMachine *machine, const greg_t *registers) {
  uint64_t error = (uint64_t)registers[REG_ERR];
  uint64_t stack = (uint64_t)registers[REG_RSP];
  crash = (struct Crash){ .signal = signal, .instruction = (uint64_t)registers[REG_RIP], .status = status_of(signal, registers) };
  if (signal == SIGTRAP)
    crash.instruction--;
  if (signal != SIGSEGV && signal != SIGBUS)
    return;
  crash.address = (uint64_t)info->si_addr;
  crash.is_write = (error & PAGE_FAULT_WRITE) != 0;
  crash.is_fetch = (error & PAGE_FAULT_FETCH) != 0 || crash.address == crash.instruction;
  crash.is_protection = signal == SIGSEGV && info->si_code == SI_KERNEL;
  return_note(machine, stack);
  /* A wild call has pushed where it came from. */
  if (crash.is_fetch && !crash.is_return && is_on_stack(machine, stack))
    crash.instruction = word_at(stack) - 1;
}

static void call_before(int signal, siginfo_t *info, void *context) {
  for (size_t i = 0; i < SIGNAL_COUNT; i++) {
    struct sigaction *before = &actions_before[i];
    if (signals[i] != signal)
      continue;
    if ((before->sa_flags & SA_SIGINFO) && before->sa_sigaction != NULL)
      before->sa_sigaction(signal, info, context);
    else
      sigaction(signal, before, NULL); /* returns to the same instruction, and then dies of it */
  }
}

static void trouble(int signal, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const SimMachine *machine = sim_machine();
  if (!is_guest(machine, registers)) {
    call_before(signal, info, context);
    return;
  }
  crash_note(signal, info, machine, registers);
  give_up(machine, registers);
}

static bool is_time_up(const SimMachine *machine) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec > machine->host_deadline_ns;
}

/* Only while an instruction of the driver's own is running: all else comes to a look at the clock by itself. */
static void tick(int signal, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const SimMachine *machine = sim_machine();
  (void)info;
  if (!is_clock_wanted) {
    is_ticking = false;
    clock_set(0);
    return;
  }
  if (!is_guest(machine, registers) || !is_image((uint64_t)registers[REG_RIP]) || !is_time_up(machine))
    return;
  crash = (struct Crash){ .signal = signal, .instruction = (uint64_t)registers[REG_RIP] };
  give_up(machine, registers);
}

/* A sanitizer may have given the thread one already. */
static void stack_install(void) {
  stack_t stack;
  if (sigaltstack(NULL, &stack) == 0 && !(stack.ss_flags & SS_DISABLE) && stack.ss_size >= SIGNAL_STACK_SIZE / 4)
    return;
  void *memory = mmap(NULL, SIGNAL_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED)
    sigaltstack(&(stack_t){ .ss_sp = memory, .ss_size = SIGNAL_STACK_SIZE }, NULL);
}

void guest_signals_install(void) {
  if (is_installed)
    return;
  is_installed = true;
  stack_install();
  struct sigaction action = { .sa_sigaction = trouble, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < SIGNAL_COUNT; i++)
    sigaction(signals[i], &action, &actions_before[i]);
  action = (struct sigaction){ .sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
  sigaction(SIGALRM, &action, NULL);
}

#else

void guest_signals_install(void) {}

#endif

static void clock_set(suseconds_t period_us) {
  struct itimerval period = { .it_interval = { .tv_usec = period_us }, .it_value = { .tv_usec = period_us } };
  setitimer(ITIMER_REAL, &period, NULL);
}

/* A child has no clock of its own yet. */
static void clock_forget(void) { is_ticking = false; }

void guest_clock_start(void) {
  static bool is_registered;
  if (!is_registered)
    is_registered = pthread_atfork(NULL, NULL, clock_forget) == 0;
  is_clock_wanted = true;
  if (!is_ticking)
    clock_set(CLOCK_PERIOD_US);
  is_ticking = true;
}

void guest_clock_stop(void) { is_clock_wanted = false; }
