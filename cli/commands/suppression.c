/* suppression add, remove, show, list, export. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/connect.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/table_print.h"
#include "cli/tell.h"

#include <inttypes.h>
#include <stdio.h>

#define ADDED_MAX 500

static const char *word_of(const Hikyaku__V1__Suppression *one)
{
    return one->lifted ? "LIFTED"
                       : enum_word(&hikyaku__v1__suppression_reason__descriptor, one->reason);
}

/* @return false: told */
static bool read_reason(const struct options *options, const char *name, int *ret_reason)
{
    const char *word = options_text(options, name);
    const ProtobufCEnumDescriptor *reasons = &hikyaku__v1__suppression_reason__descriptor;
    if (word == NULL || enum_word_parse(reasons, text_of(word), ret_reason) == 0) {
        return true;
    }
    OWNED(buffer_finish) struct buffer choices = {0};
    enum_word_append_choices(reasons, &choices);
    tell("--%s: must be one of %.*s", name, TEXT_PRINT(buffer_text(&choices)));
    return false;
}

static bool read_time(const struct options *options, const char *name, int64_t *ret_unix_ms)
{
    const char *value = options_text(options, name);
    if (value == NULL || format_parse_time(text_of(value), ret_unix_ms) == 0) {
        return true;
    }
    tell("--%s: must be a time with its offset, such as 2026-12-31T00:00+09:00", name);
    return false;
}

/* ------------------------------------------------------------------ add */

static void print_added(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__AddSuppressionsResponse *answer =
        (const Hikyaku__V1__AddSuppressionsResponse *)response;
    const struct options *options = context;
    for (size_t i = 0; i < answer->n_rejected; i++) {
        const Hikyaku__V1__Rejected *one = answer->rejected[i];
        tell("%s: %s (%s)", options_positional(options, one->index), one->message, one->rule);
    }
    (void)printf("%u added, %u known, %u lifted since, %zu refused\n", answer->added, answer->known,
                 answer->lifted, answer->n_rejected);
}

static enum exit_code run_add(const struct options *options)
{
    Hikyaku__V1__NewSuppression entries[ADDED_MAX];
    Hikyaku__V1__NewSuppression *list[ADDED_MAX];
    Hikyaku__V1__AddSuppressionsRequest request;
    int reason = HIKYAKU__V1__SUPPRESSION_REASON__SUPPRESSION_REASON_MANUAL;
    int64_t expires_ms = 0;
    if (!read_reason(options, "as", &reason) || !read_time(options, "until", &expires_ms)) {
        return EXIT_CODE_USAGE;
    }
    hikyaku__v1__add_suppressions_request__init(&request);
    request.stream = message_string(options_text(options, "stream"));
    request.entries = list;
    for (size_t i = 0; i < options_positional_count(options) && i < ADDED_MAX; i++) {
        hikyaku__v1__new_suppression__init(&entries[i]);
        entries[i].address = message_string(options_positional(options, i));
        entries[i].reason = (Hikyaku__V1__SuppressionReason)reason;
        entries[i].expires_unix_ms = expires_ms;
        list[request.n_entries++] = &entries[i];
    }
    return single_call_run(options, API_METHOD_ADD_SUPPRESSIONS, &request.base, print_added,
                           options);
}

/* ------------------------------------------------------------------ remove */

static void print_removed(const ProtobufCMessage *response, const void *context)
{
    (void)response;
    (void)context;
    (void)puts("lifted");
}

static enum exit_code run_remove(const struct options *options)
{
    Hikyaku__V1__RemoveSuppressionRequest request;
    int lifts = 0;
    hikyaku__v1__remove_suppression_request__init(&request);
    if (!read_reason(options, "only", &lifts) ||
        !read_time(options, "consent", &request.consent_unix_ms)) {
        return EXIT_CODE_USAGE;
    }
    if (options_text(options, "reason") == NULL) {
        tell("--reason is needed: it stands in the audit log");
        return EXIT_CODE_USAGE;
    }
    request.stream = message_string(options_text(options, "stream"));
    request.lifts = (Hikyaku__V1__SuppressionReason)lifts;
    request.reason = message_string(options_text(options, "reason"));
    request.address_hash = message_string(options_text(options, "hash"));
    request.address = message_string(options_positional(options, 0));
    return single_call_run(options, API_METHOD_REMOVE_SUPPRESSION, &request.base, print_removed,
                           NULL);
}

