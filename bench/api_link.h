/* One kept HTTP/1.1 connection to a coordinator's unix socket: requests made beforehand as whole
 * byte runs, so that what is measured is the coordinator. */
#ifndef HIKYAKU_BENCH_API_LINK_H
#define HIKYAKU_BENCH_API_LINK_H

#include "common/base/buffer.h"

#include <protobuf-c/protobuf-c.h>

struct api_link {
    int fd;
    struct buffer input; /* the answer; its body is the last part */
};

/** Append a whole request: head and packed message. @param key  the bearer key */
void api_link_append_request(struct buffer *buffer, const char *method, const char *key,
                             const ProtobufCMessage *message);

/** Connect; ends the program with a message when that fails. */
void api_link_open(struct api_link *link, const char *socket_path);
void api_link_close(struct api_link *link);

/**
 * Send a request and wait for its answer.
 *
 * Ends the program with a message when the connection breaks or the status is not 200: a benchmark
 * with refused calls measures nothing.
 *
 * @return the answer's body, borrowed until the next call
 */
struct text api_link_call(struct api_link *link, struct text request);

#endif
