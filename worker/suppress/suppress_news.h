/* What was added to a tenant's lists while claims are held. Internal to this folder. */
#ifndef HIKYAKU_WORKER_SUPPRESS_SUPPRESS_NEWS_H
#define HIKYAKU_WORKER_SUPPRESS_SUPPRESS_NEWS_H

#include "worker/suppress/suppress_parts.h"

/** Read the log when it is time. Where something is missing every claim is looked up anew. */
void suppress_news_read(struct suppress_watch *watch, uint64_t now_ms);

#endif
