#include "common/base/bytes.h"

#include <errno.h>
#include <string.h>

static void put(void *place, uint64_t value, size_t size)
{
    unsigned char *bytes = place;
    for (size_t i = size; i > 0; i--) {
        bytes[i - 1] = (unsigned char)(value & 0xff);
        value >>= 8;
    }
}

static uint64_t get(const void *place, size_t size)
{
    const unsigned char *bytes = place;
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

void bytes_put_u16(void *place, uint16_t value)
{
    put(place, value, 2);
}

void bytes_put_u24(void *place, uint32_t value)
{
    put(place, value, 3);
}

void bytes_put_u32(void *place, uint32_t value)
{
    put(place, value, 4);
}

void bytes_put_u64(void *place, uint64_t value)
{
    put(place, value, 8);
}

uint16_t bytes_get_u16(const void *place)
{
    return (uint16_t)get(place, 2);
}

uint32_t bytes_get_u24(const void *place)
{
    return (uint32_t)get(place, 3);
}

uint32_t bytes_get_u32(const void *place)
{
    return (uint32_t)get(place, 4);
}

uint64_t bytes_get_u64(const void *place)
{
    return get(place, 8);
}

void bytes_to_hex(const void *data, size_t size, char *ret_hex)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        ret_hex[2 * i] = digits[bytes[i] >> 4];
        ret_hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_hex[2 * size] = '\0';
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int bytes_from_hex(struct text hex, void *ret_data, size_t size)
{
    unsigned char *bytes = ret_data;
    if (hex.size != 2 * size) {
        return -EINVAL;
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(hex.data[2 * i]);
        int low = hex_digit(hex.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return -EINVAL;
        }
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}

void bytes_to_base32(const void *data, size_t size, char *ret_text)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const unsigned char *bytes = data;
    uint32_t bits = 0;
    unsigned int held = 0;
    size_t out = 0;
    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | bytes[i];
        held += 8;
        while (held >= 5) {
            held -= 5;
            ret_text[out++] = digits[bits >> held & 31];
        }
    }
    if (held > 0) {
        ret_text[out++] = digits[bits << (5 - held) & 31];
    }
    ret_text[out] = '\0';
}

static int base32_digit(char digit)
{
    static const char letters[] = "ABCDEFGHJKMNPQRSTVWXYZ";
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    char upper = digit >= 'a' && digit <= 'z' ? (char)(digit - 32) : digit;
    if (upper == 'O') {
        return 0;
    }
    if (upper == 'I' || upper == 'L') {
        return 1;
    }
    const char *found = upper == '\0' ? NULL : strchr(letters, upper);
    return found == NULL ? -1 : (int)(found - letters) + 10;
}

int bytes_from_base32(struct text text, void *ret_data, size_t size)
{
    unsigned char *bytes = ret_data;
    uint32_t bits = 0;
    unsigned int held = 0;
    size_t out = 0;
    if (text.size != BYTES_BASE32_LENGTH(size)) {
        return -EINVAL;
    }
    for (size_t i = 0; i < text.size; i++) {
        int digit = base32_digit(text.data[i]);
        if (digit < 0) {
            return -EINVAL;
        }
        bits = bits << 5 | (uint32_t)digit;
        held += 5;
        if (held >= 8) {
            held -= 8;
            bytes[out++] = (unsigned char)(bits >> held & 0xff);
        }
    }
    return (bits & ((UINT32_C(1) << held) - 1)) == 0 ? 0 : -EINVAL;
}

size_t bytes_to_base64(const void *data, size_t size, char *ret_text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *bytes = data;
    size_t out = 0;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? bytes[i + 2] : 0);
        ret_text[out++] = digits[group >> 18];
        ret_text[out++] = digits[group >> 12 & 63];
        ret_text[out++] = left > 1 ? digits[group >> 6 & 63] : '=';
        ret_text[out++] = left > 2 ? digits[group & 63] : '=';
    }
    ret_text[out] = '\0';
    return out;
}

static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t bytes_to_base64url(const void *data, size_t size, char *ret_text)
{
    const unsigned char *bytes = data;
    uint32_t bits = 0;
    unsigned int held = 0;
    size_t out = 0;
    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | bytes[i];
        for (held += 8; held >= 6; held -= 6) {
            ret_text[out++] = url_digits[bits >> (held - 6) & 63];
        }
    }
    if (held > 0) {
        ret_text[out++] = url_digits[bits << (6 - held) & 63];
    }
    ret_text[out] = '\0';
    return out;
}

static int url_digit(char c)
{
    const char *place = c == '\0' ? NULL : strchr(url_digits, c);
    return place == NULL ? -1 : (int)(place - url_digits);
}

ssize_t bytes_from_base64url(struct text text, void *ret_data, size_t size)
{
    unsigned char *bytes = ret_data;
    uint32_t bits = 0;
    unsigned int held = 0;
    size_t out = 0;
    if (text.size % 4 == 1 || text.size / 4 * 3 + (text.size % 4 * 3) / 4 > size) {
        return -EINVAL;
    }
    for (size_t i = 0; i < text.size; i++) {
        int digit = url_digit(text.data[i]);
        if (digit < 0) {
            return -EINVAL;
        }
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[out++] = (unsigned char)(bits >> held & 0xff);
        }
    }
    return (bits & ((UINT32_C(1) << held) - 1)) == 0 ? (ssize_t)out : -EINVAL;
}

static uint64_t rotate(uint64_t value, unsigned int bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t get_little(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

uint64_t bytes_siphash(const void *data, size_t size, const unsigned char key[16])
{
    const unsigned char *bytes = data;
    uint64_t key_low = get_little(key, 8);
    uint64_t key_high = get_little(key + 8, 8);
    uint64_t v[4] = {
        key_low ^ UINT64_C(0x736f6d6570736575), key_high ^ UINT64_C(0x646f72616e646f6d),
        key_low ^ UINT64_C(0x6c7967656e657261), key_high ^ UINT64_C(0x7465646279746573)};
    size_t whole = size / 8 * 8;
    for (size_t i = 0; i <= whole; i += 8) {
        uint64_t word = i < whole ? get_little(bytes + i, 8)
                                  : (uint64_t)size << 56 | get_little(bytes + i, size - whole);
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
