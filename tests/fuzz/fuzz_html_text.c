/* Text from HTML: any bytes give at most the limit, behind what the buffer holds already; valid
 * UTF-8 stays valid, wherever it is cut. Input: two bytes of limit, HTML. */
#include "common/mail/html_text.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char before[] = "before";
    OWNED(buffer_finish) struct buffer out = {0};
    if (size < 2) {
        return 0;
    }
    size_t limit = (size_t)data[0] << 8 | data[1];
    struct text html = {(const char *)data + 2, size - 2};
    buffer_append_string(&out, before);
    html_text_append(&out, html, limit);
    struct text made = text_skip(buffer_text(&out), sizeof before - 1);
    assert(text_starts_with(buffer_text(&out), TEXT("before")));
    assert(made.size <= limit);
    assert(!text_is_utf8(html) || text_is_utf8(made));
    return 0;
}
