/* The tables of ddi.h as the host side sees them: order, look-ups, and facts of layout that Windows' debugger would tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../model/ddi/ddi.h"

#include <string.h>

/* ---- order ---- */

static void assert_sorted(const void *rows, size_t count, size_t row_size) {
  for (size_t at = 1; at < count; at++) {
    const char *before = *(const char *const *)((const char *)rows + (at - 1) * row_size);
    const char *name = *(const char *const *)((const char *)rows + at * row_size);
    if (strcmp(before, name) >= 0)
      fail_msg("\"%s\" stands before \"%s\"", before, name);
  }
}

static void test_order(void **state) {
  (void)state;
  assert_sorted(ddi_functions, ddi_function_count, sizeof *ddi_functions);
  assert_sorted(ddi_callbacks, ddi_callback_count, sizeof *ddi_callbacks);
  assert_sorted(ddi_constants, ddi_constant_count, sizeof *ddi_constants);
  assert_sorted(ddi_guids, ddi_guid_count, sizeof *ddi_guids);
  assert_sorted(ddi_type_names, ddi_type_name_count, sizeof *ddi_type_names);
}

static void test_every_row_is_found(void **state) {
  (void)state;
  for (uint32_t at = 0; at < ddi_function_count; at++) {
    assert_ptr_equal(ddi_function_find(ddi_functions[at].name), &ddi_functions[at]);
    assert_ptr_equal(ddi_function_by_id(ddi_functions[at].id), &ddi_functions[at]);
  }
  for (uint32_t at = 0; at < ddi_callback_count; at++) {
    assert_ptr_equal(ddi_callback_find(ddi_callbacks[at].name), &ddi_callbacks[at]);
    assert_ptr_equal(ddi_callback_by_id(ddi_callbacks[at].id), &ddi_callbacks[at]);
  }
  for (uint32_t at = 0; at < ddi_constant_count; at++)
    assert_ptr_equal(ddi_constant_find(ddi_constants[at].name), &ddi_constants[at]);
  assert_null(ddi_function_find("FwpsPendOperation9"));
  assert_null(ddi_function_find(""));
  assert_null(ddi_function_by_id(0));
  assert_null(ddi_constant_find("NO_SUCH_CONSTANT"));
  assert_null(ddi_guid_find("NO_SUCH_GUID"));
  assert_int_equal(ddi_type_find("NO_SUCH_TYPE"), UINT32_MAX);
}

/* What every reader of the tables leans on. */
static void test_types_are_whole(void **state) {
  (void)state;
  assert_int_equal(ddi_types[0].kind, DDI_TYPE_VOID);
  for (uint32_t at = 0; at < ddi_type_count; at++) {
    const DdiType *type = &ddi_types[at];
    assert_true(type->target < ddi_type_count);
    if (type->kind == DDI_TYPE_POINTER)
      assert_int_equal(type->size, 8);
    if (type->kind == DDI_TYPE_ARRAY)
      assert_int_equal(type->size, type->count * ddi_types[type->target].size);
    for (uint32_t number = 0; number < type->field_count; number++) {
      const DdiField *field = &ddi_fields[type->field_first + number];
      assert_true(field->type < ddi_type_count);
      if (field->offset + ddi_types[field->type].size > type->size)
        fail_msg("%s.%s reaches beyond its structure", type->name, field->name);
    }
  }
  for (uint32_t at = 0; at < ddi_type_name_count; at++)
    assert_true(ddi_type_names[at].type < ddi_type_count);
  for (uint32_t at = 0; at < ddi_constant_count; at++)
    assert_true(ddi_types[ddi_constants[at].type].kind == DDI_TYPE_INTEGER || ddi_types[ddi_constants[at].type].kind == DDI_TYPE_ENUM);
}

/* ---- layout ---- */

typedef struct LayoutFact {
  const char *type;
  const char *field; /* NULL: the size of the type */
  int expected;
} LayoutFact;

static const LayoutFact layout_facts[] = {
  { "ULONG", NULL, 4 },
  { "NTSTATUS", NULL, 4 },
  { "BOOLEAN", NULL, 1 },
  { "WCHAR", NULL, 2 },
  { "HANDLE", NULL, 8 },
  { "KIRQL", NULL, 1 },
  { "LARGE_INTEGER", NULL, 8 },
  { "POOL_TYPE", NULL, 4 },
  { "KSPIN_LOCK", NULL, 8 },
  { "LIST_ENTRY", "Blink", 8 },
  { "UNICODE_STRING", NULL, 16 },
  { "UNICODE_STRING", "Buffer", 8 },
  { "GUID", NULL, 16 },
  { "KEVENT", NULL, 24 },
  { "KSEMAPHORE", NULL, 32 },
  { "KMUTEX", NULL, 56 },
  { "KDPC", NULL, 64 },
  { "KTIMER", NULL, 64 },
  { "FAST_MUTEX", NULL, 56 },
  { "KLOCK_QUEUE_HANDLE", NULL, 24 },
  { "KLOCK_QUEUE_HANDLE", "OldIrql", 16 },
  { "DRIVER_OBJECT", NULL, 336 },
  { "DRIVER_OBJECT", "DriverUnload", 104 },
  { "DRIVER_OBJECT", "MajorFunction", 112 },
  { "DEVICE_OBJECT", NULL, 336 },
  { "DEVICE_OBJECT", "DeviceExtension", 64 },
  { "IRP", NULL, 208 },
  { "IO_STACK_LOCATION", NULL, 72 },
  { "OBJECT_ATTRIBUTES", NULL, 48 },
  { "CLIENT_ID", NULL, 16 },
  { "NET_BUFFER_LIST", "Next", 0 },
  { "FWPS_CLASSIFY_OUT0", NULL, 40 },
  { "FWP_VALUE0", NULL, 16 },
  { "FLT_REGISTRATION", "FilterUnloadCallback", 24 },
};

