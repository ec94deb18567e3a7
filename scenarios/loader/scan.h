/*
 * scan.h: our own look at the bytes of a scenario file before json-c parses them.
 *
 * It bounds size, depth, numbers and the count of values, checks UTF-8, finds duplicate keys, records where each key and value stands, and
 * blanks comments, so that all that is left for json-c is JSON to the letter. Any bytes are safe; time and memory are linear in the file.
 */
#pragma once

#include "text.h"

#define SCAN_SIZE_MAX (16u << 20)
#define SCAN_DEPTH_MAX 64
#define SCAN_VALUE_COUNT_MAX 200000

/* Where a key or a value begins, in the order of the file: of a member first its key, then its value; of a list or an object first itself. */
typedef struct ScanPlace {
  uint32_t offset; /* bytes */
  TextPosition position;
} ScanPlace;

typedef struct Scan {
  GArray *places; /* of ScanPlace */
  char *blanked;  /* the bytes with comments and a byte order mark as blanks, same length, NUL-terminated */
} Scan;

/* Scans bytes (NUL-terminated behind `size`). False with error. scan_finish in either case. */
bool scan_bytes(Scan *scan, const char *file, const char *bytes, size_t size, GError **error);
void scan_finish(Scan *scan);
