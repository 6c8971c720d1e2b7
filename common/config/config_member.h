/* One key's value put into one member: the step below config_table's walk. Records are the walk's
 * own business; everything else is here. */
#ifndef HIKYAKU_COMMON_CONFIG_CONFIG_MEMBER_H
#define HIKYAKU_COMMON_CONFIG_CONFIG_MEMBER_H

#include "common/config/config_table.h"

/** What setting needs besides key and value; all borrowed. */
struct config_member_context {
    const struct config_options *options;
    struct arena *arena;
    struct config_errors *errors;
    const char *path; /* of the key, from the root of the file */
};

/** Set `member` from what the file says; what is wrong goes to the errors. Not for records. */
void config_member_set(const struct config_member_context *context, const struct config_key *key,
                       const struct config_node *node, void *member);

/** Set `member` to the key's fallback, if it has one. */
void config_member_set_default(const struct config_member_context *context,
                               const struct config_key *key, void *member);

/** Refuse too few or too many entries (records too). */
void config_member_check_count(const struct config_member_context *context,
                               const struct config_key *key, const struct config_node *node);

/** "1s to 1h", "at least 1", "at most 8MiB", or "" without bounds, in the key's unit. */
void config_member_show_range(const struct config_key *key, char *ret_text, size_t size);

#endif
