/* Calls to a coordinator: HTTP/1.1 through libcurl, several at once, repeated while the server is
 * unavailable. Every call of the API may be repeated: it has a key, a number, or changes nothing.
 */
#ifndef HIKYAKU_CLI_API_CLIENT_H
#define HIKYAKU_CLI_API_CLIENT_H

#include "cli/api_error.h"
#include "cli/settings.h"
#include "common/base/arena.h"
#include "hikyaku/v1/api.pb-c.h"

/* X(identifier, service, method, request and response as protobuf-c names them) */
#define API_METHODS(X)                                                                     \
    X(CREATE_CAMPAIGN, "Campaign", "CreateCampaign", create_campaign_response)             \
    X(ADD_RECIPIENTS, "Campaign", "AddRecipients", add_recipients_response)                \
    X(SUBMIT_CAMPAIGN, "Campaign", "SubmitCampaign", submit_campaign_response)             \
    X(GET_CAMPAIGN, "Campaign", "GetCampaign", get_campaign_response)                      \
    X(LIST_CAMPAIGNS, "Campaign", "ListCampaigns", list_campaigns_response)                \
    X(PAUSE_CAMPAIGN, "Campaign", "PauseCampaign", control_campaign_response)              \
    X(RESUME_CAMPAIGN, "Campaign", "ResumeCampaign", control_campaign_response)            \
    X(CANCEL_CAMPAIGN, "Campaign", "CancelCampaign", control_campaign_response)            \
    X(PREVIEW_MESSAGE, "Campaign", "PreviewMessage", preview_message_response)             \
    X(FIND_RECIPIENTS, "Campaign", "FindRecipients", find_recipients_response)             \
    X(LIST_UNCERTAIN, "Campaign", "ListUncertain", list_uncertain_response)                \
    X(RESOLVE_UNCERTAIN, "Campaign", "ResolveUncertain", resolve_uncertain_response)       \
    X(LIST_QUARANTINE, "Campaign", "ListQuarantine", list_quarantine_response)             \
    X(RESOLVE_QUARANTINE, "Campaign", "ResolveQuarantine", resolve_quarantine_response)    \
    X(APPROVE_CAMPAIGN, "Campaign", "ApproveCampaign", approve_campaign_response)          \
    X(REJECT_CAMPAIGN, "Campaign", "RejectCampaign", reject_campaign_response)             \
    X(SEND_MESSAGES, "Message", "SendMessages", send_messages_response)                    \
    X(READ_EVENTS, "Event", "ReadEvents", read_events_response)                            \
    X(GET_FLEET, "Fleet", "GetFleet", get_fleet_response)                                  \
    X(STOP, "Fleet", "Stop", stop_response)                                                \
    X(START, "Fleet", "Start", start_response)                                             \
    X(LIST_STOPS, "Fleet", "ListStops", list_stops_response)                               \
    X(LIST_THROTTLES, "Fleet", "ListThrottles", list_throttles_response)                   \
    X(GET_THROTTLE, "Fleet", "GetThrottle", get_throttle_response)                         \
    X(SET_THROTTLE, "Fleet", "SetThrottle", set_throttle_response)                         \
    X(SUSPEND_PATH, "Fleet", "SuspendPath", suspend_path_response)                         \
    X(RESUME_PATH, "Fleet", "ResumePath", resume_path_response)                            \
    X(GET_SHADOW, "Fleet", "GetShadow", get_shadow_response)                               \
    X(GET_RESTORED, "Fleet", "GetRestored", get_restored_response)                         \
    X(RESUME_RESTORED, "Fleet", "ResumeRestored", resume_restored_response)                \
    X(WHO_AM_I, "Access", "WhoAmI", who_am_iresponse)                                      \
    X(PUT_PRINCIPAL, "Access", "PutPrincipal", put_principal_response)                     \
    X(LIST_PRINCIPALS, "Access", "ListPrincipals", list_principals_response)               \
    X(CREATE_KEY, "Access", "CreateKey", create_key_response)                              \
    X(LIST_KEYS, "Access", "ListKeys", list_keys_response)                                 \
    X(ROTATE_KEY, "Access", "RotateKey", rotate_key_response)                              \
    X(REVOKE_KEY, "Access", "RevokeKey", revoke_key_response)                              \
    X(GET_WARMUP, "Fleet", "GetWarmup", get_warmup_response)                               \
    X(SET_WARMUP, "Fleet", "SetWarmup", set_warmup_response)                               \
    X(LIST_REPUTATION, "Fleet", "ListReputation", list_reputation_response)                \
    X(WHY, "Fleet", "Why", why_response)                                                   \
    X(FORECAST, "Fleet", "Forecast", forecast_response)                                    \
    X(TRACE, "Fleet", "Trace", trace_response)                                             \
    X(ENROL_OTP, "Access", "EnrolOtp", enrol_otp_response)                                 \
    X(REMOVE_OTP, "Access", "RemoveOtp", remove_otp_response)                              \
    X(LIST_AUDIT, "Access", "ListAudit", list_audit_response)                              \
    X(ADD_SUPPRESSIONS, "Suppression", "AddSuppressions", add_suppressions_response)       \
    X(REMOVE_SUPPRESSION, "Suppression", "RemoveSuppression", remove_suppression_response) \
    X(CHECK_SUPPRESSIONS, "Suppression", "CheckSuppressions", check_suppressions_response) \
    X(LIST_SUPPRESSIONS, "Suppression", "ListSuppressions", list_suppressions_response)    \
    X(EXPORT_PERSON, "Person", "ExportPerson", export_person_response)

enum api_method {
#define X(identifier, service, method, response) API_METHOD_##identifier,
    API_METHODS(X)
#undef X
        API_METHOD_COUNT
};

enum api_status {
    API_STATUS_OK,
    API_STATUS_REFUSED,     /* the server said no: see error */
    API_STATUS_UNREACHABLE, /* no answer that makes sense: see error->message */
};

/** What became of a call. Zeroed is finished. */
struct api_result {
    enum api_status status;
    uint64_t tag;               /* as given to api_client_start() */
    ProtobufCMessage *response; /* API_STATUS_OK; lives in the arena below */
    struct api_error *error;    /* otherwise; owned */
    struct arena *arena;        /* owned */
};
void api_client_finish(struct api_result *result);

struct api_client;

/** Reads the key file (mode 0600 or 0400). @return 0 or an error of key_file_read() */
MUST_USE int api_client_open(const struct settings *settings, struct api_client **ret_client,
                             struct problem *problem);
/** Accepts NULL, nulls the pointer. Calls under way are dropped: they may or may not be done. */
void api_client_close(struct api_client **client);

/** Begin a call. @param tag  comes back with its result */
void api_client_start(struct api_client *client, enum api_method method,
                      const ProtobufCMessage *request, uint64_t tag);
/** Calls begun whose result has not been taken. */
size_t api_client_pending(const struct api_client *client);
/** Wait until one call has ended; at least one must be pending (asserted).
 *  @param ret_result  out: end it with api_client_finish() */
void api_client_wait(struct api_client *client, struct api_result *ret_result);
/** One call from begin to end; nothing else may be pending (asserted). */
void api_client_call(struct api_client *client, enum api_method method,
                     const ProtobufCMessage *request, struct api_result *ret_result);

#endif
