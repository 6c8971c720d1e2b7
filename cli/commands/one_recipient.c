#include "cli/commands/one_recipient.h"

#include "cli/message_string.h"
#include "cli/recipient_indexes.h"
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

static enum exit_code read_words(const struct options *options, const struct connection *connection,
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

enum exit_code one_recipient_run(const struct options *options, bool needs_index,
                                 one_recipient_fn *ask)
{
    struct connection connection = {0};
    struct one_recipient recipient = {.has_index = false};
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = read_words(options, &connection, &recipient);
    }
    if (code == EXIT_CODE_OK && needs_index && !recipient.has_index) {
        tell("say which recipient: an index or --ref");
        code = EXIT_CODE_USAGE;
    }
    if (code == EXIT_CODE_OK) {
        code = ask(options, &connection, &recipient);
    }
    connect_close(&connection);
    return code;
}
