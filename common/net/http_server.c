#include "common/net/http_server.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/http_certificate.h"
#include "common/net/http_listener.h"
#include "common/net/http_request.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_DEFAULT 1000
#define BODIES_BYTES_DEFAULT ((size_t)512 * 1024 * 1024)
#define TIMEOUT_DEFAULT_S 60
/* No handshake takes longer: then a former certificate is shown to nobody any more. */
#define CERTIFICATE_KEPT_MS 120000
/* Headers and the piece of the body in reading: for each connection. */
#define CONNECTION_MEMORY_BYTES ((size_t)32 * 1024)
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" /* RFC 9325, 3.1.1 */

struct http_server {
    struct loop *loop; /* borrowed */
    struct MHD_Daemon *daemon;
    struct loop_watch *watch; /* the library's epoll descriptor */
    struct loop_timer *timer; /* the library's timeouts; 0 after an answer */
    bool is_running;          /* inside the library */
    size_t body_bytes_max;
    size_t bodies_bytes_max;
    size_t bodies_bytes; /* room of all requests under way */
    void (*on_head)(void *context, struct http_request *request); /* may be NULL */
    void (*on_request)(void *context, struct http_request *request);
    void (*on_gone)(void *context, struct http_request *request);
    void *context;
    struct http_request *suspended;       /* a list */
    struct http_certificate *certificate; /* NULL: no TLS; the former ones hang behind it */
    uint16_t port;
    char *unix_path;     /* NULL for TCP */
    char complaint[256]; /* the library's last one while it starts */
};

static void run(void *context)
{
    struct http_server *server = context;
    server->is_running = true;
    (void)MHD_run(server->daemon);
    server->is_running = false;
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    if (MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES) {
        loop_timer_start(server->timer, timeout_ms, 0);
    } else {
        loop_timer_stop(server->timer);
    }
}

static void on_readable(void *context, unsigned int events)
{
    (void)events;
    run(context);
}

static void list_add(struct http_request *request)
{
    struct http_server *server = request->server;
    request->next = server->suspended;
    request->previous = NULL;
    if (request->next != NULL) {
        request->next->previous = request;
    }
    server->suspended = request;
}

static void list_remove(struct http_request *request)
{
    if (request->next != NULL) {
        request->next->previous = request->previous;
    }
    if (request->previous != NULL) {
        request->previous->next = request->next;
    } else {
        request->server->suspended = request->next;
    }
}

static void on_hangup(void *context, unsigned int events)
{
    (void)events;
    struct http_request *request = context;
    struct http_server *server = request->server;
    loop_watch_destroy(&request->hangup); /* told once */
    server->on_gone(server->context, request);
}

/* The library does not look at a suspended connection: we do, for on_gone. */
static void suspend(struct http_request *request)
{
    MHD_suspend_connection(request->connection);
    request->is_suspended = true;
    list_add(request);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (request->server->on_gone != NULL && info != NULL) {
        request->hangup =
            loop_watch_create(request->server->loop, info->connect_fd, on_hangup, request);
        loop_watch_set(request->hangup, LOOP_HANGUP);
    }
}

static void resume(struct http_request *request)
{
    loop_watch_destroy(&request->hangup);
    list_remove(request);
    request->is_suspended = false;
    MHD_resume_connection(request->connection);
}

static enum MHD_Result queue_answer(struct http_request *request)
{
    return MHD_queue_response(request->connection, request->status, request->response);
}

static enum MHD_Result refuse(struct http_request *request, unsigned int status)
{
    const char *reason = MHD_get_reason_phrase_for(status);
    struct http_answer answer = {
        .status = status, .content_type = "text/plain", .body = text_of(reason)};
    struct http_request *answered = request;
    http_server_respond(&answered, &answer);
    return queue_answer(request);
}

static enum MHD_Result begin(struct http_request *request, const char *method, const char *path)
{
    request->method = method;
    request->path = path;
    struct http_server *server = request->server;
    unsigned int status = http_request_begin(request, server->body_bytes_max,
                                             server->bodies_bytes_max - server->bodies_bytes);
    if (status != 0) {
        return refuse(request, status);
    }
    if (server->on_head != NULL) {
        server->on_head(server->context, request);
    }
    if (request->state == HTTP_REQUEST_ANSWERED) {
        request->room_bytes = 0;
        return queue_answer(request);
    }
    request->body =
        http_body_create(server->body_bytes_max, request->is_gzip, request->announced_bytes);
    server->bodies_bytes += request->room_bytes;
    request->state = HTTP_REQUEST_READING;
    return MHD_YES;
}

