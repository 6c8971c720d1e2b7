/* The commands, one file each; command_table.c lists them. */
#ifndef HIKYAKU_CLI_COMMANDS_COMMANDS_H
#define HIKYAKU_CLI_COMMANDS_COMMANDS_H

#include "cli/command.h"

extern const struct command audit_export_command;
extern const struct command audit_list_command;
extern const struct command audit_report_command;
extern const struct command audit_verify_command;
extern const struct command backup_command;
extern const struct command backup_verify_command;
extern const struct command classify_command;
extern const struct command replay_command;
extern const struct command config_command;
extern const struct command control_cancel;
extern const struct command control_pause;
extern const struct command control_resume;
extern const struct command sender_check_command;
extern const struct command dkim_check_command;
extern const struct command dkim_verify_command;
extern const struct command events_command;
extern const struct command approve_command;
extern const struct command approve_reject_command;
extern const struct command find_command;
extern const struct command person_export_command;
extern const struct command fleet_command;
extern const struct command forecast_command;
extern const struct command key_create_command;
extern const struct command key_list_command;
extern const struct command key_revoke_command;
extern const struct command key_rotate_command;
extern const struct command freeze_add_command;
extern const struct command freeze_list_command;
extern const struct command freeze_remove_command;
extern const struct command keygen_api_command;
extern const struct command keygen_backup_command;
extern const struct command keygen_curve_command;
extern const struct command keygen_dkim_command;
extern const struct command keygen_master_command;
extern const struct command keygen_retire_command;
extern const struct command list_command;
extern const struct command preview_command;
extern const struct command principal_add_command;
extern const struct command principal_list_command;
extern const struct command principal_otp_enrol_command;
extern const struct command principal_otp_remove_command;
extern const struct command principal_set_command;
extern const struct command principal_who_command;
extern const struct command quarantine_bounce_command;
extern const struct command quarantine_list_command;
extern const struct command quarantine_release_command;
extern const struct command reputation_command;
extern const struct command reputation_sites_command;
extern const struct command restore_command;
extern const struct command restored_resume_command;
extern const struct command restored_status_command;
extern const struct command send_command;
extern const struct command show_command;
extern const struct command stop_command;
extern const struct command stop_start_command;
extern const struct command submit_command;
extern const struct command suppression_add_command;
extern const struct command suppression_file_check_command;
extern const struct command suppression_export_command;
extern const struct command suppression_file_import_command;
extern const struct command suppression_list_command;
extern const struct command suppression_remove_command;
extern const struct command suppression_show_command;
extern const struct command trace_command;
extern const struct command throttle_list_command;
extern const struct command throttle_resume_command;
extern const struct command throttle_set_command;
extern const struct command throttle_shadow_command;
extern const struct command throttle_show_command;
extern const struct command throttle_suspend_command;
extern const struct command uncertain_assume_delivered_command;
extern const struct command uncertain_bounce_command;
extern const struct command uncertain_list_command;
extern const struct command uncertain_resend_command;
extern const struct command warmup_freeze_command;
extern const struct command warmup_reset_command;
extern const struct command warmup_set_command;
extern const struct command warmup_show_command;
extern const struct command warmup_unfreeze_command;
extern const struct command why_command;

#endif
