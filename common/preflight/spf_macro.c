#include "common/preflight/spf_macro.h"

#include <string.h>

#define DELIMITERS ".-+,/_="
#define NAME_LENGTH_MAX 253
#define PARTS_MAX 128

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'z';
}

static bool is_one_of(char byte, const char *set)
{
    return byte != '\0' && strchr(set, byte) != NULL;
}

/* One macro as it stands between "%{" and "}". */
struct macro {
    char letter;
    bool escapes; /* upper case: as in a URL */
    bool reverses;
    unsigned int parts; /* from the right; 0: all */
    char delimiters[8]; /* at least "." */
    size_t size;        /* from '%' to '}' */
};

static size_t read_parts(struct text rest, struct macro *macro)
{
    size_t used = 0;
    unsigned int parts = 0;
    while (used < rest.size && is_digit(rest.data[used]) && parts <= PARTS_MAX) {
        parts = parts * 10 + (unsigned int)(rest.data[used++] - '0');
    }
    macro->parts = parts;
    return used;
}

/* @param rest  from '%' on. @return false: not a macro-expand of the form %{...} */
static bool read_macro(struct text rest, struct macro *ret_macro)
{
    struct macro macro = {.delimiters = "."};
    if (rest.size < 4 || rest.data[1] != '{' || !is_letter(rest.data[2])) {
        return false;
    }
    macro.letter = (char)(rest.data[2] | 0x20);
    macro.escapes = macro.letter != rest.data[2];
    size_t place = 3;
    size_t digits = read_parts(text_skip(rest, place), &macro);
    place += digits;
    macro.reverses = place < rest.size && (rest.data[place] | 0x20) == 'r';
    place += macro.reverses ? 1 : 0;
    size_t count = 0;
    while (place < rest.size && is_one_of(rest.data[place], DELIMITERS)) {
        bool is_new = memchr(macro.delimiters, rest.data[place], count) == NULL;
        macro.delimiters[count] = rest.data[place++];
        count += is_new ? 1 : 0;
        macro.delimiters[count] = '\0';
    }
    if (count == 0) {
        memcpy(macro.delimiters, ".", 2);
    }
    bool is_whole = place < rest.size && rest.data[place] == '}';
    bool is_known = is_one_of(macro.letter, "slodiphv");
    macro.size = place + 1;
    *ret_macro = macro;
    return is_whole && is_known && !(digits > 0 && macro.parts == 0) && macro.parts <= PARTS_MAX;
}

/* @return bytes of the piece at the beginning of `rest`, 0: none; a literal is one byte */
static size_t piece_of(struct text rest, struct macro *ret_macro)
{
    char first = rest.data[0];
    ret_macro->letter = '\0';
    if (first != '%') {
        return first >= 0x21 && first <= 0x7e ? 1 : 0;
    }
    if (rest.size > 1 && is_one_of(rest.data[1], "%_-")) {
        return 2;
    }
    return read_macro(rest, ret_macro) ? ret_macro->size : 0;
}

bool spf_macro_is_string(struct text spec)
{
    struct macro macro;
    while (spec.size > 0) {
        size_t used = piece_of(spec, &macro);
        if (used == 0) {
            return false;
        }
        spec = text_skip(spec, used);
    }
    return true;
}

