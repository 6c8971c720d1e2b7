#include "coordinator/unsubscribe/unsubscribe_form.h"

#include <errno.h>
#include <string.h>

/* Names and values that matter are shorter. */
#define WORD_BYTES 32
#define BOUNDARY_BYTES_MAX 70 /* RFC 2046, 5.1.1 */
#define DELIMITER_BYTES (4 + BOUNDARY_BYTES_MAX)

/* A decoded word; one that is too long is no word of ours. */
struct word {
    char bytes[WORD_BYTES];
    size_t size;
};

static void note(struct unsubscribe_form *form, struct text name, struct text value)
{
    if (text_equal_nocase(name, TEXT("List-Unsubscribe"))) {
        form->is_one_click = form->is_one_click || text_equal_nocase(value, TEXT("One-Click"));
    } else if (text_equal(name, TEXT("page"))) {
        form->is_page = true;
    } else if (text_equal(name, TEXT("scope"))) {
        form->is_of_all = form->is_of_all || text_equal(value, TEXT("all"));
    }
}

/* ---- application/x-www-form-urlencoded */

static int hex_of(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* @return the byte at `at`, and how many bytes it took */
static char decode_one(struct text text, size_t at, size_t *ret_taken)
{
    char byte = text.data[at];
    *ret_taken = 1;
    if (byte == '+') {
        return ' ';
    }
    if (byte == '%' && at + 2 < text.size && hex_of(text.data[at + 1]) >= 0 &&
        hex_of(text.data[at + 2]) >= 0) {
        *ret_taken = 3;
        return (char)(hex_of(text.data[at + 1]) << 4 | hex_of(text.data[at + 2]));
    }
    return byte;
}

static struct text decode(struct text text, struct word *word)
{
    size_t taken = 0;
    word->size = 0;
    for (size_t at = 0; at < text.size; at += taken) {
        if (word->size == sizeof word->bytes) {
            return TEXT("");
        }
        word->bytes[word->size++] = decode_one(text, at, &taken);
    }
    return (struct text){word->bytes, word->size};
}

static int read_pairs(struct text body, struct unsubscribe_form *form)
{
    struct text rest = text_trim(body);
    struct text pair;
    for (size_t count = 0; text_next_part(&rest, '&', &pair); count++) {
        struct word name;
        struct word value;
        size_t equals = text_find(pair, '=');
        if (count == UNSUBSCRIBE_FORM_FIELDS_MAX) {
            return -EINVAL;
        }
        struct text decoded = decode((struct text){pair.data, equals}, &name);
        note(form, decoded, decode(text_skip(pair, equals + 1), &value));
    }
    return 0;
}

/* ---- parameters of header fields: name=value or name="value" */

/* @return data NULL: it is not there */
static struct text find_parameter(struct text field, struct text name)
{
    struct text rest = field;
    struct text part;
    while (text_next_part(&rest, ';', &part)) {
        part = text_trim(part);
        size_t equals = text_find(part, '=');
        if (text_equal_nocase(text_trim((struct text){part.data, equals}), name) &&
            equals < part.size) {
            struct text value = text_trim(text_skip(part, equals + 1));
            bool is_quoted =
                value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"';
            return is_quoted ? (struct text){value.data + 1, value.size - 2} : value;
        }
    }
    return (struct text){NULL, 0};
}

/* ---- multipart/form-data (RFC 7578) */

static size_t find_bytes(struct text text, struct text bytes)
{
    const char *found =
        text.size == 0 ? NULL : memmem(text.data, text.size, bytes.data, bytes.size);
    return found == NULL ? text.size : (size_t)(found - text.data);
}

static struct text name_of_part(struct text head)
{
    struct text rest = head;
    struct text line;
    while (text_next_part(&rest, '\n', &line)) {
        if (text_starts_with_nocase(line, TEXT("Content-Disposition:"))) {
            return find_parameter(text_trim(line), TEXT("name"));
        }
    }
    return (struct text){NULL, 0};
}

/* One part, between two delimiters, behind the line end of the first. @return 0 or -EINVAL */
static int read_part(struct text part, struct unsubscribe_form *form)
{
    size_t end = find_bytes(part, TEXT("\r\n\r\n"));
    if (end == part.size) {
        return -EINVAL;
    }
    note(form, name_of_part((struct text){part.data, end}),
         text_trim(text_skip(part, end + strlen("\r\n\r\n"))));
    return 0;
}

static int read_parts(struct text body, struct text boundary, struct unsubscribe_form *form)
{
    char bytes[DELIMITER_BYTES] = "\r\n--";
    memcpy(bytes + 4, boundary.data, boundary.size);
    const struct text delimiter = {bytes, 4 + boundary.size};
    /* The line end of the first one may be the end of the header. */
    struct text first = text_skip(delimiter, 2);
    struct text rest = text_starts_with(body, first)
                           ? text_skip(body, first.size)
                           : text_skip(body, find_bytes(body, delimiter) + delimiter.size);
    for (size_t count = 0; !text_starts_with(rest, TEXT("--")); count++) {
        size_t size = find_bytes(rest, delimiter);
        if (size == rest.size || count == UNSUBSCRIBE_FORM_FIELDS_MAX) {
            return -EINVAL;
        }
        int error = read_part((struct text){rest.data, size}, form);
        if (error != 0) {
            return error;
        }
        rest = text_skip(rest, size + delimiter.size);
    }
    return 0;
}

/* ---- */

int unsubscribe_form_read(struct text content_type, struct text body,
                          struct unsubscribe_form *ret_form)
{
    struct unsubscribe_form form = {false, false, false};
    struct text type = text_trim((struct text){content_type.data, text_find(content_type, ';')});
    int error = -EPROTONOSUPPORT;
    if (type.size == 0 || text_equal_nocase(type, TEXT("application/x-www-form-urlencoded"))) {
        error = read_pairs(body, &form);
    } else if (text_equal_nocase(type, TEXT("multipart/form-data"))) {
        struct text boundary = find_parameter(content_type, TEXT("boundary"));
        bool is_good = boundary.size > 0 && boundary.size <= BOUNDARY_BYTES_MAX;
        error = is_good ? read_parts(body, boundary, &form) : -EINVAL;
    }
    if (error == 0) {
        *ret_form = form;
    }
    return error;
}
