/* The keys that a worker speaks to coordinators with, from the files that its configuration names.
 */
#ifndef HIKYAKU_WORKER_WORKER_KEYS_H
#define HIKYAKU_WORKER_WORKER_KEYS_H

#include "common/net/bus.h"
#include "worker/worker_config.h"

/** Read them. @return 0 or an error with the key of the configuration in `problem` */
MUST_USE int worker_keys_read(const struct worker_config *config, struct bus_key_pair *ret_pair,
                              char ret_server_key[BUS_KEY_LENGTH + 1], struct problem *problem);

#endif
