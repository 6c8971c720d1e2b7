#include "common/backup/rdb_reader.h"

#include "common/backup/crc64.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define RAW(literal)                   \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }
#define BYTES(literal) ((struct text)RAW(literal))

static int read_bytes(void *context, void *place, size_t size)
{
    struct text *left = context;
    if (size > left->size) {
        return -ENODATA;
    }
    memcpy(place, left->data, size);
    *left = text_skip(*left, size);
    return 0;
}

static void append_sum(struct buffer *dump)
{
    uint64_t sum = crc64_add(0, buffer_text(dump));
    for (unsigned int i = 0; i < 8; i++) {
        buffer_append_byte(dump, (char)(sum >> (8 * i)));
    }
}

static void test_crc64(void **state)
{
    (void)state;
    assert_int_equal(crc64_add(0, TEXT("123456789")), UINT64_C(0xe9c6d914c4b8d9ca));
    assert_int_equal(crc64_add(crc64_add(0, TEXT("1234")), TEXT("56789")),
                     UINT64_C(0xe9c6d914c4b8d9ca));
    struct text three = TEXT("This is a test of the emergency broadcast system.");
    uint64_t by_byte = 0;
    for (size_t i = 0; i < three.size; i++) {
        by_byte = crc64_add(by_byte, (struct text){three.data + i, 1});
    }
    assert_int_equal(crc64_add(0, three), by_byte);
}

/* One value of each form, as the bytes behind a key stand in a dump. */
static const struct {
    const char *what;
    unsigned char type;
    struct text value;
} values[] = {
    {"string", 0, RAW("\x03one")},
    {"string of 14 bits", 0, RAW("\x40\x03one")},
    {"string of 32 bits", 0, RAW("\x80\x00\x00\x00\x03one")},
    {"string of 64 bits", 0, RAW("\x81\x00\x00\x00\x00\x00\x00\x00\x03one")},
    {"string, 8 bits", 0, RAW("\xc0\xff")},
    {"string, 16 bits", 0, RAW("\xc1\x01\x02")},
    {"string, 32 bits", 0, RAW("\xc2\x01\x02\x03\x04")},
    {"string, LZF", 0,
     RAW("\xc3\x04\x0a\x00"
         "a"
         "\xe0\x00")},
    {"list", 1,
     RAW("\x02\x01"
         "a\x01"
         "b")},
    {"set", 2,
     RAW("\x01\x01"
         "a")},
    {"sorted set, old", 3,
     RAW("\x02\x01"
         "a\x03"
         "1.5\x01"
         "b\xfe")},
    {"hash", 4,
     RAW("\x01\x01"
         "a\x01"
         "b")},
    {"sorted set", 5,
     RAW("\x01\x01"
         "a12345678")},
    {"module", 7,
     RAW("\x05\x02\x07\x01\x07\x03"
         "1234\x04"
         "12345678\x05\x01x\x00")},
    {"integers", 11, RAW("\x02xx")},
    {"listpack of a hash", 16, RAW("\x02xx")},
    {"listpack of a sorted set", 17, RAW("\x02xx")},
    {"quicklist", 18, RAW("\x02\x01\x01x\x02\x02xx")},
    {"stream", 15,
     RAW("\x01\x10"
         "0123456789abcdef\x03lpk\x01\x02\x03\x01\x01g\x01\x02\x01"
         "0123456789abcdef12345678\x01\x01\x01"
         "c12345678\x01"
         "0123456789abcdef")},
    {"stream, second form", 19,
     RAW("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x01\x01g\x01\x02\x03\x00\x00")},
    {"stream, third form", 21,
     RAW("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x01\x01g\x01\x02\x03\x00\x01\x01"
         "c1234567812345678\x00")},
    {"hash whose fields expire", 24,
     RAW("12345678\x01\x05\x01"
         "a\x01"
         "b")},
    {"the same, listpack", 25, RAW("12345678\x02xx")},
};
#define VALUES (sizeof values / sizeof values[0])

