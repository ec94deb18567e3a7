/* Steps that run: memory, calls, frames, faults, loops, scheduling. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- results ---- */

/* A program whose "fw.go" returns the result. */
static const struct {
  const char *json;
  int64_t result;
} programs[] = {
  /* calls */
  { "{'fw': {'twice': {'parameters': {'x': 'LONG'}, 'returns': 'LONG', 'do': ['return x * 2']}, "
    "'go': {'returns': 'LONG', 'do': ['return twice(20) + twice(1)']}}}",
    42 },
  { "{'fw': {'f': {'parameters': {'n': 'LONG64'}, 'returns': 'LONG64', 'do': [{'if': 'n < 2', 'then': ['return 1']}, "
    "'return n * f(n - 1)']}, 'go': {'returns': 'LONG64', 'do': ['return f(15)']}}}",
    1307674368000 },
  { "{'fw': {'go': {'returns': 'LONG', 'do': ['return other.answer(1) + other.gBase']}}, "
    "'other': {'globals': {'gBase': 'LONG = 40'}, 'answer': {'parameters': {'x': 'UCHAR'}, 'returns': 'LONG', 'do': ['return x + "
    "gBase']}}}",
    81 },
  { "{'fw': {'narrow': {'parameters': {'x': 'UCHAR'}, 'returns': 'CHAR', 'do': ['return x']}, "
    "'go': {'returns': 'LONG', 'do': ['return narrow(0x1ff)']}}}",
    -1 },
  { "{'fw': {'set': {'parameters': {'p': 'LONG *', 'v': 'LONG'}, 'do': ['*p = v', 'v = 0']}, "
    "'go': {'returns': 'LONG', 'locals': {'a': 'LONG', 'b': 'LONG'}, 'do': ['set(&a, 3)', 'set(&b, 4)', 'return a * 10 + b']}}}",
    34 },
  { "{'fw': {'go': {'returns': 'LONG', 'do': ['return TestAdd(TestAdd(1, 2), TestAdd(3, 4))']}}}", 10 },
  { "{'fw': {'go': {'returns': 'LONG64', 'locals': {'due': 'LARGE_INTEGER'}, 'do': ['due.QuadPart = -10000', 'return "
    "TestSetTimer(due)']}}}",
    -10000 },
  { "{'fw': {'go': {'returns': 'LONG64', 'locals': {'f': 'LARGE_INTEGER'}, 'do': ['return KeQueryPerformanceCounter(&f).HighPart + "
    "f.QuadPart']}}}",
    10000001 },
  { "{'fw': {'pair': {'parameters': {'x': 'LARGE_INTEGER'}, 'returns': 'LARGE_INTEGER', 'do': ['x.LowPart++', 'return x']}, "
    "'go': {'returns': 'LONG64', 'locals': {'y': 'LARGE_INTEGER = {.QuadPart = 6}'}, 'do': ['y = pair(pair(y))', 'return "
    "pair(y).QuadPart']}}}",
    9 },

  /* structures, arrays, bit fields */
  { "{'fw': {'globals': {'a': 'ITEM', 'b': 'ITEM'}, 'go': {'returns': 'LONG', 'do': ['a.Value = 7', 'a.Name[3] = 5', 'b = a', 'a.Value = "
    "0', "
    "'return b.Value * 10 + b.Name[3]']}}}",
    75 },
  { "{'fw': {'globals': {'a': 'ITEM', 'b': 'ITEM', 'c': 'ITEM'}, 'go': {'returns': 'LONG', 'do': ['a.Kind = 9', 'c = b = a', 'return "
    "c.Kind']}}}",
    9 },
  { "{'fw': {'globals': {'a': 'ITEM'}, 'go': {'returns': 'LONG', 'locals': {'p': 'PITEM'}, 'do': ['p = &a', 'p->Next = p', "
    "'p->Next->Next->Value = 3', 'return a.Value + (*p).Value']}}}",
    6 },
  { "{'fw': {'globals': {'all': 'BIG[3]'}, 'go': {'returns': 'LONG', 'locals': {'i': 'ULONG = 2'}, 'do': ['all[i].Numbers[1] = 8', "
    "'all[1] = all[2]', 'all[i].Item.Name[i + 1] = 1', 'return all[1].Numbers[1] + all[2].Item.Name[3] + sizeof(all)']}}}",
    8 + 1 + 168 },
  { "{'fw': {'globals': {'m': 'LONG[3][4]'}, 'go': {'returns': 'LONG64', 'locals': {'i': 'LONG = 1'}, 'do': ['m[2][3] = 5', 'm[i][i + 1] = "
    "6', "
    "'return m[2][3] * 10 + *(*(m + 1) + 2) + (&m[2][0] - &m[0][0]) * 100 + sizeof(m[0]) * 1000']}}}",
    56 + 800 + 16000 },
  { "{'fw': {'go': {'returns': 'LONG', 'locals': {'b': 'BITS = {0}'}, 'do': ['b.Low = 13', 'b.High = 1', 'b.Signed = -3', 'b.Top = 3', "
    "'return b.Low * 1000 + b.High * 100 + b.Signed + b.Top']}}}",
    5098 },
  { "{'fw': {'go': {'returns': 'LONG64', 'locals': {'b': 'BITS = {5, 2, -1, 1}', 'p': 'ULONG *'}, 'do': ['b.High++', 'b.Signed += 4', 'p = "
    "(ULONG *)&b', "
    "'return (ULONG64)p[1] << 32 | p[0]']}}}",
    (int64_t)0x800000300000001d },
  { "{'fw': {'go': {'returns': 'LONG', 'locals': {'b': 'BITS = {0}', 'x': 'LONG'}, 'do': ['x = b.Low = 9', 'return x']}}}", 1 },
  { "{'fw': {'go': {'returns': 'LONG64', 'locals': {'l': 'LARGE_INTEGER'}, 'do': ['l.LowPart = 5', 'l.HighPart = 1', 'return "
    "l.QuadPart']}}}",
    0x100000005 },
  { "{'fw': {'go': {'returns': 'LONG', 'do': ['return FIELD_OFFSET(BIG, Item.Name) + FIELD_OFFSET(LARGE_INTEGER, HighPart)']}}}", 44 },
  { "{'fw': {'globals': {'a': 'ITEM', 'b': 'ITEM'}, 'go': {'returns': 'LONG', 'locals': {'one': 'LONG = 1'}, 'do': ['a.Value = 1', "
    "'b.Value = 2', "
    "'return (one ? b : a).Value']}}}",
    2 },

  /* initial values */
  { "{'fw': {'go': {'returns': 'ULONG', 'locals': {'x': 'ULONG'}, 'do': ['return x']}}}", 0xcccccccc },
  { "{'fw': {'globals': {'x': 'ULONG'}, 'go': {'returns': 'ULONG', 'do': ['return x']}}}", 0 },
  { "{'fw': {'go': {'returns': 'LONG', 'locals': {'a': 'LONG = 3', 'b': 'LONG = a * 2', 'c': 'ULONG = sizeof(d)', 'd': 'UCHAR[5]'}, 'do': "
    "['return b + c']}}}",
    11 },
  { "{'fw': {'go': {'returns': 'LONG', 'locals': {'a': 'LONG[] = {1, 2, [4] = 9, 8}'}, 'do': ['return a[0] + a[2] + a[4] + a[5] + "
    "sizeof(a)']}}}",
    42 },
  { "{'fw': {'globals': {'a': 'LONG[] = {1, 2, [4] = 9, 8}'}, 'go': {'returns': 'LONG', 'do': ['return a[0] + a[2] + a[4] + a[5] + "
    "sizeof(a)']}}}",
    42 },
  { "{'fw': {'globals': {'b': 'BIG = {{1, 2}, {.Value = 5, 6, {7}}}'}, 'go': {'returns': 'LONG', 'do': ['return b.Numbers[1] + "
    "b.Item.Value * 10 + b.Item.Kind "
    "* 100 + b.Item.Name[0] * 1000 + b.Item.Name[1]']}}}",
    7652 },
  { "{'fw': {'go': {'returns': 'LONG', 'locals': {'b': 'BIG = {{1, 2}, {.Value = 5, 6, {7}}}'}, 'do': ['return b.Numbers[1] + b.Item.Value "
    "* 10 + b.Item.Kind "
    "* 100 + b.Item.Name[0] * 1000 + b.Item.Name[1]']}}}",
    7652 },
  { "{'fw': {'globals': {'b': 'BITS = {5, .Signed = -1}'}, 'go': {'returns': 'LONG', 'do': ['return b.Low * 10 + b.Signed + b.Top']}}}",
    49 },
  { "{'fw': {'globals': {'a': 'BIG = {.Item.Value = 4, .Item = {.Kind = 3}}'}, 'go': {'returns': 'LONG', 'do': ['return a.Item.Kind']}}}",
    3 },
  { "{'fw': {'globals': {'p': 'LONG * = &a[1]', 'a': 'LONG[3] = {4, 5, 6}'}, 'go': {'returns': 'LONG', 'do': ['return *p + p[1]']}}}", 11 },
  { "{'fw': {'globals': {'c': 'FWPS_CALLOUT1 = {.classifyFn = check, .calloutKey = FWPM_LAYER_STREAM_V4}'}, 'check': ['inMetaValues = "
    "NULL'], "
    "'go': {'returns': 'LONG', 'do': ['return c.classifyFn == check && c.calloutKey.Data1 == FWPM_LAYER_STREAM_V4.Data1 && "
    "c.calloutKey.Data4[7] == 2']}}}",
    1 },
  { "{'fw': {'go': {'returns': 'LONG', 'locals': {'c': 'FWPS_CALLOUT1 = {FWPM_LAYER_STREAM_V4, 1, check}'}, "
    "'do': ['return c.classifyFn == check && c.flags && c.calloutKey.Data1 == FWPM_LAYER_STREAM_V4.Data1']}, 'check': ['inMetaValues = "
    "NULL']}}",
    1 },
  { "{'fw': {'globals': {'s': 'UNICODE_STRING = RTL_CONSTANT_STRING(L\\'ab\\')'}, 'go': {'returns': 'LONG', "
    "'do': ['return s.Length * 100 + s.MaximumLength * 10 + (s.Buffer[1] == 0x62)']}}}",
    461 },

  /* strings and constants */
  { "{'fw': {'go': {'returns': 'LONG', 'locals': {'s': 'CHAR[] = \\'abc\\''}, 'do': ['return s[2] + s[3] + sizeof(s)']}}}", 'c' + 4 },
  { "{'fw': {'globals': {'s': 'WCHAR[8] = L\\'abc\\''}, 'go': {'returns': 'LONG', 'do': ['return s[2] + s[3] + s[7] + sizeof(s)']}}}",
    'c' + 16 },
  { "{'fw': {'globals': {'s': 'CHAR[3] = \\'abc\\''}, 'go': {'returns': 'LONG', 'do': ['return s[2]']}}}", 'c' },
  { "{'fw': {'go': {'returns': 'LONG', 'do': ['return \\'abc\\'[1] + L\\'\\u00e9x\\'[0] + sizeof(L\\'ab\\')']}}}", 'b' + 0xe9 + 6 },
  { "{'fw': {'go': {'returns': 'LONG', 'do': ['return L\\'\\ud83d\\ude00\\'[1] == 0xde00']}}}", 1 },
  { "{'fw': {'go': {'returns': 'LONG64', 'do': ['return FWPM_LAYER_ALE_AUTH_CONNECT_V4.Data1']}}}", 0xc386d1db },
  { "{'fw': {'go': {'returns': 'LONG', 'do': ['return &FWPM_LAYER_STREAM_V4 == &FWPM_LAYER_STREAM_V4 && &FWPM_LAYER_STREAM_V4 != "
    "&FWPM_LAYER_ALE_AUTH_CONNECT_V4']}}}",
    1 },
  { "{'fw': {'go': {'returns': 'LONG', 'do': ['return NT_SUCCESS(STATUS_SUCCESS) + NT_SUCCESS(STATUS_UNSUCCESSFUL) * 2 + "
    "NT_ERROR(STATUS_UNSUCCESSFUL) * 4']}}}",
    5 },
  { "{'fw': {'go': {'returns': 'LONG64', 'do': ['return BIG_UNSIGNED + KindSecond']}}}", 0 },
  { "{'fw': {'go': {'returns': 'LONG64', 'do': ['return (LONG64)NtCurrentProcess()']}}}", -1 },
  { "{'fw': {'go': {'returns': 'LONG', 'locals': {'k': 'KIND = KindSecond'}, 'do': ['return k == KindSecond && k < 2 && -k < 0']}}}", 1 },

  /* macros and builtin functions */
  { "{'fw': {'globals': {'f': 'ULONG'}, 'go': {'returns': 'LONG', 'do': ['SetFlag(f, 6)', 'ClearFlag(f, 2)', 'return f * 10 + FlagOn(f, 4) "
    "+ BooleanFlagOn(f, 2)']}}}",
    44 },
  { "{'fw': {'go': {'returns': 'LONG', 'locals': {'n': 'LONG = 3', 'm': 'LONG = -4'}, 'do': ['return min(n, m) * 100 + max(n, m) * 10 + "
    "max(n, 1 + 1)']}}}",
    -367 },
  { "{'fw': {'go': {'returns': 'LONG', 'do': ['return HIWORD(0x12345678) + LOWORD(0x12345678) + HIBYTE(0x1234) + LOBYTE(0x1234)']}}}",
    0x1234 + 0x5678 + 0x12 + 0x34 },
  { "{'fw': {'globals': {'h': 'LIST_ENTRY', 'a': 'ITEM', 'b': 'ITEM', 'c': 'ITEM'}, 'go': {'returns': 'LONG', 'locals': {'r': 'LONG = 0', "
    "'e': 'PLIST_ENTRY'}, "
    "'do': ['InitializeListHead(&h)', 'r += IsListEmpty(&h)', 'a.Value = 1, b.Value = 2, c.Value = 3', 'InsertTailList(&h, &b.Link)', "
    "'InsertTailList(&h, &c.Link)', 'InsertHeadList(&h, &a.Link)', 'RemoveEntryList(&b.Link)', {'while': '!IsListEmpty(&h)', "
    "'do': ['e = RemoveHeadList(&h)', 'r = r * 10 + CONTAINING_RECORD(e, ITEM, Link)->Value']}, 'return r']}}}",
    113 },
  { "{'fw': {'globals': {'a': 'UCHAR[16]', 'b': 'UCHAR[16]'}, 'go': {'returns': 'LONG', 'do': ['RtlFillMemory(a, 16, 7)', 'RtlZeroMemory(a "
    "+ 4, 2)', "
    "'RtlCopyMemory(b, a, sizeof(a))', 'RtlMoveMemory(b + 1, b, 5)', 'return RtlCompareMemory(a, b, 16) * 100 + RtlEqualMemory(a + 8, b + "
    "8, 8) * 10 + b[6]']}}}",
    417 },
  { "{'fw': {'globals': {'v': 'FWPS_INCOMING_METADATA_VALUES0 = {0x41}'}, 'go': {'returns': 'LONG', 'locals': {'p': "
    "'FWPS_INCOMING_METADATA_VALUES0 * = &v'}, "
    "'do': ['return FWPS_IS_METADATA_FIELD_PRESENT(p, FWPS_METADATA_FIELD_COMPLETION_HANDLE) + FWPS_IS_METADATA_FIELD_PRESENT(p, 2)']}}}",
    1 },
  { "{'fw': {'globals': {'x': 'LONG = 5'}, 'go': {'returns': 'LONG', 'do': ['ASSERT(x++)', 'UNREFERENCED_PARAMETER(x)', 'PAGED_CODE()', "
    "'return x']}}}",
    5 },
  { "{'fw': {'globals': {'i': 'ITEM'}, 'go': {'returns': 'LONG', 'do': ['*(ULONG *)Add2Ptr(&i, FIELD_OFFSET(ITEM, Value)) = 12', 'return "
    "i.Value']}}}",
    12 },

  /* callbacks, inferred */
  { "{'fw': {'globals': {'d': 'KDPC', 'x': 'LONG'}, 'work': ['x = *(LONG *)DeferredContext + (LONG)(ULONG_PTR)SystemArgument2 + (Dpc == "
    "&d)'], "
    "'go': {'returns': 'LONG', 'locals': {'c': 'LONG = 30'}, 'do': ['KeInitializeDpc(&d, work, &c)', 'TestRunDpc(&d)', 'return x + c']}}}",
    65 },
  { "{'fw': {'globals': {'d': 'KDPC', 'x': 'LONG'}, 'go': {'returns': 'LONG', 'do': ['other.begin()', 'return other.n']}}, "
    "'other': {'globals': {'n': 'LONG', 'e': 'KDPC'}, 'work': ['n += 5', {'if': 'n < 20', 'then': ['TestRunDpc(Dpc)']}], "
    "'begin': ['KeInitializeDpc(&e, other.work, NULL)', 'TestRunDpc(&e)']}}",
    20 },

  /* evaluation order and what is not evaluated */
  { "{'fw': {'globals': {'n': 'LONG'}, 'f': {'parameters': {'x': 'LONG'}, 'returns': 'LONG', 'do': ['n = n * 10 + x', 'return x']}, "
    "'go': {'returns': 'LONG', 'do': ['TestAdd(f(1), f(2))', 'f(3) && f(0) && f(4)', 'f(5) || f(6)', 'return n']}}}",
    12305 },
  { "{'fw': {'globals': {'a': 'LONG[4]', 'i': 'LONG'}, 'go': {'returns': 'LONG', 'do': ['a[i++] += 5', 'a[i++] = 7', 'return i * 100 + "
    "a[0] * 10 + a[1]']}}}",
    257 },
};

