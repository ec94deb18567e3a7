/*
 * lock_circle.h: locks that are taken in orders that make a circle: who takes which while it holds which.
 */
#pragma once

#include "names.h"
#include "style.h"

/* A paragraph about a finding of lock-order; nothing for others. */
void lock_circle_print(GString *out, const ReportStyle *style, const Names *names, const Finding *finding);
