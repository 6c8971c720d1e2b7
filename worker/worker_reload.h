/* SIGHUP: all that is read again, before any of it is taken over. */
#ifndef HIKYAKU_WORKER_WORKER_RELOAD_H
#define HIKYAKU_WORKER_WORKER_RELOAD_H

#include "common/policy/classify.h"
#include "common/service/service_windows.h"
#include "worker/paths/shadow.h"
#include "worker/worker_config.h"

struct worker_reload {
    struct worker_config config; /* its strings live in the arena */
    struct classify *rules;      /* owned, as is what follows */
    struct shadow_rules shadow;
};

/** Without its zone no plan of warm-up may begin a day: quotas of a day that begins at a wrong time
 *  would be two. @return 0 or -EINVAL */
MUST_USE int worker_reload_check_zone(struct service_windows *windows,
                                      const struct worker_config *config, struct problem *problem);

/**
 * Read everything again; mistakes are logged.
 *
 * @param before      in use
 * @param ret_reload  out: worker_reload_finish() it
 * @return whether all of it is good; if not, nothing may be taken over
 */
MUST_USE bool worker_reload_read(const char *file, const struct worker_config *before,
                                 struct service_windows *windows, struct arena *arena,
                                 struct worker_reload *ret_reload);
/** What was not taken. */
void worker_reload_finish(struct worker_reload *reload);

#endif
