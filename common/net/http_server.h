/* An HTTP/1.1 server on the loop (libmicrohttpd): whole requests in, whole answers out. TCP with or
 * without TLS, or a unix socket. Bounds on all that comes from outside. */
#ifndef HIKYAKU_COMMON_NET_HTTP_SERVER_H
#define HIKYAKU_COMMON_NET_HTTP_SERVER_H

#include "common/base/problem.h"
#include "common/net/loop.h"

struct http_server;
/** A request that waits for its answer; alive until http_server_respond(). */
struct http_request;

struct http_server_settings {
    const char *endpoint;         /* "127.0.0.1:8460", "[::1]:0", "unix:/run/hikyaku/api.sock" */
    const char *certificate_file; /* PEM, chain; NULL: no TLS */
    const char *key_file;
    size_t body_bytes_max;           /* larger ones, also once inflated, are answered 413 */
    size_t bodies_bytes_max;         /* of all at once; beyond: 503, try again; 0: 512 MiB */
    unsigned int connections;        /* at most; 0: 1,000 */
    unsigned int connections_of_one; /* of one address; 0: as many */
    unsigned int timeout_s;          /* idle connections; 0: 60 */
    /** The head has come, its body has not: answer with http_server_respond() to refuse it before
     *  any of the body is kept, or do nothing. May be NULL. */
    void (*on_head)(void *context, struct http_request *request);
    /** Answer now or later with http_server_respond(), once. */
    void (*on_request)(void *context, struct http_request *request);
    /** The client went away before its answer (long-poll): respond soon all the same. May be
     *  NULL. */
    void (*on_gone)(void *context, struct http_request *request);
    void *context;
};

MUST_USE int http_server_open(struct loop *loop, const struct http_server_settings *settings,
                              struct http_server **ret_server, struct problem *problem);
/** Requests without answer are dropped. Not inside on_request. Accepts NULL, nulls the pointer. */
void http_server_close(struct http_server **server);
/**
 * Read certificate and key again: connections from now on see the new ones, those that stand go on.
 * Only for a server with TLS.
 *
 * @return 0, or -errno with a problem: the old ones stay
 */
MUST_USE int http_server_renew(struct http_server *server, const char *certificate_file,
                               const char *key_file, struct problem *problem);
/** When the certificate ends; 0: no TLS. */
int64_t http_server_expires_unix_s(const struct http_server *server);
/** The TCP port in use; 0 for a unix socket. */
uint16_t http_server_port(const struct http_server *server);

/* Of a request; all borrowed until it is answered. Texts are NUL-terminated as well. */
struct text http_request_method(const struct http_request *request);
/** Without the query. */
struct text http_request_path(const struct http_request *request);
/** Query parameter, decoded; data NULL when absent. */
struct text http_request_query(const struct http_request *request, const char *name);
/** Header by name in any case; data NULL when absent. */
struct text http_request_header(const struct http_request *request, const char *name);
/** Inflated when it came with Content-Encoding: gzip (bounded by body_bytes_max too); data NULL in
 *  on_head. */
struct text http_request_body(const struct http_request *request);
/** Address of the peer, "unix" for a unix socket. */
const char *http_request_peer(const struct http_request *request);
/** 127.0.0.0/8, ::1 or a unix socket. */
bool http_request_is_loopback(const struct http_request *request);
/** The owner's own pointer. */
void http_request_set_data(struct http_request *request, void *data);
void *http_request_data(const struct http_request *request);

struct http_answer {
    unsigned int status;
    const char *content_type;   /* borrowed for the call */
    struct text body;           /* copied */
    const char *const *headers; /* "Name", "value", ..., NULL; NULL: none */
};
/** The request is gone afterwards. */
void http_server_respond(struct http_request **request, const struct http_answer *answer);

#endif
