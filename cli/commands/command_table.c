#include "cli/commands/command_table.h"

#include "cli/commands/commands.h"
#include "cli/settings.h"
#include "cli/tell.h"
#include "common/config/config_suggest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct option_spec common_options[] = {
    {"json", NULL, "the result as JSON, for programs", .kind = OPTION_FLAG},
    {"help", NULL, "this help", .kind = OPTION_FLAG},
    {.name = NULL},
};

/* In the order of the help. */
static const struct command *const commands[] = {
    &submit_command,
    &send_command,
    &preview_command,
    &show_command,
    &list_command,
    &events_command,
    &control_pause,
    &control_resume,
    &control_cancel,
    &approve_command,
    &approve_reject_command,
    &find_command,
    &why_command,
    &forecast_command,
    &trace_command,
    &uncertain_list_command,
    &uncertain_resend_command,
    &uncertain_assume_delivered_command,
    &uncertain_bounce_command,
    &quarantine_list_command,
    &quarantine_release_command,
    &quarantine_bounce_command,
    &person_export_command,
    &fleet_command,
    &reputation_sites_command,
    &reputation_command,
    &suppression_add_command,
    &suppression_remove_command,
    &suppression_show_command,
    &suppression_list_command,
    &suppression_file_import_command,
    &suppression_export_command,
    &suppression_file_check_command,
    &stop_command,
    &stop_start_command,
    &warmup_show_command,
    &warmup_set_command,
    &warmup_reset_command,
    &warmup_freeze_command,
    &warmup_unfreeze_command,
    &principal_who_command,
    &principal_list_command,
    &principal_add_command,
    &principal_set_command,
    &principal_otp_enrol_command,
    &principal_otp_remove_command,
    &key_list_command,
    &key_create_command,
    &key_rotate_command,
    &key_revoke_command,
    &throttle_list_command,
    &throttle_show_command,
    &throttle_set_command,
    &throttle_suspend_command,
    &throttle_resume_command,
    &throttle_shadow_command,
    &freeze_add_command,
    &freeze_list_command,
    &freeze_remove_command,
    &audit_list_command,
    &audit_export_command,
    &audit_verify_command,
    &audit_report_command,
    &backup_verify_command,
    &backup_command,
    &restored_status_command,
    &restored_resume_command,
    &restore_command,
    &keygen_master_command,
    &keygen_retire_command,
    &keygen_backup_command,
    &keygen_api_command,
    &keygen_curve_command,
    &keygen_dkim_command,
    &sender_check_command,
    &dkim_check_command,
    &dkim_verify_command,
    &classify_command,
    &replay_command,
    &config_command,
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static const char about[] =
    "hikyaku: send mail campaigns and see what became of each recipient\n"
    "\n"
    "usage: hikyaku COMMAND [WORDS] [OPTIONS]     hikyaku COMMAND --help teaches one\n"
    "\n";

static const char connection[] =
    "\n"
    "Where the cluster is comes from --endpoint and --key-file, else from HIKYAKU_ENDPOINT and\n"
    "HIKYAKU_KEY_FILE, else from ~/.config/hikyaku/cli.yaml (endpoint:, key_file:).\n"
    "\n"
    "exit codes: 0 done   1 refused by the server, or the outcome is not what was asked for\n"
    "            2 usage   3 cannot reach the server   4 an input file is missing or wrong\n";

static enum exit_code print_overview(void)
{
    OWNED(buffer_finish) struct buffer out = {0};
    buffer_append_string(&out, about);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        buffer_printf(&out, "  %-26s %s\n", commands[i]->name, commands[i]->summary);
    }
    buffer_append_string(&out, connection);
    tell_out(&out);
    return EXIT_CODE_OK;
}

static enum exit_code print_help(const struct command *command)
{
    OWNED(buffer_finish) struct buffer out = {0};
    buffer_printf(&out, "usage: hikyaku %s%s%s [OPTIONS]\n\n%s\n\noptions:\n", command->name,
                  command->words[0] == '\0' ? "" : " ", command->words, command->help);
    options_append_help(command->options, &out);
    options_append_help(command->is_offline ? NULL : settings_options, &out);
    options_append_help(common_options, &out);
    tell_out(&out);
    return EXIT_CODE_OK;
}

