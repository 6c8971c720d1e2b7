#include "cli/tell.h"

#include "cli/message_json.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void tell(const char *format, ...)
{
    va_list values;
    (void)fputs("hikyaku: ", stderr);
    va_start(values, format);
    (void)vfprintf(stderr, format, values);
    va_end(values);
    (void)fputc('\n', stderr);
}

void tell_problem(const struct problem *problem)
{
    tell("%s%s%s", problem->field, problem->field[0] == '\0' ? "" : ": ", problem->message);
}

enum exit_code tell_file(const struct config_errors *errors)
{
    OWNED(buffer_finish) struct buffer lines = {0};
    config_error_render(errors, &lines);
    (void)fwrite(lines.data, 1, lines.size, stderr);
    return EXIT_CODE_BAD_FILE;
}

static void print_error(const struct options *options, const struct api_error *error)
{
    if (options_flag(options, "json")) {
        OWNED(buffer_finish) struct buffer json = {0};
        buffer_append_string(&json, "{\"error\":");
        api_error_append_json(error, &json);
        buffer_append_string(&json, "}\n");
        tell_out(&json);
    }
}

enum exit_code tell_result(const struct options *options, const struct api_result *result)
{
    OWNED(buffer_finish) struct buffer lines = {0};
    bool is_refused = result->status == API_STATUS_REFUSED;
    buffer_append_string(&lines, is_refused ? "hikyaku: " : "hikyaku: cannot reach the API: ");
    api_error_append(result->error, &lines);
    (void)fwrite(lines.data, 1, lines.size, stderr);
    print_error(options, result->error);
    return is_refused ? EXIT_CODE_REFUSED : EXIT_CODE_UNREACHABLE;
}

static void drop_prefix(char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    if (strncmp(text, prefix, size) == 0) {
        memmove(text, text + size, strlen(text + size) + 1);
    }
}

enum exit_code tell_campaign(const struct options *options, const char *path,
                             const struct campaign_file *campaign, const struct api_result *result)
{
    struct config_errors errors = {.file = path};
    if (result->status != API_STATUS_REFUSED || result->error->problems.count == 0) {
        return tell_result(options, result);
    }
    for (size_t i = 0; i < result->error->problems.count; i++) {
        struct problem problem = result->error->problems.items[i];
        struct config_place place = {0};
        drop_prefix(problem.field, "draft.");
        (void)campaign_file_place(campaign, text_of(problem.field), &place);
        drop_prefix(problem.field, "content.");
        config_error_add_problem(&errors, place, &problem);
    }
    (void)tell_file(&errors);
    tell("the server refused the campaign (%s)", result->error->code);
    print_error(options, result->error);
    return EXIT_CODE_REFUSED;
}

void tell_out(const struct buffer *out)
{
    if (out->size == 0) {
        return;
    }
    if (fwrite(out->data, 1, out->size, stdout) == out->size && fflush(stdout) == 0) {
        return;
    }
    if (errno == EPIPE) {
        (void)signal(SIGPIPE, SIG_DFL);
        (void)raise(SIGPIPE);
    }
    tell("what was to be printed could not be written");
    _exit((int)EXIT_CODE_REFUSED);
}

void tell_json(const ProtobufCMessage *message)
{
    OWNED(buffer_finish) struct buffer json = {0};
    message_json_append(message, &json);
    buffer_append_byte(&json, '\n');
    tell_out(&json);
}
