/* Character references of HTML. Used by html_text.c. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_HTML_ENTITY_H
#define HIKYAKU_COMMON_MAIL_HTML_ENTITY_H

#include "common/base/text.h"

#define HTML_ENTITY_BYTES 4 /* most bytes of a decoded character */

/**
 * Decode the reference that starts with "&".
 *
 * @param ret_bytes  HTML_ENTITY_BYTES, UTF-8
 * @param ret_size   bytes decoded; 0: the character is one to drop
 * @return bytes of the reference, semicolon included; 0: none that we know
 */
size_t html_entity_decode(struct text text, char *ret_bytes, size_t *ret_size);

#endif
