/* The store: Redis, the only durable state for mail. One typed call per transition (store_*.h),
 * each one script on one slot. Answers come on the loop, in the order of the calls of one kind.
 *
 * A call made while Redis is away is answered -EAGAIN at once when nothing was sent, or
 * -ECONNRESET when the answer got lost, or too few replicas have it (applied or not: every
 * transition may be repeated). */
#ifndef HIKYAKU_COMMON_STORE_STORE_H
#define HIKYAKU_COMMON_STORE_STORE_H

#include "common/base/problem.h"
#include "common/net/loop.h"

struct store;

/** What an acknowledgement costs and promises. */
enum store_durability { STORE_DISK, STORE_RELAXED, STORE_REPLICATED };

/** TLS to Redis and its sentinels (store_tls.h). */
struct store_tls {
    const char *ca_file;          /* PEM: who may have signed Redis' certificate */
    const char *certificate_file; /* PEM, own, with its chain; NULL: none is shown */
    const char *key_file;
    const char *server_name; /* in Redis' certificate; NULL: the host that is connected to */
};

struct store_settings {
    const char *endpoint;   /* "127.0.0.1:6379", "[::1]:6379", "unix:/run/redis.sock" */
    char *const *sentinels; /* endpoints of those that know the primary, instead of `endpoint` */
    size_t sentinel_count;
    const char *master;            /* the primary's name at the sentinels */
    const char *sentinel_user;     /* NULL: the default user */
    const char *sentinel_password; /* secret; NULL: none */
    const char *user;              /* NULL: no AUTH */
    const char *password;          /* secret; copied, wiped at destroy; NULL: none */
    unsigned int database;
    const char *prefix; /* "hk" */
    enum store_durability durability;
    unsigned int replicas; /* REPLICATED: how many must have what is acknowledged, at least 1 */
    const char *session;   /* 32 hex digits; copied */
    uint64_t timeout_ms;   /* of one answer; 0: 10 s. Then the connection is made anew */
    const struct store_tls *tls; /* borrowed while the store lives; NULL: none */
};

struct store_callbacks {
    /** Connected, checked, scripts known: calls work. Again after each reconnect. */
    void (*on_ready)(void *context);
    /** The connection is lost, or Redis stopped answering. */
    void (*on_lost)(void *context);
    /** Redis is of the wrong kind (role, version, persistence, eviction): exit with the reason. */
    void (*on_wrong)(void *context, const struct problem *problem);
    void *context;
};

struct store *store_create(struct loop *loop, const struct store_settings *settings,
                           const struct store_callbacks *callbacks);
/** Calls without answer are answered -ECANCELED first. Not from inside a callback of the store.
 *  Accepts NULL, nulls the pointer. */
void store_destroy(struct store **store);

bool store_is_ready(const struct store *store);
/** Why it is not, for /readyz: "STORE_UNAVAILABLE: ..."; a constant. */
const char *store_why_not_ready(const struct store *store);
/** Redis' wall clock minus ours, now; Redis' is measured each 10 s, 0 before. I10 acts only within
 * 60 s. */
int64_t store_clock_skew_ms(const struct store *store);
/** Redis' wall clock, as far as we know, whatever ours says: what due times are told by. */
int64_t store_now_unix_ms(const struct store *store);

/** For GetFleet and /readyz. Texts live in the store. */
struct store_facts {
    const char *version;
    const char *run_id;
    const char *durability;      /* "disk", "relaxed", "replicated: 2" */
    const char *const *warnings; /* NULL-terminated */
    uint64_t used_memory_bytes;
    uint64_t max_memory_bytes;
    uint32_t latency_p99_ms; /* of the last 1,000 answers */
};
void store_facts(const struct store *store, struct store_facts *ret_facts);

#endif
