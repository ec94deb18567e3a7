#include "step_lex.h"

#include <string.h>

#define STRING_SIZE_MAX 4096

/* Longest first where one begins with another. */
static const struct {
  const char *text;
  StepOperator operator;
  StepOperator with;
} spellings[] = {
  { "<<=", STEP_OP_ASSIGN_WITH, STEP_OP_SHIFT_LEFT },
  { ">>=", STEP_OP_ASSIGN_WITH, STEP_OP_SHIFT_RIGHT },
  { "...", STEP_OP_ELLIPSIS, 0 },
  { "+=", STEP_OP_ASSIGN_WITH, STEP_OP_ADD },
  { "-=", STEP_OP_ASSIGN_WITH, STEP_OP_SUBTRACT },
  { "*=", STEP_OP_ASSIGN_WITH, STEP_OP_MULTIPLY },
  { "/=", STEP_OP_ASSIGN_WITH, STEP_OP_DIVIDE },
  { "%=", STEP_OP_ASSIGN_WITH, STEP_OP_MODULO },
  { "&=", STEP_OP_ASSIGN_WITH, STEP_OP_AND },
  { "|=", STEP_OP_ASSIGN_WITH, STEP_OP_OR },
  { "^=", STEP_OP_ASSIGN_WITH, STEP_OP_XOR },
  { "++", STEP_OP_INCREMENT, 0 },
  { "--", STEP_OP_DECREMENT, 0 },
  { "->", STEP_OP_ARROW, 0 },
  { "<<", STEP_OP_SHIFT_LEFT, 0 },
  { ">>", STEP_OP_SHIFT_RIGHT, 0 },
  { "<=", STEP_OP_LESS_EQUAL, 0 },
  { ">=", STEP_OP_GREATER_EQUAL, 0 },
  { "==", STEP_OP_EQUAL, 0 },
  { "!=", STEP_OP_NOT_EQUAL, 0 },
  { "&&", STEP_OP_LOGICAL_AND, 0 },
  { "||", STEP_OP_LOGICAL_OR, 0 },
  { "=", STEP_OP_ASSIGN, 0 },
  { "+", STEP_OP_ADD, 0 },
  { "-", STEP_OP_SUBTRACT, 0 },
  { "*", STEP_OP_MULTIPLY, 0 },
  { "/", STEP_OP_DIVIDE, 0 },
  { "%", STEP_OP_MODULO, 0 },
  { "&", STEP_OP_AND, 0 },
  { "|", STEP_OP_OR, 0 },
  { "^", STEP_OP_XOR, 0 },
  { "~", STEP_OP_COMPLEMENT, 0 },
  { "!", STEP_OP_NOT, 0 },
  { "<", STEP_OP_LESS, 0 },
  { ">", STEP_OP_GREATER, 0 },
  { "?", STEP_OP_QUESTION, 0 },
  { ":", STEP_OP_COLON, 0 },
  { ",", STEP_OP_COMMA, 0 },
  { ";", STEP_OP_SEMICOLON, 0 },
  { ".", STEP_OP_DOT, 0 },
  { "(", STEP_OP_OPEN, 0 },
  { ")", STEP_OP_CLOSE, 0 },
  { "[", STEP_OP_OPEN_INDEX, 0 },
  { "]", STEP_OP_CLOSE_INDEX, 0 },
  { "{", STEP_OP_OPEN_BRACE, 0 },
  { "}", STEP_OP_CLOSE_BRACE, 0 },
};

