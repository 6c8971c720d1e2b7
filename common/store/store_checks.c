#include "common/store/store_checks.h"

#include <errno.h>
#include <string.h>

#define VERSION_MAJOR_LEAST 7

static void copy_value(char *place, size_t size, struct text value)
{
    if (value.size < size) {
        memcpy(place, value.data, value.size);
        place[value.size] = '\0';
    }
}

static void read_line(struct store_checks *checks, struct text name, struct text value)
{
    uint64_t number = 0;
    if (text_equal(name, TEXT("redis_version"))) {
        copy_value(checks->version, sizeof(checks->version), value);
    } else if (text_equal(name, TEXT("run_id"))) {
        copy_value(checks->run_id, sizeof(checks->run_id), value);
    } else if (text_equal(name, TEXT("role"))) {
        copy_value(checks->role, sizeof(checks->role), value);
    } else if (text_equal(name, TEXT("maxmemory_policy"))) {
        copy_value(checks->policy, sizeof(checks->policy), value);
    } else if (text_equal(name, TEXT("aof_enabled"))) {
        checks->has_aof = text_equal(value, TEXT("1"));
    } else if (text_equal(name, TEXT("loading"))) {
        checks->is_loading = text_equal(value, TEXT("1"));
    } else if (text_to_u64(value, UINT64_MAX, &number) != 0) {
        return;
    } else if (text_equal(name, TEXT("used_memory"))) {
        checks->used_memory_bytes = number;
    } else if (text_equal(name, TEXT("maxmemory"))) {
        checks->max_memory_bytes = number;
    } else if (text_equal(name, TEXT("min_slaves_good_slaves"))) {
        checks->replicas = number;
    }
}

void store_checks_read_info(struct store_checks *checks, struct text info)
{
    struct text line;
    while (text_next_part(&info, '\n', &line)) {
        line = text_trim(line);
        size_t colon = text_find(line, ':');
        if (colon < line.size) {
            read_line(checks, (struct text){line.data, colon}, text_skip(line, colon + 1));
        }
    }
}

static void read_number(uint64_t *ret_number, struct text value)
{
    if (text_to_u64(value, UINT64_MAX, ret_number) != 0) {
        *ret_number = 0;
    }
}

void store_checks_read_config(struct store_checks *checks, struct text name, struct text value)
{
    if (text_equal(name, TEXT("appendfsync"))) {
        copy_value(checks->appendfsync, sizeof(checks->appendfsync), value);
    } else if (text_equal(name, TEXT("no-appendfsync-on-rewrite"))) {
        copy_value(checks->on_rewrite, sizeof(checks->on_rewrite), value);
    } else if (text_equal(name, TEXT("min-replicas-to-write"))) {
        read_number(&checks->min_replicas, value);
    } else if (text_equal(name, TEXT("min-replicas-max-lag"))) {
        read_number(&checks->max_lag_s, value);
    }
}

void store_checks_read_user(struct store_checks *checks, struct text name, struct text value)
{
    bool is_bound = (text_equal(name, TEXT("commands")) && !text_equal(value, TEXT("+@all"))) ||
                    (text_equal(name, TEXT("keys")) && !text_equal(value, TEXT("~*")));
    checks->is_default_user_bound = checks->is_default_user_bound || is_bound;
}

static bool is_old(const char *version)
{
    struct text rest = text_of(version);
    struct text major;
    uint64_t number = 0;
    return !text_next_part(&rest, '.', &major) || text_to_u64(major, 1000, &number) != 0 ||
           number < VERSION_MAJOR_LEAST;
}

/* What durability "disk" asks for, in the order of reading. */
static const struct {
    const char *setting;
    const char *message;
    const char *warning;
} settings[] = {
    {"appendonly", "Redis keeps no append-only file: set `appendonly yes` in redis.conf",
     "appendonly is off: a restart of Redis loses mail"},
    {"appendfsync", "Redis does not sync each write: set `appendfsync always` in redis.conf",
     "appendfsync is not always: a crash of Redis loses acknowledged mail"},
    {"no-appendfsync-on-rewrite",
     "Redis does not sync while it rewrites: set `no-appendfsync-on-rewrite no` in redis.conf",
     "no-appendfsync-on-rewrite is yes: a crash during a rewrite loses acknowledged mail"},
    {"user default",
     "Redis would drop what scripts wrote when it restarts: its default user may be off, but needs "
     "all rights: set `user default off ~* &* +@all` in redis.conf",
     "the default user lacks rights: a restart of Redis loses what scripts wrote"},
};

