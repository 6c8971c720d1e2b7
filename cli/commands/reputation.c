/* reputation, sites: what receivers say. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/base/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A part of its whole: "0.3 %", "-" for none of it. */
static void add_share(struct table_print *table, uint64_t part, uint64_t whole)
{
    if (whole == 0) {
        table_print_cell(table, text_of("-"));
    } else {
        table_print_format(table, "%.1f %%", (double)part * 100 / (double)whole);
    }
}

static void add_counts(struct table_print *table, const Hikyaku__V1__Reputation *one)
{
    char text[FORMAT_BYTES];
    uint64_t attempts = one->delivered + one->deferred + one->bounced;
    table_print_cell(table, text_of(format_count(attempts, text)));
    add_share(table, one->delivered, attempts);
    add_share(table, one->deferred, attempts);
    add_share(table, one->bounced, attempts);
    add_share(table, one->unknown_users, one->delivered + one->bounced);
    add_share(table, one->blocked, attempts);
    add_share(table, one->rate_limited, attempts);
    add_share(table, one->complained, one->delivered);
}

#define COUNT_COLUMNS ">TRIES,>DELIVERED,>DEFERRED,>BOUNCED,>UNKNOWN,>BLOCKED,>RATE,>COMPLAINED"

static int compare(const void *a, const void *b)
{
    const Hikyaku__V1__Reputation *left = *(Hikyaku__V1__Reputation *const *)a;
    const Hikyaku__V1__Reputation *right = *(Hikyaku__V1__Reputation *const *)b;
    int order = strcmp(left->from_domain, right->from_domain);
    order = order != 0 ? order : strcmp(left->ip, right->ip);
    return order != 0 ? order : strcmp(left->site, right->site);
}

static void finish(const struct table_print *table, const char *none)
{
    OWNED(buffer_finish) struct buffer out = {0};
    if (table_print_rows(table) == 0) {
        tell("%s", none);
        return;
    }
    table_print_append(table, &out);
    tell_out(&out);
}

static void print_reputation(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ListReputationResponse *list =
        (const Hikyaku__V1__ListReputationResponse *)response;
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("OF,SITE," COUNT_COLUMNS ",TREND");
    (void)context;
    qsort(list->reputations, list->n_reputations, sizeof(void *), compare);
    for (size_t i = 0; i < list->n_reputations; i++) {
        const Hikyaku__V1__Reputation *one = list->reputations[i];
        table_print_cell(table, text_of(one->ip[0] != '\0' ? one->ip : one->from_domain));
        table_print_cell(table, text_of(one->site));
        add_counts(table, one);
        table_print_cell(table, text_of(enum_word(&hikyaku__v1__trend__descriptor, one->trend)));
    }
    finish(table, "nothing was sent in this time");
}

/* ---------------------------------------------------------------- by site */

static void sum_up(Hikyaku__V1__Reputation *sum, const Hikyaku__V1__Reputation *one)
{
    sum->delivered += one->delivered;
    sum->deferred += one->deferred;
    sum->bounced += one->bounced;
    sum->unknown_users += one->unknown_users;
    sum->blocked += one->blocked;
    sum->rate_limited += one->rate_limited;
    sum->complained += one->complained;
}

static int compare_sizes(const void *a, const void *b)
{
    const Hikyaku__V1__Reputation *left = a;
    const Hikyaku__V1__Reputation *right = b;
    uint64_t here = left->delivered + left->deferred + left->bounced;
    uint64_t there = right->delivered + right->deferred + right->bounced;
    return here != there ? (here < there ? 1 : -1) : strcmp(left->site, right->site);
}

/* Where it gets worse, and of how many IPs. @return how many */
static size_t append_worse(const Hikyaku__V1__ListReputationResponse *list, const char *site,
                           struct buffer *worse)
{
    size_t ips = 0;
    for (size_t i = 0; i < list->n_reputations; i++) {
        const Hikyaku__V1__Reputation *one = list->reputations[i];
        if (one->ip[0] == '\0' || strcmp(one->site, site) != 0) {
            continue;
        }
        ips++;
        if (one->trend == HIKYAKU__V1__TREND__TREND_WORSE) {
            buffer_printf(worse, "%s%s", worse->size > 0 ? ", " : "", one->ip);
        }
    }
    return ips;
}

