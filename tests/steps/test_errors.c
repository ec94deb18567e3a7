/*
 * What cannot load: the message and its place, to the column; and beside it what loads, so that no rule is stricter than C needs.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* message NULL: it loads. */
typedef struct Case {
  const char *text;
  const char *message;
} Case;

/* One step of fw.go, on line 2 from column 1. */
static const Case steps[] = {
  { "\"status = FwpsPendOperation(inMetaValues->completionHandle, &handle)\"",
    "2:11: unknown function \"FwpsPendOperation\" in step 1 of fw.go; did you mean FwpsPendOperation0?" },
  { "\"status = FwpsPendOperation0(inMetaValues->completionHandel, &handle)\"",
    "2:44: FWPS_INCOMING_METADATA_VALUES0_ has no field \"completionHandel\" in step 1 of fw.go; did you mean completionHandle?" },
  { "\"status = FwpsPendOperation0(inMetaValues->completionHandle)\"",
    "2:11: FwpsPendOperation0 takes 2 arguments and is given 1 in step 1 of fw.go" },
  { "\"status = FwpsPendOperation0(inMetaValues->completionHandle, &handle, 1)\"",
    "2:11: FwpsPendOperation0 takes 2 arguments and is given 3 in step 1 of fw.go" },
  { "\"status = FwpsPendOperation0(5, &handle)\"", "2:30: argument 1 (completionHandle) of FwpsPendOperation0 must be PVOID, not LONG in "
                                                   "step 1 of fw.go: a number cannot become a pointer, only 0 and NULL can" },
  { "\"status = FwpsPendOperation0(status, &handle)\"", "2:30: argument 1 (completionHandle) of FwpsPendOperation0 must be PVOID, not LONG "
                                                        "in step 1 of fw.go: a number cannot become a pointer, only 0 and NULL can" },
  { "\"status = FwpsPendOperation0(0, 0)\"", NULL },
  { "\"status = FwpsPendOperation0(NULL, &status)\"",
    "2:36: argument 2 (completionContext) of FwpsPendOperation0 must be PVOID *, not LONG * in step 1 of fw.go" },
  { "\"status = FwpsPendOperation0(NULL, handle)\"", NULL },
  { "\"statsu = 1\"", "2:2: unknown name \"statsu\" in step 1 of fw.go; did you mean status?" },
  { "\"status = verdct\"", "2:11: unknown name \"verdct\" in step 1 of fw.go; did you mean verdict?" },
  { "\"status = STATUS_SUCCES\"", "2:11: unknown name \"STATUS_SUCCES\" in step 1 of fw.go; did you mean STATUS_SUCCESS?" },
  { "\"status = \"", "2:11: expected an expression and found the end in step 1 of fw.go" },
  { "\"status = 1 +\"", "2:14: expected an expression and found the end in step 1 of fw.go" },
  { "\"status = (1\"", "2:13: expected \")\" and found the end in step 1 of fw.go" },
  { "\"status = 1)\"", "2:12: expected an operator or the end and found \")\" in step 1 of fw.go" },
  { "\"status = 1 2\"", "2:13: expected an operator or the end and found \"2\" in step 1 of fw.go" },
  { "\"status = 0x\"", "2:11: expected digits behind 0x in step 1 of fw.go" },
  { "\"status = 1.5\"", "2:11: this is no whole number of C in step 1 of fw.go" },
  { "\"status = 99999999999999999999\"", "2:11: the number does not fit 64 bits in step 1 of fw.go" },
  { "\"status = 12ab\"", "2:11: this is no whole number of C in step 1 of fw.go" },
  { "\"status = 09\"", "2:11: this is no whole number of C in step 1 of fw.go" },
  { "\"status = 'abcde'\"", "2:11: a character constant has one to four characters in step 1 of fw.go" },
  { "\"status = ''\"", "2:11: a character constant has one to four characters in step 1 of fw.go" },
  { "\"status = 'a\"", "2:11: this ' has no partner in step 1 of fw.go" },
  { "\"DbgPrint(\\\"abc)\"", "2:11: this \" has no partner in step 1 of fw.go" },
  { "\"DbgPrint(\\\"a\\\\q\\\")\"", "2:16: unknown escape in step 1 of fw.go" },
  { "\"status = @\"", "2:11: this character means nothing here in step 1 of fw.go" },
  { "\"status == 1\"", "2:9: this does nothing in step 1 of fw.go: it neither assigns nor calls; did you mean =?" },
  { "\"status\"", "2:2: this does nothing in step 1 of fw.go: it neither assigns nor calls" },
  { "\"1 = status\"", "2:4: \"=\" needs a variable, a field or what a pointer points to in step 1 of fw.go" },
  { "\"status + 1 = 2\"", "2:13: \"=\" needs a variable, a field or what a pointer points to in step 1 of fw.go" },
  { "\"STATUS_SUCCESS = 2\"", "2:17: \"=\" needs a variable, a field or what a pointer points to in step 1 of fw.go" },
  { "\"handle = 5\"",
    "2:11: what is assigned must be PVOID, not LONG in step 1 of fw.go: a number cannot become a pointer, only 0 and NULL can" },
  { "\"handle = status\"",
    "2:11: what is assigned must be PVOID, not LONG in step 1 of fw.go: a number cannot become a pointer, only 0 and NULL can" },
  { "\"handle = (HANDLE)5\"", "2:11: a number cannot become a pointer in step 1 of fw.go: only 0 and NULL can" },
  { "\"handle = (HANDLE)(ULONG_PTR)status\"", "2:11: a number cannot become a pointer in step 1 of fw.go: only 0 and NULL can" },
  { "\"p = (LONG *)&gItem\"", NULL },
  { "\"p = &gItem\"", "2:6: what is assigned must be LONG *, not ITEM * in step 1 of fw.go" },
  { "\"p = &verdict\"", "2:6: what is assigned must be LONG *, not UCHAR * in step 1 of fw.go" },
  { "\"p = handle\"", NULL },
  { "\"status = p\"", "2:11: what is assigned must be LONG, not LONG * in step 1 of fw.go; a cast makes a number of a pointer" },
  { "\"status = (LONG)p\"", NULL },
  { "\"status = *handle\"", "2:11: what PVOID points to is not known to drivers in step 1 of fw.go" },
  { "\"status = *status\"", "2:11: LONG is no pointer in step 1 of fw.go" },
  { "\"status = *gFilter\"", "2:11: what _FLT_FILTER * points to is not known to drivers in step 1 of fw.go" },
  { "\"gFilter->x = 1\"", "2:2: what _FLT_FILTER * points to is not known to drivers in step 1 of fw.go" },
  { "\"status = gItem\"", "2:11: what is assigned must be LONG, not ITEM in step 1 of fw.go" },
  { "\"gItem = status\"", "2:10: what is assigned must be ITEM, not LONG in step 1 of fw.go" },
  { "\"status = gItem + 1\"", "2:17: \"+\" does not go between ITEM and LONG in step 1 of fw.go" },
  { "\"status = -p\"", "2:11: \"-\" does not go before LONG * in step 1 of fw.go" },
  { "\"status = p * 2\"", "2:13: \"*\" does not go between LONG * and LONG in step 1 of fw.go" },
  { "\"p = p + p\"", "2:8: \"+\" does not go between LONG * and LONG * in step 1 of fw.go" },
  { "\"p = handle + 1\"", "2:13: VOID has no size to count with in step 1 of fw.go; cast the pointer to PUCHAR" },
  { "\"status = handle - handle\"", "2:18: VOID has no size to count with in step 1 of fw.go; cast the pointer to PUCHAR" },
  { "\"status = p < status\"", "2:13: \"<\" does not go between LONG * and LONG in step 1 of fw.go" },
  { "\"status = p == 0\"", NULL },
  { "\"status = p == 5\"", "2:13: \"==\" does not go between LONG * and LONG in step 1 of fw.go" },
  { "\"status = !gItem\"", "2:11: \"!\" does not go before ITEM in step 1 of fw.go" },
  { "\"status = ~p\"", "2:11: \"~\" does not go before LONG * in step 1 of fw.go" },
  { "\"p = ~0\"",
    "2:6: what is assigned must be LONG *, not LONG in step 1 of fw.go: a number cannot become a pointer, only 0 and NULL can" },
  { "\"gItem.Valeu = 1\"", "2:8: ITEM has no field \"Valeu\" in step 1 of fw.go; did you mean Value?" },
  { "\"gItem->Value = 1\"", "2:2: ITEM is no pointer in step 1 of fw.go; its fields are reached with \".\"" },
  { "\"p->Value = 1\"", "2:5: LONG has no fields in step 1 of fw.go" },
  { "\"status.x = 1\"", "2:9: LONG has no fields in step 1 of fw.go" },
  { "\"(&gItem).Value = 1\"", "2:11: ITEM * has no fields in step 1 of fw.go; what it points to has: use ->" },
  { "\"bits.Hihg = 1\"", "2:7: BITS has no field \"Hihg\" in step 1 of fw.go; did you mean High?" },
  { "\"p = &bits.Low\"", "2:6: a bit field has no address in step 1 of fw.go" },
  { "\"status = sizeof(bits.Low)\"", "2:11: a bit field has no size in bytes in step 1 of fw.go" },
  { "\"status = sizeof(VOID)\"", "2:11: VOID has no size in step 1 of fw.go" },
  { "\"status = sizeof(FLT_FILTER)\"", "2:18: unknown name \"FLT_FILTER\" in step 1 of fw.go" },
  { "\"status = sizeof(_FLT_FILTER)\"", "2:11: _FLT_FILTER has no size in step 1 of fw.go" },
  { "\"text = 1\"", "2:7: \"=\" does not work on UCHAR[4] in step 1 of fw.go" },
  { "\"text = text\"", "2:7: \"=\" does not work on UCHAR[4] in step 1 of fw.go" },
  { "\"status = text\"", "2:11: what is assigned must be LONG, not UCHAR * in step 1 of fw.go; a cast makes a number of a pointer" },
  { "\"text++\"", "2:6: \"++\" does not work on UCHAR[4] in step 1 of fw.go" },
  { "\"gItem++\"", "2:7: \"++\" does not work on ITEM in step 1 of fw.go" },
  { "\"handle++\"", "2:8: VOID has no size to count with in step 1 of fw.go; cast the pointer to PUCHAR" },
  { "\"5++\"", "2:3: \"++\" needs a variable, a field or what a pointer points to in step 1 of fw.go" },
  { "\"g()\"", "2:2: \"g\" is a variable in step 1 of fw.go; only a function named here can be called" },
  { "\"KeSetEvent(NULL)\"", "2:2: unknown function \"KeSetEvent\" in step 1 of fw.go" },
  { "\"plain(1)\"", "2:2: plain takes 2 arguments and is given 1 in step 1 of fw.go" },
  { "\"plain(1, 2)\"",
    "2:11: argument 2 (b) of plain must be PVOID, not LONG in step 1 of fw.go: a number cannot become a pointer, only 0 and NULL can" },
  { "\"status = plain(1, NULL)\"", NULL },
  { "\"status = later()\"", "2:11: what is assigned must be LONG, not VOID in step 1 of fw.go" },
  { "\"status = other.work()\"", "2:11: what is assigned must be LONG, not VOID in step 1 of fw.go" },
  { "\"other.work(1)\"", "2:2: other.work takes 0 arguments and is given 1 in step 1 of fw.go" },
  { "\"other.wrok()\"", "2:2: unknown function \"other.wrok\" in step 1 of fw.go; did you mean other.work?" },
  { "\"other.gOther = 1\"", NULL },
  { "\"other.gOhter = 1\"", "2:8: other has no function and no global \"gOhter\" in step 1 of fw.go; did you mean gOther?" },
  { "\"other = 1\"", "2:2: \"other\" is a driver in step 1 of fw.go; a function or a global of it is other.NAME" },
  { "\"TestAdd = 1\"", "2:2: TestAdd is a function of Windows in step 1 of fw.go: steps can call it, its address is not theirs" },
  { "\"handle = TestAdd\"", "2:11: TestAdd is a function of Windows in step 1 of fw.go: steps can call it, its address is not theirs" },
  { "\"KeInitializeDpc(&gDpc, later, NULL)\"", NULL },
  { "\"KeInitializeDpc(&gDpc, plain, NULL)\"", "2:25: argument 2 (DeferredRoutine) of KeInitializeDpc must be a function of type "
                                               "KDEFERRED_ROUTINE, and plain is a plain function in step 1 of fw.go" },
  { "\"KeInitializeDpc(&gDpc, go, NULL)\"", "2:25: argument 2 (DeferredRoutine) of KeInitializeDpc must be a function of type "
                                            "KDEFERRED_ROUTINE, and go is one of type FWPS_CALLOUT_CLASSIFY_FN1 in step 1 of fw.go" },
  { "\"KeInitializeDpc(&gDpc, TestAdd, NULL)\"",
    "2:25: TestAdd is a function of Windows in step 1 of fw.go: steps can call it, its address is not theirs" },
  { "\"KeInitializeDpc(gDpc, later, NULL)\"", "2:18: argument 1 (Dpc) of KeInitializeDpc must be KDPC *, not KDPC in step 1 of fw.go" },
  { "\"status = large\"", "2:11: what is assigned must be LONG, not LARGE_INTEGER in step 1 of fw.go" },
  { "\"TestSetTimer(large)\"", NULL },
  { "\"TestSetTimer(5)\"", "2:15: argument 1 (DueTime) of TestSetTimer must be LARGE_INTEGER, not LONG in step 1 of fw.go" },
  { "\"TestSetTimer(gItem)\"", "2:15: argument 1 (DueTime) of TestSetTimer must be LARGE_INTEGER, not ITEM in step 1 of fw.go" },
  { "\"FWPM_LAYER_STREAM_V4 = gItem\"", "2:23: \"=\" needs a variable, a field or what a pointer points to in step 1 of fw.go" },
  { "\"status = FWPM_LAYER_STREAM_V4.Data1\"", NULL },
  { "\"FWPM_LAYER_STREAM_V4.Data1 = 1\"", "2:29: \"=\" needs a variable, a field or what a pointer points to in step 1 of fw.go" },
  { "\"status = (NTSTATUS)\"", "2:21: expected an expression and found the end in step 1 of fw.go" },
  { "\"status = NTSTATUS\"", "2:11: \"NTSTATUS\" is a type, and a value is expected here in step 1 of fw.go" },
  { "\"status = sizeof(NTSTATU)\"", "2:18: unknown name \"NTSTATU\" in step 1 of fw.go" },
  { "\"status = FIELD_OFFSET(ITEM, Naem)\"", "2:30: ITEM has no field \"Naem\" in step 1 of fw.go; did you mean Name?" },
  { "\"status = FIELD_OFFSET(ITME, Name)\"", "2:24: unknown type \"ITME\" in step 1 of fw.go; did you mean ITEM?" },
  { "\"p = CONTAINING_RECORD(status, ITEM, Link)\"", "2:6: CONTAINING_RECORD takes a pointer, not LONG in step 1 of fw.go" },
  { "\"p = CONTAINING_RECORD(p, ITEM, Link)\"", "2:6: what is assigned must be LONG *, not ITEM * in step 1 of fw.go" },
  { "\"NT_SUCCESS(status, 1)\"", "2:2: NT_SUCCESS takes 1 argument and is given 2 in step 1 of fw.go" },
  { "\"NT_SUCCESS(status)\"", "2:2: this does nothing in step 1 of fw.go: it neither assigns nor calls" },
  { "\"status = Add2Ptr(5, 1)\"", "2:11: a number cannot become a pointer in step 1 of fw.go: only 0 and NULL can" },
  { "\"handle = Add2Ptr(5, 1)\"", "2:11: a number cannot become a pointer in step 1 of fw.go: only 0 and NULL can" },
  { "\"handle = NtCurrentProcess()\"", NULL },
  { "\"status = {0}\"", "2:11: expected an expression and found \"{\" in step 1 of fw.go" },
  { "\"return 1\"", "2:9: \"return\" takes no value here in step 1 of fw.go: the function returns nothing" },
  { "\"return\"", NULL },
  { "\"return;\"", NULL },
  { "\"break\"", "2:2: \"break\" stands in no loop in step 1 of fw.go" },
  { "\"continue\"", "2:2: \"continue\" stands in no loop in step 1 of fw.go" },
  { "\"break now\"", "2:8: nothing may follow \"break\" in step 1 of fw.go" },
  { "\"returned = 1\"", "2:2: unknown name \"returned\" in step 1 of fw.go" },
  { "{\"if\": \"verdict\"}", "2:1: \"if\" needs \"then\", a list of steps in step 1 of fw.go" },
  { "{\"if\": \"verdict\", \"then\": \"x\"}", "2:27: a list of steps is expected here in step 1 of fw.go" },
  { "{\"if\": \"verdict\", \"then\": [], \"esle\": []}", "2:32: \"if\" has no key \"esle\" in step 1 of fw.go; did you mean else?" },
  { "{\"if\": \"gItem\", \"then\": []}", "2:9: the condition must be a number or a pointer, not ITEM in step 1 of fw.go" },
  { "{\"if\": \"verdict ==\", \"then\": []}", "2:19: expected an expression and found the end in step 1 of fw.go" },
  { "{\"if\": 1, \"then\": []}", "2:8: a condition is a string in step 1 of fw.go" },
  { "{\"while\": \"verdict\", \"then\": []}", "2:23: \"while\" has no key \"then\" in step 1 of fw.go" },
  { "{\"whlie\": \"verdict\", \"do\": []}",
    "2:3: a step is a line, or has one of the keys \"if\", \"while\", \"for ever\", \"repeat\" in fw.go; did you mean while?" },
  { "{}", "2:1: a step is a line, or has one of the keys \"if\", \"while\", \"for ever\", \"repeat\" in fw.go" },
  { "{\"for ever\": \"x\"}", "2:14: a list of steps is expected here in step 1 of fw.go" },
  { "{\"repeat\": -1, \"do\": []}", "2:12: \"repeat\" takes a number of times in step 1 of fw.go" },
  { "{\"repeat\": 1.5, \"do\": []}", "2:12: \"repeat\" takes a number of times in step 1 of fw.go" },
  { "{\"repeat\": \"p\", \"do\": []}",
    "2:13: the count must be LONG64, not LONG * in step 1 of fw.go; a cast makes a number of a pointer" },
  { "{\"repeat\": 2, \"do\": [3]}",
    "2:22: a step is a line such as \"x = 1\", or an object with \"if\", \"while\", \"for ever\" or \"repeat\" in step 1 of fw.go" },
  { "{\"repeat\": 2, \"do\": [\"x = 1\"]}", "2:23: unknown name \"x\" in step 2 of fw.go; did you mean p?" },
  { "7", "2:1: a step is a line such as \"x = 1\", or an object with \"if\", \"while\", \"for ever\" or \"repeat\" in fw.go" },
  { "null", "2:1: a step is a line such as \"x = 1\", or an object with \"if\", \"while\", \"for ever\" or \"repeat\" in fw.go" },
  { "\"status = "
    "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
    ")))\"",
    "2:42: the expression is nested too deeply in step 1 of fw.go" },
  { "\"status = min(min(min(min(min(min(min(min(min(min(min(min(min(1,2),2),2),2),2),2),2),2),2),2),2),2),2)\"",
    "2:27: the step is too long in step 1 of fw.go" },
  { "\"status = TestAdd(1, TestAdd)\"",
    "2:22: TestAdd is a function of Windows in step 1 of fw.go: steps can call it, its address is not theirs" },
  { "\"status = 1 ? p : 2\"",
    "2:19: the second value must be LONG *, not LONG in step 1 of fw.go: a number cannot become a pointer, only 0 and NULL can" },
  { "\"p = 1 ? p : 0\"", NULL },
  { "\"status = 1 ? gItem : 2\"", "2:15: the first value must be LONG, not ITEM in step 1 of fw.go" },
  { "\"(void)status\"", NULL },
  { "\"DbgPrint()\"", "2:2: DbgPrint takes at least 1 argument and is given 0 in step 1 of fw.go" },
  { "\"DbgPrint(\\\"x\\\", gItem)\"", "2:18: argument 2 of DbgPrint must be a number or a pointer, not ITEM in step 1 of fw.go" },
  { "\"DbgPrint(L\\\"x\\\")\"", "2:11: argument 1 (Format) of DbgPrint must be CHAR *, not USHORT * in step 1 of fw.go" },
  { "\"status = \\u0041\\u0042\"", "2:11: unknown name \"AB\" in step 1 of fw.go" },
  { "\"status = \\\"\\u00e9\\\" + verdct\"", "2:24: unknown name \"verdct\" in step 1 of fw.go; did you mean verdict?" },
  { "\"status = \\\"\\\\\\\"\\\" + verdct\"", "2:22: unknown name \"verdct\" in step 1 of fw.go; did you mean verdict?" },
  { "\"status = KDPC\"", "2:11: \"KDPC\" is a type, and a value is expected here in step 1 of fw.go" },
  { "\"status = 5 % p\"", "2:13: \"%\" does not go between LONG and LONG * in step 1 of fw.go" },
  { "\"status /= p\"", "2:9: \"/\" does not go between LONG and LONG * in step 1 of fw.go" },
  { "\"p /= 2\"", "2:4: \"/\" does not go between LONG * and LONG in step 1 of fw.go" },
  { "\"status += p\"", "2:9: \"+\" does not go between LONG and LONG * in step 1 of fw.go" },
  { "\"status = a.b\"", "2:11: unknown name \"a\" in step 1 of fw.go; did you mean p?" },
  { "\"verdict = &status\"", "2:12: what is assigned must be UCHAR, not LONG * in step 1 of fw.go; a cast makes a number of a pointer" },
  { "\"status = large.LowPart + large.Hi\"", "2:33: LARGE_INTEGER has no field \"Hi\" in step 1 of fw.go" },
  { "\"status = \\\"a\\\" L\\\"b\\\"\"", "2:17: these strings cannot be joined in step 1 of fw.go" },
  { "\"(1)(2)\"", "2:5: only a function named here can be called in step 1 of fw.go" },
  { "\"status = (*handle)(1)\"", "2:20: only a function named here can be called in step 1 of fw.go" },
  { "\"InitializeListHead(&gItem)\"",
    "2:21: argument 1 (ListHead) of InitializeListHead must be LIST_ENTRY *, not ITEM * in step 1 of fw.go" },
  { "\"InitializeListHead(&gItem.Link)\"", NULL },
  { "\"status = IsListEmpty(&gItem.Link)\"", NULL },
  { "\"FWPM_LAYER_STREAM_V4.Data4[0] = 1\"", NULL },
  { "\"handle = &FWPM_LAYER_STREAM_V4.Data1\"", NULL },
  { "\"p = &KeQueryPerformanceCounter(NULL)\"", "2:6: \"&\" needs a variable, a field or what a pointer points to in step 1 of fw.go" },
  { "\"KeQueryPerformanceCounter(NULL).QuadPart = 1\"",
    "2:43: \"=\" needs a variable, a field or what a pointer points to in step 1 of fw.go" },
  { "\"status = KeQueryPerformanceCounter(NULL).LowPart\"", NULL },
  { "\"handle = &go\"", NULL },
  { "\"handle = go\"", NULL },
  { "\"handle = later\"", NULL },
  { "\"status = later\"", "2:11: what is assigned must be LONG, not fw.later * in step 1 of fw.go; a cast makes a number of a pointer" },
  { "\"status = &later == NULL\"", NULL },
  { "\"gDpc.Routine = later\"", NULL },
  { "\"gDpc.Routine = go\"", "2:17: what is assigned must be a function of type KDEFERRED_ROUTINE, and go is one of type "
                             "FWPS_CALLOUT_CLASSIFY_FN1 in step 1 of fw.go" },
  { "\"gDpc.Kind = KindSecond\"", NULL },
  { "\"bits.Low++\"", NULL },
  { "\"bits.Low = bits.High = 3\"", NULL },
  { "\"large.QuadPart = -10 * 1000\"", NULL },
  { "\"large = KeQueryPerformanceCounter(&large)\"", NULL },
  { "\"status = sizeof(struct _LIST_ENTRY)\"", NULL },
  { "\"status = sizeof(unsigned long)\"", NULL },
  { "\"status = (unsigned char)verdict\"", NULL },
  { "\"status = verdict ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL\"", NULL },
  { "\"status = FlagOn(g, 1) && BooleanFlagOn(g, 2)\"", NULL },
  { "\"SetFlag(g, 4)\"", NULL },
  { "\"ClearFlag(g, 4)\"", NULL },
  { "\"UNREFERENCED_PARAMETER(handle)\"", NULL },
  { "\"PAGED_CODE()\"", NULL },
  { "\"status = NT_SUCCESS(status) && FWPS_IS_METADATA_FIELD_PRESENT(inMetaValues, FWPS_METADATA_FIELD_COMPLETION_HANDLE)\"", NULL },
  { "\"handle = Add2Ptr(&gItem, 8)\"", NULL },
  { "\"status = ARRAYSIZE(text)\"", NULL },
  { "\"RtlZeroMemory(&gItem, sizeof(gItem))\"", NULL },
  { "\"RtlCopyMemory(&gItem, text, sizeof text)\"", NULL },
};

