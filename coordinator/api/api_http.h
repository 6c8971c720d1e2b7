/* The Connect protocol's unary form over HTTP/1.1. @source connectrpc.com/docs/protocol */
#ifndef HIKYAKU_COORDINATOR_API_API_HTTP_H
#define HIKYAKU_COORDINATOR_API_API_HTTP_H

#include "common/net/http_server.h"

/** An on_head of http_server: who may not call is refused before the body is read.
 *  @param listener  a struct api_listener */
void api_http_on_head(void *listener, struct http_request *request);
/** An on_request of http_server, of requests that passed api_http_on_head(). @param listener  a
 * struct api_listener */
void api_http_on_request(void *listener, struct http_request *request);
/** An on_gone of http_server. */
void api_http_on_gone(void *listener, struct http_request *request);

#endif