/* One entry a site, the sum of its IPs; what is counted by From domain is the same mail.
 * @return how many */
static size_t sum_sites(const Hikyaku__V1__ListReputationResponse *list,
                        Hikyaku__V1__Reputation *sites)
{
    struct table *places = table_create();
    size_t count = 0;
    for (size_t i = 0; i < list->n_reputations; i++) {
        const Hikyaku__V1__Reputation *one = list->reputations[i];
        Hikyaku__V1__Reputation *sum = table_get(places, text_of(one->site));
        if (one->ip[0] == '\0') {
            continue;
        }
        if (sum != NULL) {
            sum_up(sum, one);
        } else {
            sites[count] = *one;
            (void)table_put(places, text_of(one->site), &sites[count]);
            count++;
        }
    }
    table_destroy(&places);
    return count;
}

static void print_sites(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ListReputationResponse *list =
        (const Hikyaku__V1__ListReputationResponse *)response;
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("SITE,>IPS," COUNT_COLUMNS ",WORSE AT");
    Hikyaku__V1__Reputation *sites = xalloc_zero(list->n_reputations + 1, sizeof *sites);
    size_t count = sum_sites(list, sites);
    (void)context;
    qsort(sites, count, sizeof *sites, compare_sizes);
    for (size_t i = 0; i < count; i++) {
        OWNED(buffer_finish) struct buffer worse = {0};
        size_t ips = append_worse(list, sites[i].site, &worse);
        table_print_cell(table, text_of(sites[i].site));
        table_print_format(table, "%zu", ips);
        add_counts(table, &sites[i]);
        table_print_cell(table, worse.size > 0 ? buffer_text(&worse) : TEXT("-"));
    }
    finish(table, "nothing was sent in this time");
    free(sites);
}

/* ---------------------------------------------------------------- calls */

static enum exit_code ask(const struct options *options,
                          Hikyaku__V1__ListReputationRequest *request, single_call_print_fn *print)
{
    request->site = message_string(options_text(options, "site"));
    request->hours = (uint32_t)options_number(options, "hours", 0);
    request->days = (uint32_t)options_number(options, "days", 0);
    return single_call_run(options, API_METHOD_LIST_REPUTATION, &request->base, print, NULL);
}

static enum exit_code run_reputation(const struct options *options)
{
    const char *of = options_positional(options, 0);
    Hikyaku__V1__ListReputationRequest request;
    hikyaku__v1__list_reputation_request__init(&request);
    bool is_ip = of != NULL && (strchr(of, ':') != NULL || strspn(of, "0123456789.") == strlen(of));
    if (is_ip) {
        request.ip = message_string(of);
    } else {
        request.from_domain = message_string(of);
    }
    return ask(options, &request, print_reputation);
}

static enum exit_code run_sites(const struct options *options)
{
    Hikyaku__V1__ListReputationRequest request;
    hikyaku__v1__list_reputation_request__init(&request);
    return ask(options, &request, print_sites);
}

static const struct option_spec span_options[] = {
    {"site", "NAME", "only there", .kind = OPTION_TEXT},
    {"hours", "N", "of the last hours, 48 at most; default 24", .maximum = 48,
     .kind = OPTION_NUMBER},
    {"days", "N", "of the last days, 35 at most", .maximum = 35, .kind = OPTION_NUMBER},
    {.name = NULL},
};

const struct command reputation_command = {
    .name = "reputation",
    .words = "[IP|DOMAIN]",
    .summary = "what receivers say of sending IPs and From domains, by site",
    .help = "UNKNOWN is of delivered and bounced, COMPLAINED of the delivered, all else of the\n"
            "tries. TREND compares the last 6 hours with the 24 before.\n"
            "\n"
            "  hikyaku reputation\n"
            "  hikyaku reputation 203.0.113.7 --days 30\n"
            "  hikyaku reputation shop.example.jp --site google",
    .options = span_options,
    .minimum_words = 0,
    .maximum_words = 1,
    .run = run_reputation,
};

const struct command reputation_sites_command = {
    .name = "sites",
    .words = "",
    .summary = "what receivers say, summed up over all sending IPs",
    .help = "  hikyaku sites --hours 1",
    .options = span_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_sites,
};
