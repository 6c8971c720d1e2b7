#include "cli/csv_encoding.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define YAMADA_CP932 "\x8E\x52\x93\x63"
/* IBM and NEC extensions that Shift_JIS proper lacks: 髙 and ①. */
#define EXTENDED_CP932 "\xFB\xFC\x87\x40"

static int detect(struct text bytes, size_t step, enum csv_encoding *ret_encoding)
{
    struct csv_encoding_detector detector = {0};
    struct problem problem = {0};
    while (bytes.size > 0) {
        size_t size = bytes.size < step ? bytes.size : step;
        csv_encoding_look(&detector, (struct text){bytes.data, size});
        bytes = text_skip(bytes, size);
    }
    int refused = csv_encoding_detect(&detector, ret_encoding, &problem);
    assert_true(refused == 0 || strcmp(problem.rule, "csv_utf16") == 0);
    return refused;
}

static void the_encoding_is_seen_however_the_bytes_are_cut(void **state)
{
    (void)state;
    const struct {
        struct text bytes;
        enum csv_encoding encoding;
    } cases[] = {
        {TEXT(""), CSV_ENCODING_UTF8},
        {TEXT("address\na@b.test\n"), CSV_ENCODING_UTF8},
        {TEXT("名前,𠮷野\n"), CSV_ENCODING_UTF8},
        {TEXT("\xEF\xBB\xBFname\n"), CSV_ENCODING_UTF8},
        {TEXT("name\n" YAMADA_CP932 "\n"), CSV_ENCODING_CP932},
        {TEXT("name\n" EXTENDED_CP932 "\n"), CSV_ENCODING_CP932},
        {TEXT("half a character \xE5\xB1"), CSV_ENCODING_CP932},
        {TEXT("overlong \xC0\x80"), CSV_ENCODING_CP932},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t step = 1; step < 9; step++) {
            enum csv_encoding encoding;
            assert_int_equal(detect(cases[i].bytes, step, &encoding), 0);
            assert_int_equal(encoding, cases[i].encoding);
        }
    }
    enum csv_encoding untouched = CSV_ENCODING_UTF8;
    assert_int_equal(detect(TEXT("\xFF\xFE"
                                 "a"),
                            8, &untouched),
                     -EINVAL);
    assert_int_equal(detect(TEXT("\xFE\xFF"
                                 "a"),
                            8, &untouched),
                     -EINVAL);
}

static int decode(struct text bytes, size_t step, struct buffer *out, struct problem *problem)
{
    struct csv_decoder *decoder;
    assert_int_equal(csv_encoding_open(CSV_ENCODING_CP932, &decoder, problem), 0);
    int refused = 0;
    while (bytes.size > 0 && refused == 0) {
        size_t size = bytes.size < step ? bytes.size : step;
        refused = csv_encoding_decode(decoder, (struct text){bytes.data, size}, out, problem);
        bytes = text_skip(bytes, size);
    }
    if (refused == 0) {
        refused = csv_encoding_finish(decoder, problem);
    }
    csv_encoding_close(&decoder);
    return refused;
}

static void cp932_becomes_utf8_however_the_bytes_are_cut(void **state)
{
    (void)state;
    const struct {
        struct text bytes;
        const char *text;
    } cases[] = {
        {TEXT("a,b\n"), "a,b\n"},           {TEXT(YAMADA_CP932 ",x"), "山田,x"},
        {TEXT(EXTENDED_CP932), "髙①"},      {TEXT("\xB1\xB2\xB3"), "ｱｲｳ"},
        {TEXT("\x83\x5C\x94\x5C"), "ソ能"}, /* second byte is a backslash */
        {TEXT("\x81\x60"), "～"},           /* Microsoft's wave dash */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t step = 1; step < 6; step++) {
            struct buffer out = {0};
            struct problem problem = {0};
            assert_int_equal(decode(cases[i].bytes, step, &out, &problem), 0);
            buffer_append_byte(&out, '\0');
            assert_string_equal(out.data, cases[i].text);
            buffer_finish(&out);
        }
    }
}

static void bytes_of_no_encoding_are_told_with_their_line(void **state)
{
    (void)state;
    const struct {
        struct text bytes;
        const char *field;
    } cases[] = {
        {TEXT("a\nb\n\x81\x01\n"), "line 3"},
        {TEXT("\xFF"), "line 1"},
        {TEXT("a\n\x8E"), "line 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t step = 1; step < 6; step++) {
            struct buffer out = {0};
            struct problem problem = {0};
            assert_int_equal(decode(cases[i].bytes, step, &out, &problem), -EINVAL);
            assert_string_equal(problem.field, cases[i].field);
            assert_string_equal(problem.rule, "csv_cp932");
            buffer_finish(&out);
        }
    }
}

static void names_are_read(void **state)
{
    (void)state;
    enum csv_encoding encoding;
    assert_int_equal(csv_encoding_parse(TEXT("UTF-8"), &encoding), 0);
    assert_int_equal(encoding, CSV_ENCODING_UTF8);
    assert_int_equal(csv_encoding_parse(TEXT("Shift_JIS"), &encoding), 0);
    assert_int_equal(encoding, CSV_ENCODING_CP932);
    assert_int_equal(csv_encoding_parse(TEXT("latin1"), &encoding), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_encoding_is_seen_however_the_bytes_are_cut),
        cmocka_unit_test(cp932_becomes_utf8_however_the_bytes_are_cut),
        cmocka_unit_test(bytes_of_no_encoding_are_told_with_their_line),
        cmocka_unit_test(names_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
