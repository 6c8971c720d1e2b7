/* The store's part of warm-up: reservations, states, what operators change. Internal to this
 * folder. */
#ifndef HIKYAKU_WORKER_PATHS_WARM_KEEPER_H
#define HIKYAKU_WORKER_PATHS_WARM_KEEPER_H

#include "worker/paths/warm_parts.h"

void warm_keeper_start(struct warm_records *records);
/** Ask for a slice; its state goes along. */
void warm_keeper_ask(struct warm_records *records, struct warm_record *record);
/** Give back all of its tokens: their hour is over, or its quota shrank. */
void warm_keeper_return(struct warm_records *records, struct warm_record *record);
/** What is held may go on: quotas are others now. */
void warm_keeper_tell(struct warm_records *records);

#endif
