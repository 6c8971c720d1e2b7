/* A stored campaign as callers see it. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_VIEW_H
#define HIKYAKU_COORDINATOR_API_API_VIEW_H

#include "coordinator/api/api_call.h"

/**
 * The message, in `arena`; borrows nothing from `campaign`.
 * @param running_gate  why rows of a RUNNING campaign without a gate of their own still wait
 */
Hikyaku__V1__Campaign *api_view_campaign(const struct store_campaign *campaign,
                                         const struct api_gate *running_gate, struct arena *arena);
/** What the fleet says of it; WORKER_CREDIT while it has nothing to say. */
struct api_gate api_view_running_gate(const struct api_call *call,
                                      const struct store_campaign *campaign);

/** Parse an id that passed the rules. @return 0 or -EINVAL */
MUST_USE int api_view_parse_id(const char *text, unsigned char ret_id[16]);

#endif
