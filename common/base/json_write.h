/* Writing JSON text (RFC 8259). */
#ifndef HIKYAKU_COMMON_BASE_JSON_WRITE_H
#define HIKYAKU_COMMON_BASE_JSON_WRITE_H

#include "common/base/buffer.h"

/** Append a string with its quotes. @param text  UTF-8; control characters are escaped
 *  @source RFC 8259, 7 */
void json_write_string(struct buffer *out, struct text text);

#endif