static const char head[] = "REDIS0010"
                           "\xfa\x09redis-ver\x06"
                           "7.0.15"
                           "\xfa\x05"
                           "ctime\xc2\x00\x00\x00\x60"
                           "\xf5\x04"
                           "code"
                           "\xf7\x05\x02\x07\x02\x01\x00"
                           "\xfe\x03\xfb\x17\x01";

static void make(struct buffer *dump)
{
    buffer_append(dump, head, sizeof head - 1);
    for (size_t i = 0; i < VALUES; i++) {
        if (i == 1) {
            buffer_append(dump, "\xfc\x01\x02\x00\x00\x00\x00\x00\x00", 9);
        } else if (i == 2) {
            buffer_append(dump, "\xfd\x02\x00\x00\x00\xf8\x09\xf9\x05", 9);
        }
        buffer_append_byte(dump, (char)values[i].type);
        buffer_printf(dump, "%cn%02zu", 3, i);
        buffer_append_text(dump, values[i].value);
    }
    buffer_append_byte(dump, '\xff');
    append_sum(dump);
}

static int read_dump_as(bool checks, struct text dump, struct rdb_reader **ret_reader,
                        size_t *ret_count)
{
    struct problem problem = {.message = ""};
    struct rdb_entry entry;
    int result;
    *ret_reader = rdb_reader_create(read_bytes, &dump, 1024);
    *ret_count = 0;
    while ((result = rdb_reader_next(*ret_reader, &entry, &problem)) == 1) {
        size_t i = *ret_count;
        char name[8];
        (void)snprintf(name, sizeof name, "n%02zu", i);
        if (checks && i < VALUES && text_equal(entry.key, text_of(name))) {
            assert_int_equal(entry.database, 3);
            assert_int_equal(entry.expires_unix_ms, i == 1 ? 0x201 : i == 2 ? 2000 : 0);
            assert_int_equal((unsigned char)entry.value.data[0], values[i].type);
            assert_true(text_equal(text_skip(entry.value, 1), values[i].value));
        }
        (*ret_count)++;
    }
    assert_true(result == 0 || problem.message[0] != '\0');
    return result;
}

static int read_dump(struct text dump, struct rdb_reader **ret_reader, size_t *ret_count)
{
    return read_dump_as(true, dump, ret_reader, ret_count);
}

static void test_every_kind_of_value_is_taken_whole(void **state)
{
    (void)state;
    struct buffer dump = {0};
    struct rdb_reader *reader = NULL;
    size_t count = 0;
    make(&dump);
    assert_int_equal(read_dump(buffer_text(&dump), &reader, &count), 0);
    assert_int_equal(count, VALUES);
    assert_int_equal(rdb_reader_version(reader), 10);
    assert_int_equal(rdb_reader_taken_unix_s(reader), 0x60000000);
    rdb_reader_destroy(&reader);
    buffer_finish(&dump);
}

static void test_a_dump_that_is_cut_or_altered_is_refused(void **state)
{
    (void)state;
    struct buffer dump = {0};
    struct rdb_reader *reader = NULL;
    size_t count = 0;
    make(&dump);
    for (size_t size = 0; size < dump.size; size++) {
        int result = read_dump((struct text){dump.data, size}, &reader, &count);
        assert_int_equal(result, -ENODATA);
        rdb_reader_destroy(&reader);
    }
    for (size_t at = 0; at < dump.size; at++) {
        dump.data[at] ^= 1;
        assert_true(read_dump_as(false, buffer_text(&dump), &reader, &count) < 0);
        rdb_reader_destroy(&reader);
        dump.data[at] ^= 1;
    }
    memset(dump.data + dump.size - 8, 0, 8); /* rdbchecksum no */
    assert_int_equal(read_dump(buffer_text(&dump), &reader, &count), 0);
    rdb_reader_destroy(&reader);
    buffer_finish(&dump);
}

