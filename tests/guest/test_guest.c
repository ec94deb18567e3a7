/* Compiled drivers: what they reach, what they break, and that it is told with the right line. Each case for gcc and for clang. */
#include "harness.h"

#include "sim/gate_offsets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- drivers that do one thing, and what it comes to ---- */

typedef struct Case {
  const char *name;
  const char *text;
  SimStop stop;
  SimFaultReason reason; /* of stop SIM_STOP_BUGCHECK, unless exception */
  const char *place;     /* of the fault; NULL: not looked at */
  const char *log;
  uint32_t exception;
} Case;

#define ENTRY "NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) { (void)DriverObject; (void)RegistryPath;\n"
#define END "return STATUS_SUCCESS; }\n"

/* In a case's text ENTRY begins a function of the case's name, and line 1 is its first. */
static const Case cases[] = {
  { "arguments", "ENTRY TestLog(TestTen(1, 2, 3, 4, 5, 6, 7, 8, 9, 0x100000000)); DbgPrint(\"%d %d\", 7ull, 8ull); END", SIM_STOP_QUIET, 0,
    NULL, "ten(1 2 3 4 5 6 7 8 9 4294967296) 10000002d print(%d %d 7 8) ", 0 },
  { "callback",
    "ULONG64 Routine(ULONG64 a, ULONG64 b, ULONG64 c, ULONG64 d, ULONG64 e, ULONG64 f, ULONG64 g, ULONG64 h, ULONG64 i, ULONG64 j) {\n"
    "TestTen(a, b, c, d, e, f, g, h, i, j); return 77; }\nENTRY TestLog(TestCallback(Routine, 1)); END",
    SIM_STOP_QUIET, 0, NULL, "ten(1 2 3 4 5 6 7 8 9 10) 4d ", 0 },
  { "null", "ENTRY int *volatile pointer = NULL;\n*pointer = 1; END", SIM_STOP_BUGCHECK, SIM_FAULT_NULL, "driver.c:2 null", "", 0 },
  { "null_field", "struct S { int a[9]; int b; };\nint Field(struct S *s) {\nreturn s->b;\n}\nENTRY TestLog((ULONG64)Field(NULL)); END",
    SIM_STOP_BUGCHECK, SIM_FAULT_NULL, "driver.c:3 Field", "", 0 },
  { "wild", "ENTRY\n*(volatile char *)0x1234567812345678 = 1; END", SIM_STOP_BUGCHECK, SIM_FAULT_WILD, "driver.c:2 wild", "", 0 },
  { "uninitialised", "int Read(int **p) {\nreturn **p; }\nENTRY int *p; TestLog((ULONG64)Read(&p)); END", SIM_STOP_BUGCHECK, SIM_FAULT_WILD,
    "driver.c:2 Read", "", 0 },
  { "overrun", "ENTRY char *p = TestAllocate(21); p[20] = 1;\np[21] = 1; END", SIM_STOP_BUGCHECK, SIM_FAULT_OVERRUN, "driver.c:2 overrun",
    "", 0 },
  { "overrun_by_two", "ENTRY char *p = TestAllocate(22); *(int *)(p + 16) = 1;\n*(int *)(p + 20) = 1; END", SIM_STOP_BUGCHECK,
    SIM_FAULT_OVERRUN, "driver.c:2 overrun_by_two", "", 0 },
  { "freed", "ENTRY int *p = TestAllocate(64); *p = 1; TestFree(p);\nTestLog((ULONG64)*p); END", SIM_STOP_BUGCHECK, SIM_FAULT_FREED,
    "driver.c:2 freed", "", 0 },
  { "freed_zeroed", "ENTRY int *p = TestAllocate(64); TestFree(p);\nRtlZeroMemory(p, 64); END", SIM_STOP_BUGCHECK, SIM_FAULT_FREED,
    "driver.c:2 freed_zeroed", "", 0 },
  { "text_without_end", "ENTRY char *p = TestAllocate(5); memset(p, 'x', 5);\nTestLog(strlen(p)); END", SIM_STOP_BUGCHECK,
    SIM_FAULT_OVERRUN, "driver.c:2 text_without_end", "", 0 },
  { "list_of_freed",
    "LIST_ENTRY head;\nENTRY LIST_ENTRY *e = TestAllocate(16); InitializeListHead(&head); InsertTailList(&head, e); TestFree(e);\n"
    "RemoveHeadList(&head); END",
    SIM_STOP_BUGCHECK, SIM_FAULT_FREED, "driver.c:3 list_of_freed", "", 0 },
  { "constant_written", "const char constant[] = \"constant\";\nENTRY char *volatile p = (char *)constant;\n*p = 1; END", SIM_STOP_BUGCHECK,
    SIM_FAULT_READ_ONLY, "driver.c:3 constant_written", "", 0 },
  { "addresses_written", "PVOID const table[] = { TestLog };\nENTRY PVOID *volatile p = (PVOID *)table;\n*p = NULL; END", SIM_STOP_BUGCHECK,
    SIM_FAULT_READ_ONLY, "driver.c:3 addresses_written", "", 0 },
  { "atomic_null", "ENTRY\nInterlockedIncrement((LONG *)NULL); END", SIM_STOP_BUGCHECK, SIM_FAULT_NULL, "driver.c:2 atomic_null", "", 0 },
  { "atomics",
    "LONG value = 5; LONG64 wide = 1;\nENTRY TestLog((ULONG64)InterlockedIncrement(&value)); TestLog((ULONG64)InterlockedExchange(&value, "
    "9));"
    "TestLog((ULONG64)InterlockedCompareExchange(&value, 1, 9)); TestLog((ULONG64)InterlockedCompareExchange(&value, 2, 9));"
    "TestLog((ULONG64)InterlockedExchangeAdd64(&wide, 0x100000000)); TestLog((ULONG64)InterlockedOr(&value, 6)); TestLog((ULONG64)value);"
    "TestLog((ULONG64)wide); END",
    SIM_STOP_QUIET, 0, NULL, "6 6 9 1 1 1 7 100000001 ", 0 },
  { "recursion",
    "ULONG64 Deep(ULONG64 n) {\nvolatile ULONG64 room[8]; room[0] = n; return Deep(n + 1) + room[0];\n}\nENTRY TestLog(Deep(1)); END",
    SIM_STOP_BUGCHECK, SIM_FAULT_STACK, NULL, "", 0 },
  { "deep_but_small", "ULONG64 Down(ULONG64 n) {\nreturn n == 0 ? 0 : 1 + Down(n - 1);\n}\nENTRY TestLog(Down(200)); END", SIM_STOP_QUIET,
    0, NULL, "c8 ", 0 },
  { "large_array",
    "int Large(int n) {\nvolatile char room[1 << 20]; room[n] = 1; return room[n];\n}\nENTRY TestLog((ULONG64)Large(5)); END",
    SIM_STOP_BUGCHECK, SIM_FAULT_STACK, "driver.c:1 Large", "", 0 },
  { "call_of_null", "typedef VOID ROUTINE(VOID); ROUTINE *routine;\nENTRY\nroutine(); END", SIM_STOP_BUGCHECK, SIM_FAULT_NULL,
    "driver.c:3 call_of_null", "", 0 },
  { "call_of_data", "char data[16];\nENTRY\n((ROUTINE *)data)(); END", SIM_STOP_BUGCHECK, SIM_FAULT_WILD, "driver.c:3 call_of_data", "",
    0 },
  { "call_of_pool", "ENTRY\nROUTINE *r = TestAllocate(16); r(); END", SIM_STOP_BUGCHECK, SIM_FAULT_WILD, "driver.c:2 call_of_pool", "", 0 },
  { "callback_to_null", "ENTRY TestCallback(NULL, 1); END", SIM_STOP_BUGCHECK, SIM_FAULT_NULL, NULL, "", 0 },
  { "division_by_zero", "int Divide(int a, int b) {\nreturn a / b;\n}\nENTRY TestLog((ULONG64)Divide(1, 0)); END", SIM_STOP_BUGCHECK, 0,
    NULL, "", 0xc0000094 },
  { "division_overflow", "ENTRY TestLog((ULONG64)Divide(-2147483647 - 1, -1)); END", SIM_STOP_BUGCHECK, 0, NULL, "", 0xc0000095 },
  { "trap", "ENTRY __builtin_trap(); END", SIM_STOP_BUGCHECK, 0, NULL, "", 0xc000001d },
  { "not_modelled", "ENTRY TestLog(1); IoFreeMdl(NULL); END", SIM_STOP_NOT_MODELLED, 0, NULL, "1 ", 0 },
  { "variable_not_modelled", "ENTRY TestLog(1); TestLog((ULONG64)MmHighestUserAddress); END", SIM_STOP_NOT_MODELLED, 0, NULL, "1 ", 0 },
  { "texts",
    "ENTRY WCHAR words[40]; char text[40]; strcpy(text, \"irql\"); strcat(text, \"lab\"); TestLog(strlen(text));"
    "TestLog((ULONG64)strcmp(text, \"irqllab\")); wcscpy(words, L\"Tcp\"); wcscat(words, L\"ip\"); TestLog(wcslen(words));"
    "TestLog((ULONG64)_wcsicmp(words, L\"TCPIP\")); TestLog((ULONG64)(wcschr(words, L'i') - words)); RtlMoveMemory(text + 1, text, 8);"
    "TestLog((ULONG64)strcmp(text, \"iirqllab\")); TestLog((ULONG64)memcmp(text, \"iirX\", 3)); TestLog((ULONG64)(strstr(text, \"lab\") - "
    "text)); END",
    SIM_STOP_QUIET, 0, NULL, "7 0 5 0 3 0 0 5 ", 0 },
  { "formats",
    "ENTRY char text[80]; WCHAR words[40]; UNICODE_STRING name = { 6, 8, L\"abcd\" };\n"
    "TestLog((ULONG64)_snprintf(text, 80, \"%5d|%-4u|%08lx|%s|%S|%I64d|%c|%p|%wZ|%%\", -42, 7, 0xabc, \"narrow\", L\"wide\", -5ll, 'x', "
    "(PVOID)0x1f, &name));"
    "DbgPrint(text, 1ull, 2ull); TestLog((ULONG64)(_snwprintf(words, 3, L\"%d\", 12345) + 2)); TestLog((ULONG64)_snwprintf(words, 9, "
    "L\"%ws\", L\"abc\")); END",
    SIM_STOP_QUIET, 0, NULL, "3b print(  -42|7   |00000abc|narrow|wide|-5|x|000000000000001F|abc|% 1 2) 1 3 ", 0 },
  { "guid", "EXTERN_C const GUID GUID_TEST;\nENTRY TestLog(((UCHAR *)&GUID_TEST)[15]); END", SIM_STOP_QUIET, 0, NULL, "10 ", 0 },
};

