#include "sandbox.h"

#if defined(__x86_64__)

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DENY BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Ways of opening that could write. O_TMPFILE needs one of the first two. */
#define OPEN_TO_WRITE (O_WRONLY | O_RDWR | O_CREAT | O_APPEND | O_TRUNC)

bool sandbox_enter(void) {
  const unsigned own = (unsigned)getpid();
  struct sock_filter rules[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), /* other calling conventions have other numbers */
    LOAD(nr),
    /* memory */
    ALLOW(SYS_brk),
    ALLOW(SYS_mmap),
    ALLOW(SYS_munmap),
    ALLOW(SYS_mremap),
    ALLOW(SYS_madvise),
    ALLOW(SYS_mprotect),
    ALLOW(SYS_mincore),
    /* time */
    ALLOW(SYS_clock_gettime),
    ALLOW(SYS_gettimeofday),
    ALLOW(SYS_setitimer),
    ALLOW(SYS_getrusage),
    ALLOW(SYS_clock_nanosleep),
    /* files that are open, and what is there to read */
    ALLOW(SYS_read),
    ALLOW(SYS_pread64),
    ALLOW(SYS_write),
    ALLOW(SYS_writev),
    ALLOW(SYS_close),
    ALLOW(SYS_lseek),
    ALLOW(SYS_fstat),
    ALLOW(SYS_newfstatat),
    ALLOW(SYS_stat),
    ALLOW(SYS_lstat),
    ALLOW(SYS_statx),
    ALLOW(SYS_access),
    ALLOW(SYS_faccessat),
    ALLOW(SYS_faccessat2),
    ALLOW(SYS_readlink),
    ALLOW(SYS_getdents64),
    ALLOW(SYS_getcwd),
    /* ending, signals of its own, and what glibc and the sanitizers need */
    ALLOW(SYS_exit),
    ALLOW(SYS_exit_group),
    ALLOW(SYS_rt_sigreturn),
    ALLOW(SYS_rt_sigprocmask),
    ALLOW(SYS_rt_sigaction),
    ALLOW(SYS_sigaltstack),
    ALLOW(SYS_getpid),
    ALLOW(SYS_gettid),
    ALLOW(SYS_futex),
    ALLOW(SYS_getrandom),
    ALLOW(SYS_sched_yield),
    /* signals: to itself only */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 4),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, own, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    DENY,
    /* openat: to read only */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
    LOAD(args[2]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, OPEN_TO_WRITE, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    DENY,
  };
  struct sock_fprog program = { .len = sizeof rules / sizeof rules[0], .filter = rules };
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#else

bool sandbox_enter(void) { return false; }

#endif
