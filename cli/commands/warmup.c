/* warmup show, set, reset, freeze, unfreeze: how far young sending IPs are. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- showing */

/* "day 9 of 28", "warm", "day 2 of 28, frozen" */
static void day_cell(const Hikyaku__V1__WarmupIp *ip, const Hikyaku__V1__WarmupSite *site,
                     struct table_print *table)
{
    const char *frozen = site->frozen ? ", frozen" : "";
    if (site->warm) {
        table_print_format(table, "warm%s", frozen);
    } else if (ip->n_volumes > 0) {
        table_print_format(table, "day %u of %zu%s", site->day, ip->n_volumes, frozen);
    } else {
        table_print_format(table, "day %u%s", site->day, frozen);
    }
}

/* "400 / 400" */
static void today_cell(const Hikyaku__V1__WarmupSite *site, struct table_print *table)
{
    char used[FORMAT_BYTES];
    char quota[FORMAT_BYTES];
    (void)format_count(site->used, used);
    if (site->quota == 0) {
        table_print_format(table, "%s", used);
    } else {
        table_print_format(table, "%s / %s", used, format_count(site->quota, quota));
    }
}

static void seen_cell(const Hikyaku__V1__WarmupSite *site, struct table_print *table)
{
    static const struct {
        const char *word;
        size_t offset;
    } counts[] = {
        {"deferred", offsetof(Hikyaku__V1__WarmupSite, deferred)},
        {"blocked", offsetof(Hikyaku__V1__WarmupSite, blocked)},
        {"unknown", offsetof(Hikyaku__V1__WarmupSite, unknown)},
        {"complained", offsetof(Hikyaku__V1__WarmupSite, complained)},
    };
    OWNED(buffer_finish) struct buffer text = {0};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        uint32_t count;
        memcpy(&count, (const char *)site + counts[i].offset, sizeof count);
        if (count > 0) {
            buffer_printf(&text, "%s%u %s", text.size > 0 ? ", " : "", count, counts[i].word);
        }
    }
    if (text.size > 0) {
        buffer_printf(&text, " of %u", site->attempts);
    }
    if (strcmp(site->verdict, "stay") == 0) {
        buffer_append_string(&text, ": the same again tomorrow");
    } else if (strcmp(site->verdict, "back") == 0) {
        buffer_append_string(&text, ": less at once");
    }
    table_print_cell(table, buffer_text(&text));
}

static const char *name_of(const Hikyaku__V1__WarmupSite *site)
{
    if (strcmp(site->site, "*") == 0) {
        return "(sites that come)";
    }
    return strcmp(site->site, "+") == 0 ? "(all other sites)" : site->site;
}

static void append_sites(const Hikyaku__V1__WarmupIp *ip, struct buffer *out)
{
    char text[FORMAT_BYTES];
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("SITE,WARM-UP,>TODAY,LAST MAIL,SEEN TODAY");
    for (size_t i = 0; i < ip->n_sites; i++) {
        const Hikyaku__V1__WarmupSite *site = ip->sites[i];
        table_print_cell(table, text_of(name_of(site)));
        day_cell(ip, site, table);
        today_cell(site, table);
        if (site->sent_unix_ms == 0) {
            table_print_cell(table, TEXT("never"));
        } else { /* the day alone: its hour is not known */
            (void)format_time(site->sent_unix_ms + 12 * (int64_t)HOUR_MS, text);
            table_print_cell(table, (struct text){text, 10});
        }
        seen_cell(site, table);
    }
    table_print_append(table, out);
}

