#include "common/mail/dkim_canon.h"

#include <string.h>

static void flush(struct dkim_canon *canon)
{
    if (canon->used > 0) {
        canon->sink(canon->context, canon->block, canon->used);
        canon->used = 0;
    }
}

static void emit_byte(struct dkim_canon *canon, char byte)
{
    if (canon->used == sizeof canon->block) {
        flush(canon);
    }
    canon->block[canon->used++] = byte;
}

static void emit_bytes(struct dkim_canon *canon, struct text bytes)
{
    while (bytes.size > 0) {
        if (canon->used == sizeof canon->block) {
            flush(canon);
        }
        size_t room = sizeof canon->block - canon->used;
        size_t size = bytes.size < room ? bytes.size : room;
        memcpy(canon->block + canon->used, bytes.data, size);
        canon->used += size;
        bytes = text_skip(bytes, size);
    }
}

static void begin(struct dkim_canon *canon, enum dkim_canon_form form, dkim_canon_sink_fn *sink,
                  void *context)
{
    /* Not the block: clearing it would cost more than canonicalising a header field. */
    canon->sink = sink;
    canon->context = context;
    canon->form = form;
    canon->used = 0;
    canon->line_ends = 0;
    canon->in_line = false;
    canon->has_space = false;
    canon->has_cr = false;
    canon->in_value = false;
    canon->has_output = false;
    canon->keep_line_end = true;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* How many bytes from the start on need no thought: no CR, no LF and, relaxed, no white space. */
static size_t plain_run(const struct dkim_canon *canon, struct text bytes)
{
    size_t size = 0;
    bool is_relaxed = canon->form == DKIM_CANON_FORM_RELAXED;
    while (size < bytes.size && bytes.data[size] != '\r' && bytes.data[size] != '\n' &&
           !(is_relaxed && is_space(bytes.data[size]))) {
        size++;
    }
    return size;
}

/* What was held back has to leave now that something follows it in its line. */
static void release_held(struct dkim_canon *canon)
{
    while (canon->line_ends > 0) {
        emit_bytes(canon, TEXT("\r\n"));
        canon->line_ends--;
    }
    if (canon->has_space) {
        emit_byte(canon, ' ');
        canon->has_space = false;
    }
    canon->in_line = true;
    canon->has_output = true;
}

static void body_run(struct dkim_canon *canon, struct text run)
{
    if (canon->has_cr) { /* it was no line end */
        canon->has_cr = false;
        release_held(canon);
        emit_byte(canon, '\r');
    }
    if (run.size > 0) {
        release_held(canon);
        emit_bytes(canon, run);
    }
}

/* The end of a line with bytes leaves at once; ends of empty lines wait: at the end of the body
 * they are dropped. White space at the end of a line is dropped when relaxed. */
static void body_line_end(struct dkim_canon *canon)
{
    canon->has_cr = false;
    canon->has_space = false;
    if (canon->in_line) {
        emit_bytes(canon, TEXT("\r\n"));
        canon->in_line = false;
    } else {
        canon->line_ends++;
    }
}

static void body_byte(struct dkim_canon *canon, char byte)
{
    if (byte == '\n') {
        body_line_end(canon);
        return;
    }
    body_run(canon, (struct text){NULL, 0});
    if (byte == '\r') {
        canon->has_cr = true;
    } else {
        canon->has_space = true;
    }
}

void dkim_canon_body_begin(struct dkim_canon *canon, enum dkim_canon_form form,
                           dkim_canon_sink_fn *sink, void *context)
{
    begin(canon, form, sink, context);
}

void dkim_canon_body_feed(struct dkim_canon *canon, struct text bytes)
{
    while (bytes.size > 0) {
        size_t size = plain_run(canon, bytes);
        if (size > 0) {
            body_run(canon, (struct text){bytes.data, size});
        } else {
            body_byte(canon, bytes.data[0]);
            size = 1;
        }
        bytes = text_skip(bytes, size);
    }
}

void dkim_canon_body_finish(struct dkim_canon *canon)
{
    body_run(canon, (struct text){NULL, 0}); /* a CR at the very end */
    /* A last line without an end gets one; simple: an empty body is one line end. */
    bool is_empty = !canon->has_output && canon->form == DKIM_CANON_FORM_SIMPLE;
    if (canon->in_line || is_empty) {
        emit_bytes(canon, TEXT("\r\n"));
    }
    flush(canon);
}

void dkim_canon_header_begin(struct dkim_canon *canon, enum dkim_canon_form form,
                             bool keep_line_end, dkim_canon_sink_fn *sink, void *context)
{
    begin(canon, form, sink, context);
    canon->keep_line_end = keep_line_end;
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

/* Before the colon: lower case, without white space. */
static void name_byte(struct dkim_canon *canon, char byte)
{
    if (byte == ':') {
        canon->in_value = true;
    }
    if (!is_space(byte) && byte != '\r' && byte != '\n') {
        emit_byte(canon, lower(byte));
    }
}

/* Behind the colon: unfolded, white space as one space, none at the ends. */
static void value_run(struct dkim_canon *canon, struct text run)
{
    if (canon->has_space && canon->has_output) {
        emit_byte(canon, ' ');
    }
    if (canon->has_cr) {
        emit_byte(canon, '\r');
    }
    emit_bytes(canon, run);
    canon->has_space = false;
    canon->has_cr = false;
    canon->has_output = true;
}

static void value_byte(struct dkim_canon *canon, char byte)
{
    if (byte == '\n') {
        canon->has_cr = false;
        return;
    }
    if (canon->has_cr) { /* it was no line end */
        value_run(canon, (struct text){NULL, 0});
    }
    if (byte == '\r') {
        canon->has_cr = true;
    } else {
        canon->has_space = true;
    }
}

static void feed_relaxed(struct dkim_canon *canon, struct text bytes)
{
    while (bytes.size > 0) {
        size_t size = canon->in_value ? plain_run(canon, bytes) : 0;
        if (size > 0) {
            value_run(canon, (struct text){bytes.data, size});
        } else if (canon->in_value) {
            value_byte(canon, bytes.data[0]);
            size = 1;
        } else {
            name_byte(canon, bytes.data[0]);
            size = 1;
        }
        bytes = text_skip(bytes, size);
    }
}

/* As it is; line ends are held back because the last one may have to stay out. */
static void simple_run(struct dkim_canon *canon, struct text run)
{
    for (; canon->line_ends > 0; canon->line_ends--) {
        emit_bytes(canon, TEXT("\r\n"));
    }
    if (canon->has_cr) {
        emit_byte(canon, '\r');
        canon->has_cr = false;
    }
    emit_bytes(canon, run);
}

static void feed_simple(struct dkim_canon *canon, struct text bytes)
{
    while (bytes.size > 0) {
        size_t size = plain_run(canon, bytes);
        if (size == 0 && bytes.data[0] == '\n') {
            canon->has_cr = false;
            canon->line_ends++;
            size = 1;
        } else if (size == 0) {
            simple_run(canon, (struct text){NULL, 0});
            canon->has_cr = true;
            size = 1;
        } else {
            simple_run(canon, (struct text){bytes.data, size});
        }
        bytes = text_skip(bytes, size);
    }
}

void dkim_canon_header_feed(struct dkim_canon *canon, struct text bytes)
{
    if (canon->form == DKIM_CANON_FORM_RELAXED) {
        feed_relaxed(canon, bytes);
    } else {
        feed_simple(canon, bytes);
    }
}

void dkim_canon_header_finish(struct dkim_canon *canon)
{
    if (canon->keep_line_end) {
        emit_bytes(canon, TEXT("\r\n"));
    }
    flush(canon);
}