/* @return how many of `words` are the command's name, 0 when it is another */
static int match(const struct command *command, int count, char *const *words)
{
    struct text rest = text_of(command->name);
    struct text part;
    int at = 0;
    while (text_next_part(&rest, ' ', &part)) {
        if (at == count || !text_equal(part, text_of(words[at]))) {
            return 0;
        }
        at++;
    }
    return at;
}

static const struct command *find(int count, char *const *words, int *ret_used)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        *ret_used = match(commands[i], count, words);
        if (*ret_used > 0) {
            return commands[i];
        }
    }
    return NULL;
}

/* "hikyaku keygen" and "hikyaku keygen dikm": name the commands that begin so. */
static enum exit_code refuse_group(const char *word)
{
    OWNED(buffer_finish) struct buffer names = {0};
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        assert(commands[i] != NULL);
        struct text name = text_of(commands[i]->name);
        size_t size = strlen(word);
        if (text_starts_with(name, text_of(word)) && name.size > size && name.data[size] == ' ') {
            buffer_printf(&names, "%shikyaku %s", names.size > 0 ? ", " : "", commands[i]->name);
        }
    }
    if (names.size == 0) {
        return EXIT_CODE_OK;
    }
    tell("say which: %.*s", TEXT_PRINT(buffer_text(&names)));
    return EXIT_CODE_USAGE;
}

static enum exit_code refuse_unknown(const char *word)
{
    if (refuse_group(word) != EXIT_CODE_OK) {
        return EXIT_CODE_USAGE;
    }
    struct config_suggest suggest = config_suggest_start(text_of(word));
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        config_suggest_offer(&suggest, text_of(commands[i]->name));
    }
    if (suggest.best.data != NULL) {
        tell("%s: no such command; did you mean %.*s?", word, TEXT_PRINT(suggest.best));
    } else {
        tell("%s: no such command; hikyaku --help lists them", word);
    }
    return EXIT_CODE_USAGE;
}

static enum exit_code run(const struct command *command, int count, char *const *words)
{
    const struct option_spec *const tables[OPTIONS_TABLES_MAX] = {
        command->options, command->is_offline ? NULL : settings_options, common_options};
    OWNED(options_destroy) struct options *options = NULL;
    struct problem problem = {0};
    if (options_parse(tables, count, words, &options, &problem) != 0) {
        tell_problem(&problem);
        tell("hikyaku %s --help tells more", command->name);
        return EXIT_CODE_USAGE;
    }
    if (options_flag(options, "help")) {
        return print_help(command);
    }
    size_t given = options_positional_count(options);
    if (given < command->minimum_words || given > command->maximum_words) {
        tell("usage: hikyaku %s%s%s [OPTIONS]; --help tells more", command->name,
             command->words[0] == '\0' ? "" : " ", command->words);
        return EXIT_CODE_USAGE;
    }
    return command->run(options);
}

enum exit_code command_table_run(int count, char *const *words)
{
    int used;
    words++;
    count--;
    bool is_help = count > 0 && (strcmp(words[0], "help") == 0 || strcmp(words[0], "--help") == 0 ||
                                 strcmp(words[0], "-h") == 0);
    if (count <= 0 || (is_help && count == 1)) {
        enum exit_code code = print_overview();
        return is_help ? code : EXIT_CODE_USAGE;
    }
    if (strcmp(words[0], "--version") == 0) {
        (void)printf("hikyaku %s\n", HIKYAKU_VERSION);
        return EXIT_CODE_OK;
    }
    words += is_help ? 1 : 0;
    count -= is_help ? 1 : 0;
    const struct command *command = find(count, words, &used);
    if (command == NULL) {
        return refuse_unknown(words[0]);
    }
    return is_help ? print_help(command) : run(command, count - used, words + used);
}
