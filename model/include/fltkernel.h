/* <fltKernel.h>: the Filter Manager's interface for minifilters. Documented under fltkernel/. */
#pragma once

#include <ntifs.h>
#include <irqlab/flt_callbacks.h>
#include <irqlab/flt_functions.h>
#include <irqlab/flt_parameters.h>
#include <irqlab/flt_types.h>
