/* Cuts the bytes of a server into replies. Incremental and bounded: what is beyond a bound is
 * skipped, not kept; a server that never ends its reply is stopped. Pure. */
#ifndef HIKYAKU_WORKER_SMTP_REPLY_PARSER_H
#define HIKYAKU_WORKER_SMTP_REPLY_PARSER_H

#include "common/base/text.h"

#define REPLY_PARSER_LINE_MAX 2048 /* bytes kept of a line */
#define REPLY_PARSER_LINES_MAX 100 /* lines kept of a reply */
#define REPLY_PARSER_TEXT_MAX 4096 /* bytes kept of a reply */
/** Bytes of one reply, kept or not, before the server is given up. */
#define REPLY_PARSER_BYTES_MAX ((size_t)256 * 1024)

/** One complete reply. */
struct smtp_reply {
    struct text text;  /* the lines without their codes, joined by LF; control characters are '?' */
    unsigned code;     /* 200..599 */
    uint32_t enhanced; /* enhanced_code.h, of the first line; 0: none (E9) */
    bool is_cut;       /* text holds less than the server said */
};

struct reply_parser {
    struct smtp_reply reply; /* the one being collected, or just completed */
    size_t text_size;
    size_t line_size; /* bytes of the text of this line, kept or not */
    size_t seen;      /* bytes of this reply */
    unsigned lines;   /* complete lines of this reply */
    unsigned digits;  /* of this line's code, so far */
    unsigned code;    /* of this line */
    enum { REPLY_PARSER_CODE, REPLY_PARSER_SEPARATOR, REPLY_PARSER_TEXT } place;
    bool is_last;     /* this line ends the reply */
    bool is_complete; /* `reply` was handed out; the next byte starts another */
    bool is_cr_held;  /* a CR was seen, not yet known to belong to a line's end */
    char text[REPLY_PARSER_TEXT_MAX];
};

/** Forget everything; also before the first use and after STARTTLS. */
void reply_parser_init(struct reply_parser *parser);

/**
 * Take bytes up to the end of one reply.
 *
 * @param input      moved behind what was taken; empty when more is needed
 * @param ret_reply  out: valid until the next call
 * @return 1 a reply is complete; 0 more bytes are needed; -EPROTO no reply of SMTP; -EMSGSIZE it
 *         does not end. After an error only reply_parser_init() may follow: close the connection.
 * @source RFC 5321, 4.2, 4.2.1
 */
MUST_USE int reply_parser_feed(struct reply_parser *parser, struct text *input,
                               const struct smtp_reply **ret_reply);

#endif
