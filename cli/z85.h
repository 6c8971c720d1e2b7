/* Z85, the text form of CURVE keys in ZeroMQ: 32 bytes are 40 characters. Pure.
 * @source ZeroMQ RFC 32 */
#ifndef HIKYAKU_CLI_Z85_H
#define HIKYAKU_CLI_Z85_H

#include "common/base/text.h"

/** Length of the text of `size` bytes, without NUL; `size` is a multiple of 4. */
#define Z85_LENGTH(size) ((size) / 4 * 5)

/** @param ret_text  Z85_LENGTH(size) + 1 bytes */
void z85_encode(const unsigned char *data, size_t size, char *ret_text);

#endif
