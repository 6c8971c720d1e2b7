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

/** Read rules anew and put them in place of `classify`'s, which stay when there is a mistake.
 *  @return as reply_rules_read() */
MUST_USE int reply_rules_reload(const char *path, struct classify *classify);

#endif
