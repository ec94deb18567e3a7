/*
 * work_item.h: work items for the other files of model/io.
 */
#pragma once

#include <stdint.h>

/* A work item that nobody allocates or frees is queued: routine(device, context). */
void io_work_item_queue_once(uint64_t device, uint64_t routine, uint64_t context);
