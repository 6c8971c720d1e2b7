/* Replies of a hostile server: whatever comes, however it is cut, the same replies within bounds.
 */
#include "common/base/buffer.h"
#include "worker/smtp/reply_parser.h"
#include "worker/smtp/smtp_capabilities.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void append_reply(struct buffer *out, const struct smtp_reply *reply)
{
    struct smtp_capabilities capabilities;
    assert(reply->code >= 200 && reply->code <= 599);
    assert(reply->text.size <= REPLY_PARSER_TEXT_MAX);
    assert(reply->text.size == 0 || memchr(reply->text.data, '\0', reply->text.size) == NULL);
    assert(reply->text.size == 0 || memchr(reply->text.data, '\r', reply->text.size) == NULL);
    smtp_capabilities_parse(reply->text, &capabilities);
    buffer_printf(out, "%u %u %d ", reply->code, reply->enhanced, reply->is_cut);
    buffer_append_text(out, reply->text);
    buffer_append_byte(out, '\0');
}

/* Feed in pieces of `step` bytes; what comes out goes to `out`. */
static void run(struct text input, size_t step, struct buffer *out)
{
    struct reply_parser parser;
    int result = 0;
    reply_parser_init(&parser);
    while (input.size > 0 && result >= 0) {
        struct text piece = {input.data, input.size < step ? input.size : step};
        input = text_skip(input, piece.size);
        do {
            const struct smtp_reply *reply = NULL;
            result = reply_parser_feed(&parser, &piece, &reply);
            if (result > 0) {
                append_reply(out, reply);
            }
        } while (result > 0);
        assert(result < 0 || piece.size == 0);
    }
    buffer_printf(out, "%d", result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(buffer_finish) struct buffer whole = {0};
    OWNED(buffer_finish) struct buffer cut = {0};
    OWNED(buffer_finish) struct buffer bytewise = {0};
    struct text input = {(const char *)data, size};
    run(input, size, &whole);
    run(input, 3, &cut);
    run(input, 1, &bytewise);
    assert(text_equal(buffer_text(&whole), buffer_text(&cut)));
    assert(text_equal(buffer_text(&whole), buffer_text(&bytewise)));
    return 0;
}
