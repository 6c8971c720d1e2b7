/* Commands about a campaign or one of its recipients, named by index or by the caller's ref. */
#ifndef HIKYAKU_CLI_COMMANDS_ONE_RECIPIENT_H
#define HIKYAKU_CLI_COMMANDS_ONE_RECIPIENT_H

#include "cli/connect.h"

struct one_recipient {
    const char *campaign; /* borrowed from the options */
    bool has_index;
    uint32_t index;
};

/**
 * CAMPAIGN [INDEX] or CAMPAIGN --ref REF, which asks the cluster; what is wrong is told.
 * @return EXIT_CODE_OK, EXIT_CODE_USAGE, EXIT_CODE_REFUSED (nobody has this ref, or several have)
 *         or EXIT_CODE_UNREACHABLE
 */
enum exit_code one_recipient_read(const struct options *options,
                                  const struct connection *connection,
                                  struct one_recipient *ret_recipient);

#endif
