#include "guest_tool.h"

#include "guest_build.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_SIZE_MAX (1 << 20)

char *guest_tool_find(const char *name, GError **error) {
  g_autofree char *path = g_find_program_in_path(name);
  if (path == NULL) {
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL, "%s: not found in PATH", name);
    return NULL;
  }
  return g_canonicalize_filename(path, NULL); /* links are not followed: compilers look at what they are called */
}

static void child_setup(gpointer data) {
  (void)data;
  setpgid(0, 0); /* a compiler is several processes: all go when the time is up */
}

/* Reads until the end or the deadline. False: the time is up. */
static bool output_read(int pipe, gint64 deadline_us, GString *text) {
  for (;;) {
    gint64 left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
    struct pollfd poll_pipe = { .fd = pipe, .events = POLLIN };
    int ready = left_ms > 0 ? poll(&poll_pipe, 1, (int)MIN(left_ms, 1000)) : 0;
    if (left_ms <= 0)
      return false;
    if (ready <= 0)
      continue;
    char buffer[4096];
    ssize_t count = read(pipe, buffer, sizeof buffer);
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN))
      return true;
    if (count > 0 && text->len < OUTPUT_SIZE_MAX)
      g_string_append_len(text, buffer, count);
  }
}

static GPid tool_start(const GPtrArray *argv, const char *folder, const char *temporary, int *pipe, GError **error) {
  g_auto(GStrv) environment = NULL;
  const char *path = g_getenv("PATH");
  environment = g_environ_setenv(environment, "PATH", path != NULL ? path : "/usr/bin:/bin", TRUE);
  environment = g_environ_setenv(environment, "LC_ALL", "C", TRUE);
  environment = g_environ_setenv(environment, "TMPDIR", temporary, TRUE);
  environment = g_environ_setenv(environment, "SOURCE_DATE_EPOCH", "0", TRUE);
  GPid child;
  int both[2];
  if (!g_unix_open_pipe(both, FD_CLOEXEC, error))
    return -1;
  bool started = g_spawn_async_with_pipes_and_fds(folder, (const char *const *)argv->pdata, (const char *const *)environment,
                                                  G_SPAWN_DO_NOT_REAP_CHILD, child_setup, NULL, -1, both[1], both[1], NULL, NULL, 0, &child,
                                                  NULL, NULL, NULL, error);
  close(both[1]);
  if (!started) {
    close(both[0]);
    return -1;
  }
  *pipe = both[0];
  return child;
}

int guest_tool_run(const GPtrArray *argv, const char *folder, const char *temporary, unsigned timeout_seconds, char **output,
                   GError **error) {
  int pipe;
  GPid child = tool_start(argv, folder, temporary, &pipe, error);
  if (child < 0) {
    if (error != NULL && *error != NULL)
      (*error)->domain = GUEST_BUILD_ERROR, (*error)->code = GUEST_BUILD_ERROR_TOOL;
    return -1;
  }
  g_autoptr(GString) text = g_string_new(NULL);
  bool in_time = output_read(pipe, g_get_monotonic_time() + (gint64)timeout_seconds * G_USEC_PER_SEC, text);
  close(pipe);
  if (!in_time)
    kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  g_autofree char *name = g_path_get_basename(g_ptr_array_index(argv, 0));
  if (!in_time) {
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL, "%s took longer than %u seconds and was ended", name, timeout_seconds);
    return -1;
  }
  if (!WIFEXITED(status)) {
    g_set_error(error, GUEST_BUILD_ERROR, GUEST_BUILD_ERROR_TOOL, "%s was ended by signal %d\n%s", name, WTERMSIG(status), text->str);
    return -1;
  }
  *output = g_string_free(g_steal_pointer(&text), FALSE);
  return WEXITSTATUS(status);
}
