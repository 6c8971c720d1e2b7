/* Transfer encodings: any text becomes 7-bit lines of at most 78 bytes that end with CRLF. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_MIME_H
#define HIKYAKU_COMMON_MAIL_MIME_H

#include "common/base/buffer.h"

enum mime_encoding {
    MIME_7BIT,
    MIME_QUOTED_PRINTABLE,
    MIME_BASE64,
};

/** "7bit", "quoted-printable", "base64". */
const char *mime_encoding_name(enum mime_encoding encoding);

/**
 * The encoding for a text part. 7bit for ASCII in lines of at most 78 bytes that no relay has a
 * reason to touch (no control characters, no line that starts with "From " or like one of our
 * boundaries); otherwise the shorter of the other two.
 * @param ret_is_ascii  the charset may be us-ascii
 */
enum mime_encoding mime_choose(struct text text, bool *ret_is_ascii);

/**
 * Append a text, encoded. Line ends (CRLF, LF, CR) become CRLF; the last line gets one.
 * @param encoding  from mime_choose() for the same text
 */
void mime_append_text(struct buffer *out, struct text text, enum mime_encoding encoding);

/** Append bytes as base64 in lines of 76, CRLF after each. @source RFC 2045, 6.8 */
void mime_append_base64(struct buffer *out, struct text data);

#define MIME_BOUNDARY_BYTES 21 /* with NUL */
/**
 * A boundary: "=_" 16 hex digits "_" level. Encoded parts cannot contain it ("=_" occurs in none
 * of the encodings), 7bit parts do not by mime_choose().
 * @param seed   differs per message
 * @param level  0..9, one per nested multipart
 * @source RFC 2046, 5.1.1
 */
void mime_boundary(uint64_t seed, unsigned int level, char *ret_boundary);

#endif
