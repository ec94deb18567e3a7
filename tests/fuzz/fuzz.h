/*
 * fuzz.h: a target takes any bytes; whatever they are it returns, or irqlab has a defect. The name of the function is libFuzzer's, so that the same
 * file is linked with it or with loop.c, which needs no clang.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Returns 0. Aborts on a defect that would not show by itself. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Something that must hold did not: says so and aborts. */
void fuzz_check(int holds, const char *what);
