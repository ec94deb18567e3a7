/*
 * runtime.h: the guest's own C runtime: what the kernel exports beside the DDI. Linked into each driver image, without instrumentation: a
 * function tells irqlab once for each range it touches, or of each character of a text whose end it does not know, on behalf of whoever called
 * it: findings name the driver's line.
 *
 * Every function is weak: a driver's own of that name comes first. No state.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RUNTIME __attribute__((weak, noinline))

/* Where the driver called the public function. */
#define PLACE ((uintptr_t)__builtin_return_address(0))

/* Hooks (model/guest/hooks.c): judge the access before it is made, and may let others run. */
void irqlab_read1(const void *address, uintptr_t place);
void irqlab_read2(const void *address, uintptr_t place);
void irqlab_write1(void *address, uintptr_t place);
void irqlab_write2(void *address, uintptr_t place);
void irqlab_range(const void *address, size_t size, size_t is_write, uintptr_t place);

static inline __attribute__((always_inline)) void range_read(const void *address, size_t size, uintptr_t place) {
  if (size != 0)
    irqlab_range(address, size, 0, place);
}

static inline __attribute__((always_inline)) void range_write(void *address, size_t size, uintptr_t place) {
  if (size != 0)
    irqlab_range(address, size, 1, place);
}

/* No call: what the compiler would make of a loop is a call of memcpy. */
static inline __attribute__((always_inline)) void bytes_copy(void *destination, const void *source, size_t size) {
  __asm__ volatile("rep movsb" : "+D"(destination), "+S"(source), "+c"(size) : : "memory");
}
