/* <minwindef.h>. */
#pragma once

#include <windef.h>
