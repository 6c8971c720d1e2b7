#include "cli/commands/one_recipient.h"

#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/recipient_indexes.h"
#include "cli/table_print.h"
#include "cli/tell.h"

static enum exit_code find(const struct options *options, const struct connection *connection,
                           const char *ref, struct one_recipient *recipient)
{
    Hikyaku__V1__FindRecipientsRequest request;
    struct api_result result = {0};
    hikyaku__v1__find_recipients_request__init(&request);
    request.campaign_id = message_string(recipient->campaign);
    request.by_case = HIKYAKU__V1__FIND_RECIPIENTS_REQUEST__BY_REF;
    request.ref = message_string(ref);
    request.limit = 2;
    enum exit_code code =
        connect_call(connection, options, API_METHOD_FIND_RECIPIENTS, &request.base, &result);
    if (code == EXIT_CODE_OK) {
        const Hikyaku__V1__FindRecipientsResponse *found = (const void *)result.response;
        if (found->n_recipients == 1) {
            recipient->has_index = true;
            recipient->index = found->recipients[0]->index;
        } else {
            tell(found->n_recipients == 0 ? "no recipient has this ref"
                                          : "several recipients have this ref: hikyaku find "
                                            "--ref tells their indexes");
            code = EXIT_CODE_REFUSED;
        }
    }
    api_client_finish(&result);
    return code;
}

enum exit_code one_recipient_read(const struct options *options,
                                  const struct connection *connection,
                                  struct one_recipient *ret_recipient)
{
    uint32_t indexes[1];
    size_t count = 0;
    const char *ref = options_text(options, "ref");
    struct one_recipient recipient = {.campaign = options_positional(options, 0)};
    if (recipient_indexes_read(options, indexes, &count) != 0) {
        return EXIT_CODE_USAGE;
    }
    if (ref != NULL && count > 0) {
        tell("give either an index or --ref");
        return EXIT_CODE_USAGE;
    }
    recipient.has_index = count > 0;
    recipient.index = count > 0 ? indexes[0] : 0;
    enum exit_code code = ref == NULL ? EXIT_CODE_OK : find(options, connection, ref, &recipient);
    *ret_recipient = recipient;
    return code;
}

/* ---------------------------------------------------------------- tries */

static void append_word(struct buffer *out, const char *before, const char *word)
{
    if (word[0] != '\0') {
        buffer_append_string(out, before);
        table_print_append_clean(out, text_of(word));
    }
}

/* 13:58:02  203.0.113.7 -> mx.docomo  at rcpt  421 4.7.0 "too many connections"  rate-limited */
static void append_try(const Hikyaku__V1__Event *event, struct buffer *out)
{
    char text[FORMAT_BYTES];
    buffer_printf(out, "%s  %s", format_time(event->occurred_unix_ms, text),
                  enum_word(&hikyaku__v1__event_type__descriptor, event->type));
    append_word(out, "  ", event->sending_ip);
    append_word(out, " -> ", event->mx_host[0] == '\0' ? event->mx_ip : event->mx_host);
    append_word(out, "  at ", event->stage);
    if (event->smtp_code != 0) {
        buffer_printf(out, "  %u", event->smtp_code);
    }
    append_word(out, " ", event->enhanced_code);
    if (event->reply_text[0] != '\0') {
        append_word(out, " \"", event->reply_text);
        buffer_append_byte(out, '"');
    }
    append_word(out, "  ", event->reply_class);
    append_word(out, "  rule ", event->rule_id);
    append_word(out, "  ", event->reason);
    if (event->smtp_ms > 0) {
        buffer_printf(out, "  %u ms", event->smtp_ms);
    }
    if (event->next_attempt_unix_ms > 0) {
        buffer_printf(out, "  next %s", format_time(event->next_attempt_unix_ms, text));
    }
    buffer_append_string(out, event->possible_duplicate ? "  possible duplicate" : "");
    buffer_append_byte(out, '\n');
}

void one_recipient_append_tries(Hikyaku__V1__Event *const *events, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        buffer_append_string(out, i == 0 ? "tries      " : "           ");
        append_try(events[i], out);
    }
}
