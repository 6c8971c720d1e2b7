#include "cli/json_text.h"

static bool needs_escape(char byte)
{
    return (unsigned char)byte < 0x20 || byte == '"' || byte == '\\';
}

void json_text_append(struct buffer *out, struct text text)
{
    buffer_append_byte(out, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (!needs_escape(text.data[i])) {
            continue;
        }
        buffer_append(out, text.data + start, i - start);
        if (text.data[i] == '"' || text.data[i] == '\\') {
            buffer_append_byte(out, '\\');
            buffer_append_byte(out, text.data[i]);
        } else {
            buffer_printf(out, "\\u%04x", (unsigned int)(unsigned char)text.data[i]);
        }
        start = i + 1;
    }
    buffer_append(out, text.data == NULL ? "" : text.data + start, text.size - start);
    buffer_append_byte(out, '"');
}

/* @return digits at the start of `text` */
static size_t digit_run(struct text text)
{
    size_t count = 0;
    while (count < text.size && text.data[count] >= '0' && text.data[count] <= '9') {
        count++;
    }
    return count;
}

static bool take_exponent(struct text *text)
{
    if (text->size == 0 || (text->data[0] != 'e' && text->data[0] != 'E')) {
        return true;
    }
    *text = text_skip(*text, 1);
    if (text->size > 0 && (text->data[0] == '+' || text->data[0] == '-')) {
        *text = text_skip(*text, 1);
    }
    size_t digits = digit_run(*text);
    *text = text_skip(*text, digits);
    return digits > 0;
}

bool json_text_is_number(struct text text)
{
    if (text.size > 0 && text.data[0] == '-') {
        text = text_skip(text, 1);
    }
    size_t digits = digit_run(text);
    if (digits == 0 || (digits > 1 && text.data[0] == '0')) {
        return false;
    }
    text = text_skip(text, digits);
    if (text.size > 0 && text.data[0] == '.') {
        text = text_skip(text, 1);
        digits = digit_run(text);
        text = text_skip(text, digits);
        if (digits == 0) {
            return false;
        }
    }
    return take_exponent(&text) && text.size == 0;
}
