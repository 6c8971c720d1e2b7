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

/* How a byte stands in quoted-printable, apart from its place in the line. */
enum byte_class {
    BYTE_PLAIN = 0,
    BYTE_CODED = 1,   /* =XX */
    BYTE_BLANK = 2,   /* coded at the end of a line */
    BYTE_LINE = 3,    /* CR, LF */
    BYTE_EIGHT = 4,   /* coded, not ASCII */
    BYTE_CONTROL = 5, /* coded, must not stand in 7bit */
};

static unsigned char class_of(unsigned char byte)
{
    if (byte >= 0x80) {
        return BYTE_EIGHT;
    }
    if (byte == '\r' || byte == '\n') {
        return BYTE_LINE;
    }
    if (byte == ' ' || byte == '\t') {
        return BYTE_BLANK;
    }
    if (byte < 0x20 || byte == 0x7f) {
        return BYTE_CONTROL;
    }
    return byte == '=' ? BYTE_CODED : BYTE_PLAIN;
}

/* A line's end is CRLF, LF or CR. @return where the next line starts */
static size_t behind_line_end(struct text text, size_t end)
{
    bool is_pair = end + 1 < text.size && text.data[end] == '\r' && text.data[end + 1] == '\n';
    return end + (is_pair ? 2 : 1);
}

/* Lines that relays or our own boundaries give a meaning to. */
static bool starts_badly(struct text line)
{
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
    size_t eight = 0;
    size_t coded = 0;
    size_t controls = 0;
    for (size_t i = 0; i < line.size; i++) {
        unsigned char byte = (unsigned char)line.data[i];
        eight += byte >= 0x80;
        coded += byte == '=';
        controls += (byte < 0x20 && byte != '\t') || byte == 0x7f;
    }
    survey->eight += eight;
    survey->coded += eight + coded + controls;
    survey->longest = line.size > survey->longest ? line.size : survey->longest;
    survey->is_touchy = survey->is_touchy || controls > 0 || starts_badly(line);
}

static size_t line_end(struct text text, size_t start)
{
    const char *feed = memchr(text.data + start, '\n', text.size - start);
    size_t end = feed == NULL ? text.size : (size_t)(feed - text.data);
    const char *ret = memchr(text.data + start, '\r', end - start);
    return ret == NULL ? end : (size_t)(ret - text.data);
}

enum mime_encoding mime_choose(struct text text, bool *ret_is_ascii)
{
    struct survey survey = {0};
    for (size_t start = 0; start < text.size;) {
        size_t end = line_end(text, start);
        survey_line(&survey, (struct text){text.data + start, end - start});
        start = end < text.size ? behind_line_end(text, end) : end;
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
    for (size_t start = 0; start < text.size;) {
        size_t end = line_end(text, start);
        buffer_append(out, text.data + start, end - start);
        buffer_append(out, "\r\n", 2);
        start = end < text.size ? behind_line_end(text, end) : end;
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

/* Text in base64 is in canonical form before: CRLF (RFC 2045, 6.8). */
static void append_text_base64(struct buffer *out, struct text text)
{
    struct buffer canonical = {0};
    append_crlf(&canonical, text);
    mime_append_base64(out, buffer_text(&canonical));
    buffer_finish(&canonical);
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

/* Does the byte at `i` need a code where it stands? */
static bool needs_code(struct text line, size_t i)
{
    unsigned char class = class_of((unsigned char)line.data[i]);
    bool is_bad_start = i == 0 && starts_badly(line);
    bool is_last_blank = class == BYTE_BLANK && i + 1 == line.size;
    return is_bad_start || is_last_blank || (class != BYTE_PLAIN && class != BYTE_BLANK);
}

static void append_quoted_line(struct buffer *out, struct text line)
{
    /* Every byte as =XX, a soft break every 24 of them at the least. */
    char *start = buffer_reserve(out, line.size * 3 + (line.size / 24 + 2) * 3 + 2);
    char *place = start;
    size_t column = 0;
    for (size_t i = 0; i < line.size; i++) {
        bool is_coded = needs_code(line, i);
        size_t width = is_coded ? 3 : 1;
        /* The last column is for the soft break, but for the last character. */
        size_t room = i + 1 == line.size ? LINE_MAX_BYTES : LINE_MAX_BYTES - 1;
        if (column + width > room) {
            place = mempcpy(place, "=\r\n", 3);
            column = 0;
        }
        if (is_coded) {
            place = put_code(place, (unsigned char)line.data[i]);
        } else {
            *place++ = line.data[i];
        }
        column += width;
    }
    place = mempcpy(place, "\r\n", 2);
    out->size += (size_t)(place - start);
}

static void append_quoted(struct buffer *out, struct text text)
{
    for (size_t start = 0; start < text.size;) {
        size_t end = line_end(text, start);
        append_quoted_line(out, (struct text){text.data + start, end - start});
        start = end < text.size ? behind_line_end(text, end) : end;
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
