/* What store.c and store_login.c share: the store itself. */
#ifndef HIKYAKU_COMMON_STORE_STORE_STATE_H
#define HIKYAKU_COMMON_STORE_STORE_STATE_H

#include "common/store/store_checks.h"
#include "common/store/store_clock.h"
#include "common/store/store_group.h"
#include "common/store/store_private.h"
#include "common/store/store_sentinel.h"

#define STORE_STATE_LATENCIES 1000
#define STORE_STATE_SHA_SIZE 41
#define STORE_STATE_AWAY "STORE_UNAVAILABLE: Redis is not reachable"
#define STORE_STATE_REPLICAS "STORE_UNAVAILABLE: Redis has too few replicas for `durability`"

/* One of the connections, with what its Redis said of itself. */
struct store_end {
    struct store *store;
    enum store_link_kind kind;
    struct store_link *link;
    struct store_checks checks;
    char told_rule[64]; /* why it is away, as logged last: each reason once an outage */
    bool is_waiting;    /* logged in; leases are renewed first */
    store_ready_fn *on_ready;
    void *on_ready_context;
};

struct store {
    struct loop *loop;
    struct store_callbacks callbacks;
    char *endpoint;
    char *user;
    char *password;
    char *prefix;
    const struct store_tls *tls; /* borrowed; NULL: none */
    unsigned int database;
    uint64_t timeout_ms;
    enum store_durability durability;
    unsigned int replicas;
    struct store_sentinel *sentinel; /* NULL: `endpoint` is fixed */
    struct store_group *group;       /* REPLICATED: in front of the write link */
    char session[33];
    char durability_text[32];
    const char *away_reason;
    struct store_end ends[STORE_LINK_COUNT];
    struct store_command command;
    struct store_notices notices;
    char shas[STORE_SCRIPT_COUNT][STORE_STATE_SHA_SIZE];
    struct loop_timer *measure;
    struct store_clock clock;
    uint64_t time_sent_ms;
    uint32_t latencies[STORE_STATE_LATENCIES];
    size_t latency_count;
    const char *warnings[STORE_CHECKS_WARNINGS_MAX + 1];
    bool was_ready; /* once: a demoted master is then waited for */
    bool is_ready;
    bool is_wrong;
    bool are_leases_renewed; /* on the connection that the lease link has */
};

#endif
