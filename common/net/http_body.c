#include "common/net/http_body.h"

#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#define INFLATE_STEP_BYTES ((size_t)64 * 1024)
/* A body above its bound is read on and dropped, as a response may not be queued while it comes;
 * above this much more the connection is cut. */
#define DRAIN_BYTES_MAX ((uint64_t)1024 * 1024)
#define GZIP_WINDOW_BITS (15 + 16) /* zlib's way to say "gzip and nothing else" */

struct http_body {
    struct buffer content;
    size_t bytes_max;
    uint64_t dropped_bytes;
    bool is_gzip;
    bool is_over;
    bool is_broken;
    bool is_member_complete; /* gzip: nothing of the next member has come */
    z_stream inflater;
};

struct http_body *http_body_create(size_t bytes_max, bool is_gzip, size_t expected_bytes)
{
    struct http_body *body = xalloc_zero(1, sizeof *body);
    body->bytes_max = bytes_max;
    body->is_gzip = is_gzip;
    if (is_gzip && inflateInit2(&body->inflater, GZIP_WINDOW_BITS) != Z_OK) {
        abort(); /* out of memory */
    }
    size_t room = expected_bytes < bytes_max ? expected_bytes : bytes_max;
    (void)buffer_reserve(&body->content, room + 1);
    return body;
}

void http_body_destroy(struct http_body **body)
{
    if (*body != NULL) {
        if ((*body)->is_gzip) {
            (void)inflateEnd(&(*body)->inflater);
        }
        buffer_finish(&(*body)->content);
        free(*body);
        *body = NULL;
    }
}

/* One step of output. One byte above the bound shows that it is exceeded. */
static void inflate_step(struct http_body *body)
{
    z_stream *inflater = &body->inflater;
    if (body->is_member_complete) {
        (void)inflateReset(inflater); /* gzip members may follow each other: RFC 1952, 2.2 */
        body->is_member_complete = false;
    }
    size_t room = body->bytes_max + 1 - body->content.size;
    size_t step = room < INFLATE_STEP_BYTES ? room : INFLATE_STEP_BYTES;
    inflater->next_out = (Bytef *)buffer_reserve(&body->content, step);
    inflater->avail_out = (uInt)step;
    int result = inflate(inflater, Z_NO_FLUSH);
    body->content.size += step - inflater->avail_out;
    body->is_over = body->content.size > body->bytes_max;
    body->is_member_complete = result == Z_STREAM_END;
    body->is_broken = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
}

static void feed_gzip(struct http_body *body, struct text bytes)
{
    z_stream *inflater = &body->inflater;
    inflater->next_in = (const Bytef *)bytes.data;
    inflater->avail_in = (uInt)bytes.size;
    bool has_more = bytes.size > 0;
    while (has_more && !body->is_over && !body->is_broken) {
        inflate_step(body);
        /* A full output may hide more of it behind an input that is used up. */
        has_more =
            inflater->avail_in > 0 || (inflater->avail_out == 0 && !body->is_member_complete);
    }
}

bool http_body_feed(struct http_body *body, struct text bytes)
{
    if (!body->is_over && !body->is_broken) {
        if (body->is_gzip) {
            feed_gzip(body, bytes);
            return true;
        }
        if (bytes.size <= body->bytes_max - body->content.size) {
            buffer_append_text(&body->content, bytes);
            return true;
        }
        body->is_over = true;
    }
    body->dropped_bytes += bytes.size;
    return body->dropped_bytes <= DRAIN_BYTES_MAX;
}

unsigned int http_body_finish(struct http_body *body)
{
    if (body->is_over) {
        return 413;
    }
    bool is_cut_off = body->is_gzip && !body->is_member_complete;
    if (body->is_broken || is_cut_off) {
        return 400;
    }
    *buffer_reserve(&body->content, 1) = '\0';
    return 0;
}

struct text http_body_text(const struct http_body *body)
{
    return buffer_text(&body->content);
}
