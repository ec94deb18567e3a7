#include "table.h"

#include "sim/machine.h"

#include <string.h>

TableLog table_log;
uint64_t (*table_call)(uint64_t function, const uint64_t *arguments, unsigned count);

/* ---- types ---- */

enum {
  T_VOID,
  T_CHAR,
  T_UCHAR,
  T_SHORT,
  T_USHORT,
  T_LONG,
  T_ULONG,
  T_LONG64,
  T_ULONG64,
  T_ENUM,
  T_PVOID,
  T_LIST,
  T_PLIST,
  T_GUID,
  T_UCHAR8,
  T_LARGE,
  T_PARTS,
  T_BITS,
  T_FILTER,
  T_PFILTER,
  T_ROUTINE,
  T_PROUTINE,
  T_DPC,
  T_PDPC,
  T_ITEM,
  T_PITEM,
  T_VALUES,
  T_PVALUES,
  T_STRING,
  T_PWCHAR,
  T_PCHAR,
  T_PPVOID,
  T_PLARGE,
  T_BIG,
  T_ULONG4,
  T_CLASSIFY,
  T_PCLASSIFY,
  T_CALLOUT,
  T_PUCHAR,
  T_COUNT
};

enum {
  F_LIST = 0,
  F_GUID = 2,
  F_LARGE = 6,
  F_PARTS = 8,
  F_BITS = 10,
  F_DPC = 14,
  F_ITEM = 17,
  F_VALUES = 22,
  F_STRING = 24,
  F_BIG = 27,
  F_CALLOUT = 29
};

const DdiField ddi_fields[] = {
  [F_LIST] = { "Flink", T_PLIST, 0, 0, 0 },
  { "Blink", T_PLIST, 8, 0, 0 },
  [F_GUID] = { "Data1", T_ULONG, 0, 0, 0 },
  { "Data2", T_USHORT, 4, 0, 0 },
  { "Data3", T_USHORT, 6, 0, 0 },
  { "Data4", T_UCHAR8, 8, 0, 0 },
  [F_LARGE] = { "", T_PARTS, 0, 0, 0 },
  { "QuadPart", T_LONG64, 0, 0, 0 },
  [F_PARTS] = { "LowPart", T_ULONG, 0, 0, 0 },
  { "HighPart", T_LONG, 4, 0, 0 },
  [F_BITS] = { "Low", T_ULONG, 0, 0, 3 },
  { "High", T_ULONG, 0, 3, 29 },
  { "Signed", T_LONG, 4, 4, 5 },
  { "Top", T_ULONG, 4, 31, 1 },
  [F_DPC] = { "Routine", T_PROUTINE, 24, 0, 0 },
  { "Context", T_PVOID, 32, 0, 0 },
  { "Kind", T_ENUM, 40, 0, 0 },
  [F_ITEM] = { "Link", T_LIST, 0, 0, 0 },
  { "Value", T_ULONG, 16, 0, 0 },
  { "Kind", T_UCHAR, 20, 0, 0 },
  { "Name", T_UCHAR8, 24, 0, 0 },
  { "Next", T_PITEM, 32, 0, 0 },
  [F_VALUES] = { "currentMetadataValues", T_ULONG, 0, 0, 0 },
  { "completionHandle", T_PVOID, 8, 0, 0 },
  [F_STRING] = { "Length", T_USHORT, 0, 0, 0 },
  { "MaximumLength", T_USHORT, 2, 0, 0 },
  { "Buffer", T_PWCHAR, 8, 0, 0 },
  [F_BIG] = { "Numbers", T_ULONG4, 0, 0, 0 },
  { "Item", T_ITEM, 16, 0, 0 },
  [F_CALLOUT] = { "calloutKey", T_GUID, 0, 0, 0 },
  { "flags", T_ULONG, 16, 0, 0 },
  { "classifyFn", T_PCLASSIFY, 24, 0, 0 },
};

#define INTEGER(text, bytes, is_signed_)                                                                                                   \
  { .name = text, .kind = DDI_TYPE_INTEGER, .is_signed = is_signed_, .size = bytes }
#define POINTER(to)                                                                                                                        \
  { .name = "", .kind = DDI_TYPE_POINTER, .size = 8, .target = to }
#define STRUCT(text, bytes, first, count)                                                                                                  \
  { .name = text, .kind = DDI_TYPE_STRUCT, .size = bytes, .field_first = first, .field_count = count }