static const char *const compilers[] = { "gcc", "clang" };

/* One driver of all cases: a function each. */
static GuestImage *cases_load(const char *compiler) {
  g_autoptr(GString) text = g_string_new("#define END return STATUS_SUCCESS; }\n");
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    g_string_append_printf(text, "#undef ENTRY\n#define ENTRY NTSTATUS %s(VOID) {\n#line 1 \"driver.c\"\n%s\n", cases[i].name,
                           cases[i].text);
  g_string_append(text, ENTRY "return 0; }\n");
  return harness_load(compiler, text->str);
}

static bool case_check(const Case *self, GuestImage *image, const char *compiler) {
  Outcome outcome = harness_run(image, self->name, NULL, NULL);
  g_autofree char *place = harness_place(image, outcome.fault.site);
  g_autofree char *got =
      g_strdup_printf("%s, %s: stop %d %s, reason %d at %s, exception %x, log '%s'", compiler, self->name, outcome.stop, outcome.stop_text,
                      outcome.has_fault ? (int)outcome.fault.reason : -1, place, outcome.exception, outcome.log);
  bool is_fault = self->stop == SIM_STOP_BUGCHECK && self->exception == 0;
  bool matches = outcome.stop == self->stop && outcome.has_fault == is_fault && outcome.exception == self->exception &&
                 strcmp(outcome.log, self->log) == 0 && (!is_fault || outcome.fault.reason == self->reason) &&
                 (self->place == NULL || strcmp(place, self->place) == 0);
  if (!matches)
    print_error("%s\n", got);
  return matches;
}

