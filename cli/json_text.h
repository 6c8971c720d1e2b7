/* Texts as JSON strings. Pure. (jansson reads and writes whole values; this writes one string where
 * a value is built by hand.) */
#ifndef HIKYAKU_CLI_JSON_TEXT_H
#define HIKYAKU_CLI_JSON_TEXT_H

#include "common/base/buffer.h"

/** Append `text` (valid UTF-8) in quotes. @source RFC 8259, 7 */
void json_text_append(struct buffer *out, struct text text);
/** Is this a number as JSON writes it? @source RFC 8259, 6 */
bool json_text_is_number(struct text text);

#endif