/* In the tables ' is " of JSON; \' is \" in it. */
static char *json_of(const char *text) {
  GString *json = g_string_new(NULL);
  for (; *text != '\0'; text++) {
    if (text[0] == '\\' && text[1] == '\'')
      g_string_append(json, "\\\""), text++;
    else
      g_string_append_c(json, *text == '\'' ? '"' : *text);
  }
  return g_string_free(json, FALSE);
}

static void open(Fixture *fixture, const char *text) {
  g_autofree char *json = json_of(text);
  fixture_open(fixture, json);
  if (fixture->error != NULL)
    print_error("%s\n  %s\n", text, fixture->error);
}

static void programs_give_results(void **state) {
  (void)state;
  unsigned wrong = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
    Fixture fixture;
    FixtureRun run = { 0 }, again;
    open(&fixture, programs[i].json);
    wrong += fixture.program == NULL;
    if (fixture.program != NULL) {
      fixture_run(&fixture, "go", NULL, 0, &run);
      fixture_run(&fixture, "go", NULL, 0, &again);
      if (run.stop != SIM_STOP_QUIET || (int64_t)run.result != programs[i].result || run.accesses != again.accesses) {
        print_error("%s\n  stop %d, result %lld\n", programs[i].json, run.stop, (long long)run.result);
        wrong++;
      }
    }
    fixture_close(&fixture);
  }
  assert_int_equal(wrong, 0);
}

