#include "log.h"

#include "campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYNC_PERIOD_US (5 * G_USEC_PER_SEC)
#define SUM_LENGTH 16
static const char sum_key[] = ",\"sum\":\"";

GQuark campaign_error_quark(void) { return g_quark_from_static_string("campaign"); }

uint64_t campaign_sum(uint64_t sum, const void *bytes, size_t size) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < size; i++)
    sum = (sum ^ at[i]) * 0x100000001b3ULL;
  return sum;
}

/* ---- reading ---- */

/* `{...,"sum":"0123456789abcdef"}` whose sum is right; *sum goes on. */
static bool line_is_whole(const char *line, size_t length, uint64_t *sum) {
  size_t tail = strlen(sum_key) + SUM_LENGTH + strlen("\"}");
  if (length < tail + 1 || line[0] != '{' || memcmp(line + length - 2, "\"}", 2) != 0 ||
      memcmp(line + length - tail, sum_key, strlen(sum_key)) != 0)
    return false;
  uint64_t own = campaign_sum(*sum, line, length - tail);
  char text[SUM_LENGTH + 1];
  g_snprintf(text, sizeof text, "%016" G_GINT64_MODIFIER "x", own);
  if (memcmp(text, line + length - 2 - SUM_LENGTH, SUM_LENGTH) != 0)
    return false;
  *sum = own;
  return true;
}

static json_object *line_parse(const char *line, size_t length) {
  struct json_tokener *tokener = json_tokener_new();
  json_object *json = json_tokener_parse_ex(tokener, line, (int)length);
  json_tokener_free(tokener);
  return json;
}

static bool line_tell(const char *file, uint64_t number, const char *line, size_t length, CampaignLogRead *read, void *data,
                      GError **error) {
  json_object *record = line_parse(line, length);
  bool is_right = record != NULL && json_object_is_type(record, json_type_object) && read(record, data, error);
  if (!is_right && error != NULL && *error == NULL)
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_DAMAGED, "this record makes no sense");
  json_object_put(record);
  if (!is_right)
    g_prefix_error(error, "%s:%" G_GUINT64_FORMAT ": ", file, number);
  return is_right;
}

/* A first line whose sum is not as it should be: of a campaign, of another format's, or of something else. */
static bool foreign(const char *file, const char *line, size_t length, GError **error) {
  static const char begin[] = "{\"irqlab_campaign\":";
  json_object *json = line_parse(line, length);
  bool is_campaign = length > strlen(begin) && memcmp(line, begin, strlen(begin)) == 0;
  if (!is_campaign)
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_FOREIGN, "%s: this is no campaign of irqlab", file);
  else if (json == NULL || campaign_format_check(json, error))
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_DAMAGED, "%s:1: this campaign's first record is damaged; nothing was touched", file);
  else
    g_prefix_error(error, "%s: ", file);
  json_object_put(json);
  return false;
}

static bool damaged(const char *file, uint64_t number, const char *line, size_t length, GError **error) {
  if (number == 1)
    return foreign(file, line, length, error);
  g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_DAMAGED,
              "%s:%" G_GUINT64_FORMAT ": this record is damaged, or one before it was changed; nothing was touched", file, number);
  return false;
}

/* Whole lines are told; what stands behind the last line's end is a torn record. */
static bool bytes_read(CampaignLog *log, const char *bytes, size_t size, CampaignLogRead *read, void *data, bool *torn, GError **error) {
  size_t at = 0;
  while (at < size) {
    const char *end = memchr(bytes + at, '\n', size - at);
    if (end == NULL && log->count == 0 && bytes[0] != '{' && bytes[0] != '\0')
      return damaged(log->file, 1, bytes, size, error);
    if (end == NULL) {
      *torn = true;
      break;
    }
    size_t length = (size_t)(end - bytes) - at;
    if (!line_is_whole(bytes + at, length, &log->sum))
      return damaged(log->file, log->count + 1, bytes + at, length, error);
    if (!line_tell(log->file, log->count + 1, bytes + at, length, read, data, error))
      return false;
    at += length + 1;
    log->count++;
    log->size = at;
  }
  return true;
}