/* The field of that name, looked for in anonymous members too; the offset is added to *offset. */
static const DdiField *find_field(const DdiType *type, const char *name, uint32_t *offset) {
  for (uint32_t at = 0; at < type->field_count; at++) {
    const DdiField *field = &ddi_fields[type->field_first + at];
    if (strcmp(field->name, name) == 0) {
      *offset += field->offset;
      return field;
    }
    uint32_t inner_offset = *offset + field->offset;
    const DdiField *inner = field->name[0] == '\0' ? find_field(&ddi_types[field->type], name, &inner_offset) : NULL;
    if (inner != NULL) {
      *offset = inner_offset;
      return inner;
    }
  }
  return NULL;
}

static void test_layout(void **state) {
  (void)state;
  for (size_t at = 0; at < sizeof layout_facts / sizeof *layout_facts; at++) {
    const LayoutFact *fact = &layout_facts[at];
    DdiTypeIndex index = ddi_type_find(fact->type);
    if (index == UINT32_MAX)
      fail_msg("%s is no type", fact->type);
    uint32_t actual = ddi_types[index].size;
    if (fact->field != NULL) {
      actual = 0;
      if (find_field(&ddi_types[index], fact->field, &actual) == NULL)
        fail_msg("%s has no field %s", fact->type, fact->field);
    }
    if (actual != (uint32_t)fact->expected)
      fail_msg("%s.%s: %u, expected %d", fact->type, fact->field != NULL ? fact->field : "size", actual, fact->expected);
  }
}

static void test_kinds(void **state) {
  (void)state;
  const DdiType *filter = &ddi_types[ddi_type_find("PFLT_FILTER")];
  assert_int_equal(filter->kind, DDI_TYPE_POINTER);
  assert_int_equal(ddi_types[filter->target].size, 0); /* opaque */
  assert_int_equal(ddi_types[ddi_type_find("HANDLE")].target, 0);
  const DdiType *classify = &ddi_types[ddi_type_find("FWPS_CALLOUT_CLASSIFY_FN1")];
  assert_int_equal(classify->kind, DDI_TYPE_POINTER);
  assert_int_equal(ddi_types[classify->target].kind, DDI_TYPE_FUNCTION);
  assert_string_equal(ddi_types[classify->target].name, "FWPS_CALLOUT_CLASSIFY_FN1");
  const DdiType *routine = &ddi_types[ddi_type_find("PKDEFERRED_ROUTINE")];
  assert_string_equal(ddi_types[routine->target].name, "KDEFERRED_ROUTINE");
  assert_true(ddi_types[ddi_type_find("LARGE_INTEGER")].is_union);
  assert_true(ddi_types[ddi_type_find("LONG")].is_signed);
  assert_false(ddi_types[ddi_type_find("ULONG")].is_signed);
}

/* From the type of a parameter or a field a step's function is known to be that callback. */
static void test_callback_types(void **state) {
  (void)state;
  for (uint32_t at = 0; at < ddi_callback_count; at++) {
    const DdiType *type = &ddi_types[ddi_type_find(ddi_callbacks[at].name)];
    if (type->kind == DDI_TYPE_POINTER)
      type = &ddi_types[type->target];
    assert_int_equal(type->kind, DDI_TYPE_FUNCTION);
    assert_string_equal(type->name, ddi_callbacks[at].name);
  }
  const DdiFunction *function = ddi_function_find("KeInitializeDpc");
  assert_string_equal(ddi_types[ddi_types[function->parameters[1].type].target].name, "KDEFERRED_ROUTINE");
  uint32_t offset = 0;
  const DdiField *field = find_field(&ddi_types[ddi_type_find("FWPS_CALLOUT1")], "classifyFn", &offset);
  assert_string_equal(ddi_types[ddi_types[field->type].target].name, "FWPS_CALLOUT_CLASSIFY_FN1");
}

/* A bit field: the third bit of DEVICE_CAPABILITIES' second word. */
static void test_bit_field(void **state) {
  (void)state;
  uint32_t offset = 0;
  const DdiField *field = find_field(&ddi_types[ddi_type_find("DEVICE_CAPABILITIES")], "LockSupported", &offset);
  assert_non_null(field);
  assert_int_equal(offset, 4);
  assert_int_equal(field->bit_offset, 2);
  assert_int_equal(field->bit_size, 1);
}

