/* Stored hashes of campaigns: fields split at 0xff bytes. */
#include "common/store/store_header.h"

#include <stdlib.h>

#define FIELDS_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char campaign[16] = {1};
    static struct store_header header;
    struct text fields[FIELDS_MAX];
    struct text rest = {(const char *)data, size};
    size_t count = 0;
    while (count < FIELDS_MAX && text_next_part(&rest, '\xff', &fields[count])) {
        count++;
    }
    if (store_header_read(fields, count, campaign, &header) == 0) {
        const struct store_campaign *read = &header.campaign;
        if (read->site_count > STORE_CAMPAIGN_SITES_MAX || read->tenant.size == 0 ||
            read->label_count > STORE_HEADER_LABELS_MAX) {
            abort();
        }
        /* What was read can be packed again. */
        struct buffer labels = {0};
        store_header_pack_labels(read->labels, read->label_count, &labels);
        buffer_finish(&labels);
    }
    return 0;
}
