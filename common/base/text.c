#include "common/base/text.h"

#include <errno.h>
#include <string.h>

struct text text_of(const char *string)
{
    return (struct text){string, string == NULL ? 0 : strlen(string)};
}

bool text_equal(struct text a, struct text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static unsigned char fold(char byte)
{
    return (unsigned char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

/* Not strncasecmp: that ends at a NUL and asks the locale. */
bool text_equal_nocase(struct text a, struct text b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (fold(a.data[i]) != fold(b.data[i])) {
            return false;
        }
    }
    return true;
}

bool text_starts_with(struct text text, struct text prefix)
{
    return text.size >= prefix.size && text_equal((struct text){text.data, prefix.size}, prefix);
}

bool text_starts_with_nocase(struct text text, struct text prefix)
{
    return text.size >= prefix.size &&
           text_equal_nocase((struct text){text.data, prefix.size}, prefix);
}

bool text_ends_with_nocase(struct text text, struct text suffix)
{
    return text.size >= suffix.size &&
           text_equal_nocase(text_skip(text, text.size - suffix.size), suffix);
}

int text_compare(struct text a, struct text b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

size_t text_find(struct text text, char byte)
{
    const char *found = text.size == 0 ? NULL : memchr(text.data, byte, text.size);
    return found == NULL ? text.size : (size_t)(found - text.data);
}

bool text_has_any(struct text text, struct text bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (text_find(text, bytes.data[i]) < text.size) {
            return true;
        }
    }
    return false;
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct text text_trim(struct text text)
{
    while (text.size > 0 && is_space(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && is_space(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

struct text text_skip(struct text text, size_t offset)
{
    if (offset >= text.size) {
        return (struct text){text.data == NULL ? NULL : text.data + text.size, 0};
    }
    return (struct text){text.data + offset, text.size - offset};
}

bool text_next_part(struct text *rest, char separator, struct text *ret_part)
{
    if (rest->data == NULL) {
        return false;
    }
    size_t end = text_find(*rest, separator);
    *ret_part = (struct text){rest->data, end};
    if (end == rest->size) {
        *rest = (struct text){NULL, 0};
    } else {
        *rest = text_skip(*rest, end + 1);
    }
    return true;
}

int text_to_u64(struct text text, uint64_t maximum, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (text.size == 0) {
        return -EINVAL;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return -EINVAL;
        }
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value)) {
            return -ERANGE;
        }
    }
    if (value > maximum) {
        return -ERANGE;
    }
    *ret_value = value;
    return 0;
}

/* Length of the UTF-8 sequence at `bytes`, 0 when it is not well-formed (RFC 3629, 4). */
static size_t utf8_sequence(const unsigned char *bytes, size_t left)
{
    if (bytes[0] < 0x80) {
        return 1;
    }
    size_t length = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || left < length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* Overlong forms, surrogates and what lies above U+10FFFF show in the first two bytes. */
    unsigned int head = (unsigned int)bytes[0] << 8 | bytes[1];
    bool overlong = (head >= 0xe000 && head < 0xe0a0) || (head >= 0xf000 && head < 0xf090);
    bool outside = (head >= 0xeda0 && head < 0xee00) || head >= 0xf490;
    return overlong || outside ? 0 : length;
}

bool text_is_utf8(struct text text)
{
    size_t i = 0;
    while (i < text.size) {
        size_t length = utf8_sequence((const unsigned char *)text.data + i, text.size - i);
        if (length == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

bool text_is_ascii(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

size_t text_utf8_length(struct text text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.size; i++) {
        length += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    }
    return length;
}

char *text_to_string(struct text text)
{
    return xalloc_copy(text.data, text.size);
}

void text_lower_ascii(char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        data[i] = (char)fold(data[i]);
    }
}
