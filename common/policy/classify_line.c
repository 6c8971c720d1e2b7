#include "common/policy/classify_line.h"

#include "common/mail/enhanced_code.h"

enum { CODE_SIZE = 3 };

/* 200 to 599 with a space, a hyphen or nothing behind; else 0. */
static uint16_t read_code(struct text line)
{
    uint64_t code = 0;
    if (line.size < CODE_SIZE ||
        text_to_u64((struct text){line.data, CODE_SIZE}, 599, &code) != 0 || code < 200) {
        return 0;
    }
    bool ends =
        line.size == CODE_SIZE || line.data[CODE_SIZE] == ' ' || line.data[CODE_SIZE] == '-';
    return ends ? (uint16_t)code : 0;
}

void classify_line_read(struct text line, struct classify_reply *ret_reply)
{
    struct text rest = text_trim(line);
    size_t size = 0;
    ret_reply->smtp = read_code(rest);
    if (ret_reply->smtp != 0) {
        rest = text_trim(text_skip(rest, CODE_SIZE + 1));
    }
    ret_reply->enhanced = enhanced_code_read(rest, &size);
    ret_reply->text = text_trim(text_skip(rest, size));
}

uint8_t classify_line_stage(struct text name)
{
    static const struct {
        const char *name;
        uint8_t stage;
    } others[] = {
        {"banner", REPLY_STAGE_GREETING}, {"helo", REPLY_STAGE_EHLO},
        {"mail-from", REPLY_STAGE_MAIL},  {"rcpt-to", REPLY_STAGE_RCPT},
        {"bdat", REPLY_STAGE_DATA},       {"data-end", REPLY_STAGE_DOT},
        {"end-of-data", REPLY_STAGE_DOT},
    };
    for (unsigned int stage = 1; stage < REPLY_STAGE_LIMIT; stage++) {
        if (text_equal_nocase(name, text_of(reply_class_stage_name((uint8_t)stage)))) {
            return (uint8_t)stage;
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (text_equal_nocase(name, text_of(others[i].name))) {
            return others[i].stage;
        }
    }
    return REPLY_STAGE_NONE;
}
