/* The coordinator's parts, and what its two halves share. Internal to this folder. */
#ifndef HIKYAKU_COORDINATOR_APP_INSIDE_H
#define HIKYAKU_COORDINATOR_APP_INSIDE_H

#include "common/net/loop.h"
#include "common/security/identity.h"
#include "common/wire/wire_limits.h"
#include "coordinator/coordinator_config.h"
#include "coordinator/schedule/limit_rules.h"

struct app {
    const char *file;
    const struct coordinator_config *config; /* borrowed */
    struct wire_limits limits;
    struct arena *arena; /* lives as long as the app */
    char session[IDENTITY_SESSION_LENGTH + 1];
    int exit_code;

    struct loop *loop;
    struct tenants *tenants;
    struct key_directory *keys;
    struct bus *bus;
    struct store *store;
    struct catalog *catalog;
    struct service_windows *windows;
    struct fleet *fleet;
    struct recovery *recovery;
    struct retention *retention;
    struct access *access;
    struct suppression *suppression;
    struct explain *explain;
    struct audit *audit;
    struct api *api;
    struct unsubscribe *unsubscribe; /* NULL: not here */
    struct service_health *health;

    struct loop_signal *terminate;
    struct loop_signal *interrupt;
    struct loop_signal *reload;
    struct loop_timer *leaving; /* runs from SIGTERM to the end */
    uint64_t leaving_ms;        /* since when; 0: not */
    bool is_audit_closed;
};

/** Tell why, end with a failure, in order. */
void app_fail(struct app *app, const char *reason);

/** Open every part, top to bottom. @return 0 or -errno with a problem */
MUST_USE int app_open_all(struct app *app, struct problem *problem);

/** The shared limits of a configuration, in `arena`; as many as its `rates`. */
const struct limit_rule *app_open_limits(struct arena *arena,
                                         const struct coordinator_config *config);

#endif