/* ---- faults ---- */

static const struct {
  const char *json;
  SimFaultReason reason;
  SimAccessKind kind;
  uint64_t address; /* 0: not asked */
  uint32_t step;    /* of the last frame's function */
} faults[] = {
  { "{'fw': {'go': {'locals': {'p': 'LONG * = NULL'}, 'do': ['p = p', '*p = 1']}}}", SIM_FAULT_NULL, SIM_ACCESS_WRITE, 0, 2 },
  { "{'fw': {'go': {'locals': {'p': 'PITEM = NULL', 'x': 'LONG'}, 'do': ['x = p->Value']}}}", SIM_FAULT_NULL, SIM_ACCESS_READ, 16, 1 },
  { "{'fw': {'go': {'locals': {'p': 'PITEM'}, 'do': ['p->Value = 1']}}}", SIM_FAULT_WILD, SIM_ACCESS_WRITE, 0xccccccccccccccdc, 1 },
  { "{'fw': {'globals': {'a': 'LONG[4]'}, 'go': {'locals': {'i': 'LONG = 4000'}, 'do': ['a[i] = 1']}}}", SIM_FAULT_WILD, SIM_ACCESS_WRITE,
    0, 1 },
  { "{'fw': {'go': {'locals': {'p': 'CHAR * = \\'abc\\''}, 'do': ['*p = 1']}}}", SIM_FAULT_READ_ONLY, SIM_ACCESS_WRITE, 0, 1 },
  { "{'fw': {'go': {'locals': {'p': 'GUID * = (GUID *)&FWPM_LAYER_STREAM_V4'}, 'do': [{'if': '1', 'then': ['p->Data1++']}]}}}",
    SIM_FAULT_READ_ONLY, SIM_ACCESS_WRITE, 0, 2 },
  { "{'fw': {'go': {'locals': {'p': 'PVOID = go'}, 'do': ['*(LONG *)p = 1']}}}", SIM_FAULT_WILD, SIM_ACCESS_WRITE, SIM_STEP_CODE_BASE, 1 },
  { "{'fw': {'go': {'do': ['go()']}}}", SIM_FAULT_STACK, SIM_ACCESS_WRITE, 0, 0 },
  { "{'fw': {'go': {'locals': {'a': 'UCHAR[2000]'}, 'do': ['go()']}}}", SIM_FAULT_STACK, SIM_ACCESS_WRITE, 0, 0 },
  { "{'fw': {'go': {'locals': {'a': 'UCHAR[30000]'}, 'do': []}}}", SIM_FAULT_STACK, SIM_ACCESS_WRITE, 0, 0 },
  { "{'fw': {'go': {'locals': {'a': 'UCHAR[1000000]'}, 'do': []}}}", SIM_FAULT_STACK, SIM_ACCESS_WRITE, 0, 0 },
  { "{'fw': {'go': {'locals': {'a': 'UCHAR[8]', 'i': 'LONG = 0'}, 'do': [{'for ever': ['a[i--] = 1']}]}}}", SIM_FAULT_STACK,
    SIM_ACCESS_WRITE, 0, 2 },
  { "{'fw': {'globals': {'d': 'KDPC'}, 'again': ['TestRunDpc(Dpc)'], 'go': ['KeInitializeDpc(&d, again, NULL)', 'TestRunDpc(&d)']}}",
    SIM_FAULT_STACK, SIM_ACCESS_WRITE, 0, 0 },
  { "{'fw': {'globals': {'d': 'KDPC'}, 'go': {'do': ['RtlFillMemory(&d, sizeof(d), 0x11)', 'TestRunDpc(&d)']}}}", SIM_FAULT_WILD,
    SIM_ACCESS_EXECUTE, 0x1111111111111111, 2 },
  { "{'fw': {'globals': {'d': 'KDPC'}, 'go': {'do': ['d.Routine = (PKDEFERRED_ROUTINE)((PUCHAR)(PVOID)go + 8)', 'TestRunDpc(&d)']}}}",
    SIM_FAULT_WILD, SIM_ACCESS_EXECUTE, SIM_STEP_CODE_BASE + 8, 2 },
  { "{'fw': {'go': {'do': ['RtlZeroMemory(NULL, 8)']}}}", SIM_FAULT_NULL, SIM_ACCESS_WRITE, 0, 1 },
  { "{'fw': {'globals': {'a': 'UCHAR[4096]'}, 'go': {'do': ['RtlZeroMemory(a, 1000000)']}}}", SIM_FAULT_WILD, SIM_ACCESS_WRITE, 0, 1 },
  { "{'fw': {'globals': {'h': 'LIST_ENTRY'}, 'go': {'do': ['InsertTailList(&h, NULL)']}}}", SIM_FAULT_NULL, SIM_ACCESS_WRITE, 0, 1 },
};

