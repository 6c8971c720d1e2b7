/* Writes header fields: folded at 78 where that can be, never beyond 998; ASCII only, so that what
 * is not ASCII goes into encoded words. Values are UTF-8 without control characters: whoever lets
 * outside values in checks them first (S15). Pure. */
#ifndef HIKYAKU_COMMON_MAIL_HEADER_H
#define HIKYAKU_COMMON_MAIL_HEADER_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

#define HEADER_VALUE_BYTES_MAX 998 /* of an unstructured value, before encoding */
#define HEADER_NAME_BYTES_MAX 76
#define HEADER_DATE_BYTES 32 /* with NUL */

/**
 * No CR, LF, NUL or other control character (C0, DEL, C1, which an encoded word would smuggle to
 * the reader), valid UTF-8, not too long. U+2028 and U+2029 pass: encoded, they break no line.
 *
 * @param field  names the value in the problem
 * @return 0; -EINVAL (rule S15: a control character; "utf8"); -EMSGSIZE (rule S14: above 998 bytes)
 * @source RFC 5322, 2.2; RFC 2047, 5
 */
MUST_USE int header_check_value(struct text value, const char *field, struct problem *problem);

/** A field name: printable ASCII without colon, at most 76 bytes. @return 0 or -EINVAL */
MUST_USE int header_check_name(struct text name, const char *field, struct problem *problem);

/**
 * A message id without its angle brackets: dot-atom "@" dot-atom or literal.
 * @return 0 or -EINVAL (rule message_id)
 * @source RFC 5322, 3.6.4
 */
MUST_USE int header_check_message_id(struct text id, const char *field, struct problem *problem);

/**
 * "Name: value CRLF" with free text (Subject, X-*). Values that ASCII and folding cannot carry
 * unchanged become encoded words as a whole.
 * @param value  passed header_check_value()
 */
void header_append_text(struct buffer *out, struct text name, struct text value);

/** "Name: value CRLF" for a structured ASCII value, folded only at its spaces: lists of <URL>s or
 *  message ids. @param value  ASCII; each word below 998 bytes */
void header_append_words(struct buffer *out, struct text name, struct text value);

struct header_mailbox {
    struct text address;      /* address.wire */
    struct text display_name; /* empty: the address alone */
};
/**
 * "Name: mailbox, mailbox CRLF" (From, To, Reply-To). The name becomes atoms, a quoted string or
 * encoded words. A wire form in UTF-8 is written as it is (SMTPUTF8 message, RFC 6532).
 * @source RFC 5322, 3.4; RFC 2047, 5 (3)
 */
void header_append_mailboxes(struct buffer *out, struct text name,
                             const struct header_mailbox *mailboxes, size_t count);

/**
 * "; filename=..." behind a Content-Disposition, folded. An ASCII name is one quoted string; any
 * other is given as filename*, and as that alone: beside a readable ASCII form many readers of mail
 * take the ASCII form.
 * @param name  of the parameter: "filename"
 * @source RFC 2231
 */
void header_append_parameter(struct buffer *out, const char *name, struct text value);

/**
 * RFC 5322 date: "Sat, 21 Nov 2026 09:00:00 +0900".
 * @param unix_s          0 .. 253402300799 (9999-12-31); outside: the nearest
 * @param offset_minutes  east of UTC, -1439..1439
 * @param ret_date        HEADER_DATE_BYTES
 * @return length
 */
size_t header_format_date(int64_t unix_s, int offset_minutes, char *ret_date);

#endif
