/* Of this folder only: one request from its first line to its answer. */
#ifndef HIKYAKU_COMMON_NET_HTTP_REQUEST_H
#define HIKYAKU_COMMON_NET_HTTP_REQUEST_H

#include "common/net/http_body.h"
#include "common/net/http_server.h"
#include "common/net/stream.h"

#include <microhttpd.h>

enum http_request_state {
    HTTP_REQUEST_NEW,
    HTTP_REQUEST_READING,  /* the body comes */
    HTTP_REQUEST_GIVEN,    /* the owner has it */
    HTTP_REQUEST_ANSWERED, /* `response` is to be queued */
    HTTP_REQUEST_DROPPED,  /* the server closes */
};

struct http_request {
    enum http_request_state state;
    struct http_server *server;        /* borrowed */
    struct MHD_Connection *connection; /* borrowed */
    const char *method;                /* borrowed from the connection */
    const char *path;                  /* borrowed from the connection */
    bool has_nul;                      /* the path has a NUL in disguise */
    bool is_gzip;
    size_t announced_bytes; /* Content-Length; 0: not told */
    struct http_body *body; /* NULL until the head is accepted */
    size_t room_bytes;      /* that its body may take */
    struct MHD_Response *response;
    unsigned int status;
    bool is_suspended;
    struct loop_watch *hangup;     /* while suspended */
    struct http_request *previous; /* among the suspended */
    struct http_request *next;
    void *data; /* the owner's */
    char peer[STREAM_ADDRESS_LENGTH];
};

/** @param uri  as it was sent */
struct http_request *http_request_create(struct http_server *server,
                                         struct MHD_Connection *connection, const char *uri);
void http_request_destroy(struct http_request **request);
/** The head has come. @param bytes_left  for the bodies of all requests
 *  @return 0, or the status to refuse it with */
unsigned int http_request_begin(struct http_request *request, size_t body_bytes_max,
                                size_t bytes_left);

#endif