static void faults_are_the_guests(void **state) {
  (void)state;
  unsigned wrong = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
    Fixture fixture;
    FixtureRun run = { 0 };
    StepSite site = { 0 };
    open(&fixture, faults[i].json);
    assert_non_null(fixture.program);
    fixture_run(&fixture, "go", NULL, 0, &run);
    bool is_right = run.stop == SIM_STOP_GUEST_CRASH && run.has_fault && run.fault.reason == faults[i].reason &&
                    run.fault.kind == faults[i].kind && (faults[i].address == 0 || run.fault.address == faults[i].address) &&
                    step_site_describe(fixture.program, run.site, &site) && site.step == faults[i].step &&
                    run.frame_count >= (faults[i].reason == SIM_FAULT_STACK ? 0 : 1);
    if (!is_right) {
      print_error("%s\n  stop %d, fault %d, kind %d, address %llx, step %u, frames %u\n", faults[i].json, run.stop, run.fault.reason,
                  run.fault.kind, (unsigned long long)run.fault.address, site.step, run.frame_count);
      wrong++;
    }
    fixture_close(&fixture);
  }
  assert_int_equal(wrong, 0);
}

static void division_traps(void **state) {
  (void)state;
  static const struct {
    const char *step;
    uint64_t status;
  } cases[] = { { "x = 1 / x", 0xc0000094 },  { "x = 1 % x", 0xc0000094 },       { "u /= x", 0xc0000094 },
                { "x = y / -1", 0xc0000095 }, { "x = z % (x - 1)", 0xc0000095 }, { "x = 1 / 0", 0xc0000094 } };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = g_strdup_printf("{'fw': {'globals': {'x': 'LONG', 'u': 'ULONG64 = 4', 'y': 'LONG = -2147483647 - 1', "
                                            "'z': 'LONG64 = 1ll << 63'}, 'go': ['%s']}}",
                                            cases[i].step);
    Fixture fixture;
    FixtureRun run;
    open(&fixture, text);
    assert_non_null(fixture.program);
    fixture_run(&fixture, "go", NULL, 0, &run);
    assert_int_equal(run.stop, SIM_STOP_GUEST_CRASH);
    assert_int_equal(run.fault.address, cases[i].status);
    fixture_close(&fixture);
  }
}

