/* What a call answers instead of its response: Connect's JSON error object. Pure.
 * @source connectrpc.com/docs/protocol (unary errors) */
#ifndef HIKYAKU_CLI_API_ERROR_H
#define HIKYAKU_CLI_API_ERROR_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

struct api_error {
    unsigned int http_status; /* 0: no answer came */
    char code[32];            /* "invalid_argument"; after the HTTP status when there is no JSON */
    char message[512];
    uint32_t retry_after_ms; /* 0: no hint */
    struct problem_list problems;
};

/** Read the body of an answer that is not 200. Whatever it is, an error comes out of it. */
void api_error_parse(unsigned int http_status, struct text body, struct api_error *ret_error);

/** Append lines for people: the message, then "  FIELD: sentence [rule]" for each problem. */
void api_error_append(const struct api_error *error, struct buffer *out);
/** Append the error as one JSON object {"code", "message", "problems": [{...}]}. */
void api_error_append_json(const struct api_error *error, struct buffer *out);

#endif
