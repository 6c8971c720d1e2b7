#include "common/service/service_config.h"

#include "common/security/key_file.h"

#include <errno.h>

#define SECRET_BYTES_MAX ((size_t)64 * 1024)

const char *const service_config_log_levels[] = {"debug", "info", "warn", "error", NULL};
const char *const service_config_log_forms[] = {"auto", "json", "text", NULL};
const char *const service_config_durabilities[] = {"disk", "relaxed", "replicated", NULL};

int service_config_check_redis(struct text value, struct problem *problem)
{
    static const char *const encrypted[] = {"rediss:", "tls:", "ssl:"};
    for (size_t i = 0; i < sizeof encrypted / sizeof encrypted[0]; i++) {
        if (text_starts_with(value, text_of(encrypted[i]))) {
            problem_set(problem, "", "store_tls",
                        "Redis is HOST:PORT here; TLS is asked for with store.tls.ca_file");
            return -EINVAL;
        }
    }
    return config_check_endpoint(value, problem);
}

static int check_secret(const char *path, struct problem *problem)
{
    struct key_file_secret secret = {.data = NULL};
    int error = key_file_read(path, SECRET_BYTES_MAX, &secret, problem);
    key_file_wipe(&secret);
    return error;
}

int service_config_read(const struct config_table *table, const char *file, struct arena *arena,
                        struct config_errors *errors, void *ret_config)
{
    const struct config_request request = {
        .table = table, .file = file, .check_secret = check_secret};
    return config_table_read(&request, arena, errors, ret_config);
}

int service_config_reread(const struct config_table *table, const char *file, const void *before,
                          struct arena *arena, void *ret_config, struct problem *problem)
{
    struct config_errors errors = {.file = file};
    int error = service_config_read(table, file, arena, &errors, ret_config);
    if (error == 0) {
        struct config_changes changes;
        config_change_find(table, before, ret_config, &changes);
        error = config_change_refuse(&changes, &errors);
    }
    if (error != 0) {
        *problem = errors.items[0].problem;
    }
    return error;
}