/* The guest's call stack, as a report reads it. */
static void frames_tell_the_story(void **state) {
  (void)state;
  static const char *const story[] = { "fw.go 0", "fw.go 2: helper(NULL)", "fw.helper 1: if (p == NULL)", "fw.helper 2: TestRunDpc(&d)",
                                       "fw.work 1: *(LONG *)DeferredContext = 1" };
  Fixture fixture;
  FixtureRun run;
  GString *told = g_string_new(NULL), *wanted = g_string_new(NULL);
  open(&fixture, "{'fw': {'globals': {'d': 'KDPC'},\n'work': ['*(LONG *)DeferredContext = 1'],\n'helper': {'parameters': {'p': 'PVOID'}, "
                 "'do': [{'if': 'p == NULL', "
                 "'then': ['TestRunDpc(&d)']}]},\n'go': ['KeInitializeDpc(&d, work, NULL)', 'helper(NULL)']}}");
  assert_non_null(fixture.program);
  fixture_run(&fixture, "go", NULL, 0, &run);
  assert_int_equal(run.frame_count, 3);
  StepSite site;
  for (uint32_t i = 0; i < 3; i++) {
    if (i > 0) {
      assert_true(step_site_describe(fixture.program, run.frames[i].site, &site));
      g_string_append_printf(told, "called at %s.%s %u: %s\n", site.driver, site.function, site.step, site.text);
    }
    assert_true(step_site_describe(fixture.program, run.frames[i].function, &site));
    g_string_append_printf(told, "%s.%s %u, line %u\n", site.driver, site.function, site.step, site.position.line);
  }
  assert_true(step_site_describe(fixture.program, run.site, &site));
  g_string_append_printf(told, "at %s.%s %u: %s, %s:%u:%u", site.driver, site.function, site.step, site.text, site.file, site.position.line,
                         site.position.column);
  g_string_append_printf(wanted, "fw.go 0, line 4\ncalled at %s\nfw.helper 0, line 3\ncalled at %s\nfw.work 0, line 2\nat %s, x.json:2:10",
                         story[1], story[3], story[4]);
  assert_string_equal(told->str, wanted->str);
  assert_false(step_site_describe(fixture.program, 0, &site));
  assert_false(step_site_describe(fixture.program, SIM_SITE_STEP, &site));
  assert_false(step_site_describe(fixture.program, SIM_SITE_STEP | 99, &site));
  g_string_free(told, TRUE);
  g_string_free(wanted, TRUE);
  fixture_close(&fixture);
}