/* ------------------------------------------------------------------ show */

static void add_row(struct table_print *table, const Hikyaku__V1__Suppression *one)
{
    char text[FORMAT_BYTES];
    table_print_cell(table, text_of(one->address_hash));
    table_print_cell(table, text_of(one->stream));
    table_print_cell(table, text_of(word_of(one)));
    table_print_cell(table,
                     text_of(enum_word(&hikyaku__v1__suppression_source__descriptor, one->source)));
    table_print_cell(table, text_of(one->actor[0] != '\0' ? one->actor : "-"));
    table_print_cell(table, text_of(format_time(one->at_unix_ms, text)));
    table_print_cell(
        table,
        text_of(one->expires_unix_ms != 0 ? format_time(one->expires_unix_ms, text) : "never"));
}

#define COLUMNS "ADDRESS HASH,STREAM,REASON,SOURCE,BY,SINCE,ENDS"

static void print_found(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__CheckSuppressionsResponse *answer =
        (const Hikyaku__V1__CheckSuppressionsResponse *)response;
    OWNED(table_print_destroy) struct table_print *table = table_print_create(COLUMNS);
    OWNED(buffer_finish) struct buffer out = {0};
    (void)context;
    for (size_t i = 0; i < answer->n_rejected; i++) {
        tell("%s (%s)", answer->rejected[i]->message, answer->rejected[i]->rule);
    }
    for (size_t i = 0; i < answer->n_suppressions; i++) {
        add_row(table, answer->suppressions[i]);
    }
    if (answer->n_suppressions == 0) {
        (void)puts("on no list");
        return;
    }
    table_print_append(table, &out);
    tell_out(&out);
}

static enum exit_code run_show(const struct options *options)
{
    Hikyaku__V1__CheckSuppressionsRequest request;
    char *addresses[] = {message_string(options_positional(options, 0))};
    hikyaku__v1__check_suppressions_request__init(&request);
    request.stream = message_string(options_text(options, "stream"));
    request.addresses = addresses;
    request.n_addresses = 1;
    return single_call_run(options, API_METHOD_CHECK_SUPPRESSIONS, &request.base, print_found,
                           NULL);
}

/* ------------------------------------------------------------------ list, export */

static void print_lists(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ListSuppressionsResponse *answer =
        (const Hikyaku__V1__ListSuppressionsResponse *)response;
    OWNED(table_print_destroy) struct table_print *table = table_print_create("STREAM,>ADDRESSES");
    OWNED(buffer_finish) struct buffer out = {0};
    (void)context;
    for (size_t i = 0; i < answer->n_lists; i++) {
        char text[FORMAT_BYTES];
        table_print_cell(table, text_of(answer->lists[i]->stream));
        table_print_cell(table, text_of(format_count(answer->lists[i]->addresses, text)));
    }
    if (answer->n_lists == 0) {
        (void)puts("nobody is suppressed");
        return;
    }
    table_print_append(table, &out);
    tell_out(&out);
}

static void append_csv(const Hikyaku__V1__Suppression *one, struct buffer *out)
{
    char expires[FORMAT_BYTES] = "";
    if (one->lifted) {
        return;
    }
    if (one->expires_unix_ms != 0) {
        (void)snprintf(expires, sizeof expires, "%" PRId64, one->expires_unix_ms / 1000);
    }
    buffer_printf(out, "%s,%s,%s,%s,\"%s\",%" PRId64 ",%s\r\n", one->address_hash, one->stream,
                  word_of(one),
                  enum_word(&hikyaku__v1__suppression_source__descriptor, one->source), one->actor,
                  one->at_unix_ms / 1000, expires);
}

static void print_page(const Hikyaku__V1__ListSuppressionsResponse *page,
                       const struct options *options)
{
    OWNED(buffer_finish) struct buffer out = {0};
    if (options_flag(options, "json")) {
        tell_json(&page->base);
        return;
    }
    for (size_t i = 0; i < page->n_suppressions; i++) {
        append_csv(page->suppressions[i], &out);
    }
    tell_out(&out);
}

