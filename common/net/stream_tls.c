#include "common/net/stream_tls.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define RECORD_BYTES ((size_t)16 * 1024) /* the most that a record holds: RFC 8446, 5.1 */
#define SERVER_NAME_BYTES 256

struct stream_tls {
    SSL_CTX *context;
};

struct stream_tls_session {
    SSL *ssl;
    BIO *in;  /* owned by ssl */
    BIO *out; /* owned by ssl */
    const char *problem;
};

/* The text of OpenSSL's first complaint; constant memory. */
static const char *openssl_reason(const char *otherwise)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return reason != NULL ? reason : otherwise;
}

int stream_tls_create(struct stream_tls **ret_tls, struct problem *problem)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    /* TLS 1.2 at least: RFC 9325, 3.1.1. */
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        problem_set(problem, "", "tls", "OpenSSL gives no client context: %s",
                    openssl_reason("unknown"));
        SSL_CTX_free(context);
        return -EIO;
    }
    /* Opportunistic: any certificate is better than plaintext (RFC 7435). */
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    /* The system's level may be 2: old servers with 1,024-bit keys would get plaintext instead. */
    SSL_CTX_set_security_level(context, 1);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    *ret_tls = xalloc_zero(1, sizeof **ret_tls);
    (*ret_tls)->context = context;
    return 0;
}

void stream_tls_destroy(struct stream_tls **tls)
{
    if (*tls != NULL) {
        SSL_CTX_free((*tls)->context);
        free(*tls);
        *tls = NULL;
    }
}

/* SNI is a host name without NUL; anything else is sent without. */
static bool set_server_name(SSL *ssl, struct text server_name)
{
    char name[SERVER_NAME_BYTES];
    if (server_name.size == 0 || server_name.size >= sizeof name ||
        text_find(server_name, '\0') < server_name.size) {
        return true;
    }
    memcpy(name, server_name.data, server_name.size);
    name[server_name.size] = '\0';
    return SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct stream_tls_session *stream_tls_session_open(const struct stream_tls *tls,
                                                   struct text server_name, char *problem,
                                                   size_t size)
{
    ERR_clear_error();
    SSL *ssl = SSL_new(tls->context);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    if (ssl == NULL || in == NULL || out == NULL || !set_server_name(ssl, server_name)) {
        (void)snprintf(problem, size, "%s", openssl_reason("OpenSSL gives no session"));
        SSL_free(ssl);
        BIO_free(in);
        BIO_free(out);
        return NULL;
    }
    BIO_set_mem_eof_return(in, -1); /* empty means "later", not the end */
    BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    struct stream_tls_session *session = xalloc_zero(1, sizeof *session);
    *session = (struct stream_tls_session){ssl, in, out, ""};
    return session;
}

void stream_tls_session_close(struct stream_tls_session **session)
{
    if (*session != NULL) {
        SSL_free((*session)->ssl);
        free(*session);
        *session = NULL;
    }
}

void stream_tls_session_feed(struct stream_tls_session *session, struct text bytes)
{
    /* At most one read buffer: a memory BIO takes it whole or the process is out of memory. */
    if (BIO_write(session->in, bytes.data, (int)bytes.size) != (int)bytes.size) {
        abort();
    }
}

/* What a failed call of OpenSSL means. */
static int outcome(struct stream_tls_session *session, int result)
{
    int error = SSL_get_error(session->ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        return -EAGAIN;
    }
    if (error == SSL_ERROR_ZERO_RETURN) {
        return 0;
    }
    session->problem = openssl_reason("the peer broke the protocol");
    return -EPROTO;
}

int stream_tls_session_shake(struct stream_tls_session *session)
{
    ERR_clear_error();
    int result = SSL_do_handshake(session->ssl);
    if (result == 1) {
        return 0;
    }
    int meaning = outcome(session, result);
    if (meaning == 0) {
        session->problem = "the peer closed TLS during the handshake";
        return -EPROTO;
    }
    return meaning;
}

int stream_tls_session_read(struct stream_tls_session *session, char *place, size_t size)
{
    ERR_clear_error();
    int result = SSL_read(session->ssl, place, size > INT_MAX ? INT_MAX : (int)size);
    return result > 0 ? result : outcome(session, result);
}

static int write_record(struct stream_tls_session *session, const char *data, size_t size)
{
    ERR_clear_error();
    size_t written = 0;
    int result = SSL_write_ex(session->ssl, data, size, &written);
    if (result == 1 && written == size) {
        return 0;
    }
    /* A memory BIO takes everything and renegotiation is off: waiting would be for nothing. */
    if (outcome(session, result) != -EPROTO) {
        session->problem = "the peer closed TLS";
    }
    return -EPROTO;
}

/* One record in the making. */
struct record {
    char data[RECORD_BYTES];
    size_t filled;
};

/* Take what fits of `rest`; write the record when it is full. */
static int fill_record(struct stream_tls_session *session, struct record *record, struct text *rest)
{
    struct text taken = {rest->data, RECORD_BYTES - record->filled};
    if (record->filled == 0 && rest->size >= RECORD_BYTES) {
        *rest = text_skip(*rest, taken.size);
        return write_record(session, taken.data, taken.size); /* long parts are not copied */
    }
    if (rest->size < taken.size) {
        taken.size = rest->size;
    }
    memcpy(record->data + record->filled, taken.data, taken.size);
    record->filled += taken.size;
    *rest = text_skip(*rest, taken.size);
    if (record->filled < RECORD_BYTES) {
        return 0;
    }
    record->filled = 0;
    return write_record(session, record->data, RECORD_BYTES);
}

/* Lines of a dialogue are short and come in several parts: they are gathered so that each record,
 * and with it each round of ciphering, is worth its while. */
int stream_tls_session_write(struct stream_tls_session *session, const struct text *parts,
                             size_t count)
{
    struct record record; /* only `filled` needs a value */
    record.filled = 0;
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        struct text rest = parts[i];
        while (rest.size > 0 && result == 0) {
            result = fill_record(session, &record, &rest);
        }
    }
    if (result == 0 && record.filled > 0) {
        result = write_record(session, record.data, record.filled);
    }
    return result;
}

void stream_tls_session_finish(struct stream_tls_session *session)
{
    ERR_clear_error();
    if (SSL_is_init_finished(session->ssl)) {
        (void)SSL_shutdown(session->ssl);
        ERR_clear_error();
    }
}

struct text stream_tls_session_output(const struct stream_tls_session *session)
{
    char *data = NULL;
    long size = BIO_get_mem_data(session->out, &data);
    return (struct text){data, size > 0 ? (size_t)size : 0};
}

void stream_tls_session_take_output(struct stream_tls_session *session)
{
    (void)BIO_reset(session->out);
}

const char *stream_tls_session_version(const struct stream_tls_session *session)
{
    return SSL_is_init_finished(session->ssl) ? SSL_get_version(session->ssl) : "";
}

const char *stream_tls_session_problem(const struct stream_tls_session *session)
{
    return session->problem;
}
