#include "common/net/http_request.h"
#include "common/net/stream_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct http_request *http_request_create(struct http_server *server,
                                         struct MHD_Connection *connection, const char *uri)
{
    struct http_request *request = xalloc_zero(1, sizeof *request);
    request->server = server;
    request->connection = connection;
    /* The library decodes into C strings, so that "/a%00b" would be "/a". */
    request->has_nul = strstr(uri, "%00") != NULL;
    return request;
}

void http_request_destroy(struct http_request **request)
{
    if (*request != NULL) {
        loop_watch_destroy(&(*request)->hangup);
        http_body_destroy(&(*request)->body);
        if ((*request)->response != NULL) {
            MHD_destroy_response((*request)->response);
        }
        free(*request);
        *request = NULL;
    }
}

static struct text lookup(const struct http_request *request, enum MHD_ValueKind kind,
                          const char *name)
{
    struct text value = {NULL, 0};
    if (MHD_lookup_connection_value_n(request->connection, kind, name, strlen(name), &value.data,
                                      &value.size) != MHD_YES) {
        return (struct text){NULL, 0};
    }
    if (value.data == NULL) {
        return TEXT(""); /* "?name" without "=" */
    }
    return value;
}

/* @return false for a unix socket */
static bool peer_address(const struct http_request *request, struct stream_address *ret_address)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info != NULL && info->client_addr != NULL &&
           stream_address_of_socket(info->client_addr, ret_address);
}

unsigned int http_request_begin(struct http_request *request, size_t body_bytes_max,
                                size_t bytes_left)
{
    struct stream_address address;
    if (peer_address(request, &address)) {
        stream_address_format(&address, request->peer);
    } else {
        (void)snprintf(request->peer, sizeof request->peer, "unix");
    }
    if (request->has_nul) {
        return MHD_HTTP_BAD_REQUEST;
    }
    struct text encoding = http_request_header(request, MHD_HTTP_HEADER_CONTENT_ENCODING);
    request->is_gzip = text_equal_nocase(encoding, TEXT("gzip"));
    if (encoding.size > 0 && !request->is_gzip && !text_equal_nocase(encoding, TEXT("identity"))) {
        return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    }
    struct text length = http_request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t bytes = 0;
    if (length.size > 0 && text_to_u64(length, body_bytes_max, &bytes) != 0) {
        return MHD_HTTP_CONTENT_TOO_LARGE;
    }
    /* A GET has no body; what is packed or comes in chunks may become as large as may be. */
    bool is_chunked = http_request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING).size > 0;
    size_t room = request->is_gzip || is_chunked ? body_bytes_max : (size_t)bytes;
    if (room > bytes_left) {
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    request->room_bytes = room;
    request->announced_bytes = (size_t)bytes;
    return 0;
}

struct text http_request_method(const struct http_request *request)
{
    return text_of(request->method);
}

struct text http_request_path(const struct http_request *request)
{
    return text_of(request->path);
}

struct text http_request_query(const struct http_request *request, const char *name)
{
    return lookup(request, MHD_GET_ARGUMENT_KIND, name);
}

struct text http_request_header(const struct http_request *request, const char *name)
{
    return lookup(request, MHD_HEADER_KIND, name);
}

struct text http_request_body(const struct http_request *request)
{
    return request->body != NULL ? http_body_text(request->body) : (struct text){NULL, 0};
}

const char *http_request_peer(const struct http_request *request)
{
    return request->peer;
}

bool http_request_is_loopback(const struct http_request *request)
{
    static const unsigned char v6_loopback[16] = {[15] = 1};
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct stream_address address;
    if (!peer_address(request, &address)) {
        return true; /* a unix socket */
    }
    if (!address.is_v6) {
        return address.bytes[0] == 127;
    }
    return memcmp(address.bytes, v6_loopback, sizeof v6_loopback) == 0 ||
           (memcmp(address.bytes, mapped, sizeof mapped) == 0 && address.bytes[12] == 127);
}

void http_request_set_data(struct http_request *request, void *data)
{
    request->data = data;
}

void *http_request_data(const struct http_request *request)
{
    return request->data;
}
