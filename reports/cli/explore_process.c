/* memfd_create. */
#define _GNU_SOURCE

#include "explore_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_SIZE_MAX 16384

/* The processes that a worker inherits nothing of but its own. */
static void child_main(const ExplorePool *pool, ExploreWorker *worker, int commands, int replies) G_GNUC_NORETURN;
static void child_main(const ExplorePool *pool, ExploreWorker *worker, int commands, int replies) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == 1)
    _exit(EXIT_SET_UP);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  signal(SIGHUP, SIG_DFL);
  for (unsigned i = 0; i < pool->worker_count; i++) { /* else one would keep another's pipe, and the log's lock, open */
    if (pool->workers[i].commands >= 0)
      close(pool->workers[i].commands);
    if (pool->workers[i].replies >= 0)
      close(pool->workers[i].replies);
  }
  if (pool->log.descriptor >= 0)
    close(pool->log.descriptor);
  if (worker->log >= 0)
    dup2(worker->log, STDERR_FILENO);
  ExploreWorkerTask task = { .task = pool->task, .ring = worker->ring, .commands = commands, .replies = replies };
  explore_worker_main(&task);
}

static void start_fail(ExplorePool *pool, const char *what) {
  g_autofree char *message = g_strdup_printf("%s: %s", what, g_strerror(errno));
  explore_fail(pool, EXIT_SET_UP, message);
}

/* In the campaign's folder, so that what a worker noted survives both. */
static bool ring_make(ExplorePool *pool, ExploreWorker *worker) {
  g_autoptr(GError) error = NULL;
  if (pool->log.descriptor >= 0) {
    g_autofree char *stem = g_strndup(pool->log.file, strlen(pool->log.file) - strlen(".jsonl"));
    worker->ring_file = g_strdup_printf("%s.ring.%d-%u", stem, (int)getpid(), (unsigned)(worker - pool->workers));
  }
  uint64_t identity = pool->is_begun ? campaign_identity(&pool->campaign->header) : 0;
  worker->ring = campaign_ring_create(worker->ring_file, identity, &error);
  if (worker->ring == NULL)
    explore_fail(pool, EXIT_SET_UP, error->message);
  return worker->ring != NULL;
}

bool explore_worker_start(ExplorePool *pool, ExploreWorker *worker) {
  int commands[2] = { -1, -1 }, replies[2] = { -1, -1 };
  *worker = (ExploreWorker){ .commands = -1, .replies = -1, .log = -1, .text = g_string_new(NULL) };
  if (!ring_make(pool, worker))
    return false;
  worker->log = memfd_create("irqlab-worker", MFD_CLOEXEC);
  fflush(NULL);
  if (pipe2(commands, O_CLOEXEC) != 0 || pipe2(replies, O_CLOEXEC) != 0 || (worker->process = fork()) < 0) {
    start_fail(pool, "a worker process could not be started");
    worker->process = 0;
    for (unsigned i = 0; i < 2; i++) {
      if (commands[i] >= 0)
        close(commands[i]);
      if (replies[i] >= 0)
        close(replies[i]);
    }
    return false;
  }
  if (worker->process == 0) {
    close(commands[1]);
    close(replies[0]);
    child_main(pool, worker, commands[0], replies[1]);
  }
  setpgid(worker->process, worker->process); /* whoever is first */
  close(commands[0]);
  close(replies[1]);
  worker->commands = commands[1];
  worker->replies = replies[0];
  return true;
}

void explore_worker_kill(const ExploreWorker *worker) {
  if (worker->process <= 0)
    return;
  kill(-worker->process, SIGKILL);
  kill(worker->process, SIGKILL);
}

char *explore_worker_wait(ExploreWorker *worker, bool *is_killed) {
  int status = 0;
  *is_killed = false;
  while (worker->process > 0 && waitpid(worker->process, &status, 0) < 0 && errno == EINTR)
    continue;
  worker->process = 0;
  *is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (WIFSIGNALED(status))
    return g_strdup(g_strsignal(WTERMSIG(status)));
  return WEXITSTATUS(status) != 0 ? g_strdup_printf("exit code %d", WEXITSTATUS(status)) : NULL;
}

char *explore_worker_said(const ExploreWorker *worker) {
  char bytes[SAID_SIZE_MAX];
  off_t size = worker->log >= 0 ? lseek(worker->log, 0, SEEK_END) : 0;
  off_t from = size > SAID_SIZE_MAX ? size - SAID_SIZE_MAX : 0;
  ssize_t count = size > 0 ? pread(worker->log, bytes, sizeof bytes, from) : 0;
  return count > 0 ? g_strndup(bytes, (gsize)count) : NULL;
}

/* What its ring held is in the log by now. */
void explore_worker_finish(ExploreWorker *worker) {
  if (worker->commands >= 0)
    close(worker->commands);
  if (worker->replies >= 0)
    close(worker->replies);
  if (worker->log >= 0)
    close(worker->log);
  campaign_ring_unmap(worker->ring);
  if (worker->ring_file != NULL)
    unlink(worker->ring_file);
  g_free(worker->ring_file);
  if (worker->text != NULL)
    g_string_free(worker->text, TRUE);
  *worker = (ExploreWorker){ .commands = -1, .replies = -1, .log = -1 };
}