static enum MHD_Result give(struct http_request *request)
{
    struct http_server *server = request->server;
    unsigned int status = http_body_finish(request->body);
    if (status != 0) {
        return refuse(request, status);
    }
    request->state = HTTP_REQUEST_GIVEN;
    server->on_request(server->context, request);
    if (request->state == HTTP_REQUEST_ANSWERED) {
        return queue_answer(request);
    }
    suspend(request);
    return MHD_YES;
}

/* Called for the head, for each piece of the body, at its end, and after a resume. The library says
 * how many parameters there are. */
/* NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *path,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_size, void **request_place)
{
    (void)context;
    (void)connection;
    (void)version;
    struct http_request *request = *request_place;
    switch (request->state) {
    case HTTP_REQUEST_NEW:
        return begin(request, method, path);
    case HTTP_REQUEST_READING:
        if (*upload_size > 0) {
            struct text piece = {upload, *upload_size};
            *upload_size = 0;
            return http_body_feed(request->body, piece) ? MHD_YES : MHD_NO;
        }
        return give(request);
    case HTTP_REQUEST_ANSWERED:
        return queue_answer(request);
    case HTTP_REQUEST_GIVEN:
    case HTTP_REQUEST_DROPPED:
        break;
    }
    return MHD_NO;
}

static void *on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    return http_request_create(context, connection, uri);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_place,
                         enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct http_request *request = *request_place;
    request->server->bodies_bytes -= request->room_bytes;
    http_request_destroy(&request);
    *request_place = NULL;
}

static void on_complaint(void *context, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void on_complaint(void *context, const char *format, va_list arguments)
{
    struct http_server *server = context;
    (void)vsnprintf(server->complaint, sizeof server->complaint, format, arguments);
    struct text line = text_trim(text_of(server->complaint));
    if (server->daemon != NULL) {
        LOG(LOG_HTTP_TROUBLE, NULL, log_text("reason", line));
    }
}

/* Handshakes find their server by the connection; the library has no pointer of ours there. */
static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    (void)connection;
    *socket_context = code == MHD_CONNECTION_NOTIFY_STARTED ? context : NULL;
}

/* Chain and key stay ours.
 * NOLINTNEXTLINE(readability-function-size): the parameters are GnuTLS' */
static int on_handshake(gnutls_session_t session, const gnutls_datum_t *authorities,
                        int authority_count, const gnutls_pk_algorithm_t *algorithms,
                        int algorithm_count, gnutls_pcert_st **ret_chain, unsigned int *ret_count,
                        gnutls_privkey_t *ret_key)
{
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    struct MHD_Connection *connection = gnutls_session_get_ptr(session);
    const union MHD_ConnectionInfo *found =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    const struct http_server *server = found == NULL ? NULL : found->socket_context;
    if (server == NULL) {
        return -1;
    }
    *ret_chain = server->certificate->chain;
    *ret_count = server->certificate->count;
    *ret_key = server->certificate->key;
    return 0;
}

/* The descriptor is the library's once it has started. */
static int start(struct http_server *server, const struct http_server_settings *settings,
                 int descriptor, struct problem *problem)
{
    unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}};
    if (settings->certificate_file != NULL) {
        int result = http_certificate_load(settings->certificate_file, settings->key_file,
                                           &server->certificate, problem);
        if (result != 0) {
            return result;
        }
        static char priorities[] = TLS_PRIORITIES;
        flags |= MHD_USE_TLS;
        /* The library takes a function for a pointer here; C has no cast for that. */
        union {
            gnutls_certificate_retrieve_function2 *function;
            void *pointer;
        } handshake = {.function = on_handshake};
        tls[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0, handshake.pointer};
        tls[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, priorities};
    }
    unsigned int connections =
        settings->connections != 0 ? settings->connections : CONNECTIONS_DEFAULT;
    unsigned int timeout_s = settings->timeout_s != 0 ? settings->timeout_s : TIMEOUT_DEFAULT_S;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, server, MHD_OPTION_EXTERNAL_LOGGER, on_complaint, server,
        MHD_OPTION_LISTEN_SOCKET, descriptor, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, server, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_PER_IP_CONNECTION_LIMIT, settings->connections_of_one,
        MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (server->daemon == NULL) {
        struct text line = text_trim(text_of(server->complaint));
        problem_set(problem, "", "http_server", "the HTTP server does not start: %.*s",
                    TEXT_PRINT(line));
        return -EIO;
    }
    return 0;
}

