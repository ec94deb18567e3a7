/*
 * config.h: where what irqlab brings along lies: the checkout it was built from, or where it is installed.
 */
#pragma once

/* model/include: headers for driver code. Constant. */
const char *config_include_folder(void);
/* The library of scenarios: its folder. Constant. */
const char *config_library_folder(void);