/* RFC 7208, 7.1: toplabel. */
static bool is_top_label(struct text label)
{
    bool has_other = false;
    if (label.size == 0 || label.data[0] == '-' || label.data[label.size - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.size; i++) {
        char byte = label.data[i];
        if (!is_letter(byte) && !is_digit(byte) && byte != '-') {
            return false;
        }
        has_other = has_other || !is_digit(byte);
    }
    return has_other;
}

bool spf_macro_is_domain(struct text spec)
{
    struct macro macro = {.letter = '\0'};
    struct text rest = spec;
    bool ends_with_macro = false;
    size_t label = spec.size; /* where the label behind the last dot of literals begins */
    while (rest.size > 0) {
        size_t used = piece_of(rest, &macro);
        if (used == 0) {
            return false;
        }
        ends_with_macro = macro.letter != '\0';
        bool is_inner_dot = used == 1 && rest.data[0] == '.' && rest.size > 1;
        label = is_inner_dot ? spec.size - rest.size + 1 : label;
        rest = text_skip(rest, used);
    }
    struct text last = text_skip(spec, label);
    last.size -= last.size > 0 && last.data[last.size - 1] == '.' ? 1 : 0;
    return ends_with_macro || is_top_label(last);
}

static void append_nibbles(const unsigned char bytes[16], struct buffer *out)
{
    for (size_t i = 0; i < 16; i++) {
        buffer_printf(out, "%s%x.%x", i > 0 ? "." : "", bytes[i] >> 4, bytes[i] & 15);
    }
}

static void append_value(char letter, const struct spf_macro_values *values, struct buffer *out)
{
    switch (letter) {
    case 's':
        buffer_printf(out, "%.*s@%.*s", TEXT_PRINT(values->local_part),
                      TEXT_PRINT(values->sender_domain));
        break;
    case 'l':
        buffer_append_text(out, values->local_part);
        break;
    case 'o':
        buffer_append_text(out, values->sender_domain);
        break;
    case 'd':
        buffer_append_text(out, values->domain);
        break;
    case 'h':
        buffer_append_text(out, values->helo);
        break;
    case 'v':
        buffer_append_string(out, values->ip->is_v6 ? "ip6" : "in-addr");
        break;
    case 'i':
        if (values->ip->is_v6) {
            append_nibbles(values->ip->bytes, out);
        } else {
            const unsigned char *bytes = values->ip->bytes;
            buffer_printf(out, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
        }
        break;
    default: /* p */
        buffer_append_string(out, "unknown");
        break;
    }
}

static size_t split(struct text value, const char *delimiters, struct text parts[PARTS_MAX])
{
    size_t count = 0;
    size_t from = 0;
    for (size_t i = 0; i <= value.size && count < PARTS_MAX; i++) {
        if (i == value.size || is_one_of(value.data[i], delimiters)) {
            parts[count++] = (struct text){value.data + from, i - from};
            from = i + 1;
        }
    }
    return count;
}

static void append_part(struct text part, bool escapes, struct buffer *out)
{
    for (size_t i = 0; i < part.size; i++) {
        char byte = part.data[i];
        bool is_plain = is_letter(byte) || is_digit(byte) || is_one_of(byte, "-._~");
        if (escapes && !is_plain) {
            buffer_printf(out, "%%%02X", (unsigned char)byte);
        } else {
            buffer_append_byte(out, byte);
        }
    }
}

static void expand_one(const struct macro *macro, const struct spf_macro_values *values,
                       struct buffer *out)
{
    OWNED(buffer_finish) struct buffer value = {0};
    struct text parts[PARTS_MAX];
    append_value(macro->letter, values, &value);
    size_t count = split(buffer_text(&value), macro->delimiters, parts);
    size_t kept = macro->parts > 0 && macro->parts < count ? macro->parts : count;
    for (size_t i = count - kept; i < count; i++) {
        size_t place = macro->reverses ? count - 1 - i : i;
        /* Reversed first, then cut from the left (RFC 7208, 7.3). */
        buffer_append_string(out, i > count - kept ? "." : "");
        append_part(parts[place], macro->escapes, out);
    }
}

/* Labels are dropped at the left until the name fits. */
static void cut(struct buffer *name)
{
    while (name->size > NAME_LENGTH_MAX) {
        size_t dot = text_find(buffer_text(name), '.');
        buffer_consume(name, dot < name->size ? dot + 1 : name->size);
    }
}

/* @return bytes of the piece */
static size_t expand_piece(struct text spec, const struct spf_macro_values *values,
                           struct buffer *out)
{
    struct macro macro;
    size_t used = piece_of(spec, &macro);
    if (macro.letter != '\0') {
        expand_one(&macro, values, out);
    } else if (used == 2) {
        const char *escaped = spec.data[1] == '_' ? " " : "%20";
        buffer_append_string(out, spec.data[1] == '%' ? "%" : escaped);
    } else {
        buffer_append_byte(out, spec.data[0]);
    }
    return used > 0 ? used : 1;
}

void spf_macro_expand(struct text spec, const struct spf_macro_values *values,
                      struct buffer *ret_name)
{
    buffer_clear(ret_name);
    while (spec.size > 0) {
        spec = text_skip(spec, expand_piece(spec, values, ret_name));
    }
    if (ret_name->size > 0 && ret_name->data[ret_name->size - 1] == '.') {
        ret_name->size--;
    }
    cut(ret_name);
}
