/* Cursors come back from callers: what parses must give the same text again. */
#include "coordinator/events/event_cursor.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event_cursor cursor;
    if (event_cursor_parse((struct text){(const char *)data, size}, &cursor) != 0) {
        return 0;
    }
    struct buffer text = {NULL, 0, 0};
    struct event_cursor again;
    event_cursor_append(&cursor, &text);
    int error = event_cursor_parse(buffer_text(&text), &again);
    assert(error == 0);
    assert(memcmp(again.places, cursor.places, sizeof again.places) == 0);
    buffer_finish(&text);
    return 0;
}
