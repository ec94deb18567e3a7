/* What a worker in the sandbox may and may not ask of the host. Each question is put in a process of its own, which answers with its exit code. */
#include "cli/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { ALLOWED = 10, DENIED = 11, NO_SANDBOX = 12, OTHER = 13 };

static int answer(long result) { return result >= 0 ? ALLOWED : errno == EPERM ? DENIED : OTHER; }

/* ---- the questions ---- */

static int open_to_read(void) { return answer(open("/etc/hostname", O_RDONLY | O_CLOEXEC)); }
static int open_to_write(void) { return answer(open("/dev/null", O_WRONLY)); }
static int open_to_read_and_write(void) { return answer(open("/dev/null", O_RDWR)); }
static int open_to_create(void) { return answer(open("/tmp/irqlab-sandbox-test", O_RDONLY | O_CREAT, 0600)); }
static int open_to_append(void) { return answer(open("/dev/null", O_WRONLY | O_APPEND)); }
static int delete_file(void) { return answer(unlink("/tmp/irqlab-sandbox-test")); }
static int make_folder(void) { return answer(mkdtemp((char[]){ "/tmp/irqlab-sandbox-XXXXXX" }) != NULL ? 0 : -1); }
static int fork_process(void) { return answer(fork()); }
static int run_program(void) { return answer(execl("/bin/true", "true", (char *)NULL)); }
static int open_socket(void) { return answer(socket(AF_INET, SOCK_STREAM, 0)); }
static int signal_parent(void) { return answer(kill(getppid(), 0)); }
static int signal_parent_thread(void) { return answer(syscall(SYS_tgkill, getppid(), getppid(), 0)); }
static int signal_itself(void) { return answer(syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), 0)); }
static int trace_process(void) { return answer(syscall(SYS_ptrace, 0, 0, 0, 0)); }
static int change_folder(void) { return answer(chdir("/")); }

static int map_memory(void) {
  return answer(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? 0 : -1);
}

static int read_clock(void) {
  struct timespec time;
  return answer(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time));
}

static int read_through(void) {
  char bytes[16];
  int file = open("/etc/passwd", O_RDONLY);
  return file < 0 ? answer(file) : answer(read(file, bytes, sizeof bytes));
}

static const struct {
  const char *name;
  int (*question)(void);
  int expected;
} questions[] = {
  { "open to read", open_to_read, ALLOWED },
  { "read", read_through, ALLOWED },
  { "map memory", map_memory, ALLOWED },
  { "read the clock", read_clock, ALLOWED },
  { "signal itself", signal_itself, ALLOWED },
  { "open to write", open_to_write, DENIED },
  { "open to read and write", open_to_read_and_write, DENIED },
  { "create a file", open_to_create, DENIED },
  { "append", open_to_append, DENIED },
  { "delete a file", delete_file, DENIED },
  { "make a folder", make_folder, DENIED },
  { "fork", fork_process, DENIED },
  { "run a program", run_program, DENIED },
  { "open a socket", open_socket, DENIED },
  { "signal its parent", signal_parent, DENIED },
  { "signal its parent's thread", signal_parent_thread, DENIED },
  { "trace", trace_process, DENIED },
  { "change its folder", change_folder, DENIED },
};

static int ask(int (*question)(void)) {
  int status = -1;
  pid_t child = fork();
  if (child == 0)
    _exit(sandbox_enter() ? question() : NO_SANDBOX);
  assert_true(child > 0 && waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_sandbox(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
    int got = ask(questions[i].question);
    if (got == NO_SANDBOX)
      skip();
    if (got != questions[i].expected)
      fail_msg("%s: %d, expected %d", questions[i].name, got, questions[i].expected);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(test_sandbox) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
