/* The sending IPs of the configuration. */
#ifndef HIKYAKU_WORKER_WORKER_IPS_H
#define HIKYAKU_WORKER_WORKER_IPS_H

#include "worker/paths/sending_ips.h"
#include "worker/worker_config.h"

/** Fill an empty list; names are borrowed from the configuration. @return 0, or -Exxx */
MUST_USE int worker_ips_read(const struct worker_config *config, struct sending_ips *ips,
                             struct problem *problem);

#endif
