/*
 * step_lex.h: the words of a step. Host side, at load.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Operators and punctuation, C's. */
typedef enum StepOperator {
  STEP_OP_NONE,
  /* binary, by the order of the tables of precedence in step_parse.c */
  STEP_OP_MULTIPLY,
  STEP_OP_DIVIDE,
  STEP_OP_MODULO,
  STEP_OP_ADD,
  STEP_OP_SUBTRACT,
  STEP_OP_SHIFT_LEFT,
  STEP_OP_SHIFT_RIGHT,
  STEP_OP_LESS,
  STEP_OP_GREATER,
  STEP_OP_LESS_EQUAL,
  STEP_OP_GREATER_EQUAL,
  STEP_OP_EQUAL,
  STEP_OP_NOT_EQUAL,
  STEP_OP_AND,
  STEP_OP_XOR,
  STEP_OP_OR,
  STEP_OP_LOGICAL_AND,
  STEP_OP_LOGICAL_OR,
  STEP_OP_BINARY_END,
  /* the rest */
  STEP_OP_ASSIGN,
  STEP_OP_ASSIGN_WITH, /* "+=" and its kin: StepToken.with says which */
  STEP_OP_NOT,
  STEP_OP_COMPLEMENT,
  STEP_OP_INCREMENT,
  STEP_OP_DECREMENT,
  STEP_OP_QUESTION,
  STEP_OP_COLON,
  STEP_OP_COMMA,
  STEP_OP_SEMICOLON,
  STEP_OP_DOT,
  STEP_OP_ARROW,
  STEP_OP_OPEN,
  STEP_OP_CLOSE,
  STEP_OP_OPEN_INDEX,
  STEP_OP_CLOSE_INDEX,
  STEP_OP_OPEN_BRACE,
  STEP_OP_CLOSE_BRACE,
  STEP_OP_ELLIPSIS,
  STEP_OP_COUNT,
} StepOperator;

extern const char *const step_operator_texts[STEP_OP_COUNT];

typedef enum StepTokenKind { STEP_TOKEN_END, STEP_TOKEN_NAME, STEP_TOKEN_NUMBER, STEP_TOKEN_STRING, STEP_TOKEN_OPERATOR } StepTokenKind;

typedef struct StepToken {
  StepTokenKind kind;
  uint32_t offset; /* bytes into the text */
  uint32_t length;
  StepOperator operator;
  StepOperator with; /* STEP_OP_ASSIGN_WITH: the operation */
  uint64_t value;    /* number */
  uint8_t size;      /* number: 4 or 8 bytes, by C's rules for literals */
  bool is_signed;    /* number */
  bool is_wide;      /* string: L"..." */
  GByteArray *bytes; /* string: decoded, with the terminating zero; of the lexer */
} StepToken;

typedef struct StepLexer {
  const char *text;
  uint32_t at;
  StepToken token;   /* the current one */
  const char *error; /* constant; NULL: none */
  uint32_t error_offset;
  GPtrArray *strings; /* GByteArray of all string tokens: whoever made the lexer frees it */
} StepLexer;

/* Begins with the first token. `strings` takes what string tokens own. */
void step_lexer_begin(StepLexer *lexer, const char *text, GPtrArray *strings);

/* Goes on to the next token; on an error the token is STEP_TOKEN_END and error is set. */
void step_lexer_next(StepLexer *lexer);
