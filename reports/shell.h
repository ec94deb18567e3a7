/*
 * shell.h: what a report tells to type can be pasted: a path with blanks in it is one word of a command.
 */
#pragma once

/* The text as one word of a shell; unchanged where nothing in it means more. Returns owned. */
char *shell_word(const char *text);
