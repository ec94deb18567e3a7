/*
 * outline.h: a scenario file's text as a tree of byte ranges, so that parts of it can be taken away or replaced and all the rest stays as its author
 * wrote it, comments and line breaks included.
 */
#pragma once

#include "text.h"

typedef struct Outline Outline;

/* A value; of a member also its key. */
struct Outline {
  char first;       /* its first character: '{', '[', '"', or of a number or a word */
  size_t begin;     /* of the value, in bytes */
  size_t end;       /* behind it */
  size_t key_begin; /* of a member its key's quote; else begin */
  char *key;        /* as it is written; NULL: no member */
  GPtrArray *children;
};

/* Returns owned; NULL with error where the text is no scenario's JSON. */
Outline *outline_parse(const char *file, const char *text, GError **error);
void outline_free(Outline *outline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outline, outline_free)

/* Borrowed; NULL: it is no object, or has no such member. */
const Outline *outline_member(const Outline *object, const char *key);

/* The text without the index-th child, its comma included; with the value replaced; with a member set, new ones last. Return owned. */
void outline_range(const Outline *parent, guint index, size_t *begin, size_t *end); /* what of the text goes with it */
char *outline_without(const char *text, const Outline *parent, guint index);
char *outline_replaced(const char *text, const Outline *value, const char *by);
char *outline_with_member(const char *text, const Outline *object, const char *key, const char *value);

/* The decoded text of a string without escapes, or any value as it stands. Returns owned. */
char *outline_text(const char *text, const Outline *value);
