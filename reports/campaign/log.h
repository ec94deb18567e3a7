/*
 * log.h: the file a campaign lives in: append-only, one JSON object a line, each written by one write(2) and closed by a sum over itself and all
 * before it. Whatever kills the writer leaves whole records and at most one torn one, which the next writer drops.
 */
#pragma once

#include <glib.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#define CAMPAIGN_ERROR campaign_error_quark()
GQuark campaign_error_quark(void);
typedef enum CampaignError {
  CAMPAIGN_ERROR_SYSTEM,  /* the host refused */
  CAMPAIGN_ERROR_FOREIGN, /* no campaign, or another one */
  CAMPAIGN_ERROR_DAMAGED, /* what was written is not what is there */
  CAMPAIGN_ERROR_BUSY,    /* another process writes it */
} CampaignError;

typedef struct CampaignLog {
  char *file;
  int descriptor; /* -1: not open */
  uint64_t sum;   /* of the last record */
  uint64_t count; /* of records */
  uint64_t size;  /* in bytes, of whole records */
  bool is_new;    /* there was none */
  gint64 synced_us;
} CampaignLog;

/* Told each record in order; borrowed. False with error: it makes no sense. */
typedef bool CampaignLogRead(json_object *record, void *data, GError **error);

/* Reads a log. A torn last record is not told; *torn, when not NULL, becomes true. False with error when it is no log, or damaged elsewhere. */
bool campaign_log_read(const char *file, CampaignLogRead *read, void *data, bool *torn, GError **error);

/* Opens for appending, after reading what is there; makes the file when there is none (and tells nothing). One writer at a time. Nothing is changed
 * when it fails; a torn last record is cut off. Close it in any case. */
bool campaign_log_open(CampaignLog *log, const char *file, CampaignLogRead *read, void *data, bool *torn, GError **error);

/* Takes the record. False with error when it could not be written as a whole: the file is then as before. */
bool campaign_log_append(CampaignLog *log, json_object *record, GError **error);

/* To the disk, if that was not done in the last seconds, or `now`. */
void campaign_log_sync(CampaignLog *log, bool now);
void campaign_log_close(CampaignLog *log);

/* FNV-1a over bytes, from a value of the same kind: CAMPAIGN_SUM_BEGIN at first. */
#define CAMPAIGN_SUM_BEGIN 0xcbf29ce484222325ULL
uint64_t campaign_sum(uint64_t sum, const void *bytes, size_t size);
