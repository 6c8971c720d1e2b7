/* send: one message, through SendMessages. */
#include "cli/campaign_file.h"
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/enum_word.h"
#include "cli/file_read.h"
#include "cli/json_text.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BODY_BYTES_MAX ((size_t)8 << 20)
enum { KEY_BYTES = 15 };

/* protobuf-c's strings are char *; packing only reads them. */
static char *copy(struct arena *arena, const char *string)
{
    return arena_printf(arena, "%s", string == NULL ? "" : string);
}

static enum exit_code read_body(const struct options *options, const char *name,
                                struct arena *arena, char **ret_body)
{
    const char *path = options_text(options, name);
    struct problem problem = {0};
    struct text body;
    if (path == NULL) {
        return EXIT_CODE_OK;
    }
    if (file_read(path, BODY_BYTES_MAX, arena, &body, &problem) != 0) {
        tell_problem(&problem);
        return EXIT_CODE_BAD_FILE;
    }
    if (!text_is_utf8(body) || text_find(body, '\0') < body.size) {
        tell("%s: is not UTF-8 text", path);
        return EXIT_CODE_BAD_FILE;
    }
    *ret_body = arena_copy(arena, body.data, body.size);
    return EXIT_CODE_OK;
}

/* --field name=value ... as a JSON object of texts. */
static enum exit_code read_fields(const struct options *options, struct arena *arena,
                                  char **ret_fields)
{
    OWNED(buffer_finish) struct buffer json = {0};
    const char *field;
    for (size_t i = 0; (field = options_item(options, "field", i)) != NULL; i++) {
        size_t name = strcspn(field, "=");
        if (name == 0 || field[name] != '=') {
            tell("--field %s: needs NAME=VALUE", field);
            return EXIT_CODE_USAGE;
        }
        buffer_append_byte(&json, i == 0 ? '{' : ',');
        json_text_append(&json, (struct text){field, name});
        buffer_append_byte(&json, ':');
        json_text_append(&json, text_of(field + name + 1));
    }
    if (json.size > 0) {
        buffer_append_byte(&json, '}');
        *ret_fields = arena_copy(arena, json.data, json.size);
    }
    return EXIT_CODE_OK;
}

static enum exit_code read_enum(const struct options *options, const char *name,
                                const ProtobufCEnumDescriptor *descriptor, int *ret_value)
{
    const char *word = options_text(options, name);
    if (word == NULL || enum_word_parse(descriptor, text_of(word), ret_value) == 0) {
        return EXIT_CODE_OK;
    }
    OWNED(buffer_finish) struct buffer choices = {0};
    enum_word_append_choices(descriptor, &choices);
    tell("--%s: must be one of %.*s", name, TEXT_PRINT(buffer_text(&choices)));
    return EXIT_CODE_USAGE;
}

/* Without a key of the caller's this message is one of its own, however often it is sent; repeats
 * inside one run carry the same key. */
static char *make_key(const struct options *options, struct arena *arena)
{
    const char *given = options_text(options, "message-key");
    unsigned char bytes[KEY_BYTES];
    char text[BYTES_BASE32_LENGTH(KEY_BYTES) + 1];
    if (given != NULL) {
        return copy(arena, given);
    }
    randombytes_buf(bytes, sizeof bytes);
    bytes_to_base32(bytes, sizeof bytes, text);
    return arena_printf(arena, "cli-%s", text);
}

/* The parts of one call. */
struct message {
    Hikyaku__V1__SendMessagesRequest request;
    Hikyaku__V1__Content content;
    Hikyaku__V1__Mailbox from;
    Hikyaku__V1__MessageItem item;
    Hikyaku__V1__MessageItem *items[1];
};

