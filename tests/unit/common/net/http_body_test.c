#include "common/net/http_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include <cmocka.h>

/* gzip `size` bytes of `data`, appended to `out`. */
static void pack(const char *data, size_t size, struct buffer *out)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&stream, size);
    memcpy(&stream.next_in, &data, sizeof data); /* zlib lacks the const */
    stream.avail_in = (uInt)size;
    stream.next_out = (Bytef *)buffer_reserve(out, bound);
    stream.avail_out = (uInt)bound;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->size += stream.total_out;
    (void)deflateEnd(&stream);
}

/* Feed in pieces of `step` bytes. @return the status of finish; 1 when the body says stop */
static unsigned int feed(struct http_body *body, struct text bytes, size_t step)
{
    for (size_t place = 0; place < bytes.size; place += step) {
        size_t size = bytes.size - place < step ? bytes.size - place : step;
        if (!http_body_feed(body, (struct text){bytes.data + place, size})) {
            return 1;
        }
    }
    return http_body_finish(body);
}

static void plain_bodies_have_a_bound(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned int status;
    } cases[] = {{"", 0}, {"1234567", 0}, {"12345678", 0}, {"123456789", 413}};
    for (size_t i = 0; i < 4; i++) {
        for (size_t step = 1; step < 10; step += 4) {
            struct http_body *body = http_body_create(8, false, 0);
            assert_int_equal(feed(body, text_of(cases[i].text), step), cases[i].status);
            if (cases[i].status == 0) {
                assert_true(text_equal(http_body_text(body), text_of(cases[i].text)));
                assert_int_equal(http_body_text(body).data[strlen(cases[i].text)], '\0');
            }
            http_body_destroy(&body);
            assert_null(body);
        }
    }
}

static void gzip_is_inflated_whatever_the_pieces(void **state)
{
    (void)state;
    char data[5000];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (char)(i * 7919 >> 5);
    }
    struct buffer packed = {0};
    pack(data, 3000, &packed);
    pack(data + 3000, 2000, &packed); /* two members: RFC 1952, 2.2 */
    static const size_t steps[] = {1, 7, 1000, 100000};
    for (size_t i = 0; i < 4; i++) {
        struct http_body *body = http_body_create(sizeof data, true, packed.size);
        assert_int_equal(feed(body, buffer_text(&packed), steps[i]), 0);
        assert_int_equal(http_body_text(body).size, sizeof data);
        assert_memory_equal(http_body_text(body).data, data, sizeof data);
        http_body_destroy(&body);
        body = http_body_create(sizeof data - 1, true, packed.size);
        assert_int_equal(feed(body, buffer_text(&packed), steps[i]), 413);
        http_body_destroy(&body);
    }
    buffer_finish(&packed);
}

static void a_bomb_stops_at_the_bound(void **state)
{
    (void)state;
    size_t size = (size_t)64 * 1024 * 1024;
    char *zeros = calloc(1, size);
    struct buffer packed = {0};
    pack(zeros, size, &packed);
    assert_true(packed.size < 100000);
    struct http_body *body = http_body_create(100000, true, packed.size);
    assert_int_equal(feed(body, buffer_text(&packed), 32768), 413);
    assert_true(http_body_text(body).size <= 100001);
    http_body_destroy(&body);
    buffer_finish(&packed);
    free(zeros);
}

static void broken_gzip_is_refused(void **state)
{
    (void)state;
    struct buffer packed = {0};
    pack("hello", 5, &packed);
    struct buffer rubbish = {0};
    buffer_append_text(&rubbish, buffer_text(&packed));
    buffer_append_string(&rubbish, "rubbish");
    struct buffer flipped = {0};
    buffer_append_text(&flipped, buffer_text(&packed));
    flipped.data[flipped.size - 6] ^= 1; /* the checksum */
    const struct text cases[] = {
        {packed.data, 0},       {packed.data, packed.size - 1}, {packed.data, 5},
        TEXT("no gzip at all"), buffer_text(&rubbish),          buffer_text(&flipped),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_body *body = http_body_create(1000, true, 0);
        assert_int_equal(feed(body, cases[i], 3), 400);
        http_body_destroy(&body);
    }
    buffer_finish(&packed);
    buffer_finish(&rubbish);
    buffer_finish(&flipped);
}

static void endless_bodies_are_cut(void **state)
{
    (void)state;
    static char piece[65536];
    for (int is_gzip = 0; is_gzip < 2; is_gzip++) {
        struct http_body *body = http_body_create(10, is_gzip, 0);
        int taken = 0;
        while (http_body_feed(body, (struct text){piece, sizeof piece})) {
            assert_true(++taken < 100);
        }
        http_body_destroy(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_bodies_have_a_bound),
        cmocka_unit_test(gzip_is_inflated_whatever_the_pieces),
        cmocka_unit_test(a_bomb_stops_at_the_bound),
        cmocka_unit_test(broken_gzip_is_refused),
        cmocka_unit_test(endless_bodies_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
