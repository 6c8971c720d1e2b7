/* Keeps what paths have learnt in the store: read when an IP is taken, written once a second, when
 * it differs. Internal to this folder. */
#ifndef HIKYAKU_WORKER_PATHS_PATHS_KEEPER_H
#define HIKYAKU_WORKER_PATHS_PATHS_KEEPER_H

#include "worker/paths/paths_parts.h"

void paths_keeper_start(struct paths *paths);
/** The path is new: it goes on from what the store had. */
void paths_keeper_recall(struct paths *paths, struct path *path);

#endif
