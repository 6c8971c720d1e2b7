/* The words of a header line: plain, quoted, encoded, and where the line may be folded. Used by
 * header.c. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_HEADER_WORDS_H
#define HIKYAKU_COMMON_MAIL_HEADER_WORDS_H

#include "common/base/buffer.h"

#define HEADER_WORDS_LINE 78 /* bytes of a line that folding aims at */

/** A field in the making. */
struct header_words {
    struct buffer *out;
    size_t column; /* bytes on the current line */
};

/** atext of RFC 5322, 3.2.3. */
bool header_words_is_atom(char byte);

/** CRLF and the blank that continues the field. */
void header_words_fold(struct header_words *words);

/** Words between single spaces, folded at spaces. */
void header_words_append_plain(struct header_words *words, struct text value);

/** One run of bytes that cannot be folded, with what sticks to its end; on a line of its own when
 *  it does not fit on this one. */
void header_words_append_token(struct header_words *words, struct text token, struct text tail);

/** A display name: atoms, a quoted string or encoded words. @source RFC 5322, 3.2.5; RFC 2047, 5 */
void header_words_append_phrase(struct header_words *words, struct text phrase);

/** UTF-8 as encoded words of at most 75 bytes, in B or Q, whichever is shorter; no character is
 *  split. @source RFC 2047, 2, 4, 5 */
void header_words_append_encoded(struct header_words *words, struct text value);

#endif
