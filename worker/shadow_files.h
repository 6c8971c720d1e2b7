/* The rules and profiles that are tried in shadow: files of the configuration. */
#ifndef HIKYAKU_WORKER_SHADOW_FILES_H
#define HIKYAKU_WORKER_SHADOW_FILES_H

#include "worker/paths/shadow.h"
#include "worker/worker_config.h"

/**
 * Read them; mistakes are logged, each with its place.
 *
 * @param ret_rules  out: shadow_rules_finish(), or hand it to paths; empty when nothing is
 * configured
 * @return 0, -EINVAL or an error of the file system
 */
MUST_USE int shadow_files_read(const struct worker_config *config, struct shadow_rules *ret_rules,
                               struct problem *problem);

#endif