static bool system_error(const char *file, GError **error) {
  g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_SYSTEM, "%s: %s", file, g_strerror(errno));
  return false;
}

static bool log_load(CampaignLog *log, CampaignLogRead *read, void *data, bool *torn, GError **error) {
  struct stat status;
  bool is_torn = false;
  if (fstat(log->descriptor, &status) != 0)
    return system_error(log->file, error);
  if (!S_ISREG(status.st_mode)) {
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_FOREIGN, "%s: this is no file", log->file);
    return false;
  }
  GMappedFile *mapped = status.st_size > 0 ? g_mapped_file_new_from_fd(log->descriptor, FALSE, error) : NULL;
  if (status.st_size > 0 && mapped == NULL)
    return false;
  bool is_right =
      mapped == NULL || bytes_read(log, g_mapped_file_get_contents(mapped), g_mapped_file_get_length(mapped), read, data, &is_torn, error);
  if (mapped != NULL)
    g_mapped_file_unref(mapped);
  if (torn != NULL)
    *torn = is_torn;
  return is_right;
}

bool campaign_log_read(const char *file, CampaignLogRead *read, void *data, bool *torn, GError **error) {
  CampaignLog log = { .file = g_strdup(file), .sum = CAMPAIGN_SUM_BEGIN, .descriptor = open(file, O_RDONLY | O_CLOEXEC) };
  bool is_right = log.descriptor >= 0 ? log_load(&log, read, data, torn, error) : system_error(file, error);
  campaign_log_close(&log);
  return is_right;
}

/* ---- writing ---- */

bool campaign_log_open(CampaignLog *log, const char *file, CampaignLogRead *read, void *data, bool *torn, GError **error) {
  *log = (CampaignLog){ .file = g_strdup(file), .sum = CAMPAIGN_SUM_BEGIN };
  log->synced_us = g_get_monotonic_time();
  log->descriptor = open(file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (log->descriptor < 0)
    return system_error(file, error);
  if (flock(log->descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return system_error(file, error);
    g_set_error(error, CAMPAIGN_ERROR, CAMPAIGN_ERROR_BUSY, "%s: another irqlab explore is at work on it", file);
    return false;
  }
  bool is_torn = false;
  struct stat status;
  log->is_new = fstat(log->descriptor, &status) == 0 && status.st_size == 0;
  if (!log_load(log, read, data, &is_torn, error))
    return false;
  if (is_torn && ftruncate(log->descriptor, (off_t)log->size) != 0)
    return system_error(file, error);
  if (torn != NULL)
    *torn = is_torn;
  return true;
}

bool campaign_log_append(CampaignLog *log, json_object *record, GError **error) {
  const char *text = json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
  size_t length = strlen(text) - 1; /* without its brace */
  uint64_t sum = campaign_sum(log->sum, text, length);
  g_autofree char *line = g_strdup_printf("%.*s%s%016" G_GINT64_MODIFIER "x\"}\n", (int)length, text, sum_key, sum);
  size_t size = strlen(line);
  json_object_put(record);
  ssize_t written = write(log->descriptor, line, size);
  if (written != (ssize_t)size) {
    if (written >= 0)
      errno = ENOSPC;
    system_error(log->file, error);
    if (written > 0 && ftruncate(log->descriptor, (off_t)log->size) != 0)
      g_prefix_error(error, "a record was written in part: ");
    return false;
  }
  log->sum = sum;
  log->size += size;
  log->count++;
  return true;
}

void campaign_log_sync(CampaignLog *log, bool now) {
  gint64 time_us = g_get_monotonic_time();
  if (log->descriptor < 0 || (!now && time_us - log->synced_us < SYNC_PERIOD_US))
    return;
  fdatasync(log->descriptor);
  log->synced_us = g_get_monotonic_time();
}

void campaign_log_close(CampaignLog *log) {
  if (log->descriptor >= 0)
    close(log->descriptor);
  g_free(log->file);
  *log = (CampaignLog){ .descriptor = -1 };
}