static enum exit_code read_mailboxes(const struct options *options, struct arena *arena,
                                     struct message *message)
{
    Hikyaku__V1__Mailbox to;
    const char *from = options_text(options, "from");
    const char *given_to = options_text(options, "to");
    hikyaku__v1__mailbox__init(&message->from);
    hikyaku__v1__mailbox__init(&to);
    if (from == NULL || given_to == NULL) {
        tell("--%s: is needed", from == NULL ? "from" : "to");
        return EXIT_CODE_USAGE;
    }
    if (campaign_file_mailbox(text_of(from), arena, &message->from) != 0 ||
        campaign_file_mailbox(text_of(given_to), arena, &to) != 0) {
        tell("--from and --to: must be ADDRESS or \"Name <ADDRESS>\"");
        return EXIT_CODE_USAGE;
    }
    message->content.from = &message->from;
    message->item.to = to.address;
    message->item.to_display_name = to.display_name;
    return EXIT_CODE_OK;
}

static enum exit_code read_content(const struct options *options, struct arena *arena,
                                   struct message *message)
{
    Hikyaku__V1__Content *content = &message->content;
    content->subject = copy(arena, options_text(options, "subject"));
    content->text = copy(arena, options_text(options, "text"));
    enum exit_code code = read_body(options, "text-file", arena, &content->text);
    if (code == EXIT_CODE_OK) {
        code = read_body(options, "html-file", arena, &content->html);
    }
    if (code == EXIT_CODE_OK) {
        code = read_fields(options, arena, &message->item.fields);
    }
    return code;
}

static enum exit_code read_message(const struct options *options, struct arena *arena,
                                   struct message *message)
{
    Hikyaku__V1__SendMessagesRequest *request = &message->request;
    hikyaku__v1__send_messages_request__init(request);
    hikyaku__v1__content__init(&message->content);
    hikyaku__v1__message_item__init(&message->item);
    int lane = HIKYAKU__V1__LANE__LANE_TRANSACTIONAL;
    int content_class = HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_NOTICE;
    int mode = HIKYAKU__V1__MODE__MODE_UNSPECIFIED;
    enum exit_code codes[] = {
        read_mailboxes(options, arena, message),
        read_content(options, arena, message),
        read_enum(options, "lane", &hikyaku__v1__lane__descriptor, &lane),
        read_enum(options, "class", &hikyaku__v1__content_class__descriptor, &content_class),
        read_enum(options, "mode", &hikyaku__v1__mode__descriptor, &mode),
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] != EXIT_CODE_OK) {
            return codes[i];
        }
    }
    message->item.message_key = make_key(options, arena);
    message->item.ref = copy(arena, options_text(options, "ref"));
    message->items[0] = &message->item;
    request->what_case = HIKYAKU__V1__SEND_MESSAGES_REQUEST__WHAT_CONTENT;
    request->content = &message->content;
    request->messages = message->items;
    request->n_messages = 1;
    request->lane = (Hikyaku__V1__Lane)lane;
    request->content_class = (Hikyaku__V1__ContentClass)content_class;
    request->mode = (Hikyaku__V1__Mode)mode;
    request->pool = copy(arena, options_text(options, "pool"));
    request->expires_after_s =
        (uint32_t)(options_duration_ms(options, "expires-after", 0) / SECOND_MS);
    return EXIT_CODE_OK;
}

static bool is_taken(const Hikyaku__V1__MessageResult *answer)
{
    return answer->status == HIKYAKU__V1__MESSAGE_STATUS__MESSAGE_STATUS_ACCEPTED ||
           answer->status == HIKYAKU__V1__MESSAGE_STATUS__MESSAGE_STATUS_REPLAYED;
}

static enum exit_code tell_answer(const struct message *message,
                                  const Hikyaku__V1__MessageResult *answer)
{
    OWNED(buffer_finish) struct buffer out = {0};
    if (is_taken(answer)) {
        buffer_printf(&out, "%s  %s/%u  ",
                      enum_word(&hikyaku__v1__message_status__descriptor, answer->status),
                      answer->campaign_id, answer->index);
        table_print_append_clean(&out, text_of(answer->message_id));
        buffer_printf(&out, "  key %s\n", message->item.message_key);
        tell_out(&out);
        return EXIT_CODE_OK;
    }
    buffer_append_string(&out, enum_word(&hikyaku__v1__message_status__descriptor, answer->status));
    if (answer->error != NULL) {
        buffer_printf(&out, ": %s%s", answer->error->field,
                      answer->error->field[0] == '\0' ? "" : ": ");
        table_print_append_clean(&out, text_of(answer->error->message));
        buffer_printf(&out, " [%s]", answer->error->rule);
    }
    tell("%.*s", TEXT_PRINT(buffer_text(&out)));
    return EXIT_CODE_REFUSED;
}