int http_server_open(struct loop *loop, const struct http_server_settings *settings,
                     struct http_server **ret_server, struct problem *problem)
{
    uint16_t port = 0;
    int descriptor = http_listener_open(settings->endpoint, &port, problem);
    if (descriptor < 0) {
        return descriptor;
    }
    struct http_server *server = xalloc_zero(1, sizeof *server);
    const char *path = http_listener_path(settings->endpoint);
    server->loop = loop;
    server->port = port;
    server->unix_path = path == NULL ? NULL : xalloc_string(path);
    server->body_bytes_max = settings->body_bytes_max;
    server->bodies_bytes_max =
        settings->bodies_bytes_max != 0 ? settings->bodies_bytes_max : BODIES_BYTES_DEFAULT;
    server->on_head = settings->on_head;
    server->on_request = settings->on_request;
    server->on_gone = settings->on_gone;
    server->context = settings->context;
    int result = start(server, settings, descriptor, problem);
    if (result != 0) {
        (void)close(descriptor);
        http_server_close(&server);
        return result;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    assert(info != NULL);
    server->timer = loop_timer_create(loop, run, server);
    server->watch = loop_watch_create(loop, info->epoll_fd, on_readable, server);
    loop_watch_set(server->watch, LOOP_READABLE);
    *ret_server = server;
    return 0;
}

void http_server_close(struct http_server **server)
{
    struct http_server *closing = *server;
    *server = NULL;
    if (closing == NULL) {
        return;
    }
    assert(!closing->is_running);
    loop_watch_destroy(&closing->watch);
    loop_timer_destroy(&closing->timer);
    while (closing->suspended != NULL) { /* the library refuses to stop with these */
        closing->suspended->state = HTTP_REQUEST_DROPPED;
        resume(closing->suspended);
    }
    if (closing->daemon != NULL) {
        MHD_stop_daemon(closing->daemon);
    }
    if (closing->unix_path != NULL) {
        (void)unlink(closing->unix_path);
    }
    while (closing->certificate != NULL) {
        struct http_certificate *next = closing->certificate->retired;
        http_certificate_destroy(&closing->certificate);
        closing->certificate = next;
    }
    free(closing->unix_path);
    free(closing);
}

/* Former ones that no handshake can still look at; they stand newest first. */
static void drop_former(struct http_certificate *newest, uint64_t now_ms)
{
    struct http_certificate **place = &newest->retired;
    while (*place != NULL && now_ms - (*place)->retired_ms < CERTIFICATE_KEPT_MS) {
        place = &(*place)->retired;
    }
    while (*place != NULL) {
        struct http_certificate *old = *place;
        *place = old->retired;
        http_certificate_destroy(&old);
    }
}

int http_server_renew(struct http_server *server, const char *certificate_file,
                      const char *key_file, struct problem *problem)
{
    assert(server->certificate != NULL);
    struct http_certificate *renewed = NULL;
    int error = http_certificate_load(certificate_file, key_file, &renewed, problem);
    if (error != 0) {
        return error;
    }
    server->certificate->retired_ms = clock_boottime_ms();
    renewed->retired = server->certificate;
    server->certificate = renewed;
    drop_former(renewed, clock_boottime_ms());
    return 0;
}

int64_t http_server_expires_unix_s(const struct http_server *server)
{
    return server->certificate == NULL ? 0 : server->certificate->expires_unix_s;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_respond(struct http_request **request, const struct http_answer *answer)
{
    struct http_request *answered = *request;
    *request = NULL;
    assert(answered->state < HTTP_REQUEST_ANSWERED);
    /* Copied, so it is not written to; the library's parameter lacks the const. */
    union {
        const char *in;
        void *out;
    } body = {.in = answer->body.size == 0 ? "" : answer->body.data};
    answered->response =
        MHD_create_response_from_buffer(answer->body.size, body.out, MHD_RESPMEM_MUST_COPY);
    assert(answered->response != NULL); /* out of memory */
    answered->status = answer->status;
    if (answer->content_type != NULL) {
        (void)MHD_add_response_header(answered->response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                      answer->content_type);
    }
    for (const char *const *header = answer->headers; header != NULL && *header != NULL;
         header += 2) {
        (void)MHD_add_response_header(answered->response, header[0], header[1]);
    }
    answered->state = HTTP_REQUEST_ANSWERED;
    if (answered->is_suspended) {
        resume(answered);
        loop_timer_start(answered->server->timer, 0, 0); /* it takes note in MHD_run() only */
    }
}
