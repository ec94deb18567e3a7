/*
 * step_parse.h: from the words of a step to a tree of nodes. Host side, at load. Each returns NULL or false with the compiler's error set.
 */
#pragma once

#include "step_tree.h"

/* The whole of the compiler's text as one expression; a semicolon may stand behind it. */
StepNode *step_parse_expression(StepCompiler *compiler);

/* The whole of it as "TYPE" or "TYPE = INITIAL VALUE". An array without a count has count 0. *initial may become NULL. */
bool step_parse_declaration(StepCompiler *compiler, const StepType **type, StepNode **initial);

/* A copy that can be checked on its own. */
StepNode *step_node_clone(StepCompiler *compiler, const StepNode *node);