static enum exit_code send(const struct options *options, const struct connection *connection,
                           const struct message *message)
{
    struct api_result result;
    enum exit_code code = connect_call(connection, options, API_METHOD_SEND_MESSAGES,
                                       &message->request.base, &result);
    if (code == EXIT_CODE_OK) {
        const Hikyaku__V1__SendMessagesResponse *answer =
            (const Hikyaku__V1__SendMessagesResponse *)result.response;
        if (options_flag(options, "json")) {
            tell_json(result.response);
        }
        if (answer->n_results != 1) {
            tell("the server answered %zu results for one message", answer->n_results);
            code = EXIT_CODE_UNREACHABLE;
        } else if (!options_flag(options, "json")) {
            code = tell_answer(message, answer->results[0]);
        } else if (!is_taken(answer->results[0])) {
            code = EXIT_CODE_REFUSED;
        }
    }
    api_client_finish(&result);
    return code;
}

static enum exit_code run(const struct options *options)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct message *message = arena_zero(arena, 1, sizeof *message);
    struct connection connection = {0};
    if (sodium_init() < 0) {
        tell("no source of randomness");
        return EXIT_CODE_REFUSED;
    }
    enum exit_code code = read_message(options, arena, message);
    if (code == EXIT_CODE_OK) {
        code = connect_open(options, &connection);
    }
    if (code == EXIT_CODE_OK) {
        code = send(options, &connection, message);
    }
    connect_close(&connection);
    return code;
}

static const struct option_spec option_table[] = {
    {"from", "MAILBOX", "ADDRESS or \"Name <ADDRESS>\"", .kind = OPTION_TEXT},
    {"to", "MAILBOX", "one recipient", .kind = OPTION_TEXT},
    {"subject", "TEMPLATE", "may merge: \"{{name}}様\"", .kind = OPTION_TEXT},
    {"text", "TEMPLATE", "the body", .kind = OPTION_TEXT},
    {"text-file", "FILE", "the body from a file", .kind = OPTION_TEXT},
    {"html-file", "FILE", "the HTML body from a file", .kind = OPTION_TEXT},
    {"field", "NAME=VALUE", "a merge field (may be given several times)", .kind = OPTION_LIST},
    {"message-key", "KEY", "idempotency key; the same key is sent once (a random one)",
     .kind = OPTION_TEXT},
    {"ref", "REF", "your own name of the recipient, comes back in events", .kind = OPTION_TEXT},
    {"pool", "NAME", "the pool that sends", .kind = OPTION_TEXT},
    {"lane", "LANE", "TRANSACTIONAL or BULK (TRANSACTIONAL)", .kind = OPTION_TEXT},
    {"class", "CLASS", "NOTICE or ADVERTISING (NOTICE)", .kind = OPTION_TEXT},
    {"mode", "MODE", "LIVE, SANDBOX or DRY_RUN (the tenant's)", .kind = OPTION_TEXT},
    {"expires-after", "TIME", "give up after so long, such as 10m", .kind = OPTION_DURATION},
    {.name = NULL},
};

const struct command send_command = {
    .name = "send",
    .words = "",
    .summary = "send one message",
    .help =
        "Answered as soon as it is stored; `hikyaku find --message-id` tells what became of it.\n"
        "\n"
        "  hikyaku send --from 'Shop <news@shop.example.jp>' --to yamada@example.com \\\n"
        "      --subject '{{name}}様、ご注文ありがとうございます' --text-file order.txt \\\n"
        "      --field name=山田 --message-key order-4471",
    .options = option_table,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run,
};