static void append_ip(const Hikyaku__V1__WarmupIp *ip, struct buffer *out)
{
    char ends[FORMAT_BYTES];
    table_print_append_clean(out, text_of(ip->address));
    if (ip->owner[0] != '\0') {
        buffer_append_string(out, "  pool ");
        table_print_append_clean(out, text_of(ip->pool));
        buffer_append_string(out, "  at ");
        table_print_append_clean(out, text_of(ip->owner));
    } else {
        buffer_append_string(out, "  no worker holds it now");
    }
    if (ip->plan[0] != '\0') {
        buffer_append_string(out, "  plan ");
        table_print_append_clean(out, text_of(ip->plan));
        buffer_printf(out, " (%zu days, %u to %u a day and site)", ip->n_volumes,
                      ip->n_volumes > 0 ? ip->volumes[0] : 0,
                      ip->n_volumes > 0 ? ip->volumes[ip->n_volumes - 1] : 0);
        buffer_append_string(out, "  the day ends ");
        buffer_append_string(out, format_time_near(ip->day_ends_unix_ms, clock_unix_ms(), ends));
        if (ip->zone[0] != '\0') {
            buffer_append_string(out, " (");
            table_print_append_clean(out, text_of(ip->zone));
            buffer_append_string(out, ")");
        }
    } else {
        buffer_append_string(out, "  no plan: it is warm");
    }
    buffer_append_byte(out, '\n');
    if (ip->n_sites > 0) {
        append_sites(ip, out);
    }
    if (ip->more_sites > 0) {
        buffer_printf(out, "and %u sites more\n", ip->more_sites);
    }
}

static void print_all(const ProtobufCMessage *message, const void *context)
{
    const Hikyaku__V1__GetWarmupResponse *response =
        (const Hikyaku__V1__GetWarmupResponse *)message;
    OWNED(buffer_finish) struct buffer out = {0};
    (void)context;
    for (size_t i = 0; i < response->n_ips; i++) {
        buffer_append_string(&out, i > 0 ? "\n" : "");
        append_ip(response->ips[i], &out);
    }
    if (response->n_ips == 0) {
        buffer_append_string(&out, "no worker has a sending IP with a plan: all are warm\n");
    }
    tell_out(&out);
}

static void print_one(const ProtobufCMessage *message, const void *context)
{
    const Hikyaku__V1__SetWarmupResponse *response =
        (const Hikyaku__V1__SetWarmupResponse *)message;
    OWNED(buffer_finish) struct buffer out = {0};
    (void)context;
    append_ip(response->ip, &out);
    tell_out(&out);
}

/* ---------------------------------------------------------------- calls */

static char *site_of(const struct options *options)
{
    const char *site = options_text(options, "site");
    return message_string(site != NULL ? site : "");
}

static enum exit_code run_show(const struct options *options)
{
    Hikyaku__V1__GetWarmupRequest request;
    hikyaku__v1__get_warmup_request__init(&request);
    const char *address = options_positional(options, 0);
    request.ip = message_string(address != NULL ? address : "");
    request.site = site_of(options);
    return single_call_run(options, API_METHOD_GET_WARMUP, &request.base, print_all, NULL);
}