/* ---- loops and time ---- */

static void endless_loops_end(void **state) {
  (void)state;
  static const char *const loops[] = {
    "{'for ever': []}",      "{'while': '1', 'do': []}",          "{'for ever': ['continue']}",
    "{'for ever': ['x++']}", "{'repeat': '1ll << 60', 'do': []}", "{'for ever': [{'if': 'x == 0', 'then': ['continue']}]}"
  };
  for (size_t i = 0; i < G_N_ELEMENTS(loops); i++) {
    g_autofree char *text = g_strdup_printf("{'fw': {'globals': {'x': 'LONG'}, 'go': [%s]}}", loops[i]);
    Fixture fixture;
    FixtureRun run;
    open(&fixture, text);
    assert_non_null(fixture.program);
    fixture.limits.steps = 10000;
    fixture_run(&fixture, "go", NULL, 0, &run);
    assert_int_equal(run.stop, SIM_STOP_LIMIT_STEPS);
    fixture_close(&fixture);
  }
}

static void each_step_costs(void **state) {
  (void)state;
  Fixture fixture;
  FixtureRun run;
  open(&fixture, "{'fw': {'globals': {'x': 'LONG'}, 'go': ['x = 1', {'if': 'x', 'then': ['x = 2']}, {'repeat': 3, 'do': ['x++']}]}}");
  fixture_run(&fixture, "go", NULL, 0, &run);
  assert_int_equal(run.time_ns, 7 * STEP_COST_NS);
  assert_int_equal(run.steps, 3); /* turns of the loop are scheduling points */
  assert_int_equal(run.accesses, 1 + 1 + 1 + 6);
  fixture_close(&fixture);
}

