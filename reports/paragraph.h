/*
 * paragraph.h: the labelled paragraphs of a report: "  Windows stops:   text that is wrapped under itself".
 */
#pragma once

#include "style.h"

#define PARAGRAPH_INDENT 20 /* where the text behind the label begins */

/* Appends one paragraph. A newline in the text begins a new line of it. */
void paragraph_put(GString *out, const ReportStyle *style, const char *label, const char *text);
void paragraph_putf(GString *out, const ReportStyle *style, const char *label, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Appends a line or more under the label of the paragraph before. */
void paragraph_more(GString *out, const ReportStyle *style, const char *text);

/* The address of a documentation page: "wdm/nf-wdm-kesetevent" -> "https://...". Returns owned. */
char *paragraph_page(const char *page);
