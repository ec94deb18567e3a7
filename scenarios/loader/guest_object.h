/*
 * guest_object.h: what the object files of a driver define, lack, and where they use what they lack.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* One compiled file. */
typedef struct GuestObject {
  char *path;   /* of the object file; owned */
  char *source; /* as messages name it; owned */
} GuestObject;

GuestObject *guest_object_new(const char *path, const char *source);
void guest_object_free(GuestObject *object);

typedef struct GuestNames {
  GHashTable *defined;  /* name -> source (borrowed from the object), without weak ones; for look-up only */
  GHashTable *weak;     /* the same of weak definitions */
  GPtrArray *undefined; /* names that no object defines, sorted */
  char *twice;          /* a sentence on the first name that two objects define; NULL: there is none */
} GuestNames;

/* Reads the symbol tables. `objects` holds GuestObject, borrowed for the life of the result. NULL with *error. */
GuestNames *guest_names_read(const GPtrArray *objects, GError **error);
void guest_names_free(GuestNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestNames, guest_names_free)

/* Where the objects use any of the names (a set): GuestUse, sorted by name and place, each once. Returns owned. */
GPtrArray *guest_uses_find(const GPtrArray *objects, GHashTable *names);
