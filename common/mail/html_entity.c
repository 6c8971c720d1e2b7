#include "common/mail/html_entity.h"

#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 8

struct entity {
    const char *name;
    unsigned int point;
};

/* Sorted by name: what mail uses. */
static const struct entity entities[] = {
    {"Eacute", 0xc9},  {"Ouml", 0xd6},     {"Uuml", 0xdc},    {"aacute", 0xe1},  {"aelig", 0xe6},
    {"agrave", 0xe0},  {"amp", '&'},       {"apos", '\''},    {"aring", 0xe5},   {"auml", 0xe4},
    {"bull", 0x2022},  {"ccedil", 0xe7},   {"cent", 0xa2},    {"copy", 0xa9},    {"darr", 0x2193},
    {"deg", 0xb0},     {"divide", 0xf7},   {"eacute", 0xe9},  {"egrave", 0xe8},  {"emsp", 0x20},
    {"ensp", 0x20},    {"euro", 0x20ac},   {"frac12", 0xbd},  {"frac14", 0xbc},  {"frac34", 0xbe},
    {"gt", '>'},       {"hellip", 0x2026}, {"iacute", 0xed},  {"iexcl", 0xa1},   {"infin", 0x221e},
    {"iquest", 0xbf},  {"laquo", 0xab},    {"larr", 0x2190},  {"ldquo", 0x201c}, {"lsquo", 0x2018},
    {"lt", '<'},       {"mdash", 0x2014},  {"middot", 0xb7},  {"minus", 0x2212}, {"nbsp", 0x20},
    {"ndash", 0x2013}, {"ntilde", 0xf1},   {"oacute", 0xf3},  {"ouml", 0xf6},    {"para", 0xb6},
    {"plusmn", 0xb1},  {"pound", 0xa3},    {"quot", '"'},     {"raquo", 0xbb},   {"rarr", 0x2192},
    {"rdquo", 0x201d}, {"reg", 0xae},      {"rsquo", 0x2019}, {"sect", 0xa7},    {"shy", 0},
    {"szlig", 0xdf},   {"thinsp", 0x20},   {"times", 0xd7},   {"trade", 0x2122}, {"uacute", 0xfa},
    {"uarr", 0x2191},  {"uuml", 0xfc},     {"yen", 0xa5},     {"zwj", 0},        {"zwnj", 0},
};

static size_t encode(unsigned int point, char *bytes)
{
    if (point < 0x80) {
        bytes[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        bytes[0] = (char)(0xc0 | point >> 6);
        bytes[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        bytes[0] = (char)(0xe0 | point >> 12);
        bytes[1] = (char)(0x80 | (point >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    bytes[0] = (char)(0xf0 | point >> 18);
    bytes[1] = (char)(0x80 | (point >> 12 & 0x3f));
    bytes[2] = (char)(0x80 | (point >> 6 & 0x3f));
    bytes[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* Value of a digit, 16 when it is none of `base`. */
static unsigned int digit_value(char byte, unsigned int base)
{
    char lower = (char)(byte | 0x20);
    if (byte >= '0' && byte <= '9') {
        return (unsigned int)(byte - '0');
    }
    return base == 16 && lower >= 'a' && lower <= 'f' ? (unsigned int)(lower - 'a') + 10 : 16;
}

/* What is shown for a character: control characters and soft hyphens are dropped (0). */
static unsigned int shown_point(unsigned int point)
{
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
        return 0xfffd;
    }
    if ((point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7f && point < 0xa0) ||
        point == 0xad) {
        return 0;
    }
    return point == 0xa0 ? ' ' : point;
}

/* "#8212" or "#x2014". */
static bool read_number(struct text body, unsigned int *ret_point)
{
    bool is_hex = body.size > 2 && (body.data[1] | 0x20) == 'x';
    unsigned int base = is_hex ? 16 : 10;
    unsigned int point = 0;
    for (size_t i = is_hex ? 2 : 1; i < body.size; i++) {
        unsigned int digit = digit_value(body.data[i], base);
        if (digit >= base) {
            return false;
        }
        point = point * base + digit;
        point = point > 0x110000 ? 0x110000 : point;
    }
    *ret_point = shown_point(point);
    return body.size > 1;
}

static int compare(const void *key, const void *element)
{
    return strcmp(key, ((const struct entity *)element)->name);
}

static bool read_name(struct text body, unsigned int *ret_point)
{
    char name[NAME_BYTES_MAX + 1];
    memcpy(name, body.data, body.size);
    name[body.size] = '\0';
    const struct entity *found =
        bsearch(name, entities, sizeof entities / sizeof entities[0], sizeof entities[0], compare);
    if (found == NULL) {
        return false;
    }
    *ret_point = found->point;
    return true;
}

size_t html_entity_decode(struct text text, char *ret_bytes, size_t *ret_size)
{
    size_t window = text.size < NAME_BYTES_MAX + 2 ? text.size : NAME_BYTES_MAX + 2;
    size_t end = text_find((struct text){text.data, window}, ';');
    if (end < 2 || end == window) {
        return 0;
    }
    struct text body = {text.data + 1, end - 1};
    unsigned int point = 0;
    if (body.data[0] == '#' ? !read_number(body, &point) : !read_name(body, &point)) {
        return 0;
    }
    *ret_size = point == 0 ? 0 : encode(point, ret_bytes);
    return end + 1;
}
