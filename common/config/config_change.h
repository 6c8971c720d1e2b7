/* What a reload would change, and whether it may. */
#ifndef HIKYAKU_COMMON_CONFIG_CONFIG_CHANGE_H
#define HIKYAKU_COMMON_CONFIG_CONFIG_CHANGE_H

#include "common/config/config_table.h"

struct config_changes {
    const struct config_key *keys[CONFIG_KEYS_MAX]; /* in the order of the table */
    size_t count;
    size_t restart_count; /* how many of them need a restart */
};

/**
 * Compare two structs that were filled from the same table. CONFIG_RAW keys never count as changed
 * unless one side is absent.
 *
 * A caller that finds restart_count > 0 keeps the old struct and refuses the new one as a whole:
 * config_change_refuse says why.
 */
void config_change_find(const struct config_table *table, const void *before, const void *after,
                        struct config_changes *ret_changes);

/** Note in `errors` every changed key that is not reloadable. @return 0, or -EBUSY if any */
MUST_USE int config_change_refuse(const struct config_changes *changes,
                                  struct config_errors *errors);

#endif
