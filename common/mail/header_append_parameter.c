/* Parameters with any characters (header.h). */
#include "common/mail/header.h"

#include <stdio.h>
#include <string.h>

#define PLAIN_MAX 60   /* a quoted name of this length stands on a line of its own */
#define SEGMENT_MAX 54 /* encoded bytes per continuation */

static bool is_token_byte(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("!#$&+-.^_`{|}~", byte) != NULL);
}

/* Printable ASCII without quotes, backslashes and percent signs, which some readers decode; and
 * not like an encoded word. */
static bool is_simple(struct text value)
{
    for (size_t i = 0; i < value.size; i++) {
        char byte = value.data[i];
        if (byte < ' ' || byte == 0x7f || byte == '"' || byte == '\\' || byte == '%' ||
            (byte == '?' && i > 0 && value.data[i - 1] == '=')) {
            return false;
        }
    }
    return value.size <= PLAIN_MAX;
}

static void append_start(struct buffer *out, const char *name, const char *mark)
{
    buffer_append(out, ";\r\n ", 4);
    buffer_append_string(out, name);
    buffer_append_string(out, mark);
}

static void append_percent(struct buffer *out, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    if (is_token_byte(byte)) {
        buffer_append_byte(out, (char)byte);
    } else {
        char code[3] = {'%', digits[byte >> 4], digits[byte & 15]};
        buffer_append(out, code, sizeof code);
    }
}

static size_t percent_size(struct text value)
{
    size_t size = 0;
    for (size_t i = 0; i < value.size; i++) {
        size += is_token_byte((unsigned char)value.data[i]) ? 1 : 3;
    }
    return size;
}

/* name*=UTF-8''..., in numbered pieces when it is long (RFC 2231, 4.1). */
static void append_extended(struct buffer *out, const char *name, struct text value)
{
    bool is_whole = percent_size(value) <= SEGMENT_MAX;
    append_start(out, name, is_whole ? "*=UTF-8''" : "*0*=UTF-8''");
    size_t used = 0;
    unsigned int segment = 0;
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        bool is_lead = (byte & 0xc0) != 0x80;
        /* A new piece starts with a character: up to 12 bytes of it are to come. */
        if (!is_whole && is_lead && used + 12 > SEGMENT_MAX) {
            char mark[16];
            (void)snprintf(mark, sizeof mark, "*%u*=", ++segment);
            append_start(out, name, mark);
            used = 0;
        }
        append_percent(out, byte);
        used += is_token_byte(byte) ? 1 : 3;
    }
}

void header_append_parameter(struct buffer *out, const char *name, struct text value)
{
    if (is_simple(value)) {
        append_start(out, name, "=\"");
        buffer_append_text(out, value);
        buffer_append_byte(out, '"');
    } else {
        append_extended(out, name, value);
    }
}
