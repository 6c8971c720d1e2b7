/* The profiles of providers: the built-in ones (deploy/profiles/providers.yaml), and an operator's
 * own, which go before them. */
#ifndef HIKYAKU_COMMON_POLICY_PROVIDER_PROFILES_H
#define HIKYAKU_COMMON_POLICY_PROVIDER_PROFILES_H

#include "common/config/config_table.h"
#include "common/policy/path_profile.h"

/** One entry of `profiles:`; numbers that are 0 are as in the built-in profile of that name, else
 *  as in "default". */
struct provider_profiles_record {
    char *name;
    struct config_strings mx;
    uint64_t per_minute_first;
    uint64_t per_minute_most;
    uint64_t connections_first;
    uint64_t connections_most;
    uint64_t site_connections_most;
    uint64_t site_per_minute_most;
    uint64_t messages_per_connection;
    uint64_t recipients_per_message;
    uint64_t unknown_permille;
    struct config_list reactions;
};

/** For CONFIG_RECORDS of struct provider_profiles_record. */
extern const struct config_table provider_profiles_table;
/** Most entries of one list. */
#define PROVIDER_PROFILES_MAX 1000

struct provider_profiles;

/**
 * @param own  of struct provider_profiles_record, may be empty; not kept
 * @return never NULL
 */
struct provider_profiles *provider_profiles_create(const struct config_list *own);
/** Accepts NULL, nulls the pointer. */
void provider_profiles_destroy(struct provider_profiles **profiles);

/**
 * The profile of a site.
 *
 * @param site     its name: a provider's key, or its MX hosts
 * @param mx_host  one of its MX hosts: the first profile with an `mx` that it ends in
 * @return the one found by MX, else by name, else "default"; lives as long as `profiles`
 */
const struct path_profile *provider_profiles_find(const struct provider_profiles *profiles,
                                                  struct text site, struct text mx_host);

/** No profile allows more than this of one IP. */
void provider_profiles_bound(struct provider_profiles *profiles, uint32_t connections,
                             uint32_t messages_per_connection);

/** The bytes of deploy/profiles/providers.yaml. */
struct text provider_profiles_builtin(void);

/** For tests of that file: the list it holds. @return 0, or -EINVAL (see errors) */
MUST_USE int provider_profiles_parse(struct text yaml, struct arena *arena,
                                     struct config_errors *errors, struct config_list *ret_list);

/** The list of a file with `profiles:`. @return 0, -EINVAL or of the file system (see errors) */
MUST_USE int provider_profiles_read(const char *path, struct arena *arena,
                                    struct config_errors *errors, struct config_list *ret_list);

#endif
