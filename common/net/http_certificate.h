/* A certificate chain and its key for the HTTP server, parsed once, shown to each handshake. */
#ifndef HIKYAKU_COMMON_NET_HTTP_CERTIFICATE_H
#define HIKYAKU_COMMON_NET_HTTP_CERTIFICATE_H

#include "common/base/problem.h"

#include <gnutls/abstract.h>

#define HTTP_CERTIFICATE_CHAIN_MAX 16

struct http_certificate {
    gnutls_pcert_st chain[HTTP_CERTIFICATE_CHAIN_MAX];
    unsigned int count;
    gnutls_privkey_t key;
    int64_t expires_unix_s;           /* of the first of the chain */
    struct http_certificate *retired; /* the owner's list of former ones */
    uint64_t retired_ms;
};

/**
 * Read PEM files and see that they belong together.
 *
 * @param ret_certificate  out: owned by the caller
 * @return 0; -EINVAL with rule http_tls (no PEM, key of another certificate, expired); other -errno
 */
MUST_USE int http_certificate_load(const char *chain_file, const char *key_file,
                                   struct http_certificate **ret_certificate,
                                   struct problem *problem);
/** Accepts NULL, nulls the pointer. */
void http_certificate_destroy(struct http_certificate **certificate);

#endif
