/* <TraceLoggingProvider.h>: event tracing comes to nothing; its arguments are not evaluated. */
#pragma once

#include <ntddk.h>

typedef const struct _tlgProvider_t *TraceLoggingHProvider;

#define TRACELOGGING_DECLARE_PROVIDER(handle) extern const TraceLoggingHProvider handle
#define TRACELOGGING_DEFINE_PROVIDER(handle, name, id, ...) const TraceLoggingHProvider handle = NULL
#define TraceLoggingOptionGroup(...)
#define TraceLoggingRegister(provider) (STATUS_SUCCESS)
#define TraceLoggingUnregister(provider) ((void)0)
#define TraceLoggingProviderEnabled(provider, level, keyword) (FALSE)
#define TraceLoggingWrite(provider, name, ...) ((void)0)
