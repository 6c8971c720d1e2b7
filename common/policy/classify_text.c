#include "common/policy/classify_text.h"

#include <string.h>

/* U+00C0 to U+00FF, then U+0100 to U+017F. */
static const char latin_1[] = "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty";
static const char latin_a[] = "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
                              "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

struct plain {
    char *data;
    size_t size;
};

static bool is_digit(struct text text, size_t i)
{
    return i < text.size && text.data[i] >= '0' && text.data[i] <= '9';
}

/* Bytes of "5.7.1 " at `start`; 0: it is not there, or more than a code. */
static size_t enhanced_size(struct text text, size_t start)
{
    size_t place = start;
    for (size_t number = 0; number < 3; number++) {
        size_t digits = 0;
        while (is_digit(text, place + digits)) {
            digits++;
        }
        char end = number < 2 ? '.' : ' ';
        place += digits;
        if (digits == 0 || digits > 3 || place >= text.size || text.data[place] != end) {
            return 0;
        }
        place++;
    }
    return place - start;
}

/* Replies of several lines repeat their codes ("550-5.7.1 ..."), and joined ones have them amid
 * their words. @return bytes of such codes, the space behind them included */
static size_t codes_size(struct text text)
{
    bool has_code = is_digit(text, 0) && is_digit(text, 1) && is_digit(text, 2);
    if (!has_code || text.size < 5 || (text.data[0] != '4' && text.data[0] != '5')) {
        return enhanced_size(text, 0);
    }
    size_t enhanced = enhanced_size(text, 4);
    bool is_line = text.data[3] == '-' && (enhanced > 0 || !is_digit(text, 4));
    return is_line || (text.data[3] == ' ' && enhanced > 0) ? 4 + enhanced : 0;
}

static void put(struct plain *plain, char byte)
{
    bool is_space = (unsigned char)byte <= ' ' || byte == 0x7f;
    if (is_space && (plain->size == 0 || plain->data[plain->size - 1] == ' ')) {
        return;
    }
    if (plain->size < CLASSIFY_TEXT_MAX) {
        plain->data[plain->size++] = is_space ? ' ' : byte;
    }
}

static bool is_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("._+-", byte) != NULL);
}

/* The local part that stands before the '@' goes, and the domain behind it.
 * @return bytes of `text` used up, the '@' included */
static size_t put_address(struct plain *plain, struct text text)
{
    while (plain->size > 0 && is_word(plain->data[plain->size - 1])) {
        plain->size--;
    }
    put(plain, '@');
    size_t size = 1;
    while (size < text.size && is_word(text.data[size])) {
        size++;
    }
    return text.data[size - 1] == '.' && size > 1 ? size - 1 : size;
}

static bool is_tail(struct text text, size_t i)
{
    return i < text.size && ((unsigned char)text.data[i] & 0xc0U) == 0x80;
}

/* Three bytes of U+2000 to U+203F: spaces, dashes and quotes. */
static void put_punctuation(struct plain *plain, unsigned char last)
{
    if (last >= 0x90 && last <= 0x95) {
        put(plain, '-');
    } else if (last >= 0x98 && last <= 0x9b) {
        put(plain, '\'');
    } else if (last >= 0x9c && last <= 0x9f) {
        put(plain, '"');
    } else {
        put(plain, ' ');
    }
}

/* A character beyond ASCII, or a byte of Latin-1. @return bytes used up */
static size_t put_other(struct plain *plain, struct text text)
{
    unsigned char lead = (unsigned char)text.data[0];
    unsigned char next = is_tail(text, 1) ? (unsigned char)text.data[1] : 0;
    if (next == 0 && lead >= 0xc0) {
        put(plain, latin_1[lead - 0xc0]);
        return 1;
    }
    if (lead == 0xc2 && next != 0) {
        put(plain, ' ');
        return 2;
    }
    if (lead == 0xc3) {
        put(plain, latin_1[next - 0x80]);
        return 2;
    }
    if (lead == 0xc4 || lead == 0xc5) {
        put(plain, latin_a[(size_t)(lead - 0xc4) * 64 + next - 0x80]);
        return 2;
    }
    if (lead == 0xe2 && next == 0x80 && is_tail(text, 2)) {
        put_punctuation(plain, (unsigned char)text.data[2]);
        return 3;
    }
    put(plain, (char)lead);
    return 1;
}

/* Writes what the text begins with, and returns how much of it that was. */
static size_t put_next(struct plain *plain, struct text text)
{
    char byte = text.data[0];
    bool is_later_word = plain->size > 0 && plain->data[plain->size - 1] == ' ';
    size_t codes = is_later_word ? codes_size(text) : 0;
    if (codes > 0) {
        return codes;
    }
    if (((unsigned char)byte & 0x80U) != 0) {
        return put_other(plain, text);
    }
    if (byte == '@') {
        return put_address(plain, text);
    }
    put(plain, byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte);
    return 1;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): written through plain.data */
size_t classify_text_plain(struct text text, char ret_text[CLASSIFY_TEXT_MAX])
{
    struct plain plain = {.data = ret_text};
    while (text.size > 0 && plain.size < CLASSIFY_TEXT_MAX) {
        text = text_skip(text, put_next(&plain, text));
    }
    while (plain.size > 0 && ret_text[plain.size - 1] == ' ') {
        plain.size--;
    }
    return plain.size;
}
