#include "common/mail/compose_parts.h"

#define CAPACITY_FIRST 16

void compose_parts_start(struct compose_parts *parts, struct composed *message)
{
    buffer_clear(&message->bytes);
    message->count = 0;
    message->size = 0;
    message->needs_smtputf8 = false;
    *parts = (struct compose_parts){.message = message};
}

static void push(struct composed *message, struct text text)
{
    if (message->count == message->capacity) {
        message->capacity = message->capacity == 0 ? CAPACITY_FIRST : message->capacity * 2;
        message->parts = xalloc_resize(message->parts, message->capacity, sizeof message->parts[0]);
    }
    message->parts[message->count++] = text;
    message->size += text.size;
}

/* Own bytes have no address yet: NULL stands for it. */
static void push_own(struct compose_parts *parts)
{
    size_t size = parts->message->bytes.size - parts->listed;
    if (size > 0) {
        push(parts->message, (struct text){NULL, size});
        parts->listed += size;
    }
}

void compose_parts_borrow(struct compose_parts *parts, struct text text)
{
    push_own(parts);
    if (text.size > 0) {
        push(parts->message, text);
    }
}

void compose_parts_seal(struct compose_parts *parts)
{
    struct composed *message = parts->message;
    push_own(parts);
    size_t offset = 0;
    for (size_t i = 0; i < message->count; i++) {
        if (message->parts[i].data == NULL) {
            message->parts[i].data = message->bytes.data + offset;
            offset += message->parts[i].size;
        }
    }
}
