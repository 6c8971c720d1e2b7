#include "common/mail/compose_media.h"

#include <errno.h>
#include <string.h>

#define MEDIA_BYTES_MAX 255

/* token of RFC 2045, 5.1. */
static bool is_token_byte(char byte)
{
    return byte > ' ' && byte < 0x7f && strchr("()<>@,;:\\\"/[]?=", byte) == NULL;
}

static size_t token_length(struct text text)
{
    size_t length = 0;
    while (length < text.size && is_token_byte(text.data[length])) {
        length++;
    }
    return length;
}

/* Length of the quoted string that starts the text, 0 when it is none. */
static size_t quoted_length(struct text text)
{
    size_t i = 1;
    while (i < text.size && text.data[i] != '"') {
        i += text.data[i] == '\\' ? 1 : 0;
        if (i >= text.size || text.data[i] < ' ' || text.data[i] >= 0x7f) {
            return 0;
        }
        i++;
    }
    return i < text.size ? i + 1 : 0;
}

/* Take `byte` from the text's start. */
static bool take(struct text *text, char byte)
{
    bool is_there = text->size > 0 && text->data[0] == byte;
    *text = text_skip(*text, is_there ? 1 : 0);
    return is_there;
}

/* Take and append `length` bytes. @return false when there are none */
static bool move(struct text *text, size_t length, struct buffer *out)
{
    buffer_append(out, text->data, length);
    *text = text_skip(*text, length);
    return length > 0;
}

/* "; name=value" */
static bool move_parameter(struct text *rest, struct buffer *out)
{
    if (!take(rest, ';')) {
        return false;
    }
    *rest = text_trim(*rest);
    buffer_append_string(out, ";\r\n ");
    if (!move(rest, token_length(*rest), out) || !take(rest, '=')) {
        return false;
    }
    buffer_append_byte(out, '=');
    bool is_quoted = rest->size > 0 && rest->data[0] == '"';
    bool good = move(rest, is_quoted ? quoted_length(*rest) : token_length(*rest), out);
    *rest = text_trim(*rest);
    return good;
}

int compose_media_append(struct buffer *out, struct text media, struct problem *problem)
{
    struct text rest = media.size == 0 ? TEXT("application/octet-stream") : text_trim(media);
    bool good = rest.size > 0 && rest.size <= MEDIA_BYTES_MAX &&
                !text_starts_with_nocase(rest, TEXT("multipart/")) &&
                !text_starts_with_nocase(rest, TEXT("message/"));
    good = good && move(&rest, token_length(rest), out) && take(&rest, '/');
    if (good) {
        buffer_append_byte(out, '/');
        good = move(&rest, token_length(rest), out);
        rest = text_trim(rest);
    }
    while (good && rest.size > 0) {
        good = move_parameter(&rest, out);
    }
    if (!good) {
        problem_set(problem, "media_type", "media_type",
                    "must be type/subtype; name=value, and neither multipart nor message");
        return -EINVAL;
    }
    return 0;
}
