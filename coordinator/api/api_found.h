/* A recipient as FoundRecipient tells of it: from its row and its ref. Internal to this folder. */
#ifndef HIKYAKU_COORDINATOR_API_API_FOUND_H
#define HIKYAKU_COORDINATOR_API_API_FOUND_H

#include "common/mail/rows.h"
#include "common/wire/wire_store.h"
#include "coordinator/api/api_call.h"

/** Labels of a message, in the call's arena; none where they cannot be read. */
void api_found_add_labels(struct api_call *call, const struct wire_store_ref *ref,
                          Hikyaku__V1__FoundRecipient *found);
/** What its row says, in the call's arena. */
void api_found_fill_row(struct api_call *call, const struct row *row,
                        Hikyaku__V1__FoundRecipient *found);

#endif