static void drivers_do_one_thing(void **state) {
  (void)state;
  unsigned failed = 0;
  for (size_t k = 0; k < G_N_ELEMENTS(compilers); k++) {
    GuestImage *image = cases_load(compilers[k]);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
      failed += !case_check(&cases[i], image, compilers[k]);
    guest_image_unload(image);
  }
  assert_int_equal(failed, 0);
}

/* ---- what takes more than a table ---- */

static void loops_end(void **state) {
  (void)state;
  static const char text[] = "volatile int x;\nVOID Touch(VOID) { for (;;) x++; }\n" ENTRY "for (;;) ;\n" END;
  GuestImage *image = harness_load("gcc", text);
  SimLimits limits = sim_limits_default;
  limits.host_ns = 200000000;
  Outcome outcome = harness_run(image, "DriverEntry", NULL, &limits);
  assert_int_equal(outcome.stop, SIM_STOP_LIMIT_HOST_TIME);
  limits = sim_limits_default;
  limits.accesses = 1000000;
  outcome = harness_run(image, "Touch", NULL, &limits);
  assert_int_equal(outcome.stop, SIM_STOP_LIMIT_ACCESSES);
  guest_image_unload(image);
}

static void data_begins_anew(void **state) {
  (void)state;
  GuestImage *image = harness_load("gcc", "int set = 5; int zero; int *address = &set;\n" ENTRY
                                          "TestLog((ULONG64)set); TestLog((ULONG64)zero); TestLog((ULONG64)*address);"
                                          "set = 6; zero = 7; address = &zero;" END);
  for (int i = 0; i < 3; i++)
    assert_string_equal(harness_run(image, "DriverEntry", NULL, NULL).log, "5 0 5 ");
  guest_image_unload(image);
}

