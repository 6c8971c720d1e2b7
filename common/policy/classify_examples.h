/* Each rule is checked by its examples. Internal to this folder. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_CLASSIFY_EXAMPLES_H
#define HIKYAKU_COMMON_POLICY_CLASSIFY_EXAMPLES_H

#include "common/policy/classify.h"

/**
 * Every rule has at least one example, and wins each of them. An example is judged with the first
 * provider and the first stage that its rule names, else at RCPT.
 *
 * @param root  of a file that classify_file_read() took
 * @return 0 or -EINVAL, see `errors`
 */
MUST_USE int classify_examples_check(const struct config_node *root, struct classify *classify,
                                     struct config_errors *errors);

#endif