/* A loop that polls what another cpu gives ends, also in the timed run. */
static void polling_ends(void **state) {
  (void)state;
  Fixture fixture;
  FixtureRun run;
  open(&fixture, "{'fw': {'globals': {'ready': 'BOOLEAN', 'seen': 'LONG'}, 'a': [{'while': '!ready', 'do': []}, 'seen = 1'], "
                 "'b': [{'repeat': 5, 'do': ['TestYield()']}, 'ready = TRUE']}}");
  assert_non_null(fixture.program);
  fixture_run_both(&fixture, &sim_policy_timed, 0, &run);
  assert_int_equal(run.stop, SIM_STOP_QUIET);
  assert_int_equal(fixture_global(&fixture, "seen"), 1);
  fixture_close(&fixture);
}

/* An update that is not interlocked can be lost; the same seed loses the same. */
static void updates_race(void **state) {
  (void)state;
  Fixture fixture;
  FixtureRun run, again;
  unsigned lost = 0, whole = 0;
  open(&fixture, "{'fw': {'globals': {'x': 'LONG'}, 'a': [{'repeat': 20, 'do': ['x++']}], 'b': [{'repeat': 20, 'do': ['x++']}]}}");
  assert_non_null(fixture.program);
  for (uint64_t seed = 1; seed <= 200; seed++) {
    fixture_run_both(&fixture, &sim_policy_random, seed, &run);
    int64_t x = fixture_global(&fixture, "x");
    fixture_run_both(&fixture, &sim_policy_random, seed, &again);
    assert_int_equal(run.hash, again.hash);
    assert_int_equal(x, fixture_global(&fixture, "x"));
    lost += x < 40;
    whole += x == 40;
  }
  assert_true(lost > 0);
  assert_true(whole > 0);
  fixture_close(&fixture);
}

