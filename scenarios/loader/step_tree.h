/*
 * step_tree.h: a step between its text and its code: nodes, variables, statements, the program being built. Host side, at load.
 *
 * text -> step_lex -> step_parse -> (nodes) -> step_check -> (typed nodes) -> step_emit -> StepInstruction
 */
#pragma once

#include "step_builtin.h"
#include "step_code.h"
#include "step_lex.h"
#include "step_type.h"

typedef struct StepNode StepNode;
typedef struct StepVariable StepVariable;
typedef struct StepStatement StepStatement;

/* Bounds: each with an error of its own. */
enum {
  STEP_TEXT_SIZE_MAX = 8192,      /* bytes of one step */
  STEP_DEPTH_MAX = 64,            /* of parentheses, casts and assignments in one another */
  STEP_HEIGHT_MAX = 256,          /* of operators in one another */
  STEP_NODE_COUNT_MAX = 4000,     /* of one step, macros expanded */
  STEP_BLOCK_DEPTH_MAX = 24,      /* of steps in steps */
  STEP_COUNT_MAX = 100000,        /* steps of a program */
  STEP_VARIABLE_COUNT_MAX = 1000, /* of a function or a driver */
  STEP_ARGUMENT_COUNT_MAX = 16,
  STEP_VARIABLE_SIZE_MAX = 1 << 20, /* bytes */
  STEP_MEMORY_SIZE_MAX = 4 << 20,   /* bytes of a driver's globals; of all strings */
};

typedef enum StepNodeKind {
  STEP_NODE_NUMBER,      /* value */
  STEP_NODE_STRING,      /* bytes, is_wide; checked: STEP_NODE_READ_ONLY */
  STEP_NODE_NAME,        /* name; checked: what it names */
  STEP_NODE_VARIABLE,    /* variable */
  STEP_NODE_READ_ONLY,   /* value: offset in the read-only memory */
  STEP_NODE_FUNCTION,    /* function: as a value */
  STEP_NODE_MEMBER,      /* first . name; checked: value is the offset, bits */
  STEP_NODE_INDEX,       /* first [second]; checked: DEREFERENCE of ADD */
  STEP_NODE_CALL,        /* name (arguments from first through next); checked: function, ddi or builtin */
  STEP_NODE_UNARY,       /* operator first: SUBTRACT ADD NOT COMPLEMENT */
  STEP_NODE_ADDRESS,     /* &first */
  STEP_NODE_DEREFERENCE, /* *first */
  STEP_NODE_INCREMENT,   /* operator, is_prefix, first */
  STEP_NODE_BINARY,      /* first operator second */
  STEP_NODE_SCALE,       /* pointer first + second * value */
  STEP_NODE_DIFFERENCE,  /* (first - second) / value */
  STEP_NODE_ASSIGN,      /* first = second; with operator: first = first operator second in the type `wide` */
  STEP_NODE_CONDITION,   /* first ? second : third */
  STEP_NODE_CAST,        /* (type) first */
  STEP_NODE_CONVERT,     /* first as type; not written by anybody */
  STEP_NODE_SIZEOF,      /* of first, or of type */
  STEP_NODE_OFFSET,      /* FIELD_OFFSET(type, first), first being members of nothing */
  STEP_NODE_CONTAINER,   /* CONTAINING_RECORD(first, type, second) */
  STEP_NODE_COMMA,       /* first, second */
  STEP_NODE_LIST,        /* {items from first through next}; an item's designator is in `designator` */
} StepNodeKind;

struct StepNode {
  StepNodeKind kind;
  StepOperator operator;
  uint32_t offset;      /* into the text */
  uint16_t height;      /* over its leaves */
  const StepType *type; /* checked; of CAST, SIZEOF, OFFSET and CONTAINER as written */
  const StepType *wide; /* ASSIGN with an operator, INCREMENT: the type it is computed in */
  bool is_lvalue;
  bool is_prefix;
  bool is_wide;
  bool is_trusted;    /* CAST in a macro of ours: may make a pointer out of a number */
  uint8_t bit_offset; /* MEMBER */
  uint8_t bit_size;   /* 0: no bit field */
  int64_t value;
  const char *name;
  GByteArray *bytes;
  StepNode *first, *second, *third;
  StepNode *next;       /* in a list of arguments or items */
  StepNode *designator; /* item: MEMBER path (.name) or a NUMBER ([n]) */
  const StepVariable *variable;
  StepFunction *function;
  const DdiFunction *ddi;
  const StepBuiltin *builtin;
};

typedef enum StepVariableKind { STEP_LOCAL, STEP_PARAMETER, STEP_GLOBAL } StepVariableKind;

struct StepVariable {
  StepVariableKind kind;
  Text name;
  Text declaration;
  const StepType *type;
  uint32_t offset;    /* from the function's locals, or from the driver's memory */
  StepDriver *driver; /* of a global */
  StepNode *initial;  /* NULL: none */
};