const DdiType ddi_types[] = {
  [T_VOID] = { .name = "void", .kind = DDI_TYPE_VOID },
  [T_CHAR] = INTEGER("CHAR", 1, true),
  [T_UCHAR] = INTEGER("UCHAR", 1, false),
  [T_SHORT] = INTEGER("SHORT", 2, true),
  [T_USHORT] = INTEGER("USHORT", 2, false),
  [T_LONG] = INTEGER("LONG", 4, true),
  [T_ULONG] = INTEGER("ULONG", 4, false),
  [T_LONG64] = INTEGER("LONG64", 8, true),
  [T_ULONG64] = INTEGER("ULONG64", 8, false),
  [T_ENUM] = { .name = "KIND", .kind = DDI_TYPE_ENUM, .size = 4 },
  [T_PVOID] = POINTER(T_VOID),
  [T_LIST] = STRUCT("_LIST_ENTRY", 16, F_LIST, 2),
  [T_PLIST] = POINTER(T_LIST),
  [T_GUID] = STRUCT("_GUID", 16, F_GUID, 4),
  [T_UCHAR8] = { .name = "", .kind = DDI_TYPE_ARRAY, .size = 8, .target = T_UCHAR, .count = 8 },
  [T_LARGE] = { .name = "_LARGE_INTEGER", .kind = DDI_TYPE_STRUCT, .is_union = true, .size = 8, .field_first = F_LARGE, .field_count = 2 },
  [T_PARTS] = STRUCT("", 8, F_PARTS, 2),
  [T_BITS] = STRUCT("BITS", 8, F_BITS, 4),
  [T_FILTER] = STRUCT("_FLT_FILTER", 0, 0, 0),
  [T_PFILTER] = POINTER(T_FILTER),
  [T_ROUTINE] = { .name = "KDEFERRED_ROUTINE", .kind = DDI_TYPE_FUNCTION },
  [T_PROUTINE] = POINTER(T_ROUTINE),
  [T_DPC] = STRUCT("_KDPC", 64, F_DPC, 3),
  [T_PDPC] = POINTER(T_DPC),
  [T_ITEM] = STRUCT("ITEM", 40, F_ITEM, 5),
  [T_PITEM] = POINTER(T_ITEM),
  [T_VALUES] = STRUCT("FWPS_INCOMING_METADATA_VALUES0_", 16, F_VALUES, 2),
  [T_PVALUES] = POINTER(T_VALUES),
  [T_STRING] = STRUCT("_UNICODE_STRING", 16, F_STRING, 3),
  [T_PWCHAR] = POINTER(T_USHORT),
  [T_PCHAR] = POINTER(T_CHAR),
  [T_PPVOID] = POINTER(T_PVOID),
  [T_PLARGE] = POINTER(T_LARGE),
  [T_BIG] = STRUCT("BIG", 56, F_BIG, 2),
  [T_ULONG4] = { .name = "", .kind = DDI_TYPE_ARRAY, .size = 16, .target = T_ULONG, .count = 4 },
  [T_CLASSIFY] = { .name = "FWPS_CALLOUT_CLASSIFY_FN1", .kind = DDI_TYPE_FUNCTION },
  [T_PCLASSIFY] = POINTER(T_CLASSIFY),
  [T_CALLOUT] = STRUCT("FWPS_CALLOUT1_", 32, F_CALLOUT, 3),
  [T_PUCHAR] = POINTER(T_UCHAR),
};
const uint32_t ddi_type_count = T_COUNT;

