/* A growing run of bytes that its holder owns. */
#ifndef HIKYAKU_COMMON_BASE_BUFFER_H
#define HIKYAKU_COMMON_BASE_BUFFER_H

#include "common/base/text.h"

struct buffer {
    char *data; /* owned; NULL until something is appended */
    size_t size;
    size_t capacity;
};

/** Free the bytes; the buffer is empty and usable again. */
void buffer_finish(struct buffer *buffer);
/** Forget the content, keep the memory. */
void buffer_clear(struct buffer *buffer);
/** Make room for `more` bytes behind the content and return where they go (size is unchanged). */
char *buffer_reserve(struct buffer *buffer, size_t more);

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_text(struct buffer *buffer, struct text text);
void buffer_append_string(struct buffer *buffer, const char *string);
void buffer_append_byte(struct buffer *buffer, char byte);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Drop the first `size` bytes (a parser used them up). */
void buffer_consume(struct buffer *buffer, size_t size);
/** Borrow the content; valid until the next change. */
struct text buffer_text(const struct buffer *buffer);
/** Hand the content over as a NUL-terminated string; the caller frees it, the buffer is empty. */
char *buffer_take(struct buffer *buffer);

#endif
