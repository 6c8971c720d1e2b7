#include "common/service/service_store.h"

#include "common/base/metrics.h"
#include "common/security/key_file.h"
#include "common/store/store_tls.h"

#define SECRET_BYTES_MAX 4096

static int read_password(const char *file, struct key_file_secret *ret_secret,
                         struct problem *problem)
{
    int error = file == NULL ? 0 : key_file_read(file, SECRET_BYTES_MAX, ret_secret, problem);
    if (file != NULL && error == 0) {
        struct text trimmed =
            text_trim((struct text){(const char *)ret_secret->data, ret_secret->size});
        size_t start = (size_t)(trimmed.data - (const char *)ret_secret->data);
        ret_secret->data[start + trimmed.size] = '\0';
    }
    return error;
}

int service_store_open(struct loop *loop, const struct service_config *config, const char *session,
                       const struct store_callbacks *callbacks, struct store **ret_store,
                       struct problem *problem)
{
    struct key_file_secret password = {.data = NULL};
    struct key_file_secret sentinel_password = {.data = NULL};
    const struct store_tls *tls = config->store.tls.ca_file == NULL ? NULL : &config->store.tls;
    int error = tls == NULL ? 0 : store_tls_check(tls, problem);
    if (error == 0) {
        error = read_password(config->store.password_file, &password, problem);
    }
    if (error == 0) {
        error = read_password(config->store.sentinel_password_file, &sentinel_password, problem);
    }
    if (error != 0) {
        key_file_wipe(&password);
        return error;
    }
    const struct store_settings settings = {
        .endpoint = config->store.endpoint,
        .sentinels = config->store.sentinels.items,
        .sentinel_count = config->store.sentinels.count,
        .master = config->store.master,
        .sentinel_user = config->store.sentinel_user,
        .sentinel_password = (const char *)sentinel_password.data,
        .user = config->store.user,
        .password = (const char *)password.data,
        .database = (unsigned int)config->store.database,
        .prefix = config->store.prefix,
        .durability = (enum store_durability)config->durability,
        .replicas =
            config->durability == STORE_REPLICATED ? (unsigned int)config->durability_replicas : 0,
        .session = session,
        .tls = tls,
    };
    *ret_store = store_create(loop, &settings, callbacks);
    key_file_wipe(&password);
    key_file_wipe(&sentinel_password);
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
