/* A stored campaign as callers see it. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_VIEW_H
#define HIKYAKU_COORDINATOR_API_API_VIEW_H

#include "coordinator/api/api_call.h"

/** The message, in `arena`; borrows nothing from `campaign`. */
Hikyaku__V1__Campaign *api_view_campaign(const struct store_campaign *campaign,
                                         struct arena *arena);

/** Parse an id that passed the rules. @return 0 or -EINVAL */
MUST_USE int api_view_parse_id(const char *text, unsigned char ret_id[16]);

#endif
