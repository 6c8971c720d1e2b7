#include "common/wire/wire_error.h"

#include "common/base/bytes.h"
#include "common/base/json_write.h"
#include "common/wire/wire_unpack.h"

#include <stdlib.h>

static const struct {
    const char *word;
    unsigned int status;
} codes[WIRE_CODES_COUNT] = {
#define X(identifier, word, status) {word, status},
    WIRE_CODES(X)
#undef X
};

const char *wire_error_word(enum wire_code code)
{
    return codes[code].word;
}

unsigned int wire_error_http_status(enum wire_code code)
{
    return codes[code].status;
}

/* protobuf-c's strings are char *; packing only reads them. */
static char *borrow(const char *string)
{
    union {
        const char *given;
        char *field;
    } bridge = {.given = string};
    return bridge.field;
}

void wire_error_fill(const struct problem *problem, uint32_t retry_after_ms,
                     Hikyaku__V1__Problem *ret_message)
{
    hikyaku__v1__problem__init(ret_message);
    ret_message->field = borrow(problem->field);
    ret_message->rule = borrow(problem->rule);
    ret_message->message = borrow(problem->message);
    ret_message->retry_after_ms = retry_after_ms;
}

/* A cut text may end inside a character: only whole, valid UTF-8 goes into JSON. */
static struct text whole_characters(struct text text)
{
    size_t tail = 0;
    while (!text_is_utf8(text) && text.size > 0 && tail < 3) {
        text.size--;
        tail++;
    }
    return text;
}

static void append_member(struct buffer *out, const char *name, struct text value)
{
    buffer_printf(out, "\"%s\":", name);
    json_write_string(out, whole_characters(value));
}

/* Base64 without padding, as the Connect protocol wants it. */
static void append_base64(struct buffer *out, struct text bytes)
{
    char *place = buffer_reserve(out, 4 * ((bytes.size + 2) / 3) + 1);
    size_t size = bytes_to_base64(bytes.data, bytes.size, place);
    while (size > 0 && place[size - 1] == '=') {
        size--;
    }
    out->size += size;
}

static void append_detail(struct buffer *out, const struct problem *problem,
                          uint32_t retry_after_ms)
{
    struct problem whole = *problem;
    whole.field[whole_characters(text_of(whole.field)).size] = '\0';
    whole.message[whole_characters(text_of(whole.message)).size] = '\0';
    Hikyaku__V1__Problem message;
    wire_error_fill(&whole, retry_after_ms, &message);
    struct buffer packed = {0};
    wire_unpack_append(&message.base, &packed);
    buffer_append_string(out, "{\"type\":\"hikyaku.v1.Problem\",\"value\":\"");
    append_base64(out, buffer_text(&packed));
    buffer_append_string(out, "\",\"debug\":{");
    append_member(out, "field", text_of(whole.field));
    buffer_append_byte(out, ',');
    append_member(out, "rule", text_of(whole.rule));
    buffer_append_byte(out, ',');
    append_member(out, "message", text_of(whole.message));
    if (retry_after_ms > 0) {
        buffer_printf(out, ",\"retryAfterMs\":%u", (unsigned int)retry_after_ms);
    }
    buffer_append_string(out, "}}");
    buffer_finish(&packed);
}

/* "recipients[17].address must not be empty": a log line that shows only the message says it. */
static void append_message(struct buffer *out, const struct wire_error *error)
{
    struct buffer message = {0};
    if (error->message != NULL) {
        buffer_append_string(&message, error->message);
    } else if (error->problem_count > 0) {
        const struct problem *first = &error->problems[0];
        const char *joint = first->field[0] != '\0' ? " " : "";
        buffer_printf(&message, "%s%s%s", first->field, joint, first->message);
    }
    append_member(out, "message", buffer_text(&message));
    buffer_finish(&message);
}

void wire_error_append_json(const struct wire_error *error, struct buffer *out)
{
    buffer_append_byte(out, '{');
    append_member(out, "code", text_of(codes[error->code].word));
    buffer_append_byte(out, ',');
    append_message(out, error);
    if (error->problem_count > 0) {
        buffer_append_string(out, ",\"details\":[");
        for (size_t i = 0; i < error->problem_count; i++) {
            buffer_append_string(out, i > 0 ? "," : "");
            append_detail(out, &error->problems[i], error->retry_after_ms);
        }
        buffer_append_byte(out, ']');
    }
    buffer_append_byte(out, '}');
}