static const char step_format[] =
    "{\"fw\": {\"globals\": {\"g\": \"LONG\", \"gFilter\": \"PFLT_FILTER\", \"gItem\": \"ITEM\", \"gDpc\": \"KDPC\"}, "
    "\"plain\": {\"parameters\": {\"a\": \"LONG\", \"b\": \"PVOID\"}, \"returns\": \"LONG\", \"do\": [\"return a\"]}, \"later\": [], "
    "\"go\": {\"as\": \"FWPS_CALLOUT_CLASSIFY_FN1\", \"locals\": {\"status\": \"NTSTATUS\", \"verdict\": \"BOOLEAN\", "
    "\"large\": \"LARGE_INTEGER\", \"bits\": \"BITS\", \"text\": \"UCHAR[4]\", \"p\": \"LONG *\", \"handle\": \"HANDLE\"}, "
    "\"do\": [\n%s\n]}}, \"other\": {\"globals\": {\"gOther\": \"LONG\"}, \"work\": []}}";

/* Whole programs. */
static const Case programs[] = {
  { "{\"fw\": {\"globals\": {\"a\": \"LONG\", \"a\": \"LONG\"}}}", "1:34: duplicate key \"a\"; the first is at 1:21" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONF\"}}}", "1:27: unknown type \"LONF\" in global a of fw; did you mean LONG?" },
  { "{\"fw\": {\"globals\": {\"a\": \"VOID\"}}}", "1:27: VOID is no type of a variable in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"FLT_FILTER\"}}}", "1:27: unknown type \"FLT_FILTER\" in global a of fw; did you mean _FLT_FILTER?" },
  { "{\"fw\": {\"globals\": {\"a\": \"_FLT_FILTER\"}}}", "1:27: _FLT_FILTER is no type of a variable in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"KDEFERRED_ROUTINE\"}}}",
    "1:27: KDEFERRED_ROUTINE is no type of a variable in global a of fw; a pointer to it is" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG[]\"}}}",
    "1:27: the array needs a number of elements, or an initial value that gives it in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG[0]\"}}}", "1:31: an array has 1 to 1048576 elements, not 0 in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG[-1]\"}}}", "1:31: an array has 1 to 1048576 elements, not -1 in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG[1000000]\"}}}", "1:31: an array has at most 1048576 bytes in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG[2][2][2][2][2]\"}}}", "1:43: an array has at most 4 dimensions in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG[\"}}}", "1:32: expected an expression and found the end in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG = \"}}}", "1:34: expected an expression and found the end in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG = b\", \"b\": \"LONG\"}}}",
    "1:34: the initial value of a global must be known at load in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG = NULL\"}}}",
    "1:34: the initial value must be LONG, not PVOID in global a of fw; a cast makes a number of a pointer" },
  { "{\"fw\": {\"globals\": {\"a\": \"PVOID = 5\"}}}",
    "1:35: the initial value must be PVOID, not LONG in global a of fw: a number cannot become a pointer, only 0 and NULL can" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG[2] = {1, 2, 3}\"}}}", "1:44: the array has 2 elements in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"ITEM = {1}\"}}}", "1:35: the initial value must be LIST_ENTRY, not LONG in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"ITEM = {.Valeu = 1}\"}}}",
    "1:36: ITEM has no field \"Valeu\" in global a of fw; did you mean Value?" },
  { "{\"fw\": {\"globals\": {\"a\": \"ITEM = {.Value = 1, 2, 3}\"}}}",
    "1:50: an array's initial value is a list in braces or a string in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"UCHAR[3] = \\\"abcd\\\"\"}}}",
    "1:38: the string has 4 characters and the array room for 3 in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"WCHAR[9] = \\\"abcd\\\"\"}}}",
    "1:38: this string is no initial value of an array of 2-byte elements in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG[2] = 5\"}}}",
    "1:37: an array's initial value is a list in braces or a string in global a of fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG b\"}}}", "1:32: expected an operator or the end and found \"b\" in global a of fw" },
  { "{\"fw\": {\"globals\": {\"sizeof\": \"LONG\"}}}", "1:22: \"sizeof\" is no name for a global in fw" },
  { "{\"fw\": {\"globals\": {\"a b\": \"LONG\"}}}", "1:22: \"a b\" is no name for a global in fw" },
  { "{\"fw\": {\"globals\": {\"a\": \"LONG\"}, \"a\": []}}", "1:36: \"a\" is declared twice in fw" },
  { "{\"fw\": {\"a\": {\"parameters\": {\"x\": \"ITEM\"}, \"do\": []}}}",
    "1:36: a structure of 40 bytes cannot be passed by value in parameter x of fw.a" },
  { "{\"fw\": {\"a\": {\"parameters\": {\"x\": \"LONG = 1\"}, \"do\": []}}}",
    "1:43: a parameter has no initial value in parameter x of fw.a" },
  { "{\"fw\": {\"a\": {\"parameters\": {\"x\": \"LONG\"}, \"locals\": {\"x\": \"LONG\"}, \"do\": []}}}",
    "1:56: \"x\" is declared twice in fw.a" },
  { "{\"fw\": {\"a\": {\"as\": \"KDEFERRED_ROUTINE\", \"locals\": {\"Dpc\": \"LONG\"}, \"do\": []}}}",
    "1:54: \"Dpc\" is declared twice in fw.a" },
  { "{\"fw\": {\"a\": {\"returns\": \"ITEM\", \"do\": []}}}", "1:27: this type cannot be returned in the result of fw.a" },
  { "{\"fw\": {\"a\": {\"returns\": \"LONG\", \"do\": []}}}",
    "1:10: fw.a must return a value (LONG), and its last step does not: add \"return ...\"" },
  { "{\"fw\": {\"a\": {\"returns\": \"LONG\", \"do\": [{\"if\": \"1\", \"then\": [\"return 1\"]}]}}}",
    "1:10: fw.a must return a value (LONG), and its last step does not: add \"return ...\"" },
  { "{\"fw\": {\"a\": {\"returns\": \"LONG\", \"do\": [{\"if\": \"1\", \"then\": [\"return 1\"], \"else\": [\"return 2\"]}]}}}", NULL },
  { "{\"fw\": {\"a\": {\"returns\": \"LONG\", \"do\": [{\"while\": \"TRUE\", \"do\": []}]}}}", NULL },
  { "{\"fw\": {\"a\": {\"returns\": \"LONG\", \"do\": [{\"while\": \"TRUE\", \"do\": [\"break\"]}]}}}",
    "1:10: fw.a must return a value (LONG), and its last step does not: add \"return ...\"" },
  { "{\"fw\": {\"a\": {\"returns\": \"LONG\", \"do\": [\"return\"]}}}",
    "1:42: \"return\" needs a value in step 1 of fw.a: the function returns LONG" },
  { "{\"fw\": {\"a\": {\"returns\": \"LONG\", \"do\": [\"return NULL\"]}}}",
    "1:49: the result must be LONG, not PVOID in step 1 of fw.a; a cast makes a number of a pointer" },
  { "{\"fw\": {\"a\": {\"locals\": {\"x\": \"LONG = y\"}, \"do\": []}}}", "1:39: unknown name \"y\" in local x of fw.a; did you mean x?" },
  { "{\"fw\": {\"a\": {\"locals\": {\"x\": \"LONG = 1 +\"}, \"do\": []}}}",
    "1:42: expected an expression and found the end in local x of fw.a" },
  { "{\"fw\": {\"a\": {\"locals\": {\"x\": \"unsigned signed\"}, \"do\": []}}}",
    "1:47: these words are no type together in local x of fw.a" },
  { "{\"fw\": {\"a\": {\"locals\": {\"x\": \"int *******\"}, \"do\": []}}}", NULL },
  { "{\"fw\": {\"a\": {\"locals\": {\"x\": \"int *********\"}, \"do\": []}}}", "1:44: a type has at most 8 stars in local x of fw.a" },
  { "{\"fw\": {}, \"fw.x\": {}}", "1:13: \"fw.x\" is no name for a driver" },
};

