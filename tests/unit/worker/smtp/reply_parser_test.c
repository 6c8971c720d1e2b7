/* S6 (RFC 5321, 4.2), E9: replies cut anywhere, and what is none. */
#include "worker/smtp/reply_parser.h"

#include "common/mail/enhanced_code.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *input;
    int result;
    unsigned code;
    const char *text;
    uint32_t enhanced;
} cases[] = {
    {"250 ok\r\n", 1, 250, "ok", 0},
    {"250 ok\n", 1, 250, "ok", 0},
    {"250\r\n", 1, 250, "", 0},
    {"250 \r\n", 1, 250, "", 0},
    {"250-\r\n250\r\n", 1, 250, "\n", 0},
    {"250-a\r\n250-b\r\n250 c\r\n", 1, 250, "a\nb\nc", 0},
    {"354 go\r\n", 1, 354, "go", 0},
    {"299 odd\r\n", 1, 299, "odd", 0},
    {"550 5.1.1 who\r\n", 1, 550, "5.1.1 who", ENHANCED_CODE(5, 1, 1)},
    {"550 5.7.515\r\n", 1, 550, "5.7.515", ENHANCED_CODE(5, 7, 515)},
    {"550-5.1.1\r\n550 4.2.2 x\r\n", 1, 550, "5.1.1\n4.2.2 x", ENHANCED_CODE(5, 1, 1)},
    {"550 5.1.1x\r\n", 1, 550, "5.1.1x", 0},
    {"421 5.7.32 no\r\n", 1, 421, "5.7.32 no", ENHANCED_CODE(5, 7, 32)},
    {"250 a\rb\r\r\n", 1, 250, "a?b?", 0},
    {"250 \t\x7f\x1b[0m\xe3\x81\x82\r\n", 1, 250, "???[0m\xe3\x81\x82", 0},
    {"250 ok", 0, 0, NULL, 0},
    {"250 ok\r", 0, 0, NULL, 0},
    {"250-ok\r\n", 0, 0, NULL, 0},
    {"25", 0, 0, NULL, 0},
    {"150 ok\r\n", -EPROTO, 0, NULL, 0},
    {"650 ok\r\n", -EPROTO, 0, NULL, 0},
    {"25a ok\r\n", -EPROTO, 0, NULL, 0},
    {"2500 ok\r\n", -EPROTO, 0, NULL, 0},
    {"250\tok\r\n", -EPROTO, 0, NULL, 0},
    {"\r\n", -EPROTO, 0, NULL, 0},
    {" 250 ok\r\n", -EPROTO, 0, NULL, 0},
    {"250-ok\r\n251 ok\r\n", -EPROTO, 0, NULL, 0},
    {"250-ok\r\nok\r\n", -EPROTO, 0, NULL, 0},
};

/* Feed in steps; stop at the first reply or error. */
static int feed(struct reply_parser *parser, struct text input, size_t step,
                const struct smtp_reply **ret_reply)
{
    int result = 0;
    while (result == 0 && input.size > 0) {
        struct text piece = {input.data, input.size < step ? input.size : step};
        input = text_skip(input, piece.size);
        result = reply_parser_feed(parser, &piece, ret_reply);
        assert_true(result != 0 || piece.size == 0);
    }
    return result;
}

static void reads_replies_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t step = 1; step < 40; step++) {
            struct reply_parser parser;
            const struct smtp_reply *reply = NULL;
            reply_parser_init(&parser);
            assert_int_equal(feed(&parser, text_of(cases[i].input), step, &reply), cases[i].result);
            if (cases[i].result == 1) {
                assert_int_equal(reply->code, cases[i].code);
                assert_true(text_equal(reply->text, text_of(cases[i].text)));
                assert_int_equal(reply->enhanced, cases[i].enhanced);
                assert_false(reply->is_cut);
            }
        }
    }
}

