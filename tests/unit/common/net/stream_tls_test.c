#include "common/net/stream.h"
#include "common/base/buffer.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <cmocka.h>

#define LARGE_BYTES ((size_t)4 * 1024 * 1024)

/* The peer is a thread with a blocking OpenSSL server and a certificate that nobody knows. */
enum peer_does { PEER_ECHOES, PEER_SPEAKS_OLD, PEER_SENDS_RUBBISH, PEER_HANGS_UP };

struct peer {
    enum peer_does does;
    int listener;
    uint16_t port;
    pthread_t thread;
    char server_name[64]; /* what SNI said; read after the join */
    size_t echoed;
};

static EVP_PKEY *key;
static X509 *certificate;
static struct loop *loop;
static struct stream_tls *tls;
static struct stream *stream;
static struct buffer received;
static size_t wanted;
static bool is_secure, is_ended;
static enum stream_end end;
static const char *server_name;

static int make_certificate(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"mx.test", -1, -1,
                               0);
    X509_set_issuer_name(certificate, name);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return 0;
}

static int drop_certificate(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    X509_free(certificate);
    return 0;
}

static void echo(struct peer *peer, SSL *ssl)
{
    static char place[16384];
    int size;
    while ((size = SSL_read(ssl, place, sizeof place)) > 0) {
        if (SSL_write(ssl, place, size) != size) {
            return;
        }
        peer->echoed += (size_t)size;
        if (size == 4 && memcmp(place, "quit", 4) == 0) {
            (void)SSL_shutdown(ssl);
            return;
        }
    }
}

static void serve_tls(struct peer *peer, int descriptor)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    if (peer->does == PEER_SPEAKS_OLD) {
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    }
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, descriptor);
    if (SSL_accept(ssl) == 1) {
        const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        strncpy(peer->server_name, name == NULL ? "" : name, sizeof peer->server_name - 1);
        echo(peer, ssl);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static void *serve(void *context)
{
    struct peer *peer = context;
    int descriptor = accept(peer->listener, NULL, NULL);
    char hello[1024];
    switch (peer->does) {
    case PEER_ECHOES:
    case PEER_SPEAKS_OLD:
        serve_tls(peer, descriptor);
        break;
    case PEER_SENDS_RUBBISH:
        (void)send(descriptor, "454 no TLS today\r\n", 18, 0);
        (void)recv(descriptor, hello, sizeof hello, 0);
        break;
    case PEER_HANGS_UP:
        (void)recv(descriptor, hello, sizeof hello, 0);
        break;
    }
    (void)close(descriptor);
    return NULL;
}

static void on_connected(void *context)
{
    (void)context;
    stream_start_tls(stream, tls, text_of(server_name));
    stream_write(stream, &TEXT("EHLO early\r\n"), 1); /* before the handshake is done */
}

static void on_tls(void *context)
{
    (void)context;
    is_secure = true;
}

static void on_read(void *context, struct text bytes)
{
    (void)context;
    buffer_append_text(&received, bytes);
    if (received.size >= wanted) {
        loop_stop(loop);
    }
}

static void on_end(void *context, enum stream_end how)
{
    (void)context;
    is_ended = true;
    end = how;
    loop_stop(loop);
}

static void start(struct peer *peer, enum peer_does does)
{
    static const struct stream_callbacks callbacks = {
        .on_connected = on_connected, .on_tls = on_tls, .on_read = on_read, .on_end = on_end};
    memset(peer, 0, sizeof *peer);
    peer->does = does;
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&place, size), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&place, &size), 0);
    assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
    struct stream_settings settings = {.connect_timeout_ms = 5000};
    assert_int_equal(
        stream_address_parse(TEXT("127.0.0.1"), ntohs(place.sin_port), &settings.remote), 0);
    is_secure = is_ended = false;
    received = (struct buffer){0};
    wanted = 12;
    loop = loop_create();
    assert_int_equal(stream_tls_create(&tls, NULL), 0);
    stream = stream_open(loop, &settings, &callbacks);
    loop_run(loop);
}

static void finish(struct peer *peer)
{
    stream_close(&stream);
    loop_destroy(&loop);
    stream_tls_destroy(&tls);
    assert_int_equal(pthread_join(peer->thread, NULL), 0);
    (void)close(peer->listener);
    buffer_finish(&received);
}

static void a_dialogue_under_tls(void **state)
{
    (void)state;
    struct peer peer;
    server_name = "mx.test";
    start(&peer, PEER_ECHOES);
    assert_true(is_secure); /* T1: any certificate will do */
    assert_true(text_equal(buffer_text(&received), TEXT("EHLO early\r\n")));
    assert_string_equal(stream_tls_version(stream), "TLSv1.3");
    buffer_clear(&received);
    struct text parts[] = {TEXT("MAIL FROM:<"), TEXT("a@example.org"), TEXT(">\r\n")};
    wanted = 27;
    stream_write(stream, parts, 3);
    loop_run(loop);
    assert_true(text_equal(buffer_text(&received), TEXT("MAIL FROM:<a@example.org>\r\n")));
    stream_write(stream, &TEXT("quit"), 1);
    while (!is_ended) {
        loop_run(loop);
    }
    assert_int_equal(end, STREAM_END_CLOSED);
    finish(&peer);
    assert_string_equal(peer.server_name, "mx.test"); /* T2: SNI is the host's name */
}

static void much_goes_through_and_reading_can_pause(void **state)
{
    (void)state;
    struct peer peer;
    server_name = "";
    start(&peer, PEER_ECHOES);
    buffer_clear(&received);
    char *large = malloc(LARGE_BYTES);
    for (size_t i = 0; i < LARGE_BYTES; i++) {
        large[i] = (char)(i * 31 >> 3);
    }
    struct text parts[] = {{large, 3}, {large + 3, 20000}, {large + 20003, LARGE_BYTES - 20003}};
    wanted = 1;
    stream_write(stream, parts, 3);
    loop_run(loop);
    assert_true(received.size > 0);
    size_t before = received.size;
    stream_set_reading(stream, false);
    stream_set_reading(stream, true);
    stream_set_reading(stream, false);
    assert_int_equal(received.size, before);
    stream_set_reading(stream, true);
    wanted = LARGE_BYTES;
    loop_run(loop);
    assert_int_equal(received.size, LARGE_BYTES);
    assert_memory_equal(received.data, large, LARGE_BYTES);
    assert_int_equal(stream_pending_bytes(stream), 0);
    free(large);
    finish(&peer);
    assert_string_equal(peer.server_name, "");
}

static void failed_handshakes_are_told(void **state)
{
    (void)state;
    static const enum peer_does cases[] = {PEER_SPEAKS_OLD, PEER_SENDS_RUBBISH, PEER_HANGS_UP};
    for (size_t i = 0; i < 3; i++) {
        struct peer peer;
        server_name = "mx.test";
        start(&peer, cases[i]);
        assert_true(is_ended);
        assert_false(is_secure);
        assert_int_equal(end, STREAM_END_TLS); /* TLS 1.2 at least: RFC 9325, 3.1.1 */
        assert_string_not_equal(stream_problem(stream), "");
        assert_string_equal(stream_tls_version(stream), "");
        finish(&peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dialogue_under_tls),
        cmocka_unit_test(much_goes_through_and_reading_can_pause),
        cmocka_unit_test(failed_handshakes_are_told),
    };
    return cmocka_run_group_tests(tests, make_certificate, drop_certificate);
}
