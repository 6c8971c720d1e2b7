/* The reply rules that a worker uses: a file, or those built in. */
#ifndef HIKYAKU_WORKER_REPLY_RULES_H
#define HIKYAKU_WORKER_REPLY_RULES_H

#include "common/policy/classify.h"

/**
 * Read rules; mistakes are logged, each with its place.
 *
 * @param path  NULL: the rules that are built in
 * @return 0, -EINVAL or an error of the file system
 */
MUST_USE int reply_rules_read(const char *path, struct classify **ret_classify,
                              struct problem *problem);

/** Log the mistakes of a file of rules or profiles. */
void reply_rules_tell(const struct config_errors *errors);

#endif
