/* The archive's lines: JSON, one of the campaign, one of each recipient. Pure. No address, no merge
 * field, no content: a recipient is (campaign, index) and the caller's own ref. `id` is stable: who
 * finds it twice (a crash between archive and note) keeps either line. */
#ifndef HIKYAKU_COORDINATOR_RETENTION_ARCHIVE_LINE_H
#define HIKYAKU_COORDINATOR_RETENTION_ARCHIVE_LINE_H

#include "common/mail/rows.h"
#include "common/store/store_campaign.h"
#include "hikyaku/v1/store.pb-c.h"

/** {"id":"<campaign>","type":"campaign",...}
 *  @param recipients  false: their keys are gone, no lines of them follow */
void archive_line_campaign(const struct store_campaign *campaign, bool has_recipients,
                           struct buffer *out);

struct archive_recipient {
    const char *campaign; /* id as text */
    int64_t ended_unix_ms;
    uint32_t index;
    struct text ref;
    const Hikyaku__V1__StoredRef *own; /* labels of a message; NULL: none */
    struct row row;
};
/** {"id":"<campaign>/<index>","type":"recipient",...} */
void archive_line_recipient(const struct archive_recipient *recipient, struct buffer *out);

#endif
