#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/mail/mime.h"

#include <stdio.h>
#include <string.h>

#define A10 "aaaaaaaaaa"
#define A70 A10 A10 A10 A10 A10 A10 A10
#define JA "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"

static const struct {
    struct text text;
    enum mime_encoding encoding;
    bool is_ascii;
    const char *encoded;
} cases[] = {
    {{"", 0}, MIME_7BIT, true, ""},
    {{"a", 1}, MIME_7BIT, true, "a\r\n"},
    {{"a\n\nb\n", 5}, MIME_7BIT, true, "a\r\n\r\nb\r\n"},
    /* All line ends become CRLF (S5). */
    {{"a\rb\r\nc\n\rd", 9}, MIME_7BIT, true, "a\r\nb\r\nc\r\n\r\nd\r\n"},
    {{"\r\r\n\n", 4}, MIME_7BIT, true, "\r\n\r\n\r\n"},
    {{".\n..\n", 5}, MIME_7BIT, true, ".\r\n..\r\n"},
    {{"a\tb ", 4}, MIME_7BIT, true, "a\tb \r\n"},
    /* What relays and our boundaries would touch. */
    {{"From x\nFromage\n", 15}, MIME_QUOTED_PRINTABLE, true, "=46rom x\r\nFromage\r\n"},
    {{"--=_00\n--\n", 10}, MIME_QUOTED_PRINTABLE, true, "=2D-=3D_00\r\n--\r\n"},
    {{"aaaaaa\x01\n", 8}, MIME_QUOTED_PRINTABLE, true, "aaaaaa=01\r\n"},
    {{"aaaaaaaaaaaaaaa\0", 16}, MIME_QUOTED_PRINTABLE, true, "aaaaaaaaaaaaaaa=00\r\n"},
    {{A70 "\xc3\xa9 \n=x\t", 77},
     MIME_QUOTED_PRINTABLE,
     false,
     A70 "=C3=\r\n=A9=20\r\n=3Dx=09\r\n"},
    {{A70 "aaaaaaaa\n", 79}, MIME_7BIT, true, A70 "aaaaaaaa\r\n"},
    {{A70 "aaaaaaaab\n", 80}, MIME_QUOTED_PRINTABLE, true, A70 "aaaaa=\r\naaab\r\n"},
    /* A soft break never brings "From " to the start of a line. */
    {{A70 "aaaaaFrom you\n", 84}, MIME_QUOTED_PRINTABLE, true, A70 "aaaaa=\r\n=46rom you\r\n"},
    {{JA "\n" JA, 19}, MIME_BASE64, false, "5pel5pys6KqeDQrml6XmnKzoqp4NCg==\r\n"},
    {{JA JA JA JA JA JA "\n", 55},
     MIME_BASE64,
     false,
     "5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6KqeDQo=\r\n"},
    {{JA JA JA JA JA JA "aa\n", 57},
     MIME_BASE64,
     false,
     "5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6KqeYWEN\r\nCg==\r\n"},
};

static void each_text_becomes_these_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(buffer_finish) struct buffer out = {0};
        bool is_ascii = false;
        print_message("case %zu\n", i);
        enum mime_encoding encoding = mime_choose(cases[i].text, &is_ascii);
        assert_string_equal(mime_encoding_name(encoding), mime_encoding_name(cases[i].encoding));
        assert_int_equal(is_ascii, cases[i].is_ascii);
        mime_append_text(&out, cases[i].text, encoding);
        buffer_append_byte(&out, '\0');
        assert_string_equal(out.data, cases[i].encoded);
    }
}

/* Any bytes, in every encoding: 7 bits, CRLF only, at most 78 bytes (S14). */
static void every_encoding_keeps_to_short_lines(void **state)
{
    char bytes[700];
    uint32_t seed = 1;
    (void)state;
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1103515245 + 12345;
            unsigned int value = seed >> 16;
            bytes[i] = (char)(round % 4 == 0 ? value : value % 16 == 0 ? '\n' : 'a' + value % 26);
        }
        OWNED(buffer_finish) struct buffer out = {0};
        struct text text = {bytes, (size_t)(round * 3)};
        bool is_ascii;
        mime_append_text(&out, text, mime_choose(text, &is_ascii));
        struct text rest = buffer_text(&out);
        struct text line;
        while (text_next_part(&rest, '\n', &line) && (line.size > 0 || rest.data != NULL)) {
            assert_true(line.size >= 1 && line.size <= 79);
            assert_int_equal(line.data[line.size - 1], '\r');
            assert_int_equal(text_find(line, '\r'), line.size - 1);
            assert_true(text_is_ascii(line));
        }
    }
}

static void long_text_of_bare_returns_takes_no_time(void **state)
{
    OWNED(buffer_finish) struct buffer text = {0};
    OWNED(buffer_finish) struct buffer out = {0};
    bool is_ascii;
    (void)state;
    for (size_t i = 0; i < 1024 * 1024; i++) {
        buffer_append_byte(&text, '\r');
    }
    enum mime_encoding encoding = mime_choose(buffer_text(&text), &is_ascii);
    mime_append_text(&out, buffer_text(&text), encoding);
    assert_int_equal(out.size, 2 * text.size);
}

static void boundaries_differ_by_seed_and_level(void **state)
{
    char boundary[MIME_BOUNDARY_BYTES];
    (void)state;
    mime_boundary(UINT64_C(0x0123456789abcdef), 2, boundary);
    assert_string_equal(boundary, "=_0123456789abcdef_2");
    assert_int_equal(strlen(boundary) + 1, sizeof boundary);
    mime_boundary(0, 0, boundary);
    assert_string_equal(boundary, "=_0000000000000000_0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_becomes_these_bytes),
        cmocka_unit_test(every_encoding_keeps_to_short_lines),
        cmocka_unit_test(long_text_of_bare_returns_takes_no_time),
        cmocka_unit_test(boundaries_differ_by_seed_and_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