static void two_cpus_share_data(void **state) {
  (void)state;
  GuestImage *image =
      harness_load("gcc", "LONG count;\nULONG64 Other(VOID) { for (int i = 0; i < 5; i++) InterlockedIncrement(&count); return 0; }\n" ENTRY
                          "for (int i = 0; i < 5; i++) { TestPoint(); InterlockedIncrement(&count); }\nTestLog((ULONG64)count);" END);
  assert_string_equal(harness_run(image, "DriverEntry", "Other", NULL).log, "a ");
  guest_image_unload(image);
}

/* What driver code sees of its stack never depends on how irqlab was built, and no address of the host is in it. */
static void addresses_are_fixed(void **state) {
  (void)state;
  GuestImage *image =
      harness_load("gcc", "VOID Inner(int *p) { int here = *p; TestLog((ULONG64)&here); }\n" ENTRY
                          "int local = 1; TestLog((ULONG64)&local); Inner(&local); TestLog((ULONG64)TestLog); TestLog((ULONG64)Inner);"
                          "TestLog((ULONG64)TestAllocate(64));" END);
  Outcome outcome = harness_run(image, "DriverEntry", NULL, NULL);
  g_auto(GStrv) words = g_strsplit(outcome.log, " ", -1);
  for (char **word = words; *word != NULL && **word != '\0'; word++) {
    uint64_t address = g_ascii_strtoull(*word, NULL, 16);
    assert_true(address >= SIM_ARENA_BASE && address < SIM_STEP_CODE_BASE);
  }
  print_message("guest addresses: %s\n", outcome.log);
  Outcome again = harness_run(image, "DriverEntry", NULL, NULL);
  assert_string_equal(again.log, outcome.log);
  assert_int_equal(again.accesses, outcome.accesses);
  guest_image_unload(image);
}

