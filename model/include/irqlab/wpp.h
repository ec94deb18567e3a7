/* WPP software tracing comes to nothing. What stands in the place of a driver's generated .tmh files. */
#pragma once

#define WPP_INIT_TRACING(...) ((void)0)
#define WPP_CLEANUP(...) ((void)0)
#define WPP_DEFINE_CONTROL_GUID(...)
#define WPP_DEFINE_BIT(...)
#define WPP_LEVEL_ENABLED(...) (FALSE)
#define WPP_FLAG_ENABLED(...) (FALSE)
#define WPP_LEVEL_LOGGER(...)
#define DoTraceMessage(...) ((void)0)
#define DoTraceLevelMessage(...) ((void)0)
#define TraceEvents(...) ((void)0)