static unsigned check(const char *json, const Case *test) {
  Fixture fixture;
  fixture_open(&fixture, json);
  g_autofree char *wanted = test->message != NULL ? g_strdup_printf("x.json:%s", test->message) : NULL;
  bool is_right = g_strcmp0(fixture.error, wanted) == 0;
  if (!is_right)
    print_error("%s\n  is     %s\n  not    %s\n", test->text, fixture.error != NULL ? fixture.error : "(loads)",
                wanted != NULL ? wanted : "(loads)");
  fixture_close(&fixture);
  return !is_right;
}

static void steps_are_judged(void **state) {
  (void)state;
  unsigned wrong = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
    g_autofree char *json = g_strdup_printf(step_format, steps[i].text);
    wrong += check(json, &steps[i]);
  }
  assert_int_equal(wrong, 0);
}

static void programs_are_judged(void **state) {
  (void)state;
  unsigned wrong = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(programs); i++)
    wrong += check(programs[i].text, &programs[i]);
  assert_int_equal(wrong, 0);
}

/* Bounds that a table cannot hold. */
static char *repeated(const char *before, const char *what, unsigned count, const char *after) {
  GString *text = g_string_new(before);
  for (unsigned i = 0; i < count; i++)
    g_string_append(text, what);
  return g_string_free(g_string_append(text, after), FALSE);
}

