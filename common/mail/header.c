#include "common/mail/header.h"

#include "common/mail/header_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WORD_BYTES_MAX 900 /* a word this long without a space fits on a line of its own (998) */

int header_check_value(struct text value, const char *field, struct problem *problem)
{
    if (value.size > HEADER_VALUE_BYTES_MAX) {
        problem_set(problem, field, "S14", "a header value is at most %d bytes long",
                    HEADER_VALUE_BYTES_MAX);
        return -EMSGSIZE;
    }
    bool is_ascii = true;
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        bool is_c1 = byte == 0xc2 && i + 1 < value.size && (unsigned char)value.data[i + 1] < 0xa0;
        if (byte < 0x20 || byte == 0x7f || is_c1) {
            problem_set(problem, field, "S15",
                        "a header value may not hold a line end, NUL or another control character");
            return -EINVAL;
        }
        is_ascii = is_ascii && byte < 0x80;
    }
    if (!is_ascii && !text_is_utf8(value)) {
        problem_set(problem, field, "utf8", "not valid UTF-8");
        return -EINVAL;
    }
    return 0;
}

int header_check_name(struct text name, const char *field, struct problem *problem)
{
    bool good = name.size > 0 && name.size <= HEADER_NAME_BYTES_MAX;
    for (size_t i = 0; good && i < name.size; i++) {
        good = name.data[i] > ' ' && name.data[i] < 0x7f && name.data[i] != ':';
    }
    if (!good) {
        problem_set(problem, field, "header_name",
                    "a header name is 1 to %d printable ASCII characters without colon or space",
                    HEADER_NAME_BYTES_MAX);
        return -EINVAL;
    }
    return 0;
}

static bool is_dot_atom(struct text text)
{
    bool after_dot = true;
    for (size_t i = 0; i < text.size; i++) {
        bool is_dot = text.data[i] == '.';
        if (is_dot ? after_dot : !header_words_is_atom(text.data[i])) {
            return false;
        }
        after_dot = is_dot;
    }
    return !after_dot;
}

/* "[" *dtext "]" */
static bool is_no_fold_literal(struct text text)
{
    bool good = text.size > 2 && text.data[0] == '[' && text.data[text.size - 1] == ']';
    for (size_t i = 1; good && i + 1 < text.size; i++) {
        char byte = text.data[i];
        good = byte > ' ' && byte < 0x7f && byte != '[' && byte != ']' && byte != '\\';
    }
    return good;
}

int header_check_message_id(struct text id, const char *field, struct problem *problem)
{
    size_t at = text_find(id, '@');
    struct text right = text_skip(id, at + 1);
    bool good = id.size <= 250 && is_dot_atom((struct text){id.data, at}) &&
                (is_dot_atom(right) || is_no_fold_literal(right));
    if (!good) {
        problem_set(problem, field, "message_id",
                    "a message id is left@right in ASCII without spaces, at most 250 bytes");
        return -EINVAL;
    }
    return 0;
}

/* True when folding and nothing else carries the value unchanged: ASCII, no blanks that folding
 * could lose, nothing that reads like an encoded word, no endless word. */
static bool is_plain(struct text value)
{
    size_t word = 0;
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        bool is_edge = i == 0 || i + 1 == value.size || value.data[i + 1] == ' ';
        if (byte >= 0x80 || (byte == ' ' && is_edge) ||
            (byte == '?' && i > 0 && value.data[i - 1] == '=')) {
            return false;
        }
        word = byte == ' ' ? 0 : word + 1;
        if (word > WORD_BYTES_MAX) {
            return false;
        }
    }
    return true;
}

static struct header_words begin(struct buffer *out, struct text name)
{
    buffer_append_text(out, name);
    buffer_append(out, ": ", 2);
    return (struct header_words){.out = out, .column = name.size + 2};
}

void header_append_text(struct buffer *out, struct text name, struct text value)
{
    struct header_words words = begin(out, name);
    if (is_plain(value)) {
        header_words_append_plain(&words, value);
    } else {
        header_words_append_encoded(&words, value);
    }
    buffer_append(out, "\r\n", 2);
}

void header_append_words(struct buffer *out, struct text name, struct text value)
{
    struct header_words words = begin(out, name);
    header_words_append_plain(&words, value);
    buffer_append(out, "\r\n", 2);
}

static void append_mailbox(struct header_words *words, const struct header_mailbox *mailbox,
                           bool is_last)
{
    struct text comma = is_last ? TEXT("") : TEXT(",");
    if (mailbox->display_name.size == 0) {
        header_words_append_token(words, mailbox->address, comma);
        return;
    }
    header_words_append_phrase(words, mailbox->display_name);
    /* "<" address ">" cannot be folded inside. */
    size_t needed = mailbox->address.size + 3 + comma.size;
    if (words->column + needed > HEADER_WORDS_LINE && words->column > 1) {
        header_words_fold(words);
    } else {
        buffer_append_byte(words->out, ' ');
        words->column++;
    }
    buffer_append_byte(words->out, '<');
    buffer_append_text(words->out, mailbox->address);
    buffer_append_byte(words->out, '>');
    buffer_append_text(words->out, comma);
    words->column += needed - 1;
}

void header_append_mailboxes(struct buffer *out, struct text name,
                             const struct header_mailbox *mailboxes, size_t count)
{
    struct header_words words = begin(out, name);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            header_words_fold(&words);
        }
        append_mailbox(&words, &mailboxes[i], i + 1 == count);
    }
    buffer_append(out, "\r\n", 2);
}
