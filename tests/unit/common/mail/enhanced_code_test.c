#include "common/mail/enhanced_code.h"

#include "common/mail/rows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* E9: parsed only if the first token is class.subject.detail. */
static void reads_only_a_first_token(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t code;
        size_t size;
    } cases[] = {
        {"5.1.1 No such user", ENHANCED_CODE(5, 1, 1), 5},
        {"5.7.515 Access denied", ENHANCED_CODE(5, 7, 515), 7},
        {"4.7.650 slow", ENHANCED_CODE(4, 7, 650), 7},
        {"2.0.0", ENHANCED_CODE(2, 0, 0), 5},
        {"5.999.999", ENHANCED_CODE(5, 999, 999), 9},
        {"", 0, 0},
        {"5", 0, 0},
        {"5.", 0, 0},
        {"5.1", 0, 0},
        {"5.1.", 0, 0},
        {"5.1.1.", 0, 0},
        {"5.1.1.2 x", 0, 0},
        {"5.1.1-x", 0, 0},
        {"3.1.1 x", 0, 0},
        {"55.1.1 x", 0, 0},
        {"5.1.1000 x", 0, 0},
        {" 5.1.1 x", 0, 0},
        {"User unknown 5.1.1", 0, 0},
        {"192.0.2.1 is listed", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = 99;
        assert_int_equal(enhanced_code_read(text_of(cases[i].text), &size), cases[i].code);
        assert_int_equal(size, cases[i].size);
    }
}

static void every_code_survives_a_row_and_prints_as_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"5.7.515", "4.7.650", "2.0.0", "5.999.999", "4.0.7"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t size = 0;
        unsigned char bytes[ROWS_SIZE];
        char text[ENHANCED_CODE_TEXT_SIZE];
        struct row row = {.enhanced = enhanced_code_read(text_of(texts[i]), &size)};
        rows_encode(&row, bytes);
        rows_decode(bytes, &row);
        assert_int_equal(enhanced_code_print(row.enhanced, text), size);
        assert_string_equal(text, texts[i]);
    }
    char text[ENHANCED_CODE_TEXT_SIZE];
    assert_int_equal(enhanced_code_print(0, text), 0);
    assert_string_equal(text, "");
    assert_int_equal(enhanced_code_print(0xffffff, text), 12); /* a damaged row */
}

/* Stored: these bytes may never change. */
static void the_bytes_in_a_row_are_frozen(void **state)
{
    (void)state;
    unsigned char bytes[ROWS_SIZE];
    static const unsigned char want[] = {0x50, 0x1e, 0x03};
    rows_encode(&(struct row){.enhanced = ENHANCED_CODE(5, 7, 515)}, bytes);
    assert_memory_equal(bytes + 8, want, sizeof want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_only_a_first_token),
        cmocka_unit_test(every_code_survives_a_row_and_prints_as_read),
        cmocka_unit_test(the_bytes_in_a_row_are_frozen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
