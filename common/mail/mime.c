#include "common/mail/mime.h"

#include "common/base/bytes.h"

#include <stdio.h>
#include <string.h>

#define LINE_7BIT_MAX 78
#define LINE_MAX_BYTES 76
#define BASE64_LINE_INPUT 57 /* bytes that make a line of 76 */

const char *mime_encoding_name(enum mime_encoding encoding)
{
    switch (encoding) {
    case MIME_7BIT:
        return "7bit";
    case MIME_QUOTED_PRINTABLE:
        return "quoted-printable";
    case MIME_BASE64:
        break;
    }
    return "base64";
}

/* Printable ASCII but "=", which starts a code; blanks are looked at where they stand. */
static inline bool is_plain(unsigned char byte)
{
    return (byte >= ' ' && byte < 0x7f && byte != '=') || byte == '\t';
}

/* Walks over lines that end with CRLF, LF or CR; every byte is looked at a fixed number of times.
 */
struct lines {
    struct text text;
    size_t start; /* of the next line */
    size_t feed;  /* the first LF from there on */
};

static size_t find_feed(struct text text, size_t start)
{
    const char *feed =
        start < text.size ? memchr(text.data + start, '\n', text.size - start) : NULL;
    return feed == NULL ? text.size : (size_t)(feed - text.data);
}

static struct lines lines_of(struct text text)
{
    return (struct lines){text, 0, find_feed(text, 0)};
}

/* @param ret_line  without its end */
static bool next_line(struct lines *lines, struct text *ret_line)
{
    struct text text = lines->text;
    if (lines->start >= text.size) {
        return false;
    }
    const char *start = text.data + lines->start;
    const char *ret = memchr(start, '\r', lines->feed - lines->start);
    size_t end = ret == NULL ? lines->feed : (size_t)(ret - text.data);
    bool is_pair = ret != NULL && end + 1 == lines->feed && lines->feed < text.size;
    *ret_line = (struct text){start, end - lines->start};
    lines->start = end + (is_pair ? 2 : 1);
    if (lines->start > lines->feed) {
        lines->feed = find_feed(text, lines->start);
    }
    return true;
}

/* Lines that relays or our own boundaries give a meaning to. */
static bool starts_badly(struct text line)
{
    if (line.size == 0 || (line.data[0] != 'F' && line.data[0] != '-')) {
        return false;
    }
    return text_starts_with(line, TEXT("From ")) || text_starts_with(line, TEXT("--=_"));
}

/* What a look at all lines says. */
struct survey {
    size_t coded;   /* bytes that quoted-printable writes as =XX */
    size_t eight;   /* of these not ASCII */
    size_t longest; /* line */
    bool is_touchy; /* control characters, or a line that starts badly */
};

static void survey_line(struct survey *survey, struct text line)
{
    for (size_t i = 0; i < line.size; i++) {
        unsigned char byte = (unsigned char)line.data[i];
        if (is_plain(byte)) {
            continue;
        }
        survey->coded++;
        survey->eight += byte >= 0x80 ? 1 : 0;
        survey->is_touchy = survey->is_touchy || (byte < 0x80 && byte != '=');
    }
    survey->longest = line.size > survey->longest ? line.size : survey->longest;
    survey->is_touchy = survey->is_touchy || starts_badly(line);
}

enum mime_encoding mime_choose(struct text text, bool *ret_is_ascii)
{
    struct survey survey = {0};
    struct lines lines = lines_of(text);
    struct text line;
    while (next_line(&lines, &line)) {
        survey_line(&survey, line);
    }
    *ret_is_ascii = survey.eight == 0;
    if (survey.eight == 0 && survey.longest <= LINE_7BIT_MAX && !survey.is_touchy) {
        return MIME_7BIT;
    }
    size_t quoted = text.size + 2 * survey.coded;
    quoted += quoted / (LINE_MAX_BYTES - 1) * 3;
    size_t based = (text.size + 2) / 3 * 4;
    based += based / LINE_MAX_BYTES * 2;
    return quoted <= based ? MIME_QUOTED_PRINTABLE : MIME_BASE64;
}

/* ---- 7bit and base64 */

/* With CRLF for every line end, one at the end of the text included. */
static void append_crlf(struct buffer *out, struct text text)
{
    struct lines lines = lines_of(text);
    struct text line;
    while (next_line(&lines, &line)) {
        buffer_append_text(out, line);
        buffer_append(out, "\r\n", 2);
    }
}

