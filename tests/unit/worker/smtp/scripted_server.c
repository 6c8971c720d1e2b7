#include "tests/unit/worker/smtp/scripted_server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>

#include <cmocka.h>

static EVP_PKEY *key;
static X509 *certificate;

static ssize_t receive(struct scripted_server *server, char *place, size_t size)
{
    return server->ssl != NULL ? SSL_read(server->ssl, place, (int)size)
                               : recv(server->descriptor, place, size, 0);
}

static void say(struct scripted_server *server, const char *text)
{
    ssize_t sent = server->ssl != NULL ? SSL_write(server->ssl, text, (int)strlen(text))
                                       : send(server->descriptor, text, strlen(text), MSG_NOSIGNAL);
    if (sent != (ssize_t)strlen(text)) {
        (void)snprintf(server->problem, sizeof server->problem, "cannot say %s", text);
    }
}

/* @return false at the end of the connection */
static bool read_line(struct scripted_server *server, char *line, size_t size)
{
    size_t length = 0;
    while (length + 1 < size && receive(server, line + length, 1) == 1) {
        if (line[length++] == '\n') {
            line[length] = '\0';
            return true;
        }
    }
    line[length] = '\0';
    return false;
}

static void hear(struct scripted_server *server, const char *expected)
{
    char line[1200];
    bool is_whole = read_line(server, line, sizeof line);
    line[strcspn(line, "\r\n")] = '\0';
    if (!is_whole || strcmp(line, expected) != 0) {
        (void)snprintf(server->problem, sizeof server->problem, "heard \"%.80s\", not \"%.80s\"",
                       line, expected);
    }
}

static void take_body(struct scripted_server *server)
{
    char line[1200];
    while (read_line(server, line, sizeof line) && strcmp(line, ".\r\n") != 0) {
        buffer_append_string(&server->body, line[0] == '.' ? line + 1 : line);
    }
}

static void shake(struct scripted_server *server)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    server->ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(server->ssl, server->descriptor);
    if (SSL_accept(server->ssl) != 1) {
        (void)snprintf(server->problem, sizeof server->problem, "no handshake");
        return;
    }
    const char *name = SSL_get_servername(server->ssl, TLSEXT_NAMETYPE_host_name);
    (void)snprintf(server->server_name, sizeof server->server_name, "%s", name == NULL ? "" : name);
}

static void see_end(struct scripted_server *server, bool must_be_reset)
{
    char line[1024];
    ssize_t size = 0;
    while ((size = receive(server, line, sizeof line)) > 0) {
    }
    bool is_reset = server->ssl == NULL && size < 0 && errno == ECONNRESET;
    if (must_be_reset && !is_reset) {
        (void)snprintf(server->problem, sizeof server->problem, "no reset");
    }
}

static void hang_up(struct scripted_server *server)
{
    SSL_free(server->ssl);
    server->ssl = NULL;
    (void)close(server->descriptor);
}

static void accept_client(struct scripted_server *server)
{
    struct sockaddr_storage client = {0};
    socklen_t size = sizeof client;
    server->descriptor = accept(server->listener, (struct sockaddr *)&client, &size);
    if (server->client_ip[0] == '\0') {
        const void *ip = client.ss_family == AF_INET6
                             ? (const void *)&((struct sockaddr_in6 *)&client)->sin6_addr
                             : (const void *)&((struct sockaddr_in *)&client)->sin_addr;
        (void)inet_ntop(client.ss_family, ip, server->client_ip, sizeof server->client_ip);
    }
}

static void *serve(void *context)
{
    struct scripted_server *server = context;
    char rubbish[2048];
    accept_client(server);
    for (const struct step *step = server->steps; step->kind != END; step++) {
        switch (step->kind) {
        case SAY:
            say(server, step->text);
            break;
        case HEAR:
            hear(server, step->text);
            break;
        case TAKE_BODY:
            take_body(server);
            break;
        case SHAKE:
            shake(server);
            break;
        case RUBBISH:
            (void)receive(server, rubbish, sizeof rubbish);
            say(server, "454 no TLS today, sorry for that\r\n");
            break;
        case SEE_CLOSE:
        case SEE_RESET:
            see_end(server, step->kind == SEE_RESET);
            break;
        case NEXT_CLIENT:
            hang_up(server);
            accept_client(server);
            break;
        case END:
            break;
        }
    }
    hang_up(server);
    return NULL;
}

void scripted_server_start(struct scripted_server *server, const struct step *steps, const char *ip)
{
    *server = (struct scripted_server){.steps = steps};
    assert_int_equal(stream_address_parse(text_of(ip), 0, &server->address), 0);
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    bool is_v6 = server->address.is_v6;
    struct sockaddr *place = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    socklen_t size = is_v6 ? sizeof v6 : sizeof v4;
    memcpy(&v4.sin_addr, server->address.bytes, sizeof v4.sin_addr);
    memcpy(&v6.sin6_addr, server->address.bytes, sizeof v6.sin6_addr);
    server->listener = socket(place->sa_family, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listener, place, size), 0);
    assert_int_equal(listen(server->listener, 4), 0);
    assert_int_equal(getsockname(server->listener, place, &size), 0);
    server->address.port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void scripted_server_finish(struct scripted_server *server)
{
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    (void)close(server->listener);
    buffer_finish(&server->body);
    assert_string_equal(server->problem, "");
}

int scripted_server_make_certificate(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return 0;
}

int scripted_server_drop_certificate(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    X509_free(certificate);
    return 0;
}
