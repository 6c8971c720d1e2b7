/* The handlers of the calls, one file each. Each answers its call exactly once. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_HANDLERS_H
#define HIKYAKU_COORDINATOR_API_API_HANDLERS_H

#include "coordinator/api/api_call.h"

void api_approve_handle(struct api_call *call);
void api_approve_handle_reject(struct api_call *call);
void api_create_handle(struct api_call *call);
void api_recipients_handle(struct api_call *call);
void api_submit_handle(struct api_call *call);
void api_get_handle(struct api_call *call);
void api_list_handle(struct api_call *call);
/** Pause, resume, cancel. */
void api_control_handle(struct api_call *call);
void api_preview_handle(struct api_call *call);
void api_find_handle(struct api_call *call);
void api_person_handle_export(struct api_call *call);
void api_uncertain_handle(struct api_call *call);
void api_uncertain_handle_quarantine(struct api_call *call);
void api_resolve_handle(struct api_call *call);
void api_resolve_handle_quarantine(struct api_call *call);
void api_messages_handle(struct api_call *call);
void api_events_handle(struct api_call *call);
void api_fleet_handle(struct api_call *call);
void api_reputation_handle(struct api_call *call);
void api_throttle_handle_set(struct api_call *call);
void api_throttle_handle_suspend(struct api_call *call);
void api_throttle_handle_resume(struct api_call *call);
void api_throttles_handle_list(struct api_call *call);
void api_throttles_handle_get(struct api_call *call);
void api_shadow_handle(struct api_call *call);
void api_suppression_handle_add(struct api_call *call);
void api_suppression_handle_remove(struct api_call *call);
void api_suppressions_handle_check(struct api_call *call);
void api_suppressions_handle_list(struct api_call *call);
void api_stop_handle(struct api_call *call);
void api_stop_handle_start(struct api_call *call);
void api_stop_handle_list(struct api_call *call);
void api_warmup_handle(struct api_call *call);
void api_warmup_handle_set(struct api_call *call);
void api_why_handle(struct api_call *call);
void api_why_handle_forecast(struct api_call *call);
void api_why_handle_trace(struct api_call *call);
void api_restored_get_handle(struct api_call *call);
void api_restored_resume_handle(struct api_call *call);
void api_log_handle(struct api_call *call);
void api_principal_handle(struct api_call *call);
void api_principal_handle_list(struct api_call *call);
void api_principal_handle_who(struct api_call *call);
void api_enrol_handle(struct api_call *call);
void api_enrol_handle_remove(struct api_call *call);
void api_key_handle(struct api_call *call);
void api_key_handle_list(struct api_call *call);
void api_key_handle_rotate(struct api_call *call);
void api_key_handle_revoke(struct api_call *call);

#endif
