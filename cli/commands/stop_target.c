#include "cli/commands/stop_target.h"

#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/base/clock.h"

#include <stdlib.h>

static const struct {
    const char *option;
    Hikyaku__V1__StopKind kind;
} kinds[] = {
    {"tenant", HIKYAKU__V1__STOP_KIND__STOP_KIND_TENANT},
    {"pool", HIKYAKU__V1__STOP_KIND__STOP_KIND_POOL},
    {"site", HIKYAKU__V1__STOP_KIND__STOP_KIND_SITE},
    {"ip", HIKYAKU__V1__STOP_KIND__STOP_KIND_IP},
    {"from-domain", HIKYAKU__V1__STOP_KIND__STOP_KIND_FROM_DOMAIN},
};

bool stop_target_read(const struct options *options, Hikyaku__V1__StopKind *ret_kind,
                      char **ret_target)
{
    size_t given = options_flag(options, "all") ? 1 : 0;
    *ret_kind = HIKYAKU__V1__STOP_KIND__STOP_KIND_ALL;
    *ret_target = message_string("");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *value = options_text(options, kinds[i].option);
        if (value != NULL) {
            given++;
            *ret_kind = kinds[i].kind;
            *ret_target = message_string(value);
        }
    }
    if (given != 1) {
        tell("say one of --all, --tenant, --pool, --site, --ip, --from-domain");
    }
    return given == 1;
}

char *stop_target_author(const struct options *options)
{
    const char *given = options_text(options, "by");
    /* Nothing of this program changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    return message_string(given != NULL ? given : getenv("USER"));
}

static void append_stop(const Hikyaku__V1__OperatorStop *stop, struct table_print *table)
{
    char text[FORMAT_BYTES];
    table_print_cell(table, text_of(enum_word(&hikyaku__v1__stop_kind__descriptor, stop->kind)));
    table_print_cell(table, text_of(stop->target));
    table_print_cell(table,
                     text_of(stop->from_unix_ms == 0 ? "" : format_time(stop->from_unix_ms, text)));
    table_print_cell(table,
                     text_of(stop->until_unix_ms == 0 ? "started again"
                                                      : format_time(stop->until_unix_ms, text)));
    table_print_cell(table, text_of(stop->author));
    table_print_cell(table, text_of(format_time(stop->at_unix_ms, text)));
    table_print_cell(table, text_of(stop->reason));
}

void stop_target_print(Hikyaku__V1__OperatorStop *const *stops, size_t count)
{
    OWNED(buffer_finish) struct buffer out = {0};
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("STOP,TARGET,FROM,UNTIL,BY,SINCE,REASON");
    for (size_t i = 0; i < count; i++) {
        append_stop(stops[i], table);
    }
    if (count == 0) {
        buffer_append_string(&out, "nothing is stopped\n");
    } else {
        table_print_append(table, &out);
    }
    tell_out(&out);
}

bool stop_target_read_until(const struct options *options, int64_t *ret_unix_ms)
{
    const char *until = options_text(options, "until");
    uint64_t length_ms = options_duration_ms(options, "for", 0);
    *ret_unix_ms = length_ms == 0 ? 0 : clock_unix_ms() + (int64_t)length_ms;
    if (until != NULL && length_ms != 0) {
        tell("say --until or --for, not both");
        return false;
    }
    if (until != NULL && format_parse_time(text_of(until), ret_unix_ms) != 0) {
        tell("--until: must be a time with its offset, such as 2026-11-28T09:00+09:00");
        return false;
    }
    return true;
}
