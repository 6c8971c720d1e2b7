/* Entries of event streams, their places, members of `claimed`, chunk markers, message records,
 * counts of shared limits: fields split at 0xff bytes. */
#include "common/store/store_entry.h"
#include "common/store/store_keys.h"
#include "common/store/store_look.h"
#include "common/store/store_marker.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct store_row_change changes[STORE_ENTRY_CHANGES_MAX];
    struct text fields[STORE_ENTRY_FIELDS_MAX] = {0};
    struct text whole = {(const char *)data, size};
    struct text rest = whole;
    size_t count = 0;
    while (count < STORE_ENTRY_FIELDS_MAX && text_next_part(&rest, '\xff', &fields[count])) {
        count++;
    }
    struct store_event_entry entry = {0};
    if (store_entry_read(fields, count, changes, &entry) == 0 &&
        entry.count > STORE_ENTRY_CHANGES_MAX) {
        abort();
    }
    struct store_look_tokens tokens;
    (void)!store_look_tokens_count(fields, count, 60000, INT64_C(1800000000000), &tokens);
    struct store_event_place place;
    (void)!store_entry_read_place(whole, &place);
    struct store_marker marker;
    (void)!store_marker_read(whole, &marker);
    struct store_message message;
    if (store_marker_read_message(whole, &message) == 0) {
        struct buffer packed = {0};
        store_marker_pack_message(&message, &packed);
        if (!text_equal(buffer_text(&packed), whole)) {
            abort();
        }
        buffer_finish(&packed);
    }
    struct lease_beat beat;
    (void)!store_marker_read_beat(fields, &beat);
    unsigned char campaign[16];
    uint32_t batch = 0;
    (void)!store_keys_parse_member(whole, campaign, &batch);
    return 0;
}
