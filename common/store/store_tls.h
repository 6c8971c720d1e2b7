/* TLS to Redis, where hiredis offers it (1.0 and later: Debian 13, not 12). Internal to this folder
 * but for store_tls_check(). Who connects is told apart by certificate: the chain must end at one
 * of the CAs, and the name be the one connected to. */
#ifndef HIKYAKU_COMMON_STORE_STORE_TLS_H
#define HIKYAKU_COMMON_STORE_STORE_TLS_H

#include "common/base/problem.h"
#include "common/store/store.h"

struct redisContext;
struct ssl_st;
#define STORE_TLS_REASON_BYTES 160

/** Can this build speak TLS to Redis, and can these files be used? @return 0; -ENOTSUP, -EINVAL
 * with a problem that names the key of the configuration */
MUST_USE int store_tls_check(const struct store_tls *tls, struct problem *problem);

/**
 * Begin TLS on a connection that is being made. The files are read anew each time: what was renewed
 * is used with the next connection.
 * @param host     the name or address connected to
 * @param ret_tls  a reference: store_tls_end() ends it
 * @return 0; -EINVAL (files), -ENOTSUP, -EPROTO, with a problem
 */
MUST_USE int store_tls_begin(const struct store_tls *tls, struct redisContext *redis,
                             const char *host, struct ssl_st **ret_tls, struct problem *problem);
/**
 * The connection is about to go.
 * @param said        what hiredis says of it
 * @param ret_reason  why it failed, if it did
 */
void store_tls_end(struct ssl_st **tls, const char *said, char ret_reason[STORE_TLS_REASON_BYTES]);

#endif
