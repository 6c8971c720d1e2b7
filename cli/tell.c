#include "cli/tell.h"

#include <stdarg.h>
#include <stdio.h>

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

enum exit_code tell_result(const struct options *options, const struct api_result *result)
{
    OWNED(buffer_finish) struct buffer lines = {0};
    bool is_refused = result->status == API_STATUS_REFUSED;
    buffer_append_string(&lines, is_refused ? "hikyaku: " : "hikyaku: cannot reach the API: ");
    api_error_append(result->error, &lines);
    (void)fwrite(lines.data, 1, lines.size, stderr);
    if (options_flag(options, "json")) {
        buffer_clear(&lines);
        buffer_append_string(&lines, "{\"error\":");
        api_error_append_json(result->error, &lines);
        buffer_append_string(&lines, "}\n");
        tell_out(&lines);
    }
    return is_refused ? EXIT_CODE_REFUSED : EXIT_CODE_UNREACHABLE;
}

void tell_out(const struct buffer *out)
{
    (void)fwrite(out->data, 1, out->size, stdout);
    (void)fflush(stdout);
}