static void takes_one_reply_at_a_time(void **state)
{
    (void)state;
    struct reply_parser parser;
    const struct smtp_reply *reply = NULL;
    struct text input = TEXT("250 one\r\n550 two\r\n35");
    reply_parser_init(&parser);
    assert_int_equal(reply_parser_feed(&parser, &input, &reply), 1);
    assert_true(text_equal(reply->text, TEXT("one")));
    assert_int_equal(reply_parser_feed(&parser, &input, &reply), 1);
    assert_true(text_equal(reply->text, TEXT("two")));
    assert_int_equal(reply->code, 550);
    assert_int_equal(reply_parser_feed(&parser, &input, &reply), 0);
    assert_int_equal(input.size, 0);
}

static void takes_nul_as_a_character(void **state)
{
    (void)state;
    struct reply_parser parser;
    const struct smtp_reply *reply = NULL;
    struct text input = TEXT("250 a\0b\r\n");
    reply_parser_init(&parser);
    assert_int_equal(reply_parser_feed(&parser, &input, &reply), 1);
    assert_true(text_equal(reply->text, TEXT("a?b")));
}

/* n is kept, n + 1 is cut; what is cut is still read to its end. */
static void bounds_a_line(void **state)
{
    (void)state;
    static char line[REPLY_PARSER_BYTES_MAX * 2];
    static const struct {
        size_t text_size;
        int result;
        size_t kept;
    } lines[] = {
        {REPLY_PARSER_LINE_MAX, 1, REPLY_PARSER_LINE_MAX},
        {REPLY_PARSER_LINE_MAX + 1, 1, REPLY_PARSER_LINE_MAX},
        {REPLY_PARSER_BYTES_MAX - 8, 1, REPLY_PARSER_LINE_MAX},
        {REPLY_PARSER_BYTES_MAX + 8192, -EMSGSIZE, 0},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct reply_parser parser;
        const struct smtp_reply *reply = NULL;
        memset(line, 'x', sizeof line);
        memcpy(line, TEXT("250 ").data, 4);
        memcpy(line + 4 + lines[i].text_size, TEXT("\r\n").data, 2);
        reply_parser_init(&parser);
        struct text input = {line, 4 + lines[i].text_size + 2};
        assert_int_equal(feed(&parser, input, 4096, &reply), lines[i].result);
        if (lines[i].result == 1) {
            assert_int_equal(reply->text.size, lines[i].kept);
            assert_int_equal(reply->is_cut, lines[i].kept < lines[i].text_size);
        }
    }
}

static void bounds_lines_and_text(void **state)
{
    (void)state;
    static const struct {
        unsigned lines;
        const char *line;
        size_t kept;
        bool is_cut;
    } replies[] = {
        {REPLY_PARSER_LINES_MAX - 1, "250-abc\r\n", (size_t)REPLY_PARSER_LINES_MAX * 4 - 1, false},
        {REPLY_PARSER_LINES_MAX, "250-abc\r\n", (size_t)REPLY_PARSER_LINES_MAX * 4 - 1, true},
        {40,
         "250-0123456789012345678901234567890123456789012345678901234567890123456789"
         "0123456789012345678901234567890123456789\r\n",
         REPLY_PARSER_TEXT_MAX, true},
    };
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        struct reply_parser parser;
        const struct smtp_reply *reply = NULL;
        reply_parser_init(&parser);
        for (unsigned line = 0; line < replies[i].lines; line++) {
            assert_int_equal(feed(&parser, text_of(replies[i].line), 7, &reply), 0);
        }
        assert_int_equal(feed(&parser, TEXT("250 abc\r\n"), 7, &reply), 1);
        assert_int_equal(reply->text.size, replies[i].kept);
        assert_int_equal(reply->is_cut, replies[i].is_cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_replies_cut_anywhere), cmocka_unit_test(takes_one_reply_at_a_time),
        cmocka_unit_test(takes_nul_as_a_character),   cmocka_unit_test(bounds_a_line),
        cmocka_unit_test(bounds_lines_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
