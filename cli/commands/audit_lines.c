#include "cli/commands/audit_lines.h"

#include "cli/audit_entry.h"
#include "cli/connect.h"
#include "cli/file_read.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/tell.h"

#include <stdio.h>

enum { PAGE = 1000, PLACE_BYTES = 512, FILE_MAX = 1 << 30 };

/* What the filters of a command say. */
struct filter {
    int64_t since_unix_ms;
    int64_t until_unix_ms; /* 0: no end */
};

static bool read_time(const struct options *options, const char *name, int64_t *ret_unix_ms)
{
    const char *word = options_text(options, name);
    if (word != NULL && format_parse_time(text_of(word), ret_unix_ms) != 0) {
        tell("--%s: must be a time with its offset, such as 2026-11-28T09:00+09:00", name);
        return false;
    }
    return true;
}

static bool read_filter(const struct options *options, struct filter *filter,
                        Hikyaku__V1__ListAuditRequest *request)
{
    request->principal = message_string(options_text(options, "principal"));
    request->call = message_string(options_text(options, "call"));
    request->result = message_string(options_text(options, "result"));
    if (options_flag(options, "alarms")) {
        request->call = message_string("audit.alarm");
    }
    bool is_good = read_time(options, "since", &filter->since_unix_ms) &&
                   read_time(options, "until", &filter->until_unix_ms);
    request->from_unix_ms = filter->since_unix_ms;
    return is_good;
}

/* Redis orders by its own time, an entry has the coordinator's: close, but not the same. */
static bool is_before(const struct filter *filter, struct text line)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct audit_entry entry;
    return filter->until_unix_ms == 0 || audit_entry_read(line, arena, &entry) != 0 ||
           entry.at_unix_ms < filter->until_unix_ms;
}

/* @return whether to go on */
static bool take_page(const Hikyaku__V1__ListAuditResponse *page, const struct filter *filter,
                      uint64_t *number, audit_lines_fn *on_line, void *context)
{
    char place[PLACE_BYTES];
    for (size_t i = 0; i < page->n_lines; i++) {
        struct text line = text_of(page->lines[i]);
        *number += 1;
        (void)snprintf(place, sizeof place, "entry %llu", (unsigned long long)*number);
        if (!is_before(filter, line)) {
            return false;
        }
        if (!on_line(context, place, line)) {
            return false;
        }
    }
    return page->more;
}

enum exit_code audit_lines_of_cluster(const struct options *options, bool has_filters,
                                      audit_lines_fn *on_line, void *context)
{
    struct connection connection = {0};
    struct filter filter = {0};
    Hikyaku__V1__ListAuditRequest request;
    uint64_t number = 0;
    bool goes_on = true;
    hikyaku__v1__list_audit_request__init(&request);
    request.page_size = PAGE;
    if (has_filters && !read_filter(options, &filter, &request)) {
        return EXIT_CODE_USAGE;
    }
    enum exit_code code = connect_open(options, &connection);
    while (code == EXIT_CODE_OK && goes_on) {
        struct api_result result;
        code = connect_call(&connection, options, API_METHOD_LIST_AUDIT, &request.base, &result);
        if (code == EXIT_CODE_OK) {
            const Hikyaku__V1__ListAuditResponse *page =
                (const Hikyaku__V1__ListAuditResponse *)result.response;
            goes_on = take_page(page, &filter, &number, on_line, context);
            request.page_token = arena_printf(connection.arena, "%s", page->next_page_token);
        }
        api_client_finish(&result);
    }
    connect_close(&connection);
    return code;
}

static bool take_file(const char *path, struct text content, audit_lines_fn *on_line, void *context)
{
    char place[PLACE_BYTES];
    struct text line;
    for (uint64_t number = 1; text_next_part(&content, '\n', &line); number++) {
        (void)snprintf(place, sizeof place, "%s:%llu", path, (unsigned long long)number);
        if (line.size > 0 && !on_line(context, place, line)) {
            return false;
        }
    }
    return true;
}

enum exit_code audit_lines_of_files(const struct options *options, audit_lines_fn *on_line,
                                    void *context)
{
    bool goes_on = true;
    for (size_t i = 0; goes_on && i < options_positional_count(options); i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        const char *path = options_positional(options, i);
        struct problem problem;
        struct text content;
        if (file_read(path, FILE_MAX, arena, &content, &problem) != 0) {
            tell_problem(&problem);
            return EXIT_CODE_BAD_FILE;
        }
        goes_on = take_file(path, content, on_line, context);
    }
    return EXIT_CODE_OK;
}