/* Page by page, as it comes: the list may be long. */
static enum exit_code print_pages(const struct options *options,
                                  const struct connection *connection)
{
    Hikyaku__V1__ListSuppressionsRequest request;
    hikyaku__v1__list_suppressions_request__init(&request);
    request.stream = message_string(options_positional(options, 0));
    request.page_token = message_string("");
    for (;;) {
        struct api_result result;
        bool is_last = true;
        enum exit_code code =
            connect_call(connection, options, API_METHOD_LIST_SUPPRESSIONS, &request.base, &result);
        if (code == EXIT_CODE_OK) {
            const Hikyaku__V1__ListSuppressionsResponse *page =
                (const Hikyaku__V1__ListSuppressionsResponse *)result.response;
            print_page(page, options);
            is_last = page->next_page_token[0] == '\0';
            request.page_token = arena_printf(connection->arena, "%s", page->next_page_token);
        }
        api_client_finish(&result);
        if (is_last) {
            return code;
        }
    }
}

static enum exit_code run_export(const struct options *options)
{
    struct connection connection = {0};
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        if (!options_flag(options, "json")) {
            (void)fputs("address_hash,stream,reason,source,actor,at,expires\r\n", stdout);
        }
        code = print_pages(options, &connection);
    }
    connect_close(&connection);
    return code;
}

static enum exit_code run_list(const struct options *options)
{
    Hikyaku__V1__ListSuppressionsRequest request;
    hikyaku__v1__list_suppressions_request__init(&request);
    return single_call_run(options, API_METHOD_LIST_SUPPRESSIONS, &request.base, print_lists, NULL);
}

/* ------------------------------------------------------------------ the commands */

static const struct option_spec add_options[] = {
    {"as", "REASON", "MANUAL (default), UNSUBSCRIBE, COMPLAINT or HARD_BOUNCE",
     .kind = OPTION_TEXT},
    {"stream", "STREAM", "of this stream only; default: all", .kind = OPTION_TEXT},
    {"until", "TIME", "MANUAL only: when it ends", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command suppression_add_command = {
    .name = "suppression add",
    .words = "ADDRESS...",
    .summary = "write to these addresses no more",
    .help =
        "Holds within seconds, also for what workers have in hand. HARD_BOUNCE and MANUAL keep\n"
        "all mail away, UNSUBSCRIBE and COMPLAINT advertising. Addresses are kept as keyed\n"
        "hashes only.\n"
        "\n"
        "  hikyaku suppression add taro@example.jp --as UNSUBSCRIBE --stream news",
    .options = add_options,
    .minimum_words = 1,
    .maximum_words = ADDED_MAX,
    .run = run_add,
};

static const struct option_spec remove_options[] = {
    {"reason", "TEXT", "why; stands in the audit log", .kind = OPTION_TEXT},
    {"only", "REASON", "lift this one only; default: all but ERASED", .kind = OPTION_TEXT},
    {"stream", "STREAM", "on the list of this stream; default: on that of all",
     .kind = OPTION_TEXT},
    {"hash", "HASH", "instead of an address", .kind = OPTION_TEXT},
    {"consent", "TIME", "when its owner agreed anew: needed for a hard bounce of a carrier",
     .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command suppression_remove_command = {
    .name = "suppression remove",
    .words = "[ADDRESS]",
    .summary = "lift what stands of an address",
    .help = "An older report of the same does not bring it back. Carriers of Japan give addresses\n"
            "to others: after a hard bounce a later consent is needed.\n"
            "\n"
            "  hikyaku suppression remove taro@example.jp --reason \"asked by telephone\"",
    .options = remove_options,
    .minimum_words = 0,
    .maximum_words = 1,
    .run = run_remove,
};

static const struct option_spec stream_options[] = {
    {"stream", "STREAM", "besides the list of all streams; default: `default`",
     .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command suppression_show_command = {
    .name = "suppression show",
    .words = "ADDRESS",
    .summary = "is this address suppressed, and why",
    .help = "  hikyaku suppression show taro@example.jp --stream news",
    .options = stream_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_show,
};

static const struct option_spec no_options[] = {{.name = NULL}};

const struct command suppression_list_command = {
    .name = "suppression list",
    .words = "",
    .summary = "the suppression lists, and how long they are",
    .help = "`*` is the list of all streams.",
    .options = no_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_list,
};

const struct command suppression_export_command = {
    .name = "suppression export",
    .words = "STREAM",
    .summary = "a list as CSV",
    .help = "Keyed hashes, for nobody knows the addresses. Another cluster understands them only\n"
            "with the same hash.key. What is lifted is left out.\n"
            "\n"
            "  hikyaku suppression export '*' > all.csv",
    .options = no_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_export,
};
