/* The upstream API: a transport-neutral dispatcher, the handlers of each call, and the HTTP face.
 *
 *   http_server -> api_http (Connect's unary form) -> api_dispatch (key, method, bytes, rules)
 *     -> api_<call> (handler) -> catalog, intake, store -> answer */
#ifndef HIKYAKU_COORDINATOR_API_API_H
#define HIKYAKU_COORDINATOR_API_API_H

#include "common/security/key_directory.h"
#include "common/store/store.h"
#include "common/wire/wire_effective.h"
#include "coordinator/access/access.h"
#include "coordinator/catalog/catalog.h"
#include "coordinator/recovery/recovery.h"
#include "coordinator/tenants/tenants.h"

struct api;
struct explain;
struct inquiries;
struct audit;
struct suppression;
struct service_windows;

/** Fill in the fleet as this coordinator knows it. */
typedef void api_fleet_fn(void *context, struct arena *arena,
                          Hikyaku__V1__GetFleetResponse *response);

/** Why a campaign's rows wait. */
struct api_gate {
    enum gate gate;        /* GATE_NONE: they need not */
    int64_t until_unix_ms; /* 0: not known */
    const char *why;       /* for people, "" for nothing; in the arena */
    bool is_idle;          /* nobody works, whatever batches say of claims (a restored store) */
};

/** As this coordinator sees its workers, and what operators have stopped. */
typedef struct api_gate api_gate_fn(void *context, const struct store_campaign *campaign,
                                    struct arena *arena);

struct api_settings {
    struct loop *loop; /* borrowed, as all of these */
    struct store *store;
    struct catalog *catalog;
    struct key_directory *keys;
    struct service_windows *windows;
    struct recovery *recovery;
    struct access *access;
    struct explain *explain;
    struct inquiries *inquiries; /* to workers */
    struct audit *audit;
    struct suppression *suppression;
    const struct wire_limits *limits;
    const struct tenants *tenants;
    const char *const *pools;        /* of the cluster: names; NULL-terminated */
    const char *const *from_domains; /* with a DKIM key; A-labels, lower case; NULL-terminated */
    intake_provider_fn *find_provider;
    const void *provider_context;
    api_fleet_fn *fill_fleet;
    api_gate_fn *find_gate; /* NULL: nothing is known */
    void *fleet_context;
};

struct api *api_create(const struct api_settings *settings);
/** Take no more calls: they are answered UNAVAILABLE. Those under way go on. */
void api_stop(struct api *api);
/** The store is destroyed before and the pool is done: who waits now waits for events, and is
 * answered UNAVAILABLE. Accepts NULL, nulls the pointer. */
void api_destroy(struct api **api);

/**
 * Read the certificate of the listeners with TLS again; connections from now on see it.
 * @return 0, or -errno with a problem: the old one stays
 */
MUST_USE int api_renew(struct api *api, const char *certificate_file, const char *key_file,
                       struct problem *problem);
/** For /metrics. */
void api_set_gauges(const struct api *api);

struct api_listen {
    const char *endpoint;         /* "127.0.0.1:8460", "unix:/run/hikyaku/api.sock" */
    const char *certificate_file; /* NULL: no TLS; then keys are refused off loopback */
    const char *key_file;
};
/** Open one more way in; at most four. */
MUST_USE int api_listen(struct api *api, const struct api_listen *listen, struct problem *problem);
/** The port of the n-th listener (0: a unix socket). */
uint16_t api_port(const struct api *api, size_t listener);

#endif
