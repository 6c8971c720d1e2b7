/* Requests and replies as text. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_NET_HTTP_TEXTS_H
#define HIKYAKU_TESTS_UNIT_COMMON_NET_HTTP_TEXTS_H

#include "common/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include <cmocka.h>

#define CLOSE "Connection: close\r\n"

static void assert_has(const char *reply, const char *part)
{
    if (strstr(reply, part) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", part, reply);
    }
}

static int count(const char *reply, const char *part)
{
    int found = 0;
    for (const char *place = reply; (place = strstr(place, part)) != NULL; place++) {
        found++;
    }
    return found;
}

/* A gzip body of `size` zeros, with its head. */
static void pack_request(size_t size, struct buffer *out)
{
    char *zeros = calloc(1, size);
    memset(zeros, 'z', size);
    unsigned char *packed = malloc(size + 1000);
    z_stream stream = {.next_in = (Bytef *)zeros,
                       .avail_in = (uInt)size,
                       .next_out = packed,
                       .avail_out = (uInt)(size + 1000)};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    buffer_printf(out,
                  "POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\n"
                  "Content-Length: %lu\r\n" CLOSE "\r\n",
                  stream.total_out);
    buffer_append(out, packed, stream.total_out);
    (void)deflateEnd(&stream);
    free(packed);
    free(zeros);
}

#endif