/* ---- places ---- */

enum { STEP_CALL_BYTES = 64 };

static void addresses_are_fixed(void **state) {
  (void)state;
  Fixture fixture;
  FixtureRun run;
  open(&fixture, "{'fw': {'globals': {'x': 'LONG = 5', 'big': 'ITEM'}, 'inner': {'returns': 'ULONG64', 'locals': {'y': 'LONG'}, 'do': "
                 "['return (ULONG64)&y']}, "
                 "'go': {'returns': 'ULONG64', 'locals': {'y': 'LONG'}, 'do': ['return (ULONG64)&y - inner()']}}}");
  assert_non_null(fixture.program);
  fixture_run(&fixture, "inner", NULL, 0, &run);
  SimContext *context = &sim_machine()->contexts[0];
  uint64_t local = run.result;
  assert_in_range(local, sim_context_guest_stack_low(context), sim_context_guest_stack_high(context));
  fixture_run(&fixture, "inner", NULL, 0, &run);
  assert_int_equal(run.result, local);
  fixture_run(&fixture, "go", NULL, 0, &run);
  assert_in_range(run.result, STEP_CALL_BYTES, 2 * STEP_CALL_BYTES); /* a frame: temporaries, a local, and the call */
  uint64_t size, memory = step_driver_memory(fixture.instance, "fw", &size);
  assert_int_equal(memory, SIM_GUEST_BASE);
  assert_int_equal(size, SIM_PAGE_SIZE);
  assert_int_equal(step_global_address(fixture.instance, step_global_find(fixture.program, "fw", "x")), memory);
  assert_int_equal(step_global_address(fixture.instance, step_global_find(fixture.program, "fw", "big")), memory + 16);
  assert_int_equal(step_global_size(step_global_find(fixture.program, "fw", "big")), 40);
  assert_int_equal(step_driver_memory(fixture.instance, "none", &size), 0);
  assert_null(step_global_find(fixture.program, "fw", "none"));
  assert_null(step_program_find(fixture.program, "fw", "none"));
  assert_null(step_program_find(fixture.program, "none", "go"));
  const StepFunction *go = step_program_find(fixture.program, "fw", "go");
  assert_int_equal(step_function_address(go), SIM_STEP_CODE_BASE + 16);
  assert_ptr_equal(step_program_find_by_address(fixture.program, SIM_STEP_CODE_BASE + 16), go);
  assert_null(step_program_find_by_address(fixture.program, SIM_STEP_CODE_BASE + 17));
  assert_null(step_program_find_by_address(fixture.program, SIM_STEP_CODE_BASE + 32));
  assert_null(step_program_find_by_address(fixture.program, 0));
  fixture_close(&fixture);
}

/* What Windows hands to a callback arrives under its documented names; missing arguments are zero. */
static void arguments_arrive(void **state) {
  (void)state;
  Fixture fixture;
  FixtureRun run;
  uint64_t arguments[] = { 0x1000, 0x2000, 0x3000 };
  open(&fixture, "{'fw': {'go': {'as': 'KDEFERRED_ROUTINE', 'do': ['TestLog((ULONG64)Dpc)', 'TestLog((ULONG64)DeferredContext)', "
                 "'DbgPrint(\\'%p %d\\', SystemArgument1, (UCHAR)-1, -1)', 'TestLog((ULONG64)SystemArgument2)']}}}");
  assert_non_null(fixture.program);
  fixture_run(&fixture, "go", arguments, 3, &run);
  static const uint64_t wanted[] = { 0x1000, 0x2000, 0x3000, 255, UINT64_MAX, 0 };
  assert_int_equal(table_log.count, G_N_ELEMENTS(wanted));
  assert_memory_equal(table_log.values, wanted, sizeof wanted);
  assert_string_equal(step_function_callback(step_program_find(fixture.program, "fw", "go"))->name, "KDEFERRED_ROUTINE");
  assert_int_equal(step_function_parameter_count(step_program_find(fixture.program, "fw", "go")), 4);
  fixture_close(&fixture);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(programs_give_results), cmocka_unit_test(faults_are_the_guests), cmocka_unit_test(division_traps),
    cmocka_unit_test(frames_tell_the_story), cmocka_unit_test(endless_loops_end),     cmocka_unit_test(each_step_costs),
    cmocka_unit_test(polling_ends),          cmocka_unit_test(updates_race),          cmocka_unit_test(addresses_are_fixed),
    cmocka_unit_test(arguments_arrive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
