#include "cli/csv_reader.h"

#include "common/base/buffer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Rows as one text: fields in [], rows ended by ";". */
static int note_row(void *context, const struct csv_row *row, struct problem *problem)
{
    struct buffer *seen = context;
    (void)problem;
    for (size_t i = 0; i < row->count; i++) {
        buffer_printf(seen, "[%.*s]", TEXT_PRINT(row->fields[i]));
    }
    buffer_append_byte(seen, ';');
    return 0;
}

/* @param step  bytes fed at once */
static int read_all(struct text csv, size_t step, struct buffer *seen, struct problem *problem)
{
    struct csv_reader *reader = csv_reader_create(note_row, seen);
    int refused = 0;
    while (csv.size > 0 && refused == 0) {
        size_t size = csv.size < step ? csv.size : step;
        refused = csv_reader_feed(reader, (struct text){csv.data, size}, problem);
        csv = text_skip(csv, size);
    }
    if (refused == 0) {
        refused = csv_reader_end(reader, problem);
    }
    csv_reader_destroy(&reader);
    return refused;
}

static void rows_come_out_however_the_bytes_are_cut(void **state)
{
    (void)state;
    static const struct {
        const char *csv;
        const char *rows;
    } cases[] = {
        {"", ""},
        {"a,b\n1,2\n", "[a][b];[1][2];"},
        {"a,b\r\n1,2\r\n", "[a][b];[1][2];"},
        {"a,b\r1,2\r", "[a][b];[1][2];"},
        {"a,b\n1,2", "[a][b];[1][2];"},
        {"a\n\n\n1\n\n", "[a];[1];"},
        {"a,b\n,\n", "[a][b];[][];"},
        {"a,b\n\"\",\"\"\n", "[a][b];[][];"},
        {"a\n\"\"\n", "[a];[];"},
        {"\"a\",\"b,c\"\n\"x\r\ny\",\"say \"\"hi\"\"\"\n", "[a][b,c];[x\r\ny][say \"hi\"];"},
        {"a\n\"\"\"\"\n", "[a];[\"];"},
        {"a\n5\" pipe\n", "[a];[5\" pipe];"},
        {"\xEF\xBB\xBF"
         "a,b\n1,2\n",
         "[a][b];[1][2];"},
        {"\xEF\xBB\xBF"
         "\"a\"\n1\n",
         "[a];[1];"},
        {"名前,住所\n山田,東京\n", "[名前][住所];[山田][東京];"},
        {"a, b \n 1 ,2\n", "[a][ b ];[ 1 ][2];"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t step = 1; step < 9; step++) {
            struct buffer seen = {0};
            struct problem problem = {0};
            assert_int_equal(read_all(text_of(cases[i].csv), step, &seen, &problem), 0);
            buffer_append_byte(&seen, '\0');
            assert_string_equal(seen.data, cases[i].rows);
            buffer_finish(&seen);
        }
    }
}

#define NUL_CASE "a\n1\0002\n"

static void what_is_wrong_is_told_with_its_line(void **state)
{
    (void)state;
    const struct {
        struct text csv;
        const char *field;
        const char *rule;
    } cases[] = {
        {TEXT("a,b\n1,2\n1\n"), "line 3", "csv_columns"},
        {TEXT("a,b\n1,2,3\n"), "line 2", "csv_columns"},
        {TEXT("a,b\n\"x\ny\",2\n1\n"), "line 4", "csv_columns"},
        {TEXT("a\r\n\"x\r\ny\"\r\n1,2\r\n"), "line 4", "csv_columns"},
        {TEXT("a\n\"x\"y\n"), "line 2", "csv_quote"},
        {TEXT("a\n1\n\"open\n\n"), "line 3", "csv_quote"},
        {{NUL_CASE, sizeof NUL_CASE - 1}, "line 2", "csv_nul"},
        {TEXT("a\n\x8E\x52\n"), "line 2", "csv_utf8"},
        {TEXT("\xEF\xBB"), "line 1", "csv_utf8"},
        {TEXT("\xEF\xBB"
              "a\n"),
         "line 1", "csv_utf8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t step = 1; step < 9; step++) {
            struct buffer seen = {0};
            struct problem problem = {0};
            assert_int_equal(read_all(cases[i].csv, step, &seen, &problem), -EINVAL);
            assert_string_equal(problem.field, cases[i].field);
            assert_string_equal(problem.rule, cases[i].rule);
            buffer_finish(&seen);
        }
    }
}

static void a_huge_field_ends_at_the_bound(void **state)
{
    (void)state;
    size_t size = 8U << 20;
    char *csv = malloc(size);
    assert_non_null(csv);
    memset(csv, 'x', size);
    memcpy(csv, "a\n\"", 3);
    for (size_t step = 4096; step <= size; step *= 2048) {
        struct buffer seen = {0};
        struct problem problem = {0};
        assert_int_equal(read_all((struct text){csv, size}, step, &seen, &problem), -EINVAL);
        assert_string_equal(problem.rule, "csv_size");
        assert_string_equal(problem.field, "line 2");
        assert_true(seen.capacity < CSV_READER_ROW_BYTES_MAX);
        buffer_finish(&seen);
    }
    free(csv);
}

static void columns_are_bounded(void **state)
{
    (void)state;
    char csv[1024];
    struct buffer seen = {0};
    struct problem problem = {0};
    memset(csv, ',', sizeof csv);
    assert_int_equal(read_all((struct text){csv, sizeof csv}, 100, &seen, &problem), -EINVAL);
    assert_string_equal(problem.rule, "csv_columns");
    assert_int_equal(read_all((struct text){csv, CSV_READER_COLUMNS_MAX - 1}, 100, &seen, &problem),
                     0);
    buffer_finish(&seen);
}

static int note_number(void *context, const struct csv_row *row, struct problem *problem)
{
    (void)problem;
    buffer_printf(context, "%llu@%llu ", (unsigned long long)row->row,
                  (unsigned long long)row->line);
    return row->row == 3 ? 77 : 0;
}

static void rows_know_their_number_and_line_and_may_end_the_reading(void **state)
{
    (void)state;
    struct buffer seen = {0};
    struct csv_reader *reader = csv_reader_create(note_number, &seen);
    struct text csv = TEXT("h\n\n\"a\nb\"\nc\nd\n");
    assert_int_equal(csv_reader_feed(reader, csv, NULL), 77);
    buffer_append_byte(&seen, '\0');
    assert_string_equal(seen.data, "1@1 2@3 3@5 ");
    buffer_finish(&seen);
    csv_reader_destroy(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_out_however_the_bytes_are_cut),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(a_huge_field_ends_at_the_bound),
        cmocka_unit_test(columns_are_bounded),
        cmocka_unit_test(rows_know_their_number_and_line_and_may_end_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
