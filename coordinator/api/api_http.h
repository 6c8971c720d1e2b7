/* The Connect protocol's unary form over HTTP/1.1. @source connectrpc.com/docs/protocol */
#ifndef HIKYAKU_COORDINATOR_API_API_HTTP_H
#define HIKYAKU_COORDINATOR_API_API_HTTP_H

#include "common/net/http_server.h"

/** An on_request of http_server. @param listener  a struct api_listener */
void api_http_on_request(void *listener, struct http_request *request);
/** An on_gone of http_server. */
void api_http_on_gone(void *listener, struct http_request *request);

#endif
