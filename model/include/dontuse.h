/* <dontuse.h>: marks for code analysis, which are nothing here. */
#pragma once
