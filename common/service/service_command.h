/* The command line that both programs have: --config FILE, config check, config reference. */
#ifndef HIKYAKU_COMMON_SERVICE_SERVICE_COMMAND_H
#define HIKYAKU_COMMON_SERVICE_SERVICE_COMMAND_H

#include "common/config/config_table.h"

struct service_command {
    const char *program; /* "hikyaku-worker" */
    const struct config_table *table;
    /** Run with this file's configuration. @return exit code */
    int (*run)(const char *file, const void *config);
};

/** @return exit code: 0; 2 for a mistake in words or file; what `run` says */
int service_command_run(const struct service_command *command, int count, char **words);

#endif
