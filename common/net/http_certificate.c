#include "common/net/http_certificate.h"

#include "common/base/buffer.h"
#include "common/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEM_BYTES_MAX 65536
#define KEY_ID_BYTES 64

static int read_pem(const char *path, struct buffer *ret_pem, struct problem *problem)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = -1;
    if (descriptor >= 0) {
        char *place = buffer_reserve(ret_pem, PEM_BYTES_MAX);
        size = read(descriptor, place, PEM_BYTES_MAX - 1);
        (void)close(descriptor);
    }
    if (size <= 0) {
        int error = size == 0 ? EINVAL : errno;
        char why[128];
        problem_set(problem, "", "http_tls", "cannot read %s: %s", path,
                    strerror_r(error, why, sizeof why));
        return -error;
    }
    ret_pem->size = (size_t)size;
    ret_pem->data[size] = '\0';
    return 0;
}

static void wipe(struct buffer *buffer)
{
    if (buffer->data != NULL) {
        explicit_bzero(buffer->data, buffer->size);
    }
    buffer_finish(buffer);
}

static gnutls_datum_t datum_of(const struct buffer *buffer)
{
    return (gnutls_datum_t){.data = (unsigned char *)buffer->data,
                            .size = (unsigned int)buffer->size};
}

static int load_chain(struct http_certificate *certificate, const char *file,
                      struct problem *problem)
{
    OWNED(buffer_finish) struct buffer pem = {0};
    int error = read_pem(file, &pem, problem);
    if (error != 0) {
        return error;
    }
    gnutls_datum_t data = datum_of(&pem);
    unsigned int count = HTTP_CERTIFICATE_CHAIN_MAX;
    int result =
        gnutls_pcert_list_import_x509_raw(certificate->chain, &count, &data, GNUTLS_X509_FMT_PEM,
                                          GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    if (result < 0) {
        problem_set(problem, "", "http_tls", "%s holds no certificate chain: %s", file,
                    gnutls_strerror(result));
        return -EINVAL;
    }
    certificate->count = count;
    gnutls_x509_crt_t first = NULL;
    result = gnutls_pcert_export_x509(&certificate->chain[0], &first);
    if (result < 0) {
        problem_set(problem, "", "http_tls", "%s: %s", file, gnutls_strerror(result));
        return -EINVAL;
    }
    certificate->expires_unix_s = gnutls_x509_crt_get_expiration_time(first);
    gnutls_x509_crt_deinit(first);
    if (certificate->expires_unix_s <= clock_unix_ms() / 1000) {
        problem_set(problem, "", "http_tls", "the certificate in %s has expired", file);
        return -EINVAL;
    }
    return 0;
}

static int load_key(struct http_certificate *certificate, const char *file, struct problem *problem)
{
    struct buffer pem = {0};
    int error = read_pem(file, &pem, problem);
    if (error != 0) {
        return error;
    }
    gnutls_datum_t data = datum_of(&pem);
    int result = gnutls_privkey_init(&certificate->key);
    if (result >= 0) {
        result =
            gnutls_privkey_import_x509_raw(certificate->key, &data, GNUTLS_X509_FMT_PEM, NULL, 0);
    }
    wipe(&pem);
    if (result < 0) {
        problem_set(problem, "", "http_tls", "%s holds no private key: %s", file,
                    gnutls_strerror(result));
        return -EINVAL;
    }
    return 0;
}

static bool do_match(const struct http_certificate *certificate)
{
    unsigned char ids[2][KEY_ID_BYTES] = {{0}};
    size_t sizes[2] = {KEY_ID_BYTES, KEY_ID_BYTES};
    gnutls_pubkey_t own = NULL;
    bool is_same = gnutls_pubkey_init(&own) >= 0 &&
                   gnutls_pubkey_import_privkey(own, certificate->key, 0, 0) >= 0 &&
                   gnutls_pubkey_get_key_id(own, GNUTLS_KEYID_USE_SHA256, ids[0], &sizes[0]) >= 0 &&
                   gnutls_pubkey_get_key_id(certificate->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256,
                                            ids[1], &sizes[1]) >= 0 &&
                   sizes[0] == sizes[1] && memcmp(ids[0], ids[1], sizes[0]) == 0;
    gnutls_pubkey_deinit(own);
    return is_same;
}

int http_certificate_load(const char *chain_file, const char *key_file,
                          struct http_certificate **ret_certificate, struct problem *problem)
{
    struct http_certificate *certificate = xalloc_zero(1, sizeof *certificate);
    int error = load_chain(certificate, chain_file, problem);
    if (error == 0) {
        error = load_key(certificate, key_file, problem);
    }
    if (error == 0 && !do_match(certificate)) {
        problem_set(problem, "", "http_tls", "%s is not the key of the certificate in %s", key_file,
                    chain_file);
        error = -EINVAL;
    }
    if (error != 0) {
        http_certificate_destroy(&certificate);
        return error;
    }
    *ret_certificate = certificate;
    return 0;
}

void http_certificate_destroy(struct http_certificate **certificate)
{
    struct http_certificate *ending = *certificate;
    *certificate = NULL;
    if (ending == NULL) {
        return;
    }
    for (unsigned int i = 0; i < ending->count; i++) {
        gnutls_pcert_deinit(&ending->chain[i]);
    }
    if (ending->key != NULL) {
        gnutls_privkey_deinit(ending->key);
    }
    free(ending);
}
