/* Bodies of requests, gzip or not, in pieces: never above the bound, never read past the end. The
 * first byte chooses: bit 0 gzip, the rest the size of the pieces. */
#include "common/net/http_body.h"

#include <assert.h>

#define BYTES_MAX ((size_t)4096)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    size_t step = (size_t)(data[0] >> 1) + 1;
    struct http_body *body = http_body_create(BYTES_MAX, (data[0] & 1) != 0, 0);
    struct text rest = {(const char *)data + 1, size - 1};
    bool is_wanted = true;
    while (is_wanted && rest.size > 0) {
        struct text piece = {rest.data, rest.size < step ? rest.size : step};
        is_wanted = http_body_feed(body, piece);
        rest = text_skip(rest, piece.size);
    }
    assert(http_body_text(body).size <= BYTES_MAX + 1);
    if (is_wanted && http_body_finish(body) == 0) {
        struct text text = http_body_text(body);
        assert(text.size <= BYTES_MAX && text.data[text.size] == '\0');
    }
    http_body_destroy(&body);
    return 0;
}
