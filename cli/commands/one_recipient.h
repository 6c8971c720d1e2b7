/* Commands about a campaign or one of its recipients, named by index or by the caller's ref. */
#ifndef HIKYAKU_CLI_COMMANDS_ONE_RECIPIENT_H
#define HIKYAKU_CLI_COMMANDS_ONE_RECIPIENT_H

#include "cli/connect.h"

struct one_recipient {
    const char *campaign; /* borrowed from the options */
    bool has_index;
    uint32_t index;
};

/** Asks the cluster about it and prints the answer. @return as the command's run */
typedef enum exit_code one_recipient_fn(const struct options *options,
                                        const struct connection *connection,
                                        const struct one_recipient *recipient);

/**
 * Connect, read CAMPAIGN [INDEX] or CAMPAIGN --ref REF (which asks the cluster), then `ask`. What
 * is wrong is told.
 *
 * @param needs_index  the campaign alone will not do
 * @return what `ask` returns; EXIT_CODE_USAGE, EXIT_CODE_REFUSED (nobody has this ref, or several
 *         have) or EXIT_CODE_UNREACHABLE
 */
enum exit_code one_recipient_run(const struct options *options, bool needs_index,
                                 one_recipient_fn *ask);

#endif