static bool is_granted(const struct store_checks *checks, size_t setting)
{
    switch (setting) {
    case 0:
        return checks->has_aof;
    case 1:
        return checks->appendfsync[0] == '\0' || strcmp(checks->appendfsync, "always") == 0;
    case 3:
        return !checks->is_default_user_bound;
    default:
        return checks->on_rewrite[0] == '\0' || strcmp(checks->on_rewrite, "no") == 0;
    }
}

/* What holds with any durability. */
static int judge_kind(const struct store_checks *checks, struct problem *problem)
{
    if (is_old(checks->version)) {
        problem_set(problem, "version", "store_version", "Redis %s is too old: 7.0 or later",
                    checks->version);
        return -EINVAL;
    }
    if (strcmp(checks->role, "master") != 0) {
        problem_set(problem, "role", "store_role",
                    "this Redis is a replica: name the master in `store.endpoint`");
        return -EINVAL;
    }
    if (strcmp(checks->policy, "noeviction") != 0) {
        problem_set(problem, "maxmemory-policy", "store_eviction",
                    "Redis may evict mail (%s): set `maxmemory-policy noeviction` in redis.conf",
                    checks->policy);
        return -EINVAL;
    }
    return 0;
}

/* A master that loses its replicas must stop by itself; unknown (CONFIG forbidden) is 0, too. */
static int judge_replicas(const struct store_checks *checks, unsigned int replicas,
                          struct problem *problem)
{
    if (replicas == 0) {
        return 0;
    }
    if (checks->min_replicas < replicas) {
        problem_set(problem, "min-replicas-to-write", "store_min_replicas",
                    "Redis would write without its replicas (or CONFIG GET is forbidden): set "
                    "`min-replicas-to-write %u` in redis.conf, of replicas too",
                    replicas);
        return -EINVAL;
    }
    if (checks->max_lag_s == 0 || checks->max_lag_s > STORE_CHECKS_LAG_MAX_S) {
        problem_set(problem, "min-replicas-max-lag", "store_max_lag",
                    "Redis would write too long without its replicas: set "
                    "`min-replicas-max-lag %d` in redis.conf, of replicas too",
                    STORE_CHECKS_LAG_MAX_S);
        return -EINVAL;
    }
    if (checks->replicas < checks->min_replicas) {
        problem_set(problem, "replicas", "store_replicas",
                    "Redis has fewer prompt replicas than min-replicas-to-write asks for");
        return -EAGAIN;
    }
    return 0;
}

/* What holds with `disk` and `replicated`; `relaxed` warns. */
static int judge_settings(const struct store_checks *checks, enum store_durability durability,
                          const char **ret_warnings, struct problem *problem)
{
    size_t warnings = 0;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (is_granted(checks, i)) {
            continue;
        }
        if (durability != STORE_RELAXED) {
            problem_set(problem, settings[i].setting, "store_durability",
                        "%s (or accept losses with `durability: relaxed`)", settings[i].message);
            return -EINVAL;
        }
        ret_warnings[warnings++] = settings[i].warning;
    }
    if (checks->appendfsync[0] == '\0') {
        ret_warnings[warnings++] =
            "CONFIG GET is forbidden: nobody checked that appendfsync is always";
    }
    ret_warnings[warnings] = NULL;
    return 0;
}

int store_checks_judge(const struct store_checks *checks, const struct store_checks_wishes *wishes,
                       const char *ret_warnings[STORE_CHECKS_WARNINGS_MAX + 1],
                       struct problem *problem)
{
    if (checks->is_loading) {
        problem_set(problem, "", "store_loading", "loading");
        return -EAGAIN;
    }
    int result = judge_kind(checks, problem);
    if (result == 0) {
        result = judge_settings(checks, wishes->durability, ret_warnings, problem);
    }
    if (result == 0 && wishes->durability == STORE_REPLICATED) {
        result = judge_replicas(checks, wishes->replicas, problem);
    }
    return result;
}
