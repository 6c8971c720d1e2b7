/* Refusals on the wire: Connect's JSON error object, one Problem per violation in its details.
 * @source connectrpc.com/docs/protocol (error end-stream and unary errors) */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_ERROR_H
#define HIKYAKU_COMMON_WIRE_WIRE_ERROR_H

#include "common/base/buffer.h"
#include "common/base/problem.h"
#include "hikyaku/v1/api.pb-c.h"

/* X(identifier, "word", HTTP status): the codes of Connect that this API uses. */
#define WIRE_CODES(X)                                  \
    X(CANCELED, "canceled", 499)                       \
    X(UNKNOWN, "unknown", 500)                         \
    X(INVALID_ARGUMENT, "invalid_argument", 400)       \
    X(DEADLINE_EXCEEDED, "deadline_exceeded", 504)     \
    X(NOT_FOUND, "not_found", 404)                     \
    X(CONFLICT, "already_exists", 409)                 \
    X(PERMISSION_DENIED, "permission_denied", 403)     \
    X(RESOURCE_EXHAUSTED, "resource_exhausted", 429)   \
    X(FAILED_PRECONDITION, "failed_precondition", 400) \
    X(UNIMPLEMENTED, "unimplemented", 501)             \
    X(INTERNAL, "internal", 500)                       \
    X(UNAVAILABLE, "unavailable", 503)                 \
    X(UNAUTHENTICATED, "unauthenticated", 401)

enum wire_code {
#define X(identifier, word, status) WIRE_CODE_##identifier,
    WIRE_CODES(X)
#undef X
        WIRE_CODES_COUNT
};

const char *wire_error_word(enum wire_code code);
unsigned int wire_error_http_status(enum wire_code code);

/** What a call answers instead of its response. */
struct wire_error {
    enum wire_code code;
    const char *message;            /* borrowed; a sentence; NULL: the first problem's */
    const struct problem *problems; /* borrowed */
    size_t problem_count;
    uint32_t retry_after_ms; /* 0: no hint */
};

/** Append {"code", "message", "details": [{"type", "value", "debug"}]}. */
void wire_error_append_json(const struct wire_error *error, struct buffer *out);

/** A problem as its protobuf message; strings are borrowed from `problem`. */
void wire_error_fill(const struct problem *problem, uint32_t retry_after_ms,
                     Hikyaku__V1__Problem *ret_message);

#endif
