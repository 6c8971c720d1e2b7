#include "cli/table_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void width_is_that_of_a_screen(void **state)
{
    (void)state;
    const struct {
        struct text text;
        size_t width;
    } cases[] = {
        {TEXT(""), 0},      {TEXT("abc"), 3},       {TEXT("山田"), 4}, {TEXT("ｱｲｳ"), 3},
        {TEXT("Ａ"), 2},    {TEXT("e\xCC\x81"), 1}, /* combining */
        {TEXT("😀"), 2},     {TEXT("\x1b[1m"), 4},   {TEXT("a\tb"), 3}, {TEXT("\xE5\xB1"), 2},
        {TEXT("\xFFx"), 2}, {TEXT("\xC0\x80"), 2},  {TEXT("「」"), 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(table_print_width(cases[i].text), cases[i].width);
    }
}

static void what_steers_a_terminal_is_shown_as_a_question_mark(void **state)
{
    (void)state;
    struct buffer out = {0};
    table_print_append_clean(&out, TEXT("a\x1b]0;x\x07山\xE5\n\xC2\x9B"));
    buffer_append_byte(&out, '\0');
    assert_string_equal(out.data, "a?]0;x?山???");
    buffer_finish(&out);
}

static void cells_are_cut_or_filled(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
        bool is_right;
        const char *cell;
    } cases[] = {
        {"ab", 4, false, "ab  "},     {"ab", 4, true, "  ab"},
        {"abcdef", 4, false, "abc…"}, {"山田花子", 6, false, "山田… "},
        {"山田", 4, false, "山田"},   {"山田", 3, false, "山…"},
        {"山", 1, false, "…"},        {"", 2, false, "  "},
        {"ab", 0, false, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out = {0};
        table_print_append_cell(&out, text_of(cases[i].text), cases[i].width, cases[i].is_right);
        buffer_append_byte(&out, '\0');
        assert_string_equal(out.data, cases[i].cell);
        buffer_finish(&out);
    }
}

static void columns_stand_under_each_other(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct table_print *table = table_print_create("NAME,>COUNT,NOTE");
    table_print_cell(table, TEXT("春の感謝祭"));
    table_print_format(table, "%d", 7);
    table_print_cell(table, TEXT("x"));
    table_print_cell(table, TEXT("spring"));
    table_print_format(table, "%d", 1204500);
    table_print_cell(table, TEXT(""));
    assert_int_equal(table_print_rows(table), 2);
    table_print_append(table, &out);
    buffer_append_byte(&out, '\0');
    assert_string_equal(out.data, "NAME          COUNT  NOTE\n"
                                  "春の感謝祭        7  x\n"
                                  "spring      1204500\n");
    table_print_destroy(&table);
    assert_null(table);
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(width_is_that_of_a_screen),
        cmocka_unit_test(what_steers_a_terminal_is_shown_as_a_question_mark),
        cmocka_unit_test(cells_are_cut_or_filled),
        cmocka_unit_test(columns_stand_under_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