struct StepGlobal {
  StepVariable variable;
};

struct StepDriver {
  StepProgram *program;
  Text name;
  uint32_t number;
  GPtrArray *globals;          /* StepGlobal, in the order of the file */
  GPtrArray *functions;        /* StepFunction */
  GHashTable *globals_by_name; /* the first of each name */
  GHashTable *functions_by_name;
  GByteArray *image;   /* initial bytes of the globals */
  GArray *relocations; /* StepRelocation */
};

/* At install: the 8 bytes at offset of the image get the address of memory[driver] + addend. */
typedef struct StepRelocation {
  uint32_t offset;
  uint32_t driver;
  uint64_t addend;
} StepRelocation;

typedef struct StepFunctionSource {
  StepDriver *driver;
  Text name;
  const DdiCallback *callback; /* NULL: plain, or not known yet */
  const char *title;           /* "fw.classify" */
  bool is_inferable;           /* nothing was said of its type: whoever takes its address says it */
  bool is_typed;               /* type, parameters and result are known */
  bool is_given;               /* some step names it without calling it */
  bool is_compiled;
  GPtrArray *parameters; /* StepVariable */
  GPtrArray *locals;     /* StepVariable */
  Text returns_text;
  const StepType *returns;
  StepType *type; /* what a pointer to it points to */
  const JsonValue *body;
  GPtrArray *statements; /* StepStatement; what stands in the body */
} StepFunctionSource;

typedef enum StepStatementKind {
  STEP_LINE,
  STEP_IF,
  STEP_WHILE,
  STEP_FOR_EVER,
  STEP_REPEAT,
  STEP_RETURN_VALUE,
  STEP_RETURN_NOTHING,
  STEP_BREAK,
  STEP_CONTINUE,
} StepStatementKind;

struct StepStatement {
  StepStatementKind kind;
  Text text;      /* the expression: of a line, a condition, a count, a result; for a return it begins at `start` */
  uint32_t start; /* bytes of `text` before the expression */
  int64_t count;  /* STEP_REPEAT with a JSON number: text is absent */
  uint32_t site;
  uint32_t step; /* in its function */
  TextPosition position;
  GPtrArray *body;      /* StepStatement */
  GPtrArray *otherwise; /* STEP_IF; NULL: none */
};

/* What a site number stands for. */
typedef struct StepSiteRecord {
  const StepFunction *function;
  uint32_t step;
  const char *text;
  TextPosition position;
} StepSiteRecord;

struct StepProgram {
  const char *file;
  GPtrArray *drivers;    /* StepDriver */
  GPtrArray *functions;  /* StepFunction, all drivers' */
  GArray *sites;         /* StepSiteRecord; [0] is unused */
  GByteArray *read_only; /* strings and GUIDs */
  GPtrArray *strings;    /* GByteArray of string tokens */
  GPtrArray *owned;      /* blocks */
  GPtrArray *lists;      /* GPtrArray of statements, variables, ... */
  StepTypes types;
};

/* Zeroed memory that lives as long as the program. */
void *step_program_allocate(StepProgram *program, size_t size);
char *step_program_print(StepProgram *program, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* ---- what the passes share ---- */

typedef struct StepCompiler {
  StepProgram *program;
  GPtrArray *scratch; /* blocks that live until the function is compiled; NULL: as long as the program */
  StepDriver *driver;
  StepFunction *function; /* NULL: globals */
  Text text;              /* what is compiled now */
  const char *where;      /* "step 1 of fw.classify"; NULL: the message says it itself */
  uint32_t step;          /* the last one of the function that was read */
  StepLexer lexer;
  unsigned depth;
  unsigned node_count;
  bool is_macro;                  /* what is parsed is the body of a macro of ours */
  uint32_t macro_offset;          /* then: where it is used */
  const char *const *bound_names; /* then: its parameters, NULL-terminated */
  StepNode *const *bound_nodes;   /* what stands for them */
  GError **error;
  bool has_failed;
} StepCompiler;

/* Notes the first error, with its place; returns NULL. */
void *step_fail(StepCompiler *compiler, uint32_t offset, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same with `; did you mean NEAREST?`; NULL: no suggestion. */
void *step_fail_suggest(StepCompiler *compiler, uint32_t offset, const char *nearest, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Nodes, and texts for messages: gone when the function is compiled. */
void *step_compiler_allocate(StepCompiler *compiler, size_t size);
char *step_compiler_print(StepCompiler *compiler, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Never NULL; past the bound of nodes it fails. */
StepNode *step_node_new(StepCompiler *compiler, StepNodeKind kind, uint32_t offset);

/* What is compiled from here on, beginning `start` bytes into the text; the first token is read. `where` names it in messages. */
void step_compiler_begin(StepCompiler *compiler, Text text, uint32_t start, const char *where);