/* Is the value an address in a file the host has mapped, its heap or its stack? */
static bool is_host_address(uint64_t value, const char *maps) {
  for (const char *line = maps; line != NULL && *line != '\0'; line = strchr(line, '\n'), line += line != NULL) {
    char *end;
    uint64_t low = g_ascii_strtoull(line, &end, 16), high = g_ascii_strtoull(end + 1, NULL, 16);
    const char *line_end = strchr(line, '\n');
    bool has_name = memchr(line, '/', (size_t)(line_end - line)) != NULL || memchr(line, '[', (size_t)(line_end - line)) != NULL;
    bool is_guest = low >= SIM_ARENA_BASE && low < SIM_STEP_CODE_BASE;
    if (has_name && !is_guest && value >= low && value < high)
      return true;
  }
  return false;
}

static unsigned host_addresses_in(uint64_t address, size_t size, const char *maps) {
  unsigned count = 0;
  for (uint64_t at = address; at + 8 <= address + size; at += 8) {
    uint64_t word;
    memcpy(&word, (const void *)at, sizeof word);
    if (!is_host_address(word, maps))
      continue;
    print_error("%llx holds %llx\n", (unsigned long long)at, (unsigned long long)word);
    count++;
  }
  return count;
}

static void nothing_of_the_host_is_left_behind(void **state) {
  (void)state;
  GuestImage *image = harness_load(
      "gcc", "LONG count; char *block;\nULONG64 Routine(ULONG64 n) { int x = 5; block[n] = 1; InterlockedIncrement(&count); "
             "return n == 0 ? (ULONG64)x : TestCallback(Routine, n - 1); }\n" ENTRY
             "block = TestAllocate(100); for (int i = 0; i < 100; i++) TestPoint(); TestLog(Routine(5)); memset(block, 1, 50);" END);
  assert_int_equal(harness_run(image, "DriverEntry", "DriverEntry", NULL).stop, SIM_STOP_QUIET);
  g_autofree char *maps = NULL;
  assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
  unsigned count = host_addresses_in(image->base, image->end - image->base, maps);
#ifdef SIM_ADDRESS_RETURN_THUNK /* else sim_guest_enter leaves its own address, and registers, on the guest stack */
  for (unsigned i = 0; i < sim_machine()->context_count; i++)
    count += host_addresses_in(sim_context_guest_stack_low(&sim_machine()->contexts[i]), SIM_GUEST_STACK_SIZE, maps);
#endif
  count += host_addresses_in(SIM_GUEST_BASE, sim_machine()->guest_pages_used * SIM_PAGE_SIZE, maps);
  guest_image_unload(image);
  assert_int_equal(count, 0);
}

static void frames_tell_the_way(void **state) {
  (void)state;
  GuestImage *image = harness_load("gcc", "int Inner(int *p) {\nreturn *p; }\nint Middle(int *p) {\nreturn Inner(p) + 1; }\n" ENTRY
                                          "\nreturn Middle(NULL);\n}\n");
  Outcome outcome = harness_run(image, "DriverEntry", NULL, NULL);
  static const char *const calls[] = { "?", "driver.c:8 DriverEntry", "driver.c:5 Middle" };
  static const char *const functions[] = { "DriverEntry", "Middle", "Inner" };
  assert_int_equal(outcome.frame_count, 3);
  for (unsigned i = 0; i < 3; i++) {
    g_autofree char *call = harness_place(image, outcome.frames[i].site);
    g_autofree char *function = harness_place(image, outcome.frames[i].function);
    assert_string_equal(call, calls[i]);
    assert_string_equal(strrchr(function, ' ') + 1, functions[i]);
  }
  guest_image_unload(image);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(drivers_do_one_thing),
    cmocka_unit_test(loops_end),
    cmocka_unit_test(data_begins_anew),
    cmocka_unit_test(two_cpus_share_data),
    cmocka_unit_test(addresses_are_fixed),
    cmocka_unit_test(frames_tell_the_way),
    cmocka_unit_test(nothing_of_the_host_is_left_behind),
  };
  harness_begin();
  int failed = cmocka_run_group_tests_name("guest", tests, NULL, NULL);
  harness_finish();
  return failed;
}
