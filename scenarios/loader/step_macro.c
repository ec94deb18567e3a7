/*
 * The bodies are parsed where they are used, with the arguments put in as expressions and not as text: no parentheses are needed round them.
 * A cast in a body may make a pointer out of a number.
 */
#include "step_macro.h"

#include <string.h>

const StepMacro step_macros[] = {
  /* NTSTATUS */
  { "NT_SUCCESS", { "status" }, "(LONG)status >= 0" },
  { "NT_INFORMATION", { "status" }, "(ULONG)status >> 30 == 1" },
  { "NT_WARNING", { "status" }, "(ULONG)status >> 30 == 2" },
  { "NT_ERROR", { "status" }, "(ULONG)status >> 30 == 3" },

  /* flags, numbers, sizes */
  { "FlagOn", { "flags", "flag" }, "flags & flag" },
  { "BooleanFlagOn", { "flags", "flag" }, "(BOOLEAN)((flags & flag) != 0)" },
  { "SetFlag", { "flags", "flag" }, "flags |= flag" },
  { "ClearFlag", { "flags", "flag" }, "flags &= ~flag" },
  { "min", { "left", "right" }, "left < right ? left : right" },
  { "max", { "left", "right" }, "left > right ? left : right" },
  { "LOBYTE", { "value" }, "(UCHAR)value" },
  { "HIBYTE", { "value" }, "(UCHAR)((USHORT)value >> 8)" },
  { "LOWORD", { "value" }, "(USHORT)value" },
  { "HIWORD", { "value" }, "(USHORT)((ULONG)value >> 16)" },
  { "ARRAYSIZE", { "array" }, "sizeof(array) / sizeof(array[0])" },
  { "RTL_NUMBER_OF", { "array" }, "sizeof(array) / sizeof(array[0])" },
  { "Add2Ptr", { "pointer", "bytes" }, "(PVOID)((PUCHAR)pointer + bytes)" },
  { "ARGUMENT_PRESENT", { "pointer" }, "pointer != NULL" },
  { "CTL_CODE", { "type", "function", "method", "access" }, "type << 16 | access << 14 | function << 2 | method" },

  /* what a free build leaves out: the argument is checked and not evaluated */
  { "UNREFERENCED_PARAMETER", { "parameter" }, "(void)sizeof(parameter)" },
  { "ASSERT", { "condition" }, "(void)sizeof(condition)" },
  { "NT_ASSERT", { "condition" }, "(void)sizeof(condition)" },
  { "FLT_ASSERT", { "condition" }, "(void)sizeof(condition)" },
  { "PAGED_CODE", { NULL }, "(void)0" },
  { "KeMemoryBarrier", { NULL }, "(void)0" }, /* steps are sequentially consistent */
  { "YieldProcessor", { NULL }, "KeYieldProcessor()" },

  /* handles that are numbers */
  { "NtCurrentProcess", { NULL }, "(HANDLE)(LONG64)-1" },
  { "ZwCurrentProcess", { NULL }, "(HANDLE)(LONG64)-1" },
  { "NtCurrentThread", { NULL }, "(HANDLE)(LONG64)-2" },
  { "ZwCurrentThread", { NULL }, "(HANDLE)(LONG64)-2" },

  /* structures: RTL_CONSTANT_STRING is an initial value */
  { "RTL_CONSTANT_STRING", { "text" }, "{ sizeof(text) - sizeof(text[0]), sizeof(text), text }" },
  { "InitializeObjectAttributes",
    { "object", "name", "attributes", "root", "descriptor" },
    "object->Length = sizeof(OBJECT_ATTRIBUTES), object->RootDirectory = root, object->Attributes = attributes, object->ObjectName = name, "
    "object->SecurityDescriptor = descriptor, object->SecurityQualityOfService = NULL" },
  { "IoGetCurrentIrpStackLocation", { "irp" }, "irp->Tail.Overlay.CurrentStackLocation" },
  { "IoMarkIrpPending", { "irp" }, "irp->Tail.Overlay.CurrentStackLocation->Control |= SL_PENDING_RETURNED" },
  { "MmGetMdlByteCount", { "mdl" }, "mdl->ByteCount" },
  { "MmGetMdlByteOffset", { "mdl" }, "mdl->ByteOffset" },

  /* WFP and NDIS */
  { "FWPS_IS_METADATA_FIELD_PRESENT", { "values", "field" }, "(values->currentMetadataValues & field) == field" },
  { "FWPS_IS_L2_METADATA_FIELD_PRESENT", { "values", "field" }, "(values->currentL2MetadataValues & field) == field" },
  { "NET_BUFFER_LIST_NEXT_NBL", { "list" }, "list->Next" },
  { "NET_BUFFER_LIST_FIRST_NB", { "list" }, "list->FirstNetBuffer" },
  { "NET_BUFFER_LIST_STATUS", { "list" }, "list->Status" },
  { "NET_BUFFER_NEXT_NB", { "buffer" }, "buffer->Next" },
  { "NET_BUFFER_FIRST_MDL", { "buffer" }, "buffer->MdlChain" },
  { "NET_BUFFER_CURRENT_MDL", { "buffer" }, "buffer->CurrentMdl" },
  { "NET_BUFFER_CURRENT_MDL_OFFSET", { "buffer" }, "buffer->CurrentMdlOffset" },
  { "NET_BUFFER_DATA_LENGTH", { "buffer" }, "buffer->DataLength" },
  { "NET_BUFFER_DATA_OFFSET", { "buffer" }, "buffer->DataOffset" },
  { NULL, { NULL }, NULL },
};

const StepMacro *step_macro_find(const char *name) {
  for (const StepMacro *macro = step_macros; macro->name != NULL; macro++)
    if (strcmp(macro->name, name) == 0)
      return macro;
  return NULL;
}
