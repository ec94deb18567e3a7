/*
 * ddi.h: the DDI as data. What the table, the headers' debug information and their constants say about Windows' driver interface,
 * in types that both the WDK world (model/) and the libc world (scenarios/, reports/) can include: stdint only.
 *
 * Everything declared here is generated, constant and immutable; nothing in it changes during a run.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- types: from the debug information of the headers in model/include ---- */

typedef enum DdiTypeKind {
  DDI_TYPE_VOID,
  DDI_TYPE_INTEGER,  /* integers, BOOLEAN and characters; size and is_signed say which */
  DDI_TYPE_ENUM,     /* an integer with a name; 4 bytes in Windows */
  DDI_TYPE_POINTER,  /* target: what it points to (DDI_TYPE_VOID for PVOID and HANDLE) */
  DDI_TYPE_STRUCT,   /* struct or union: fields, possibly overlapping; size 0 when opaque (PFLT_FILTER's target) */
  DDI_TYPE_ARRAY,    /* target: element, count: elements (0 for a flexible array) */
  DDI_TYPE_FUNCTION, /* the target of a callback pointer; name is the callback type's name (FWPS_CALLOUT_CLASSIFY_FN1) */
} DdiTypeKind;

/* Index into ddi_types[]. 0 is void. Typedefs are resolved, but each typedef name is found by ddi_type_find. */
typedef uint32_t DdiTypeIndex;

typedef struct DdiField {
  const char *name; /* "" for an anonymous member, whose fields are found through it */
  DdiTypeIndex type;
  uint32_t offset;    /* bytes */
  uint8_t bit_offset; /* within the storage unit at offset; 0 when no bit field */
  uint8_t bit_size;   /* 0: not a bit field */
} DdiField;

typedef struct DdiType {
  const char *name; /* Windows' name ("ULONG", "KSPIN_LOCK", "_LIST_ENTRY"); "" for derived types */
  uint8_t kind;     /* DdiTypeKind */
  bool is_signed;
  bool is_union;
  uint32_t size;        /* bytes */
  DdiTypeIndex target;  /* pointer, array */
  uint32_t count;       /* array: elements */
  uint32_t field_first; /* struct: index into ddi_fields[] */
  uint32_t field_count; /* struct */
} DdiType;

/* A typedef or tag name and the type it stands for, sorted by name (strcmp). */
typedef struct DdiTypeName {
  const char *name;
  DdiTypeIndex type;
} DdiTypeName;

extern const DdiType ddi_types[];
extern const uint32_t ddi_type_count;
extern const DdiField ddi_fields[];
extern const DdiTypeName ddi_type_names[];
extern const uint32_t ddi_type_name_count;

/* ---- constants: macros with an integer value and enumerators, sorted by name ---- */

typedef struct DdiConstant {
  const char *name;
  int64_t value;
  DdiTypeIndex type; /* the C type of the expression: INTEGER or ENUM; NTSTATUS constants are signed 32 bit */
} DdiConstant;

extern const DdiConstant ddi_constants[];
extern const uint32_t ddi_constant_count;

/* GUIDs the headers declare (FWPM_LAYER_…, FWPM_CONDITION_…), sorted by name. */
typedef struct DdiGuid {
  const char *name;
  uint8_t bytes[16]; /* in memory order */
} DdiGuid;

extern const DdiGuid ddi_guids[];
extern const uint32_t ddi_guid_count;

/* ---- functions and callbacks: the table ---- */

typedef enum DdiDirection { DDI_IN = 1, DDI_OUT = 2, DDI_OPTIONAL = 4 } DdiDirection;

typedef struct DdiParameter {
  const char *name; /* the documentation's */
  DdiTypeIndex type;
  uint8_t direction; /* DdiDirection bits; 0 for a plain value */
} DdiParameter;

/* A way in which a function fails for reasons outside of the driver. */
typedef struct DdiFailure {
  const char *name; /* "STATUS_INSUFFICIENT_RESOURCES", "NULL" */
  int32_t value;
} DdiFailure;

/* Calls the checked wrapper with arguments widened to 64 bit; *result is the return value widened (0 for VOID). */
typedef void DdiStepThunk(const uint64_t *arguments, unsigned argument_count, uint64_t *result);

typedef struct DdiFunction {
  const char *name;     /* "FltSendMessage" */
  uint32_t id;          /* FNV-1a of the name: what events and hashes carry, stable when rows are added */
  const char *header;   /* "fltkernel.h" */
  const char *page;     /* "fltkernel/nf-fltkernel-fltsendmessage" */
  const char *contract; /* the IRQL contract as a person reads it: "IRQL <= APC_LEVEL" */
  const char *advice;   /* one sentence of how to mend a call at the wrong IRQL; "" when there is nothing special */
  uint8_t irql_min;     /* widest documented range */
  uint8_t irql_max;
  bool is_variadic;  /* DbgPrint */
  bool changes_irql; /* raising and lowering functions: the IRQL at return is not the IRQL at entry */
  uint32_t cost_ns;  /* virtual time of one call */
  DdiTypeIndex returns;
  const DdiParameter *parameters;
  uint8_t parameter_count;
  const char *const *phases;  /* names of inner scheduling points, NULL-terminated; NULL when it has none */
  const DdiFailure *failures; /* what it may fail with for reasons outside of the driver; NULL: nothing */
  uint8_t failure_count;
  bool fails_for_memory; /* memory is all that it can be short of */
  DdiStepThunk *step;
  void (*entry)(void); /* the checked native wrapper, what an import thunk jumps to */
} DdiFunction;

extern const DdiFunction ddi_functions[]; /* sorted by name */
extern const uint32_t ddi_function_count;

typedef struct DdiCallback {
  const char *name; /* "FWPS_CALLOUT_CLASSIFY_FN1" */
  uint32_t id;
  const char *page;
  const char *contract;
  uint8_t irql_min, irql_max;
  DdiTypeIndex returns;
  const DdiParameter *parameters;
  uint8_t parameter_count;
} DdiCallback;

extern const DdiCallback ddi_callbacks[]; /* sorted by name */
extern const uint32_t ddi_callback_count;

/* ---- look-up by name; NULL (or UINT32_MAX for types) when there is none ---- */

const DdiFunction *ddi_function_find(const char *name);
const DdiFunction *ddi_function_by_id(uint32_t id);
const DdiCallback *ddi_callback_find(const char *name);
const DdiCallback *ddi_callback_by_id(uint32_t id);
const DdiConstant *ddi_constant_find(const char *name);
const DdiGuid *ddi_guid_find(const char *name);
DdiTypeIndex ddi_type_find(const char *name);