const DdiTypeName ddi_type_names[] = {
  { "BIG", T_BIG },
  { "BITS", T_BITS },
  { "BOOLEAN", T_UCHAR },
  { "CHAR", T_CHAR },
  { "FWPS_CALLOUT1", T_CALLOUT },
  { "FWPS_INCOMING_METADATA_VALUES0", T_VALUES },
  { "GUID", T_GUID },
  { "HANDLE", T_PVOID },
  { "ITEM", T_ITEM },
  { "KDEFERRED_ROUTINE", T_ROUTINE },
  { "KDPC", T_DPC },
  { "KIND", T_ENUM },
  { "LARGE_INTEGER", T_LARGE },
  { "LIST_ENTRY", T_LIST },
  { "LONG", T_LONG },
  { "LONG64", T_LONG64 },
  { "LONG_PTR", T_LONG64 },
  { "NTSTATUS", T_LONG },
  { "PFLT_FILTER", T_PFILTER },
  { "PITEM", T_PITEM },
  { "PKDEFERRED_ROUTINE", T_PROUTINE },
  { "PKDPC", T_PDPC },
  { "PLIST_ENTRY", T_PLIST },
  { "PUCHAR", T_PUCHAR },
  { "PVOID", T_PVOID },
  { "SHORT", T_SHORT },
  { "SIZE_T", T_ULONG64 },
  { "UCHAR", T_UCHAR },
  { "ULONG", T_ULONG },
  { "ULONG64", T_ULONG64 },
  { "ULONG_PTR", T_ULONG64 },
  { "UNICODE_STRING", T_STRING },
  { "USHORT", T_USHORT },
  { "VOID", T_VOID },
  { "WCHAR", T_USHORT },
  { "_FLT_FILTER", T_FILTER },
  { "_KDPC", T_DPC },
  { "_LARGE_INTEGER", T_LARGE },
  { "_LIST_ENTRY", T_LIST },
};
const uint32_t ddi_type_name_count = sizeof ddi_type_names / sizeof *ddi_type_names;

/* ---- constants and GUIDs ---- */

const DdiConstant ddi_constants[] = {
  { "APC_LEVEL", 1, T_LONG },
  { "BIG_UNSIGNED", 0xffffffff, T_ULONG },
  { "DISPATCH_LEVEL", 2, T_LONG },
  { "FWPS_METADATA_FIELD_COMPLETION_HANDLE", 0x40, T_ULONG },
  { "FWP_ACTION_BLOCK", 0x1001, T_ULONG },
  { "KindSecond", 1, T_ENUM },
  { "STATUS_SUCCESS", 0, T_LONG },
  { "STATUS_UNSUCCESSFUL", (int32_t)0xc0000001, T_LONG },
};
const uint32_t ddi_constant_count = sizeof ddi_constants / sizeof *ddi_constants;

const DdiGuid ddi_guids[] = {
  { "FWPM_LAYER_ALE_AUTH_CONNECT_V4", { 0xdb, 0xd1, 0x86, 0xc3, 0x2d, 0x8c, 0xc4, 0x4e, 1, 2, 3, 4, 5, 6, 7, 8 } },
  { "FWPM_LAYER_STREAM_V4", { 0xd9, 0xee, 0xf5, 0x3b, 0xc2, 0xc3, 0x95, 0x45, 9, 8, 7, 6, 5, 4, 3, 2 } },
};
const uint32_t ddi_guid_count = 2;

/* ---- functions ---- */

static void probe(uint64_t address, uint32_t size, SimAccessKind kind) { sim_access(address, size, kind, 0); }

static void test_add(const uint64_t *a, unsigned count, uint64_t *result) {
  (void)count;
  *result = (uint64_t)(int64_t)(int32_t)(a[0] + a[1]);
}

static void test_log(const uint64_t *a, unsigned count, uint64_t *result) {
  (void)count, (void)result;
  if (table_log.count < TABLE_LOG_COUNT)
    table_log.values[table_log.count++] = a[0];
}

static void dbg_print(const uint64_t *a, unsigned count, uint64_t *result) {
  (void)result;
  for (unsigned i = 1; i < count && table_log.count < TABLE_LOG_COUNT; i++)
    table_log.values[table_log.count++] = a[i];
}

static void pend(const uint64_t *a, unsigned count, uint64_t *result) {
  (void)count;
  probe(a[1], 8, SIM_ACCESS_WRITE);
  memcpy((void *)a[1], &(uint64_t){ 0x1111 }, 8);
  *result = (uint64_t)(int64_t)(int32_t)(a[0] == 0 ? 0xc000000d : 0);
}

static void initialize_dpc(const uint64_t *a, unsigned count, uint64_t *result) {
  (void)count, (void)result;
  probe(a[0], 64, SIM_ACCESS_WRITE);
  memcpy((char *)a[0] + 24, &a[1], 16);
}

static void run_dpc(const uint64_t *a, unsigned count, uint64_t *result) {
  (void)count, (void)result;
  uint64_t routine[2];
  probe(a[0], 64, SIM_ACCESS_READ);
  memcpy(routine, (char *)a[0] + 24, 16);
  uint64_t arguments[4] = { a[0], routine[1], 3, 4 };
  table_call(routine[0], arguments, 4);
}

