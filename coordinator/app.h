/* The coordinator, wired: the architecture reads top to bottom in app_open.c. */
#ifndef HIKYAKU_COORDINATOR_APP_H
#define HIKYAKU_COORDINATOR_APP_H

#include "coordinator/coordinator_config.h"

/** Run until a signal or a reason to end. @param file  configuration, read again on SIGHUP
 *  @return the exit code */
int app_run(const char *file, const struct coordinator_config *config);

#endif
