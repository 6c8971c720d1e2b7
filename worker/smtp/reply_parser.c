#include "worker/smtp/reply_parser.h"

#include "common/mail/enhanced_code.h"

#include <errno.h>
#include <string.h>

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

void reply_parser_init(struct reply_parser *parser)
{
    memset(parser, 0, offsetof(struct reply_parser, text));
}

/* Keep what the bounds allow. The text goes to people and to rules: no control characters. */
static void keep(struct reply_parser *parser, const char *data, size_t size)
{
    size_t in_line =
        parser->line_size < REPLY_PARSER_LINE_MAX ? REPLY_PARSER_LINE_MAX - parser->line_size : 0;
    size_t in_text = REPLY_PARSER_TEXT_MAX - parser->text_size;
    size_t room = in_line < in_text ? in_line : in_text;
    size_t kept = parser->lines >= REPLY_PARSER_LINES_MAX ? 0 : size < room ? size : room;
    for (size_t i = 0; i < kept; i++) {
        unsigned char byte = (unsigned char)data[i];
        parser->text[parser->text_size + i] = byte < 0x20 || byte == 0x7f ? '?' : data[i];
    }
    parser->text_size += kept;
    parser->line_size += size;
    parser->reply.is_cut |= kept < size;
}

/* Codes are 2yz to 5yz; all lines of a reply carry the same one (RFC 5321, 4.2.1). */
static int take_code_digit(struct reply_parser *parser, char byte)
{
    if (!is_digit(byte) || (parser->digits == 0 && (byte < '2' || byte > '5'))) {
        return -EPROTO;
    }
    parser->code = parser->code * 10 + (unsigned)(byte - '0');
    if (++parser->digits < 3) {
        return 0;
    }
    parser->place = REPLY_PARSER_SEPARATOR;
    if (parser->lines > 0 && parser->code != parser->reply.code) {
        return -EPROTO;
    }
    parser->reply.code = parser->code;
    return 0;
}

/* "250 text", "250-text", and "250" alone, which RFC 5321, 4.2 wants tolerated.
 * @return bytes taken, or -EPROTO */
static int take_separator(struct reply_parser *parser, char byte)
{
    if (byte != ' ' && byte != '-' && byte != '\r' && byte != '\n') {
        return -EPROTO;
    }
    parser->is_last = byte != '-';
    parser->place = REPLY_PARSER_TEXT;
    if (parser->lines > 0 && parser->lines < REPLY_PARSER_LINES_MAX) {
        if (parser->text_size < REPLY_PARSER_TEXT_MAX) {
            parser->text[parser->text_size++] = '\n';
        } else {
            parser->reply.is_cut = true;
        }
    }
    return byte == ' ' || byte == '-' ? 1 : 0;
}

static void end_line(struct reply_parser *parser)
{
    parser->lines++;
    parser->line_size = 0;
    parser->digits = 0;
    parser->code = 0;
    parser->is_cr_held = false;
    parser->place = REPLY_PARSER_CODE;
    if (parser->is_last) {
        parser->is_complete = true;
        parser->reply.text = (struct text){parser->text, parser->text_size};
        struct text first = {parser->text, text_find(parser->reply.text, '\n')};
        size_t size = 0;
        parser->reply.enhanced = enhanced_code_read(first, &size);
    }
}

/* Text up to and with its LF; CR is part of the line's end only in front of it.
 * @return bytes taken */
static size_t take_text(struct reply_parser *parser, struct text input)
{
    const char *lf = memchr(input.data, '\n', input.size);
    size_t size = lf == NULL ? input.size : (size_t)(lf - input.data);
    if (parser->is_cr_held && size > 0) {
        keep(parser, "\r", 1);
        parser->is_cr_held = false;
    }
    bool has_cr = size > 0 && input.data[size - 1] == '\r';
    keep(parser, input.data, has_cr ? size - 1 : size);
    parser->is_cr_held |= has_cr;
    if (lf == NULL) {
        return size;
    }
    end_line(parser);
    return size + 1;
}

/* @return bytes taken, or -EPROTO */
static int take_some(struct reply_parser *parser, struct text input)
{
    switch (parser->place) {
    case REPLY_PARSER_CODE: {
        int refused = take_code_digit(parser, input.data[0]);
        return refused != 0 ? refused : 1;
    }
    case REPLY_PARSER_SEPARATOR:
        return take_separator(parser, input.data[0]);
    case REPLY_PARSER_TEXT:
        break;
    }
    size_t bounded = input.size < REPLY_PARSER_BYTES_MAX ? input.size : REPLY_PARSER_BYTES_MAX;
    return (int)take_text(parser, (struct text){input.data, bounded});
}

int reply_parser_feed(struct reply_parser *parser, struct text *input,
                      const struct smtp_reply **ret_reply)
{
    if (parser->is_complete) {
        reply_parser_init(parser);
    }
    while (input->size > 0) {
        int taken = take_some(parser, *input);
        if (taken < 0) {
            return taken;
        }
        *input = text_skip(*input, (size_t)taken);
        parser->seen += (size_t)taken;
        if (parser->is_complete) {
            *ret_reply = &parser->reply;
            return 1;
        }
        if (parser->seen > REPLY_PARSER_BYTES_MAX) {
            return -EMSGSIZE;
        }
    }
    return 0;
}