static const struct {
    struct text body;
    int error;
} refused[] = {
    {RAW("\x01\x01k\x81\xff\xff\xff\xff\xff\xff\xff\xff\x00"), -ENODATA}, /* a count that lies */
    {RAW("\x00\x01k\x81\xff\xff\xff\xff\xff\xff\xff\xff"), -EMSGSIZE},
    {RAW("\x00\x01k\x80\x00\x00\x08\x00"), -EMSGSIZE},
    {RAW("\x00\xc3\x02\x81\xff\xff\xff\xff\xff\xff\xff\xff"), -EMSGSIZE}, /* a key unpacked */
    {RAW("\x00\xc3\x03\x05\x20\x09\x00"), -EPROTO},                       /* LZF from before it */
    {RAW("\x00\xc3\x03\x02\x02"
         "ab"),
     -EPROTO}, /* LZF cut off */
    {RAW("\x00\xc3\x02\x05\x00"
         "a"),
     -EPROTO}, /* LZF too short */
    {RAW("\x00\xc5"), -EPROTO},
    {RAW("\x00\x82"), -EPROTO},
    {RAW("\x06\x01k\x00"), -EPROTO}, /* a module's value, first form */
    {RAW("\x1f\x01k\x00"), -EPROTO}, /* a type of the future */
    {RAW("\xf0\x01k"), -EPROTO},
    {RAW("\xfc\xff\xff\xff\xff\xff\xff\xff\xff"), -EPROTO},
    {RAW("\xfe\x81\xff\xff\xff\xff\xff\xff\xff\xff"), -EPROTO},
    {RAW("\x07\x01k\x05\x09"), -EPROTO},
};

static void test_what_is_not_known_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct buffer dump = {0};
        struct rdb_reader *reader = NULL;
        size_t count = 0;
        buffer_append_string(&dump, "REDIS0010");
        buffer_append_text(&dump, refused[i].body);
        assert_int_equal(read_dump(buffer_text(&dump), &reader, &count), refused[i].error);
        assert_int_equal(count, 0);
        rdb_reader_destroy(&reader);
        buffer_finish(&dump);
    }
}

static void test_names_that_are_packed(void **state)
{
    (void)state;
    struct text dump = BYTES("REDIS0011"
                             "\x00\xc2\xff\xff\xff\xff\x01x"
                             "\x00\xc3\x05\x0a\x01"
                             "ab\xc0\x01\x01y"
                             "\xff\x00\x00\x00\x00\x00\x00\x00\x00");
    struct rdb_entry entry;
    struct rdb_reader *reader = rdb_reader_create(read_bytes, &dump, 1024);
    assert_int_equal(rdb_reader_next(reader, &entry, NULL), 1);
    assert_true(text_equal(entry.key, TEXT("-1")));
    assert_int_equal(rdb_reader_next(reader, &entry, NULL), 1);
    assert_true(text_equal(entry.key, TEXT("ababababab")));
    assert_int_equal(rdb_reader_next(reader, &entry, NULL), 0);
    rdb_reader_destroy(&reader);
}

/* SET k abc; DUMP k on Redis 7.0.15. */
static void test_payload(void **state)
{
    (void)state;
    struct buffer payload = {0};
    rdb_reader_append_payload(BYTES("\x00\x03"
                                    "abc"),
                              10, &payload);
    assert_int_equal(payload.size, 15);
    assert_memory_equal(payload.data + 5, "\x0a\x00", 2);
    assert_memory_equal(payload.data + 7, "\xd9\xac\x30\x3d\x41\x72\xa2\xe2", 8);
    buffer_finish(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc64),
        cmocka_unit_test(test_every_kind_of_value_is_taken_whole),
        cmocka_unit_test(test_a_dump_that_is_cut_or_altered_is_refused),
        cmocka_unit_test(test_what_is_not_known_is_refused),
        cmocka_unit_test(test_names_that_are_packed),
        cmocka_unit_test(test_payload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
