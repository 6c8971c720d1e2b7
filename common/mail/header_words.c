#include "common/mail/header_words.h"

#include "common/base/bytes.h"

#include <string.h>

#define ENCODED_WORD_MAX 75
#define FRAME 12 /* "=?UTF-8?B?" and "?=" */
#define QUOTED_MAX 70
#define WORD_MAX 70

bool header_words_is_atom(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", byte));
}

void header_words_fold(struct header_words *words)
{
    buffer_append(words->out, "\r\n ", 3);
    words->column = 1;
}

void header_words_append_plain(struct header_words *words, struct text value)
{
    struct text rest = value;
    struct text word;
    bool is_first = true;
    while (text_next_part(&rest, ' ', &word)) {
        if (!is_first && words->column + 1 + word.size > HEADER_WORDS_LINE) {
            header_words_fold(words);
        } else if (!is_first) {
            buffer_append_byte(words->out, ' ');
            words->column++;
        }
        buffer_append_text(words->out, word);
        words->column += word.size;
        is_first = false;
    }
}

void header_words_append_token(struct header_words *words, struct text token, struct text tail)
{
    if (words->column > 1 && words->column + token.size + tail.size > HEADER_WORDS_LINE &&
        words->column + token.size > ENCODED_WORD_MAX) {
        header_words_fold(words);
    }
    buffer_append_text(words->out, token);
    buffer_append_text(words->out, tail);
    words->column += token.size + tail.size;
}

/* ---- encoded words */

/* What Q leaves as it is: the set that is safe in phrases too (RFC 2047, 5 (3)). */
static bool is_q_safe(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '!' || byte == '*' || byte == '+' ||
           byte == '-' || byte == '/';
}

static size_t q_width(unsigned char byte)
{
    return is_q_safe(byte) || byte == ' ' ? 1 : 3;
}

static bool q_is_shorter(struct text value)
{
    size_t q = 0;
    for (size_t i = 0; i < value.size; i++) {
        q += q_width((unsigned char)value.data[i]);
    }
    return q < (value.size + 2) / 3 * 4;
}

/* Bytes of the longest prefix, in whole characters, that fits `room` bytes of payload. */
static size_t fitting(struct text value, bool is_q, size_t room)
{
    size_t end = 0;
    size_t used = 0;
    for (size_t i = 0; i < value.size; i++) {
        used = is_q ? used + q_width((unsigned char)value.data[i]) : (i + 3) / 3 * 4;
        bool is_whole = i + 1 == value.size || ((unsigned char)value.data[i + 1] & 0xc0) != 0x80;
        if (used > room) {
            break;
        }
        end = is_whole ? i + 1 : end;
    }
    return end;
}

static void append_q(struct buffer *out, struct text part)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < part.size; i++) {
        unsigned char byte = (unsigned char)part.data[i];
        if (is_q_safe(byte)) {
            buffer_append_byte(out, (char)byte);
        } else if (byte == ' ') {
            buffer_append_byte(out, '_');
        } else {
            char code[3] = {'=', digits[byte >> 4], digits[byte & 15]};
            buffer_append(out, code, sizeof code);
        }
    }
}

static void append_word(struct header_words *words, struct text part, bool is_q)
{
    size_t start = words->out->size;
    buffer_append_string(words->out, is_q ? "=?UTF-8?Q?" : "=?UTF-8?B?");
    if (is_q) {
        append_q(words->out, part);
    } else {
        char *place = buffer_reserve(words->out, (part.size + 2) / 3 * 4 + 1);
        words->out->size += bytes_to_base64(part.data, part.size, place);
    }
    buffer_append(words->out, "?=", 2);
    words->column += words->out->size - start;
}

void header_words_append_encoded(struct header_words *words, struct text value)
{
    bool is_q = q_is_shorter(value);
    bool is_first = true;
    while (value.size > 0) {
        size_t room =
            HEADER_WORDS_LINE - 2 > words->column ? HEADER_WORDS_LINE - 2 - words->column : 0;
        room = room > ENCODED_WORD_MAX ? ENCODED_WORD_MAX : room;
        size_t size = is_first && room > FRAME ? fitting(value, is_q, room - FRAME) : 0;
        if (size == 0) {
            header_words_fold(words);
            size = fitting(value, is_q, ENCODED_WORD_MAX - FRAME);
        }
        append_word(words, (struct text){value.data, size}, is_q);
        value = text_skip(value, size);
        is_first = false;
    }
}

/* ---- phrases */

enum phrase_form { PHRASE_ATOMS, PHRASE_QUOTED, PHRASE_ENCODED };

static enum phrase_form choose(struct text phrase)
{
    enum phrase_form form = PHRASE_ATOMS;
    size_t size = phrase.size + 2;
    size_t word = 0; /* only between words can a line be folded */
    for (size_t i = 0; i < phrase.size; i++) {
        char byte = phrase.data[i];
        bool is_code = byte == '?' && i > 0 && phrase.data[i - 1] == '=';
        if ((unsigned char)byte >= 0x80 || is_code) {
            return PHRASE_ENCODED;
        }
        bool is_inner_space =
            byte == ' ' && i > 0 && i + 1 < phrase.size && phrase.data[i - 1] != ' ';
        if (!is_inner_space && !header_words_is_atom(byte)) {
            form = PHRASE_QUOTED;
        }
        word = is_inner_space ? 0 : word + 1;
        if (word > WORD_MAX) {
            return PHRASE_ENCODED;
        }
        size += byte == '"' || byte == '\\';
    }
    return form == PHRASE_QUOTED && size > QUOTED_MAX ? PHRASE_ENCODED : form;
}

static void append_quoted(struct header_words *words, struct text phrase)
{
    size_t start = words->out->size;
    buffer_append_byte(words->out, '"');
    for (size_t i = 0; i < phrase.size; i++) {
        if (phrase.data[i] == '"' || phrase.data[i] == '\\') {
            buffer_append_byte(words->out, '\\');
        }
        buffer_append_byte(words->out, phrase.data[i]);
    }
    buffer_append_byte(words->out, '"');
    words->column += words->out->size - start;
}

void header_words_append_phrase(struct header_words *words, struct text phrase)
{
    switch (choose(phrase)) {
    case PHRASE_ATOMS:
        header_words_append_plain(words, phrase);
        break;
    case PHRASE_QUOTED:
        append_quoted(words, phrase);
        break;
    case PHRASE_ENCODED:
        header_words_append_encoded(words, phrase);
        break;
    }
}