const char *const step_operator_texts[STEP_OP_COUNT] = {
  [STEP_OP_NONE] = "",        [STEP_OP_MULTIPLY] = "*",     [STEP_OP_DIVIDE] = "/",      [STEP_OP_MODULO] = "%",
  [STEP_OP_ADD] = "+",        [STEP_OP_SUBTRACT] = "-",     [STEP_OP_SHIFT_LEFT] = "<<", [STEP_OP_SHIFT_RIGHT] = ">>",
  [STEP_OP_LESS] = "<",       [STEP_OP_GREATER] = ">",      [STEP_OP_LESS_EQUAL] = "<=", [STEP_OP_GREATER_EQUAL] = ">=",
  [STEP_OP_EQUAL] = "==",     [STEP_OP_NOT_EQUAL] = "!=",   [STEP_OP_AND] = "&",         [STEP_OP_XOR] = "^",
  [STEP_OP_OR] = "|",         [STEP_OP_LOGICAL_AND] = "&&", [STEP_OP_LOGICAL_OR] = "||", [STEP_OP_BINARY_END] = "",
  [STEP_OP_ASSIGN] = "=",     [STEP_OP_ASSIGN_WITH] = "+=", [STEP_OP_NOT] = "!",         [STEP_OP_COMPLEMENT] = "~",
  [STEP_OP_INCREMENT] = "++", [STEP_OP_DECREMENT] = "--",   [STEP_OP_QUESTION] = "?",    [STEP_OP_COLON] = ":",
  [STEP_OP_COMMA] = ",",      [STEP_OP_SEMICOLON] = ";",    [STEP_OP_DOT] = ".",         [STEP_OP_ARROW] = "->",
  [STEP_OP_OPEN] = "(",       [STEP_OP_CLOSE] = ")",        [STEP_OP_OPEN_INDEX] = "[",  [STEP_OP_CLOSE_INDEX] = "]",
  [STEP_OP_OPEN_BRACE] = "{", [STEP_OP_CLOSE_BRACE] = "}",  [STEP_OP_ELLIPSIS] = "...",
};

static void lex_fail(StepLexer *lexer, uint32_t offset, const char *error) {
  if (lexer->error == NULL) {
    lexer->error = error;
    lexer->error_offset = offset;
  }
  lexer->token = (StepToken){ .kind = STEP_TOKEN_END, .offset = offset };
}

static bool is_name_start(char c) { return g_ascii_isalpha(c) || c == '_'; }
static bool is_name(char c) { return g_ascii_isalnum(c) || c == '_'; }

/* ---- numbers ---- */

/* The type of a literal: the first of int, unsigned, long long, unsigned long long that holds it; decimal ones are unsigned only by suffix. */
static void number_type(StepToken *token, bool is_decimal, bool is_unsigned, bool is_long) {
  bool fits_signed = token->value <= (is_long ? INT64_MAX : INT32_MAX);
  bool fits_size = is_long || token->value <= UINT32_MAX;
  if (!is_unsigned && fits_signed) {
    token->size = is_long ? 8 : 4;
    token->is_signed = true;
  } else if ((is_unsigned || !is_decimal) && fits_size) {
    token->size = is_long ? 8 : 4;
  } else {
    token->size = 8;
    token->is_signed = !is_unsigned && token->value <= INT64_MAX;
  }
}

/* u, l, ll, i64 and ui64 in any case. A single l is Windows' 32 bits. False: something else follows. */
static bool number_suffix(const char *text, uint32_t *at, bool *is_unsigned, bool *is_long) {
  uint32_t start = *at;
  while (is_name(text[*at]))
    (*at)++;
  g_autofree char *suffix = g_ascii_strdown(text + start, *at - start);
  static const struct {
    const char *text;
    bool is_unsigned, is_long;
  } suffixes[] = { { "", 0, 0 },   { "u", 1, 0 },   { "l", 0, 0 },   { "ul", 1, 0 },  { "lu", 1, 0 },
                   { "ll", 0, 1 }, { "ull", 1, 1 }, { "llu", 1, 1 }, { "i64", 0, 1 }, { "ui64", 1, 1 } };
  for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
    if (strcmp(suffix, suffixes[i].text) == 0) {
      *is_unsigned = suffixes[i].is_unsigned;
      *is_long = suffixes[i].is_long;
      return true;
    }
  }
  return false;
}

