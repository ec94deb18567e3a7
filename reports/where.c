#include "where.h"

#include <string.h>

/* ---- the line ---- */

/* A part of the line: offset and length in bytes; length 0: none. */
typedef struct Part {
  size_t offset;
  size_t length;
} Part;

static bool is_word(char character) { return g_ascii_isalnum(character) || character == '_'; }

/* The function's name as a whole word; for compiled code the one at or behind the column the compiler noted. */
static Part name_find(const char *text, const char *name, size_t from) {
  size_t length = strlen(name);
  for (const char *at = strstr(text + MIN(from, strlen(text)), name); length > 0 && at != NULL; at = strstr(at + 1, name))
    if ((at == text || !is_word(at[-1])) && !is_word(at[length]))
      return (Part){ (size_t)(at - text), length };
  return from > 0 ? name_find(text, name, 0) : (Part){ 0, 0 };
}

/* The identifier that begins there, or one character. */
static Part word_at(const char *text, size_t offset) {
  size_t length = 0;
  while (is_word(text[offset + length]))
    length++;
  return (Part){ offset, MAX(length, 1) };
}

/* The first of Windows' functions that a step calls. */
static Part first_call(const char *text) {
  for (size_t at = 0; text[at] != '\0';) {
    Part word = word_at(text, at);
    g_autofree char *name = g_strndup(text + at, word.length);
    if (is_word(text[at]) && text[at + word.length] == '(' && ddi_function_find(name) != NULL)
      return word;
    at += word.length;
  }
  return (Part){ 0, 0 };
}

static Part marked_part(const ScenarioRun *run, const RunSite *where, const char *function) {
  uint32_t indentation = where->column > 0 && where->step == 0 ? place_indentation(run, where) : 0;
  size_t column = where->step == 0 && where->column > indentation ? where->column - indentation - 1 : 0;
  Part part = name_find(where->text, function, column);
  if (part.length == 0 && where->step == 0 && where->column > indentation && column < strlen(where->text))
    part = word_at(where->text, column);
  if (part.length == 0 && where->step != 0)
    part = first_call(where->text);
  return part;
}

/* The piece of the text that fits, with the marked part in it. *part is counted in the piece. */
static char *piece_of(const char *text, unsigned columns, Part *part) {
  if (report_columns(text) <= columns)
    return g_strdup(text);
  size_t from = part->offset + part->length > columns - 2 ? MIN(part->offset, part->offset + part->length - columns / 2) : 0;
  from = MIN(from, part->offset);
  g_autoptr(GString) piece = g_string_new(from > 0 ? "…" : "");
  report_pad(piece, text + from, columns - (from > 0 ? 1 : 0));
  if (from > 0) /* the sign is one column and three bytes: counted as bytes, as what stands before the part is */
    part->offset = part->offset - from + strlen("…");
  return g_strdup(piece->str);
}

void where_print(GString *out, const ReportStyle *style, const ScenarioRun *run, uint32_t site, const char *function) {
  RunSite where;
  if (site == 0 || !scenario_run_site(run, site, &where) || where.text[0] == '\0')
    return;
  g_autofree char *file = place_file_line(run, site);
  unsigned indent = report_columns(file) + 5;
  Part part = marked_part(run, &where, function);
  g_autofree char *piece = piece_of(where.text, style->width > indent + 20 ? style->width - indent : 20, &part);
  g_string_append(out, "\n  ");
  report_put(out, style, REPORT_CYAN, file);
  g_string_append_printf(out, "   %s\n", piece);
  if (part.length == 0 || part.offset + part.length > strlen(piece))
    return;
  g_autofree char *before = g_strndup(piece, part.offset);
  g_autofree char *carets = g_strnfill(part.length, '^');
  g_string_append_printf(out, "%*s", (int)(indent + report_columns(before)), "");
  report_put(out, style, REPORT_RED, carets);
  g_string_append_c(out, '\n');
}

