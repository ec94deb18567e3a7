#include "config.h"

#include <glib.h>

/* The checkout first, so that a program that was not installed works. */
static const char *first_folder(const char *checkout, const char *installed) {
  return g_file_test(checkout, G_FILE_TEST_IS_DIR) ? checkout : installed;
}

const char *config_include_folder(void) { return first_folder(IRQLAB_SOURCE_ROOT "/model/include", IRQLAB_HEADERS_DIR); }

const char *config_library_folder(void) { return first_folder(IRQLAB_SOURCE_ROOT "/scenarios", IRQLAB_DATA_DIR "/scenarios"); }
