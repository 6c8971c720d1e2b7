/* What this connection's server offered in its last EHLO reply. Pure. */
#ifndef HIKYAKU_WORKER_SMTP_SMTP_CAPABILITIES_H
#define HIKYAKU_WORKER_SMTP_SMTP_CAPABILITIES_H

#include "common/base/text.h"

struct smtp_capabilities {
    bool has_pipelining; /* RFC 2920 */
    bool has_8bitmime;   /* RFC 6152 */
    bool has_size;       /* RFC 1870 */
    bool has_starttls;   /* RFC 3207 */
    bool has_smtputf8;   /* RFC 6531 */
    bool has_enhanced;   /* RFC 2034 */
    bool has_chunking;   /* RFC 3030; told, not used */
    uint32_t mail_max;   /* LIMITS MAILMAX (RFC 9422): messages a connection; 0: not said */
    uint64_t size_bytes; /* largest message; 0: not said */
};

/**
 * Read the text of an EHLO reply: the first line is the server's name, each other one a keyword
 * with parameters. What is not known or malformed is skipped.
 * @source RFC 5321, 4.1.1.1
 */
void smtp_capabilities_parse(struct text reply, struct smtp_capabilities *ret_capabilities);

#endif
