#include "common/store/store_tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifdef HIKYAKU_STORE_TLS

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static int tell(struct problem *problem, const char *field, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    problem_set(problem, field, "store_tls", "%s: %s", what,
                reason == NULL ? "OpenSSL does not say why" : reason);
    return -EINVAL;
}

static int use_files(SSL_CTX *context, const struct store_tls *tls, struct problem *problem)
{
    if (SSL_CTX_load_verify_locations(context, tls->ca_file, NULL) != 1) {
        return tell(problem, "store.tls.ca_file", "it holds no certificates that can be read");
    }
    if (tls->certificate_file == NULL) {
        return 0;
    }
    if (SSL_CTX_use_certificate_chain_file(context, tls->certificate_file) != 1) {
        return tell(problem, "store.tls.certificate_file", "it holds no certificate");
    }
    if (SSL_CTX_use_PrivateKey_file(context, tls->key_file, SSL_FILETYPE_PEM) != 1) {
        return tell(problem, "store.tls.key_file", "it holds no key for the certificate");
    }
    return 0;
}

static int make_context(const struct store_tls *tls, SSL_CTX **ret_context, struct problem *problem)
{
    ERR_clear_error();
    if ((tls->certificate_file == NULL) != (tls->key_file == NULL)) {
        problem_set(problem, "store.tls.certificate_file", "store_tls",
                    "certificate_file and key_file go together");
        return -EINVAL;
    }
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        SSL_CTX_free(context);
        return tell(problem, "store.tls", "OpenSSL gives no client context");
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    int error = use_files(context, tls, problem);
    if (error != 0) {
        SSL_CTX_free(context);
        return error;
    }
    *ret_context = context;
    return 0;
}

static bool expect_name(SSL *ssl, const char *name)
{
    unsigned char address[16];
    bool is_address =
        inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
    if (is_address) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    }
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

int store_tls_check(const struct store_tls *tls, struct problem *problem)
{
    SSL_CTX *context = NULL;
    int error = make_context(tls, &context, problem);
    SSL_CTX_free(context);
    return error;
}

int store_tls_begin(const struct store_tls *tls, struct redisContext *redis, const char *host,
                    struct ssl_st **ret_tls, struct problem *problem)
{
    SSL_CTX *context = NULL;
    int error = make_context(tls, &context, problem);
    if (error != 0) {
        return error;
    }
    SSL *ssl = SSL_new(context);
    SSL_CTX_free(context); /* the session holds it */
    const char *name = tls->server_name == NULL ? host : tls->server_name;
    if (ssl == NULL || !expect_name(ssl, name)) {
        SSL_free(ssl);
        return tell(problem, "store.tls.server_name", "OpenSSL does not take it");
    }
    /* The connection owns the session, once it is begun. */
    if (redisInitiateSSL(redis, ssl) != REDIS_OK) {
        problem_set(problem, "store.tls", "store_tls", "%s", redis->errstr);
        SSL_free(ssl);
        return -EPROTO;
    }
    (void)SSL_up_ref(ssl);
    *ret_tls = ssl;
    return 0;
}

/* hiredis tells what the system says, which is often nothing. */
void store_tls_end(struct ssl_st **tls, const char *said, char ret_reason[STORE_TLS_REASON_BYTES])
{
    SSL *ssl = *tls;
    *tls = NULL;
    long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) {
        (void)snprintf(ret_reason, STORE_TLS_REASON_BYTES, "certificate verify failed: %s",
                       X509_verify_cert_error_string(verdict));
    } else {
        bool is_told = said[0] != '\0' && strcmp(said, "Success") != 0;
        (void)snprintf(ret_reason, STORE_TLS_REASON_BYTES, "%s",
                       is_told ? said : "Redis ended the handshake");
    }
    SSL_free(ssl);
}

#else

static int refuse(struct problem *problem)
{
    problem_set(
        problem, "store.tls.ca_file", "store_tls",
        "this build has no TLS to Redis: hiredis is older than 1.0 (Debian 12). Use a build "
        "on Debian 13, a unix socket, a private network, or a tunnel on this machine "
        "(stunnel, WireGuard)");
    return -ENOTSUP;
}

int store_tls_check(const struct store_tls *tls, struct problem *problem)
{
    (void)tls;
    return refuse(problem);
}

int store_tls_begin(const struct store_tls *tls, struct redisContext *redis, const char *host,
                    struct ssl_st **ret_tls, struct problem *problem)
{
    (void)tls;
    (void)redis;
    (void)host;
    (void)ret_tls;
    return refuse(problem);
}

void store_tls_end(struct ssl_st **tls, const char *said, char ret_reason[STORE_TLS_REASON_BYTES])
{
    *tls = NULL;
    (void)snprintf(ret_reason, STORE_TLS_REASON_BYTES, "%s", said);
}

#endif
