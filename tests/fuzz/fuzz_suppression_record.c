/* Any bytes as what stands of an address on a suppression list: judged without a fault; what can be
 * read is written again as it was, and what cannot keeps mail away. */
#include "common/policy/suppression_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text value = {(const char *)data, size};
    struct text rest = value;
    struct suppression_record record;
    struct buffer written = {0};
    int error;
    bool is_plain = true; /* actors as long as we write them */
    while ((error = suppression_record_next(&rest, &record)) == 0) {
        is_plain = is_plain && record.actor.size <= SUPPRESSION_ACTOR_BYTES_MAX;
        suppression_record_append(&record, &written);
    }
    enum suppression_reason reason = suppression_record_judge(value, true, 1800000000);
    if ((error == -EPROTO && reason == SUPPRESSION_NONE) ||
        (is_plain && !text_equal(buffer_text(&written), (struct text){value.data, written.size}))) {
        abort();
    }
    buffer_finish(&written);
    return 0;
}