static void bound(const char *before, const char *what, unsigned count, const char *after, const char *message) {
  g_autofree char *json = repeated(before, what, count, after);
  Fixture fixture;
  fixture_open(&fixture, json);
  if (message == NULL)
    assert_null(fixture.error);
  else if (fixture.error == NULL || strstr(fixture.error, message) == NULL)
    fail_msg("%s\n  not %s", fixture.error, message);
  fixture_close(&fixture);
}

static void bounds_are_kept(void **state) {
  (void)state;
  static const char go[] = "{\"fw\": {\"globals\": {\"g\": \"LONG64\"}, \"go\": [\"g = ";
  bound(go, "1 + ", 200, "g\"]}}", NULL);
  bound(go, "1 + ", 300, "g\"]}}", "the expression has too many operators in step 1 of fw.go");
  bound(go, "g + ", 250, "g\"]}}", NULL);
  bound(go, "-", 9000, "1\"]}}", "a step has at most 8192 bytes in step 1 of fw.go");
  bound(go, "- ", 100, "1\"]}}", "the expression is nested too deeply in step 1 of fw.go");
  bound(go, "(", 2000, "1\"]}}", "the expression is nested too deeply in step 1 of fw.go");
  bound(go, "1 ? 2 : ", 200, "3\"]}}", "the expression is nested too deeply in step 1 of fw.go");
  bound(go, "g = ", 200, "3\"]}}", "the expression is nested too deeply in step 1 of fw.go");
  bound(go, "0, g = ", 1000, "3\"]}}", "the expression has too many operators in step 1 of fw.go");
  bound("{\"fw\": {\"go\": [", "{\"for ever\": [", 23, "]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}}", NULL);
  bound("{\"fw\": {\"go\": [", "{\"for ever\": [", 24, "]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}]}}",
        "steps are nested too deeply");
  bound("{\"fw\": {\"globals\": {\"g\": \"LONG\"}, \"go\": [\"g = 1\"", ", \"g = 2\"", 100000, "]}}",
        "a scenario has at most 100000 steps");
  bound("{\"fw\": {\"go\": [\"DbgPrint(\\\"", "0123456789abcdef", 300, "\\\")\"]}}", "a string has at most 4096 bytes in step 1 of fw.go");
  bound("{\"fw\": {\"go\": [\"TestAdd(1", ", 1", 20, ")\"]}}", "a call has at most 16 arguments in step 1 of fw.go");
  bound("{\"fw\": {\"globals\": {\"g\": \"LONG[200000]\", \"h\": \"LONG[200000]\", \"i\": \"LONG[200000]\", \"j\": \"LONG[200000]\", "
        "\"k\": \"LONG[200000]\", \"l\": \"LONG[200000]\"}}}",
        "", 0, "", "a driver's globals have at most 4194304 bytes in global l of fw");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(steps_are_judged),
    cmocka_unit_test(programs_are_judged),
    cmocka_unit_test(bounds_are_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
