#include "common/service/service_store.h"

#include "common/base/metrics.h"
#include "common/security/key_file.h"

#define SECRET_BYTES_MAX 4096

int service_store_open(struct loop *loop, const struct service_config *config, const char *session,
                       const struct store_callbacks *callbacks, struct store **ret_store,
                       struct problem *problem)
{
    struct key_file_secret password = {.data = NULL};
    if (config->store.password_file != NULL) {
        int error =
            key_file_read(config->store.password_file, SECRET_BYTES_MAX, &password, problem);
        if (error != 0) {
            return error;
        }
        struct text trimmed = text_trim((struct text){(const char *)password.data, password.size});
        password.data[(size_t)(trimmed.data - (const char *)password.data) + trimmed.size] = '\0';
    }
    const struct store_settings settings = {
        .endpoint = config->store.endpoint,
        .user = config->store.user,
        .password = (const char *)password.data,
        .database = (unsigned int)config->store.database,
        .prefix = config->store.prefix,
        .durability = (enum store_durability)config->durability,
        .replicas =
            config->durability == STORE_REPLICATED ? (unsigned int)config->durability_replicas : 0,
        .session = session,
    };
    *ret_store = store_create(loop, &settings, callbacks);
    key_file_wipe(&password);
    return 0;
}

void service_store_set_gauges(const struct store *store)
{
    struct store_facts facts;
    store_facts(store, &facts);
    metrics_set(
        metrics_gauge("hikyaku_store_reachable", "1: Redis is connected and fit.", NULL, TEXT("")),
        store_is_ready(store));
    metrics_set(metrics_gauge("hikyaku_store_latency_p99_milliseconds",
                              "99th percentile of the last 1,000 answers of Redis.", NULL,
                              TEXT("")),
                facts.latency_p99_ms);
    metrics_set(metrics_gauge("hikyaku_store_used_memory_bytes", "What Redis uses, read each 10 s.",
                              NULL, TEXT("")),
                (int64_t)facts.used_memory_bytes);
    metrics_set(metrics_gauge("hikyaku_store_max_memory_bytes",
                              "Redis' maxmemory: intake stops there; 0: no limit.", NULL, TEXT("")),
                (int64_t)facts.max_memory_bytes);
}

const char *service_store_note(const struct service_config *config)
{
    static const char *const notes[] = {
        [STORE_DISK] = NULL,
        [STORE_RELAXED] = "durability relaxed: a crash of Redis may lose what was acknowledged",
        [STORE_REPLICATED] = "durability replicated: acknowledged once replicas have it",
    };
    return notes[config->durability];
}
