/*
 * rule.h: the rules as data: what each mistake is called, what it means, what Windows does, how to mend it. Constant; stdint only: scenarios
 * and reports read it, the detectors (one a file beside this one) name their findings by it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct RuleInfo {
  const char *name;             /* after the mistake: "irql-too-high" */
  const char *title;            /* one line: what the driver did */
  const char *explanation;      /* two or three sentences: why it is wrong */
  const char *windows;          /* what Windows does without Driver Verifier */
  const char *windows_verifier; /* what it does with Driver Verifier on for the driver */
  const char *mend;             /* how to put it right */
  const char *page;             /* documentation page: "wdm/nf-wdm-kesetevent" */
  uint32_t id;                  /* FNV-1a of the name: what events and hashes carry */
} RuleInfo;

extern const RuleInfo rule_table[]; /* sorted by name */
extern const size_t rule_count;

const RuleInfo *rule_find(const char *name); /* NULL: none */
const RuleInfo *rule_by_id(uint32_t id);     /* NULL: none */
