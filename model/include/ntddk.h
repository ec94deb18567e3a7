/* mingw-w64's ntddk.h, put right: see wdm.h, which it includes and which leaves the two names defined. */
#pragma once

#define IRQLAB_INSIDE_NTDDK
#include_next <ntddk.h>
#undef IRQLAB_INSIDE_NTDDK
#undef KeGetCurrentProcessorNumber
#undef KeGetPcr
#undef __readgsqword
#undef __readgsword
#include <irqlab/kernel_functions.h>
#include <irqlab/kernel_macros.h>

NTKERNELAPI NTSTATUS IoQueryFullDriverPath(PDRIVER_OBJECT DriverObject, PUNICODE_STRING FullPath);
NTKERNELAPI NTSTATUS KeExpandKernelStackAndCalloutEx(PEXPAND_STACK_CALLOUT Callout, PVOID Parameter, SIZE_T Size, BOOLEAN Wait,
                                                     PVOID Context);

typedef enum _PSCREATEPROCESSNOTIFYTYPE { PsCreateProcessNotifySubsystems = 0 } PSCREATEPROCESSNOTIFYTYPE;

NTKERNELAPI NTSTATUS PsSetCreateProcessNotifyRoutineEx2(PSCREATEPROCESSNOTIFYTYPE NotifyType, PVOID NotifyInformation, BOOLEAN Remove);
