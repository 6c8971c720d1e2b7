/* The TXT record of a DKIM key as text: as it is published, and held against what DNS shows. Pure.
 */
#ifndef HIKYAKU_COMMON_MAIL_DKIM_RECORD_H
#define HIKYAKU_COMMON_MAIL_DKIM_RECORD_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

/**
 * A TXT record as a line of a zone file, appended: `<name>. IN TXT ( "..." "..." )`, in strings of
 * at most 255 bytes (D9).
 * @param content  without quotes and backslashes
 * @source RFC 6376, 3.6.2.2; RFC 1035, 5.1
 */
void dkim_record_append_zone_line(struct text name, struct text content, struct buffer *line);

/**
 * Is `published` a record of the same key as `own`, and does it allow e-mail signed by it with
 * SHA-256? (D8)
 *
 * @param own        as dkim_key_append_record() wrote it
 * @param published  content of the TXT record, its strings joined
 * @return 0; -EPROTO (no DKIM record); -EKEYREVOKED (p= is empty); -EKEYREJECTED (another key, or
 *         of another kind, hash or service). The problem's rule is D8.
 * @source RFC 6376, 3.6.1
 */
MUST_USE int dkim_record_check(struct text own, struct text published, struct problem *problem);

#endif