/* The headers' names without a version. */
static void test_aliases(void **state) {
  (void)state;
  assert_int_equal(ddi_type_find("FWPS_CLASSIFY_OUT"), ddi_type_find("FWPS_CLASSIFY_OUT0"));
  assert_ptr_equal(ddi_function_find("FwpsPendOperation"), ddi_function_find("FwpsPendOperation0"));
}

/* ---- constants ---- */

typedef struct ConstantFact {
  const char *name;
  int64_t value;
  const char *type;
} ConstantFact;

static const ConstantFact constant_facts[] = {
  { "STATUS_SUCCESS", 0, "LONG" },
  { "STATUS_TIMEOUT", 0x102, "LONG" },
  { "STATUS_INSUFFICIENT_RESOURCES", -1073741670, "LONG" },
  { "DISPATCH_LEVEL", 2, "LONG" },
  { "HIGH_LEVEL", 15, "LONG" },
  { "TRUE", 1, "LONG" },
  { "POOL_FLAG_NON_PAGED", 0x40, "ULONG64" },
  { "NonPagedPoolNx", 512, "POOL_TYPE" },
  { "SynchronizationEvent", 1, "EVENT_TYPE" },
  { "FWP_ACTION_BLOCK", 0x1001, NULL },
  { "FWP_ACTION_PERMIT", 0x1002, NULL },
  { "FWPS_CLASSIFY_OUT_FLAG_ABSORB", 1, NULL },
  { "FWPS_LAYER_ALE_AUTH_CONNECT_V4", 48, "FWPS_BUILTIN_LAYERS" },
  { "IRP_MJ_DEVICE_CONTROL", 14, "LONG" },
};

static void test_constants(void **state) {
  (void)state;
  for (size_t at = 0; at < sizeof constant_facts / sizeof *constant_facts; at++) {
    const ConstantFact *fact = &constant_facts[at];
    const DdiConstant *constant = ddi_constant_find(fact->name);
    if (constant == NULL)
      fail_msg("%s is no constant", fact->name);
    if (constant->value != fact->value)
      fail_msg("%s: %lld, expected %lld", fact->name, (long long)constant->value, (long long)fact->value);
    if (fact->type != NULL && constant->type != ddi_type_find(fact->type))
      fail_msg("%s is of type %s, expected %s", fact->name, ddi_types[constant->type].name, fact->type);
  }
  assert_null(ddi_constant_find("NTAPI"));
  assert_null(ddi_constant_find("FORCEINLINE"));
}

static void test_guids(void **state) {
  (void)state;
  /* c38d57d1-05a7-4c33-904f-7fbceee60e82: the ids of layers are printed so in Windows' own documentation */
  static const uint8_t connect_v4[16] = { 0xd1, 0x57, 0x8d, 0xc3, 0xa7, 0x05, 0x33, 0x4c, 0x90, 0x4f, 0x7f, 0xbc, 0xee, 0xe6, 0x0e, 0x82 };
  const DdiGuid *guid = ddi_guid_find("FWPM_LAYER_ALE_AUTH_CONNECT_V4");
  assert_non_null(guid);
  assert_memory_equal(guid->bytes, connect_v4, sizeof connect_v4);
}

/* ---- rows ---- */

static void test_rows(void **state) {
  (void)state;
  const DdiFunction *send = ddi_function_find("FltSendMessage");
  assert_non_null(send);
  assert_string_equal(send->header, "fltkernel.h");
  assert_string_equal(send->page, "fltkernel/nf-fltkernel-fltsendmessage");
  assert_string_equal(send->contract, "IRQL <= APC_LEVEL");
  assert_int_equal(send->irql_max, 1);
  assert_int_equal(send->parameter_count, 7);
  assert_string_equal(send->parameters[4].name, "ReplyBuffer");
  assert_int_equal(send->parameters[4].direction, DDI_OUT | DDI_OPTIONAL);
  assert_int_equal(ddi_types[ddi_types[send->parameters[1].type].target].size, 8);
  assert_int_equal(send->returns, ddi_type_find("NTSTATUS"));
  assert_string_equal(send->phases[0], "queued");

  const DdiFunction *wait = ddi_function_find("KeWaitForSingleObject");
  assert_non_null(wait);
  assert_string_equal(wait->contract, "IRQL <= APC_LEVEL; IRQL <= DISPATCH_LEVEL with a time-out of zero");
  assert_int_equal(wait->irql_max, 2);

  assert_true(ddi_function_find("DbgPrint")->is_variadic);
  assert_true(ddi_function_find("KeAcquireSpinLock")->changes_irql);
  assert_int_equal(ddi_callback_find("KDEFERRED_ROUTINE")->irql_min, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_order),
    cmocka_unit_test(test_every_row_is_found),
    cmocka_unit_test(test_types_are_whole),
    cmocka_unit_test(test_layout),
    cmocka_unit_test(test_kinds),
    cmocka_unit_test(test_callback_types),
    cmocka_unit_test(test_bit_field),
    cmocka_unit_test(test_aliases),
    cmocka_unit_test(test_constants),
    cmocka_unit_test(test_guids),
    cmocka_unit_test(test_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
