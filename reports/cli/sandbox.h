/*
 * sandbox.h: what a worker whose drivers are data may still ask of the host: memory, time, and reading files for its report.
 */
#pragma once

#include <stdbool.h>

/* From here on this process can open no file for writing, start no process and send no signal but to itself, and use no network: such system
 * calls fail with EPERM. False where the kernel does not offer it (the run then goes on without). Cannot be undone. */
bool sandbox_enter(void);