static void query_counter(const uint64_t *a, unsigned count, uint64_t *result) {
  (void)count;
  if (a[0] != 0) {
    probe(a[0], 8, SIM_ACCESS_WRITE);
    memcpy((void *)a[0], &(uint64_t){ 10000000 }, 8);
  }
  *result = 0x100000002;
}

static void set_timer(const uint64_t *a, unsigned count, uint64_t *result) {
  (void)count;
  *result = a[0];
}

static void yield(const uint64_t *a, unsigned count, uint64_t *result) {
  (void)a, (void)count, (void)result;
  sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 100);
}

#define PARAMETERS(...)                                                                                                                    \
  (const DdiParameter[]) { __VA_ARGS__ }
#define FUNCTION(text, returns_, count, thunk, ...)                                                                                        \
  { .name = text, .returns = returns_, .parameter_count = count, .parameters = PARAMETERS(__VA_ARGS__), .step = thunk }

const DdiFunction ddi_functions[] = {
  { .name = "DbgPrint",
    .returns = T_ULONG,
    .parameter_count = 1,
    .parameters = PARAMETERS({ "Format", T_PCHAR, 1 }),
    .step = dbg_print,
    .is_variadic = true },
  FUNCTION("FwpsPendOperation0", T_LONG, 2, pend, { "completionHandle", T_PVOID, 1 }, { "completionContext", T_PPVOID, 2 }),
  FUNCTION("KeInitializeDpc", T_VOID, 3, initialize_dpc, { "Dpc", T_PDPC, 2 }, { "DeferredRoutine", T_PROUTINE, 1 },
           { "DeferredContext", T_PVOID, 1 }),
  FUNCTION("KeQueryPerformanceCounter", T_LARGE, 1, query_counter, { "PerformanceFrequency", T_PLARGE, 6 }),
  FUNCTION("TestAdd", T_LONG, 2, test_add, { "Left", T_LONG, 0 }, { "Right", T_LONG, 0 }),
  FUNCTION("TestLog", T_VOID, 1, test_log, { "Value", T_ULONG64, 0 }),
  FUNCTION("TestRunDpc", T_VOID, 1, run_dpc, { "Dpc", T_PDPC, 1 }),
  FUNCTION("TestSetTimer", T_LONG64, 1, set_timer, { "DueTime", T_LARGE, 0 }),
  FUNCTION("TestYield", T_VOID, 0, yield, { "", 0, 0 }),
};
const uint32_t ddi_function_count = sizeof ddi_functions / sizeof *ddi_functions;

const DdiCallback ddi_callbacks[] = {
  { .name = "DRIVER_INITIALIZE",
    .returns = T_LONG,
    .parameter_count = 2,
    .parameters = PARAMETERS({ "DriverObject", T_PVOID, 1 }, { "RegistryPath", T_PVOID, 1 }) },
  { .name = "FWPS_CALLOUT_CLASSIFY_FN1",
    .returns = T_VOID,
    .parameter_count = 2,
    .parameters = PARAMETERS({ "inFixedValues", T_PVOID, 1 }, { "inMetaValues", T_PVALUES, 1 }) },
  { .name = "KDEFERRED_ROUTINE",
    .returns = T_VOID,
    .parameter_count = 4,
    .parameters = PARAMETERS({ "Dpc", T_PDPC, 1 }, { "DeferredContext", T_PVOID, 1 }, { "SystemArgument1", T_PVOID, 1 },
                             { "SystemArgument2", T_PVOID, 1 }) },
};
const uint32_t ddi_callback_count = 3;

/* ---- look-up ---- */

#define FIND(name_, table, count)                                                                                                          \
  for (uint32_t i = 0; i < (count); i++)                                                                                                   \
    if (strcmp((table)[i].name, name_) == 0)                                                                                               \
      return &(table)[i];                                                                                                                  \
  return NULL

const DdiFunction *ddi_function_find(const char *name) { FIND(name, ddi_functions, ddi_function_count); }
const DdiCallback *ddi_callback_find(const char *name) { FIND(name, ddi_callbacks, ddi_callback_count); }
const DdiConstant *ddi_constant_find(const char *name) { FIND(name, ddi_constants, ddi_constant_count); }
const DdiGuid *ddi_guid_find(const char *name) { FIND(name, ddi_guids, ddi_guid_count); }

DdiTypeIndex ddi_type_find(const char *name) {
  for (uint32_t i = 0; i < ddi_type_name_count; i++)
    if (strcmp(ddi_type_names[i].name, name) == 0)
      return ddi_type_names[i].type;
  return UINT32_MAX;
}
