#include "shell.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

char *shell_word(const char *text) {
  bool is_plain = *text != '\0' && strpbrk(text, " \t\n'\"\\$`*?[]{}<>|&;()#~!^") == NULL;
  return is_plain ? g_strdup(text) : g_shell_quote(text);
}
