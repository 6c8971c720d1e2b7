/* The rules' file: YAML into rules. Its form is told in docs/reply-rules.md. Internal to this
 * folder. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_CLASSIFY_FILE_H
#define HIKYAKU_COMMON_POLICY_CLASSIFY_FILE_H

#include "common/config/config_node.h"
#include "common/policy/classify_rules.h"

/**
 * Read a file's tree into an empty set of rules and finish the set.
 *
 * @param errors  mistakes are added: "rules[ID].field"
 * @return 0 or -EINVAL; `rules` is good for nothing then but to be destroyed
 */
MUST_USE int classify_file_read(const struct config_node *root, struct config_errors *errors,
                                struct classify_rules *rules);

/** "rules[greylist-words].text", or by number where a rule has no id. */
void classify_file_path(const struct config_node *rule, size_t number, const char *field,
                        char *ret_path, size_t size);

/** The names of stages that a rule may use: those of reply_class.h, and "opening" (connect,
 *  greeting, ehlo) and "body" (data, dot). @return bits 1 << stage, 0 for an unknown name */
uint16_t classify_file_stages(struct text name);

#endif