static void lex_number(StepLexer *lexer) {
  const char *text = lexer->text;
  uint32_t start = lexer->at, at = start;
  bool is_hexadecimal = text[at] == '0' && (text[at + 1] == 'x' || text[at + 1] == 'X');
  bool is_octal = !is_hexadecimal && text[at] == '0';
  unsigned base = is_hexadecimal ? 16 : is_octal ? 8 : 10;
  at += is_hexadecimal ? 2 : 0;
  uint32_t digits = at;
  uint64_t value = 0;
  for (; g_ascii_isxdigit(text[at]); at++) {
    unsigned digit = (unsigned)g_ascii_xdigit_value(text[at]);
    if (digit >= base)
      break;
    if (value > (UINT64_MAX - digit) / base)
      return lex_fail(lexer, start, "the number does not fit 64 bits");
    value = value * base + digit;
  }
  if (at == digits)
    return lex_fail(lexer, start, "expected digits behind 0x");
  StepToken token = { .kind = STEP_TOKEN_NUMBER, .offset = start, .value = value };
  bool is_unsigned, is_long;
  if (text[at] == '.' || !number_suffix(text, &at, &is_unsigned, &is_long))
    return lex_fail(lexer, start, "this is no whole number of C");
  number_type(&token, base == 10, is_unsigned, is_long);
  token.length = at - start;
  lexer->token = token;
  lexer->at = at;
}

/* ---- characters and strings ---- */

/* One character behind a backslash; false: none that is known. */
static bool lex_escape(const char *text, uint32_t *at, uint32_t *character) {
  static const char letters[] = "n\nt\tr\ra\ab\bf\fv\v";
  char c = text[(*at)++];
  if (c == 'x') {
    uint32_t digits = *at;
    for (*character = 0; g_ascii_isxdigit(text[*at]) && *at < digits + 4; (*at)++)
      *character = *character * 16 + (uint32_t)g_ascii_xdigit_value(text[*at]);
    return *at > digits;
  }
  if (c >= '0' && c <= '7') {
    for (*character = (uint32_t)(c - '0'); text[*at] >= '0' && text[*at] <= '7' && *character < 32; (*at)++)
      *character = *character * 8 + (uint32_t)(text[*at] - '0');
    return true;
  }
  for (size_t i = 0; i + 1 < sizeof letters; i += 2) {
    if (letters[i] == c) {
      *character = (uint32_t)letters[i + 1];
      return true;
    }
  }
  *character = (uint32_t)c;
  return c == '\'' || c == '"' || c == '\\' || c == '?';
}

/* 'x' is an int; up to four characters make one number, the first highest, as pool tags are written. L'x' is one UTF-16 unit. */
static void lex_character(StepLexer *lexer, bool is_wide) {
  uint32_t start = lexer->at, at = start + 1 + is_wide;
  const char *text = lexer->text;
  uint32_t value = 0;
  unsigned count = 0;
  for (; text[at] != '\'' && text[at] != '\0'; count++) {
    uint32_t character = (uint8_t)text[at++];
    if (character == '\\') {
      if (text[at] == '\0' || !lex_escape(text, &at, &character))
        return lex_fail(lexer, at - 1, "unknown escape");
    } else if (character >= 0x80) {
      return lex_fail(lexer, at - 1, "a character constant is ASCII");
    }
    value = is_wide ? character & 0xffff : value << 8 | (character & 0xff);
  }
  if (text[at] == '\0')
    return lex_fail(lexer, start, "this ' has no partner");
  if (count == 0 || count > (is_wide ? 1u : 4u))
    return lex_fail(lexer, start, "a character constant has one to four characters");
  if (!is_wide && count == 1)
    value = (uint32_t)(int32_t)(int8_t)value;
  lexer->token = (StepToken){ .kind = STEP_TOKEN_NUMBER,
                              .offset = start,
                              .length = at + 1 - start,
                              .value = (uint64_t)(int64_t)(int32_t)value,
                              .size = 4,
                              .is_signed = true };
  lexer->at = at + 1;
}

