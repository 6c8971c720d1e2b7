/* The unsubscribe links of HIKYAKU: a listener of its own that needs nothing of the campaign (RFC
 * 8058). GET shows a page, POST puts the address on the suppression list of its stream and tells it
 * as an event; 200 says that both are durable. */
#ifndef HIKYAKU_COORDINATOR_UNSUBSCRIBE_UNSUBSCRIBE_H
#define HIKYAKU_COORDINATOR_UNSUBSCRIBE_UNSUBSCRIBE_H

#include "common/net/loop.h"
#include "common/security/key_directory.h"
#include "common/store/store.h"
#include "coordinator/audit/audit.h"
#include "coordinator/suppression/suppression.h"

/** A body has some 200 bytes. */
#define UNSUBSCRIBE_BODY_BYTES_MAX ((size_t)16 * 1024)
/** Connections of one address, unless a proxy stands in front. */
#define UNSUBSCRIBE_CONNECTIONS_OF_ONE 50
/** After so long without Redis' answer: 503. */
#define UNSUBSCRIBE_PATIENCE_MS 8000
#define UNSUBSCRIBE_RETRY_AFTER_S "120"

struct unsubscribe;

struct unsubscribe_settings {
    struct loop *loop; /* borrowed, as all of these */
    struct store *store;
    struct key_directory *keys;
    struct suppression *suppression;
    struct audit *audit;
    const char *endpoint;         /* "0.0.0.0:8463", "unix:/run/hikyaku/unsubscribe.sock" */
    const char *certificate_file; /* NULL: no TLS */
    const char *key_file;
    bool is_behind_proxy;     /* who asks stands in X-Forwarded-For */
    unsigned int connections; /* at most */
    /** Is nothing to be written (a restored store that nobody has looked at)? */
    bool (*is_closed)(void *context);
    void *context;
};

MUST_USE int unsubscribe_open(const struct unsubscribe_settings *settings,
                              struct unsubscribe **ret_unsubscribe, struct problem *problem);
/** Take no more: 503. Those under way go on. */
void unsubscribe_stop(struct unsubscribe *unsubscribe);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void unsubscribe_close(struct unsubscribe **unsubscribe);

/** Read the certificate again; nothing without TLS. @return 0, or -errno: the old one stays */
MUST_USE int unsubscribe_renew(struct unsubscribe *unsubscribe, const char *certificate_file,
                               const char *key_file, struct problem *problem);
/** For /metrics. */
void unsubscribe_set_gauges(const struct unsubscribe *unsubscribe);

#endif
