/* What is audited of calls: who, from where, what, of what, with which result. Internal.
 *
 * A call that changes or reveals something is answered once its entry is durable. Calls of which
 * there are many (a chunk, single messages, reading events) are summed up by the minute; calls that
 * only look at states and counts are not audited unless they are refused. */
#ifndef HIKYAKU_COORDINATOR_API_API_AUDIT_H
#define HIKYAKU_COORDINATOR_API_API_AUDIT_H

#include "coordinator/api/api_call.h"

/** The call has its result. @return whether api_call_settle() will be called once it may be
 *  answered; false: answer it now */
bool api_audit_hold(struct api_call *call);
/** A key was refused: there is no call. */
void api_audit_refused(struct api *api, const struct access_showing *showing,
                       enum access_verdict verdict);

/** "campaign_id=7RJD...", from a request; empty: it names nothing. @param arena  of the text */
struct text api_audit_target(const ProtobufCMessage *request, struct arena *arena);

#endif