static enum exit_code change(const struct options *options, Hikyaku__V1__SetWarmupRequest *request,
                             Hikyaku__V1__WarmupAction action)
{
    const char *by = options_text(options, "by");
    request->ip = message_string(options_positional(options, 0));
    request->site = site_of(options);
    request->action = action;
    /* Nothing of this program changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    request->author = message_string(by != NULL ? by : getenv("USER"));
    return single_call_run(options, API_METHOD_SET_WARMUP, &request->base, print_one, NULL);
}

static enum exit_code run_set(const struct options *options)
{
    Hikyaku__V1__SetWarmupRequest request;
    hikyaku__v1__set_warmup_request__init(&request);
    request.day = (uint32_t)options_number(options, "day", 0);
    request.warm = options_flag(options, "warm");
    if ((request.day > 0) == request.warm) {
        tell("say --day N (from 1) or --warm");
        return EXIT_CODE_USAGE;
    }
    return change(options, &request, HIKYAKU__V1__WARMUP_ACTION__WARMUP_ACTION_SET);
}

static enum exit_code run_plain(const struct options *options, Hikyaku__V1__WarmupAction action)
{
    Hikyaku__V1__SetWarmupRequest request;
    hikyaku__v1__set_warmup_request__init(&request);
    return change(options, &request, action);
}

static enum exit_code run_reset(const struct options *options)
{
    return run_plain(options, HIKYAKU__V1__WARMUP_ACTION__WARMUP_ACTION_RESET);
}

static enum exit_code run_freeze(const struct options *options)
{
    return run_plain(options, HIKYAKU__V1__WARMUP_ACTION__WARMUP_ACTION_FREEZE);
}

static enum exit_code run_unfreeze(const struct options *options)
{
    return run_plain(options, HIKYAKU__V1__WARMUP_ACTION__WARMUP_ACTION_UNFREEZE);
}

/* ---------------------------------------------------------------- the commands */

#define SITE                                                                    \
    {                                                                           \
        "site", "NAME", "only to this site; default: all, and those that come", \
            .kind = OPTION_TEXT                                                 \
    }
#define BY                                                                         \
    {                                                                              \
        "by", "NAME", "who asks; default: the user logged in", .kind = OPTION_TEXT \
    }

static const struct option_spec show_options[] = {
    {"site", "NAME", "only this site", .kind = OPTION_TEXT},
    {.name = NULL},
};
static const struct option_spec set_options[] = {
    {"day", "N", "it stands at this day of its plan, from 1", .maximum = 60, .kind = OPTION_NUMBER},
    {"warm", NULL, "it has no limit any more", .kind = OPTION_FLAG},
    SITE,
    BY,
    {.name = NULL},
};
static const struct option_spec plain_options[] = {SITE, BY, {.name = NULL}};

const struct command warmup_show_command = {
    .name = "warmup show",
    .words = "[IP]",
    .summary = "how far young sending IPs are, and what they may send today",
    .help =
        "Without IP: all that workers hold and that have a plan (warmup.plans), the sites with\n"
        "most messages today. Quotas are of an IP and a site.\n"
        "\n"
        "  hikyaku warmup show\n"
        "  hikyaku warmup show 203.0.113.9 --site google",
    .options = show_options,
    .minimum_words = 0,
    .maximum_words = 1,
    .run = run_show,
};

const struct command warmup_set_command = {
    .name = "warmup set",
    .words = "IP",
    .summary = "put a sending IP at a day of its plan, or call it warm",
    .help = "For an IP that brings a history: it goes on where it was. The worker that holds it\n"
            "knows within two seconds, and what waits under WARMUP_QUOTA is looked at again. What\n"
            "was sent today stays counted; bad signs seen today are forgotten.\n"
            "\n"
            "  hikyaku warmup set 203.0.113.9 --day 12\n"
            "  hikyaku warmup set 203.0.113.9 --warm --site google",
    .options = set_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_set,
};

const struct command warmup_reset_command = {
    .name = "warmup reset",
    .words = "IP",
    .summary = "begin the warm-up of a sending IP anew",
    .help = "As one that has never sent: day 1, not frozen. What was sent today stays counted.\n"
            "\n"
            "  hikyaku warmup reset 203.0.113.9",
    .options = plain_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_reset,
};

const struct command warmup_freeze_command = {
    .name = "warmup freeze",
    .words = "IP",
    .summary = "keep a sending IP at its day of the plan",
    .help =
        "It neither grows nor steps back until it is unfrozen. Bad signs still lower the quota\n"
        "of the day on which they are seen.\n"
        "\n"
        "  hikyaku warmup freeze 203.0.113.9 --site google",
    .options = plain_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_freeze,
};

const struct command warmup_unfreeze_command = {
    .name = "warmup unfreeze",
    .words = "IP",
    .summary = "let a frozen sending IP go on with its plan",
    .help = "  hikyaku warmup unfreeze 203.0.113.9",
    .options = plain_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_unfreeze,
};
