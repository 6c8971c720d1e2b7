/* Big-endian integers and text forms of bytes: everything stored is big-endian (FORMATS). */
#ifndef HIKYAKU_COMMON_BASE_BYTES_H
#define HIKYAKU_COMMON_BASE_BYTES_H

#include "common/base/text.h"

#include <sys/types.h>

void bytes_put_u16(void *place, uint16_t value);
void bytes_put_u24(void *place, uint32_t value);
void bytes_put_u32(void *place, uint32_t value);
void bytes_put_u64(void *place, uint64_t value);
uint16_t bytes_get_u16(const void *place);
uint32_t bytes_get_u24(const void *place);
uint32_t bytes_get_u32(const void *place);
uint64_t bytes_get_u64(const void *place);

/** Lower-case hex into `ret_hex`, which holds 2 * size + 1 bytes (NUL included). */
void bytes_to_hex(const void *data, size_t size, char *ret_hex);
/** @return 0, or -EINVAL unless `hex` is exactly 2 * size hex digits. */
MUST_USE int bytes_from_hex(struct text hex, void *ret_data, size_t size);

/** Length of the Crockford base32 form of `size` bytes, without NUL. */
#define BYTES_BASE32_LENGTH(size) (((size)*8 + 4) / 5)
/** Crockford base32, upper case, most significant bits first, zero bits at the end.
 *  `ret_text` holds BYTES_BASE32_LENGTH(size) + 1 bytes. */
void bytes_to_base32(const void *data, size_t size, char *ret_text);
/** Reads either case, I and L as 1, O as 0. @return 0, or -EINVAL (length, digit, spare bits). */
MUST_USE int bytes_from_base32(struct text text, void *ret_data, size_t size);

/** Standard base64 with padding; `ret_text` holds 4 * ((size + 2) / 3) + 1 bytes. */
size_t bytes_to_base64(const void *data, size_t size, char *ret_text);

/** Length of the base64url form of `size` bytes, without NUL. */
#define BYTES_BASE64URL_LENGTH(size) (((size)*4 + 2) / 3)
/** base64url without padding (RFC 4648, 5); `ret_text` holds BYTES_BASE64URL_LENGTH(size) + 1
 *  bytes. @return its length */
size_t bytes_to_base64url(const void *data, size_t size, char *ret_text);
/** Reads only what bytes_to_base64url() makes: no padding, spare bits are zero.
 *  @param size  room in `ret_data`
 *  @return how many bytes, or -EINVAL (digit, length, spare bits, more than `size`) */
MUST_USE ssize_t bytes_from_base64url(struct text text, void *ret_data, size_t size);

/** SipHash-2-4 with a 16-byte key: hash tables over outside strings. @source Aumasson, Bernstein
 * 2012 */
uint64_t bytes_siphash(const void *data, size_t size, const unsigned char key[16]);

#endif
