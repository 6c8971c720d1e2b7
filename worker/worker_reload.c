#include "worker/worker_reload.h"

#include "common/base/log.h"
#include "worker/reply_rules.h"
#include "worker/shadow_files.h"

#include <errno.h>

int worker_reload_check_zone(struct service_windows *windows, const struct worker_config *config,
                             struct problem *problem)
{
    const char *zone = config->warmup.zone;
    if (zone == NULL || service_windows_has_zone(windows, text_of(zone))) {
        return 0;
    }
    problem_set(problem, "warmup.zone", "zone", "%s is not in this machine's tzdata", zone);
    return -EINVAL;
}

bool worker_reload_read(const char *file, const struct worker_config *before,
                        struct service_windows *windows, struct arena *arena,
                        struct worker_reload *ret_reload)
{
    struct problem problem = {.message = ""};
    *ret_reload = (struct worker_reload){.rules = NULL};
    int error = service_config_reread(&worker_config_table, file, before, arena,
                                      &ret_reload->config, &problem);
    if (error == 0) {
        error = worker_reload_check_zone(windows, &ret_reload->config, &problem);
    }
    if (error != 0) {
        LOG(LOG_CONFIG_REFUSED, NULL, log_string("field", problem.field),
            log_string("reason", problem.message));
        return false;
    }
    /* These tell each of their mistakes with its place. */
    error = reply_rules_read(ret_reload->config.reply_rules, &ret_reload->rules, &problem);
    if (error == 0) {
        error = shadow_files_read(&ret_reload->config, &ret_reload->shadow, &problem);
    }
    if (error != 0) {
        worker_reload_finish(ret_reload);
    }
    return error == 0;
}

void worker_reload_finish(struct worker_reload *reload)
{
    classify_destroy(&reload->rules);
    shadow_rules_finish(&reload->shadow);
}
