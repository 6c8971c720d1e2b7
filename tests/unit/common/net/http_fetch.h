/* A client with all of curl behind it, in a thread; certificates for it to see. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_NET_HTTP_FETCH_H
#define HIKYAKU_TESTS_UNIT_COMMON_NET_HTTP_FETCH_H

#include "common/base/buffer.h"
#include "common/net/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct fetch {
    struct loop *loop; /* stopped when it is done */
    const char *url;
    const char *unix_path;
    struct buffer body;
    CURLcode result;
};

static size_t on_fetched(char *data, size_t size, size_t items, void *context)
{
    struct fetch *fetch = context;
    buffer_append(&fetch->body, data, size * items);
    return size * items;
}

static void fetch_done(void *context)
{
    loop_stop(context);
}

static void *run_fetch(void *context)
{
    struct fetch *fetch = context;
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, fetch->url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_fetched);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    if (fetch->unix_path != NULL) {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, fetch->unix_path);
    }
    fetch->result = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    loop_post(fetch->loop, fetch_done, fetch->loop);
    return NULL;
}

static void write_pem(const char *certificate_path, const char *key_path, int64_t left_s)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), left_s);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fopen(certificate_path, "w");
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    (void)fclose(file);
    file = fopen(key_path, "w");
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    EVP_PKEY_free(key);
    X509_free(certificate);
}

#endif