void mime_append_base64(struct buffer *out, struct text data)
{
    size_t lines = (data.size + BASE64_LINE_INPUT - 1) / BASE64_LINE_INPUT;
    char *place = buffer_reserve(out, (data.size + 2) / 3 * 4 + lines * 2 + 1);
    char *start = place;
    for (size_t i = 0; i < data.size; i += BASE64_LINE_INPUT) {
        size_t left = data.size - i;
        place += bytes_to_base64(data.data + i, left < BASE64_LINE_INPUT ? left : BASE64_LINE_INPUT,
                                 place);
        *place++ = '\r';
        *place++ = '\n';
    }
    out->size += (size_t)(place - start);
}

/* Text in base64 is in canonical form before: CRLF (RFC 2045, 6.8). It is encoded by the line of
 * 76, so that the canonical form is never whole in memory. */
struct base64_line {
    struct buffer *out;
    size_t used;
    char input[BASE64_LINE_INPUT];
};

static void flush_base64(struct base64_line *line)
{
    mime_append_base64(line->out, (struct text){line->input, line->used});
    line->used = 0;
}

static void feed_base64(struct base64_line *line, const char *data, size_t size)
{
    while (size > 0) {
        size_t room = BASE64_LINE_INPUT - line->used;
        size_t taken = size < room ? size : room;
        memcpy(line->input + line->used, data, taken);
        line->used += taken;
        data += taken;
        size -= taken;
        if (line->used == BASE64_LINE_INPUT) {
            flush_base64(line);
        }
    }
}

static void append_text_base64(struct buffer *out, struct text text)
{
    struct base64_line encoder;
    encoder.out = out;
    encoder.used = 0;
    struct lines lines = lines_of(text);
    struct text line;
    while (next_line(&lines, &line)) {
        feed_base64(&encoder, line.data, line.size);
        feed_base64(&encoder, "\r\n", 2);
    }
    flush_base64(&encoder);
}

/* ---- quoted-printable (RFC 2045, 6.7) */

static char *put_code(char *place, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    *place++ = '=';
    *place++ = digits[byte >> 4];
    *place++ = digits[byte & 15];
    return place;
}

/* Does the byte at `i` need a code where it stands? `is_start`: of a line of output. */
static bool needs_code(struct text line, size_t i, bool is_start)
{
    char byte = line.data[i];
    bool is_last_blank = i + 1 == line.size && (byte == ' ' || byte == '\t');
    return !is_plain((unsigned char)byte) || is_last_blank ||
           (is_start && starts_badly(text_skip(line, i)));
}

/* The line has no line end in it. */
static void append_quoted_line(struct buffer *out, struct text line)
{
    /* Every byte as =XX, a soft break every 24 of them at the least. */
    char *start = buffer_reserve(out, line.size * 3 + (line.size / 24 + 2) * 3 + 2);
    char *place = start;
    size_t column = 0;
    for (size_t i = 0; i < line.size; i++) {
        bool is_inner = column > 0 && column + 1 < LINE_MAX_BYTES && i + 1 < line.size;
        if (is_inner && is_plain((unsigned char)line.data[i])) {
            *place++ = line.data[i];
            column++;
            continue;
        }
        bool is_coded = needs_code(line, i, column == 0);
        /* The last column is for the soft break, but for the last character. */
        size_t room = i + 1 == line.size ? LINE_MAX_BYTES : LINE_MAX_BYTES - 1;
        if (column + (is_coded ? 3 : 1) > room) {
            place = mempcpy(place, "=\r\n", 3);
            column = 0;
            is_coded = needs_code(line, i, true);
        }
        if (is_coded) {
            place = put_code(place, (unsigned char)line.data[i]);
        } else {
            *place++ = line.data[i];
        }
        column += is_coded ? 3 : 1;
    }
    place = mempcpy(place, "\r\n", 2);
    out->size += (size_t)(place - start);
}

static void append_quoted(struct buffer *out, struct text text)
{
    struct lines lines = lines_of(text);
    struct text line;
    while (next_line(&lines, &line)) {
        append_quoted_line(out, line);
    }
}

void mime_append_text(struct buffer *out, struct text text, enum mime_encoding encoding)
{
    switch (encoding) {
    case MIME_7BIT:
        append_crlf(out, text);
        break;
    case MIME_QUOTED_PRINTABLE:
        append_quoted(out, text);
        break;
    case MIME_BASE64:
        append_text_base64(out, text);
        break;
    }
}

void mime_boundary(uint64_t seed, unsigned int level, char *ret_boundary)
{
    static const char digits[] = "0123456789abcdef";
    char *place = mempcpy(ret_boundary, "=_", 2);
    for (int shift = 60; shift >= 0; shift -= 4) {
        *place++ = digits[seed >> shift & 15];
    }
    *place++ = '_';
    *place++ = (char)('0' + level % 10);
    *place = '\0';
}