static void string_append(GByteArray *bytes, uint32_t character, bool is_wide) {
  if (!is_wide) {
    uint8_t byte = (uint8_t)character;
    g_byte_array_append(bytes, &byte, 1);
    return;
  }
  uint16_t units[2] = { (uint16_t)character, 0 };
  unsigned count = 1;
  if (character >= 0x10000) {
    units[0] = (uint16_t)(0xd800 + ((character - 0x10000) >> 10));
    units[1] = (uint16_t)(0xdc00 + ((character - 0x10000) & 0x3ff));
    count = 2;
  }
  for (unsigned i = 0; i < count; i++) {
    uint8_t both[2] = { (uint8_t)units[i], (uint8_t)(units[i] >> 8) };
    g_byte_array_append(bytes, both, 2);
  }
}

/* "..." keeps its bytes (UTF-8), L"..." becomes UTF-16. The text is valid UTF-8. */
static void lex_string(StepLexer *lexer, bool is_wide) {
  uint32_t start = lexer->at, at = start + 1 + is_wide;
  const char *text = lexer->text;
  GByteArray *bytes = g_byte_array_new();
  g_ptr_array_add(lexer->strings, bytes);
  while (text[at] != '"' && text[at] != '\0') {
    uint32_t character = (uint8_t)text[at];
    if (character == '\\') {
      at++;
      if (text[at] == '\0' || !lex_escape(text, &at, &character))
        return lex_fail(lexer, at - 1, "unknown escape");
    } else if (is_wide && character >= 0x80) {
      gunichar decoded = g_utf8_get_char_validated(text + at, -1);
      if (decoded >= 0x110000)
        return lex_fail(lexer, at, "this is no UTF-8");
      character = decoded;
      at += (uint32_t)g_unichar_to_utf8(decoded, NULL);
    } else {
      at++;
    }
    string_append(bytes, character, is_wide);
    if (bytes->len > STRING_SIZE_MAX)
      return lex_fail(lexer, start, "a string has at most 4096 bytes");
  }
  if (text[at] == '\0')
    return lex_fail(lexer, start, "this \" has no partner");
  string_append(bytes, 0, is_wide);
  lexer->token = (StepToken){ .kind = STEP_TOKEN_STRING, .offset = start, .length = at + 1 - start, .is_wide = is_wide, .bytes = bytes };
  lexer->at = at + 1;
}

/* ---- tokens ---- */

static void lex_operator(StepLexer *lexer) {
  const char *text = lexer->text + lexer->at;
  for (size_t i = 0; i < G_N_ELEMENTS(spellings); i++) {
    size_t length = strlen(spellings[i].text);
    if (strncmp(text, spellings[i].text, length) == 0) {
      lexer->token = (StepToken){ .kind = STEP_TOKEN_OPERATOR,
                                  .offset = lexer->at,
                                  .length = (uint32_t)length,
                                  .operator= spellings[i].operator,
                                  .with = spellings[i].with };
      lexer->at += (uint32_t)length;
      return;
    }
  }
  lex_fail(lexer, lexer->at, "this character means nothing here");
}

void step_lexer_next(StepLexer *lexer) {
  if (lexer->error != NULL)
    return;
  while (g_ascii_isspace(lexer->text[lexer->at]))
    lexer->at++;
  const char *text = lexer->text + lexer->at;
  if (text[0] == '\0') {
    lexer->token = (StepToken){ .kind = STEP_TOKEN_END, .offset = lexer->at };
  } else if ((text[0] == 'L' && text[1] == '"') || text[0] == '"') {
    lex_string(lexer, text[0] == 'L');
  } else if ((text[0] == 'L' && text[1] == '\'') || text[0] == '\'') {
    lex_character(lexer, text[0] == 'L');
  } else if (is_name_start(text[0])) {
    uint32_t length = 1;
    while (is_name(text[length]))
      length++;
    lexer->token = (StepToken){ .kind = STEP_TOKEN_NAME, .offset = lexer->at, .length = length };
    lexer->at += length;
  } else if (g_ascii_isdigit(text[0])) {
    lex_number(lexer);
  } else {
    lex_operator(lexer);
  }
}

void step_lexer_begin(StepLexer *lexer, const char *text, GPtrArray *strings) {
  *lexer = (StepLexer){ .text = text, .strings = strings };
  step_lexer_next(lexer);
}
