#include "common/service/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define NOON INT64_C(1795608000) /* 2026-11-25 */
#define FILE_NAME "outcomes-2026-11-25-c-0.jsonl"

static char folder[] = "/tmp/line-test-XXXXXX";
static char path[128];
static const struct line_file_name name = {
    .directory = folder, .field = "archive.directory", .kind = "outcomes", .name = "c-0"};
static const struct line_file_name nowhere = {
    .directory = "/nowhere", .field = "archive.directory", .kind = "outcomes", .name = "c-0"};

static int open_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/%s", folder, FILE_NAME);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static void put(const char *content, size_t size)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(descriptor, content, size), size);
    assert_int_equal(close(descriptor), 0);
}

static void assert_content(const char *expected)
{
    char content[64] = {0};
    int descriptor = open(path, O_RDONLY);
    assert_true(read(descriptor, content, sizeof content - 1) >= 0);
    assert_int_equal(close(descriptor), 0);
    assert_string_equal(content, expected);
}

static void append(const char *line)
{
    struct line_file *file = NULL;
    assert_int_equal(line_file_open(&name, NOON, &file, NULL), 0);
    assert_int_equal(line_file_append(file, text_of(line)), 0);
    assert_int_equal(line_file_sync(file), 0);
    line_file_close(&file);
    assert_null(file);
}

static void lines_are_appended_to_the_days_file(void **state)
{
    (void)state;
    struct stat status;
    append("one\n");
    append("two\n");
    assert_content("one\ntwo\n");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void a_line_cut_off_is_taken_away(void **state)
{
    (void)state;
    char longer[9000];
    memset(longer, 'x', sizeof longer);
    memcpy(longer, "one\n", 4);
    put(longer, sizeof longer);
    append("two\n");
    assert_content("one\ntwo\n");
    put(longer + 4, 5000); /* not a single whole line */
    append("three\n");
    assert_content("three\n");
}

static void one_writes_at_a_time(void **state)
{
    (void)state;
    struct line_file *first = NULL;
    struct line_file *second = NULL;
    struct problem problem;
    assert_int_equal(line_file_open(&name, NOON, &first, NULL), 0);
    assert_int_equal(line_file_open(&name, NOON, &second, &problem), -EBUSY);
    line_file_close(&first);
    assert_int_equal(line_file_open(&nowhere, NOON, &second, &problem), -ENOENT);
    assert_string_equal(problem.field, "archive.directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_appended_to_the_days_file),
        cmocka_unit_test(a_line_cut_off_is_taken_away),
        cmocka_unit_test(one_writes_at_a_time),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
