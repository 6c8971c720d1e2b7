#include "common/backup/backup_file.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

static const unsigned char key[BACKUP_FILE_KEY_BYTES] = "the key of these backups, 32 b";
static const unsigned char other_key[BACKUP_FILE_KEY_BYTES] = "another one";
static const unsigned char id[BACKUP_FILE_ID_BYTES] = "backup number 1";

struct input {
    struct text left;
    int error; /* instead of bytes */
};

static int write_bytes(void *context, struct text bytes)
{
    buffer_append_text(context, bytes);
    return 0;
}

static int write_until_full(void *context, struct text bytes)
{
    struct buffer *out = context;
    if (out->size + bytes.size > 100) {
        return -ENOSPC;
    }
    buffer_append_text(out, bytes);
    return 0;
}

static int read_bytes(void *context, void *place, size_t size, size_t *ret_size)
{
    struct input *input = context;
    if (input->error != 0) {
        return input->error;
    }
    *ret_size = size < input->left.size ? size : input->left.size;
    memcpy(place, input->left.data, *ret_size);
    input->left = text_skip(input->left, *ret_size);
    return 0;
}

/* Values that do not shrink, so that sizes are as they look. */
static void fill(struct buffer *value, size_t size, uint32_t seed)
{
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525 + 1013904223;
        buffer_append_byte(value, (char)(seed >> 24));
    }
}

#define RECORDS 5
static const size_t sizes[RECORDS] = {1, 100, 3000000, 0, 70000};

static void make(struct buffer *out)
{
    struct backup_writer *writer = NULL;
    assert_int_equal(backup_file_create(key, id, TEXT("header"), write_bytes, out, &writer), 0);
    for (uint32_t i = 0; i < RECORDS; i++) {
        struct buffer value = {0};
        char name[16];
        fill(&value, sizes[i], i);
        (void)snprintf(name, sizeof name, "key %u", i);
        const struct backup_record record = {
            .expires_unix_ms = i, .key = text_of(name), .value = buffer_text(&value)};
        assert_int_equal(backup_file_add(writer, &record), 0);
        buffer_finish(&value);
    }
    assert_int_equal(backup_file_end(writer), 0);
    assert_int_equal(backup_file_written(writer)->keys, RECORDS);
    backup_file_close_writer(&writer);
}

/* @return 0, or the error with its problem */
static int read_all(struct text file, const unsigned char *with, struct problem *problem)
{
    struct input input = {.left = file};
    struct backup_reader *reader = NULL;
    struct backup_record record;
    struct text header;
    int result = backup_file_open(with, read_bytes, &input, &reader, &header, problem);
    if (result != 0) {
        assert_null(reader);
        return result;
    }
    assert_true(text_equal(header, TEXT("header")));
    assert_memory_equal(backup_file_id(reader), id, sizeof id);
    uint32_t count = 0;
    while ((result = backup_file_next(reader, &record, problem)) == 1) {
        struct buffer value = {0};
        assert_in_range(count, 0, RECORDS - 1);
        fill(&value, sizes[count], count);
        assert_int_equal(record.expires_unix_ms, count);
        assert_true(text_equal(record.value, buffer_text(&value)));
        buffer_finish(&value);
        count++;
    }
    assert_true(result != 0 || count == RECORDS);
    backup_file_close_reader(&reader);
    return result;
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct buffer file = {0};
    struct problem problem = {.message = ""};
    make(&file);
    assert_int_equal(read_all(buffer_text(&file), key, &problem), 0);
    buffer_finish(&file);
}

static void assert_refused(struct text file, int error, const char *rule)
{
    struct problem problem = {.message = ""};
    assert_int_equal(read_all(file, key, &problem), error);
    assert_string_equal(problem.rule, rule);
}

static void test_what_is_not_whole_is_refused(void **state)
{
    (void)state;
    struct buffer file = {0};
    struct problem problem = {.message = ""};
    make(&file);
    struct text whole = buffer_text(&file);
    assert_int_equal(read_all(whole, other_key, &problem), -EBADMSG);
    assert_string_equal(problem.rule, "backup_sealed");
    /* Cut anywhere, also between two frames. */
    size_t first = 25 + 4 + bytes_get_u32(whole.data + 25);
    const size_t cuts[] = {0, 7, 24, 25, 27, 29, 100, first, first + 2, whole.size - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        assert_refused((struct text){whole.data, cuts[i]}, -ENODATA, "backup_cut");
    }
    /* One bit, anywhere behind the format; a lying size ends it at the latest. */
    for (size_t at = 9; at < whole.size; at += at < 80 ? 1 : 99991) {
        file.data[at] ^= 4;
        assert_true(read_all(whole, key, &problem) < 0);
        file.data[at] ^= 4;
    }
    buffer_append_byte(&file, 0);
    assert_refused(buffer_text(&file), -EBADMSG, "backup_sealed");
    buffer_finish(&file);
}

static void test_frames_keep_their_order(void **state)
{
    (void)state;
    struct buffer file = {0};
    struct buffer swapped = {0};
    make(&file);
    size_t one = 4 + bytes_get_u32(file.data + 25);
    size_t two = 4 + bytes_get_u32(file.data + 25 + one);
    buffer_append(&swapped, file.data, 25);
    buffer_append(&swapped, file.data + 25 + one, two);
    buffer_append(&swapped, file.data + 25, one);
    buffer_append(&swapped, file.data + 25 + one + two, file.size - 25 - one - two);
    assert_refused(buffer_text(&swapped), -EBADMSG, "backup_sealed");
    /* One left out. */
    buffer_clear(&swapped);
    buffer_append(&swapped, file.data, 25 + one);
    buffer_append(&swapped, file.data + 25 + one + two, file.size - 25 - one - two);
    assert_refused(buffer_text(&swapped), -EBADMSG, "backup_sealed");
    buffer_finish(&swapped);
    buffer_finish(&file);
}

static void test_other_files_are_named(void **state)
{
    (void)state;
    struct buffer file = {0};
    make(&file);
    file.data[8] = 2;
    assert_refused(buffer_text(&file), -EPROTO, "backup_format");
    file.data[8] = 1;
    file.data[0] = 'R';
    assert_refused(buffer_text(&file), -EPROTO, "backup_format");
    buffer_finish(&file);
}

static void test_errors_of_the_file_are_handed_on(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct backup_writer *writer = NULL;
    struct backup_reader *reader = NULL;
    struct input input = {.error = -EIO};
    struct text header;
    struct problem problem = {.message = ""};
    assert_int_equal(backup_file_open(key, read_bytes, &input, &reader, &header, &problem), -EIO);
    assert_int_equal(backup_file_create(key, id, TEXT("header"), write_until_full, &out, &writer),
                     0);
    struct buffer value = {0};
    fill(&value, 2000000, 1);
    const struct backup_record record = {.key = TEXT("k"), .value = buffer_text(&value)};
    assert_int_equal(backup_file_add(writer, &record), -ENOSPC);
    backup_file_close_writer(&writer);
    buffer_finish(&value);
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_what_is_not_whole_is_refused),
        cmocka_unit_test(test_frames_keep_their_order),
        cmocka_unit_test(test_other_files_are_named),
        cmocka_unit_test(test_errors_of_the_file_are_handed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
