/* A borrowed run of bytes. Everything from outside is a struct text: sized, never NUL-trusted. */
#ifndef HIKYAKU_COMMON_BASE_TEXT_H
#define HIKYAKU_COMMON_BASE_TEXT_H

#include "common/base/xalloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    const char *data; /* borrowed; may be NULL when size is 0 */
    size_t size;      /* bytes */
};

/** A text over a string literal. */
#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})
/** For printf: printf("%.*s", TEXT_PRINT(text)). */
#define TEXT_PRINT(text) (int)(text).size, (text).data == NULL ? "" : (text).data

/** Borrow a NUL-terminated string (NULL gives the empty text). */
struct text text_of(const char *string);

/** Compare bytes; the _nocase forms fold ASCII letters only. */
bool text_equal(struct text a, struct text b);
bool text_equal_nocase(struct text a, struct text b);
bool text_starts_with(struct text text, struct text prefix);
bool text_starts_with_nocase(struct text text, struct text prefix);
bool text_ends_with_nocase(struct text text, struct text suffix);
/** memcmp order, shorter first: for qsort and canonical encodings. */
int text_compare(struct text a, struct text b);

/** Position of the first `byte`, or text.size when there is none. */
size_t text_find(struct text text, char byte);
/** True when any byte of `bytes` occurs in `text`. */
bool text_has_any(struct text text, struct text bytes);
/** Cut off ASCII white space at both ends. */
struct text text_trim(struct text text);
/** The part from `offset` on (empty when offset is beyond the end). */
struct text text_skip(struct text text, size_t offset);
/**
 * Take the part before the next `separator` and move `rest` behind it.
 * @return false when `rest` is used up (data == NULL); the last part is returned once.
 */
bool text_next_part(struct text *rest, char separator, struct text *ret_part);

/** Decimal digits only, no sign, no space. @return 0, -EINVAL, or -ERANGE above `maximum`. */
MUST_USE int text_to_u64(struct text text, uint64_t maximum, uint64_t *ret_value);

/** Valid UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF). */
bool text_is_utf8(struct text text);
/** Only bytes 0x00..0x7f. */
bool text_is_ascii(struct text text);
/** Number of code points of valid UTF-8. */
size_t text_utf8_length(struct text text);

/** Copy with a NUL behind it. The caller frees it. */
char *text_to_string(struct text text);
/** Lower-case ASCII letters of `data` in place. */
void text_lower_ascii(char *data, size_t size);

#endif