/* ---- the stack ---- */

typedef struct Frame {
  char *function;
  char *place;
  const char *text;
  unsigned count; /* the same again and again: recursion */
} Frame;

static void frame_clear(void *data) {
  Frame *frame = data;
  g_free(frame->function);
  g_free(frame->place);
}

static void frame_add(GArray *frames, const ScenarioRun *run, uint32_t site) {
  RunSite where;
  if (site == 0 || !scenario_run_site(run, site, &where))
    return;
  Frame frame = { .place = place_file_line(run, site), .text = where.text, .count = 1 };
  frame.function = where.step != 0 ? g_strdup_printf("%s.%s step %u", where.driver, where.function, where.step)
                                   : g_strdup_printf("%s.%s", where.driver, where.function);
  Frame *inner = frames->len > 0 ? &g_array_index(frames, Frame, frames->len - 1) : NULL;
  if (inner != NULL && strcmp(inner->function, frame.function) == 0 && strcmp(inner->place, frame.place) == 0) {
    inner->count++;
    frame_clear(&frame);
    return;
  }
  g_array_append_val(frames, frame);
}

/* At least `count_min` functions, or nothing is printed. */
static void stack_print(GString *out, const ReportStyle *style, const char *title, GArray *frames, guint count_min) {
  unsigned function_columns = 0, place_columns = 0;
  if (frames->len == 0 || (frames->len < count_min && g_array_index(frames, Frame, 0).count == 1))
    return;
  for (guint i = 0; i < frames->len; i++) {
    const Frame *frame = &g_array_index(frames, Frame, i);
    function_columns = MAX(function_columns, report_columns(frame->function));
    place_columns = MAX(place_columns, report_columns(frame->place));
  }
  report_put(out, style, REPORT_BOLD, title);
  for (guint i = 0; i < frames->len; i++) {
    const Frame *frame = &g_array_index(frames, Frame, i);
    g_autoptr(GString) line = g_string_new("     ");
    report_pad(line, frame->function, function_columns + 3);
    report_pad(line, frame->place, place_columns + 3);
    unsigned used = 5 + function_columns + 3 + place_columns + 3;
    g_autofree char *times = frame->count > 1 ? g_strdup_printf("(%u times)  %s", frame->count, frame->text) : g_strdup(frame->text);
    report_pad(line, times, style->width > used + 10 ? style->width - used : 10);
    g_string_append_c(line, '\n');
    report_trim_lines(line);
    g_string_append(out, line->str);
  }
}

/* Innermost first: where each was called from, the outermost by Windows. Returns owned. */
static GArray *frames_collect(const ScenarioRun *run, uint32_t site, const SimFrame *from, unsigned count) {
  GArray *frames = g_array_new(FALSE, TRUE, sizeof(Frame));
  g_array_set_clear_func(frames, frame_clear);
  frame_add(frames, run, site);
  for (unsigned i = count; i > 0; i--)
    frame_add(frames, run, from[i - 1].site);
  return frames;
}

void where_print_stack(GString *out, const ReportStyle *style, const Names *names, const Finding *finding) {
  bool has_other = finding->other.site != 0;
  g_autoptr(GArray) frames = frames_collect(names_run(names), finding->site, finding->frames, finding->frame_count);
  stack_print(out, style, "\n  the driver's stack\n", frames, has_other ? 1 : 2);
  if (!has_other)
    return;
  g_autoptr(GArray) others = frames_collect(names_run(names), finding->other.site, finding->other.frames, finding->other.frame_count);
  stack_print(out, style, "\n  the other's stack\n", others, 1);
}

void where_print_frames(GString *out, const ReportStyle *style, const Names *names, const char *title, uint32_t site, const SimFrame *from,
                        unsigned count) {
  g_autoptr(GArray) frames = frames_collect(names_run(names), site, from, count);
  stack_print(out, style, title, frames, 1);
}
