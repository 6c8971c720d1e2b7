#include "coordinator/intake/intake_messages.h"

#include "common/mail/rows.h"
#include "common/wire/wire_canonical.h"
#include "common/wire/wire_rules.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/intake/intake_batches.h"
#include "coordinator/intake/intake_work.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void intake_messages_identify(struct intake *intake, const unsigned char *id_key,
                              struct text tenant, const Hikyaku__V1__SendMessagesRequest *request,
                              struct intake_identity *ret_identities)
{
    Hikyaku__V1__SendMessagesRequest call = *request;
    unsigned char shared[DIGEST_BYTES];
    assert(request->n_messages <= INTAKE_WORK_ROWS_MAX); /* wire_rules_check() */
    call.n_messages = 0;
    intake_work_digest(intake, TEXT("send_messages"), &call.base, shared);
    memset(intake->seen.taken, 0, sizeof intake->seen.taken);
    for (size_t i = 0; i < request->n_messages; i++) {
        const Hikyaku__V1__MessageItem *item = request->messages[i];
        struct intake_identity *identity = &ret_identities[i];
        int64_t place = 0;
        identity_message(id_key, tenant, text_of(item->message_key), identity->key_hash);
        memcpy(&place, identity->key_hash, sizeof place);
        identity->is_repeated = intake_entry_seen_before(&intake->seen, place);
        buffer_clear(&intake->bytes);
        wire_canonical_append(&item->base, &intake->bytes);
        digest_begin(intake->digest, TEXT("message"));
        digest_add_bytes(intake->digest, 1, (struct text){(const char *)shared, sizeof shared});
        digest_add_bytes(intake->digest, 2, buffer_text(&intake->bytes));
        digest_finish(intake->digest, identity->digest);
    }
}

/* One message on its way; the `keep` of the scratch holds all of it. */
struct take {
    struct intake *intake;
    const struct intake_settings *settings;
    const Hikyaku__V1__MessageItem *item;
    struct problem problem;
};

/* What a message says of its recipient, in the words of a campaign's. */
static const Hikyaku__V1__Recipient *recipient_of(const struct take *take)
{
    const Hikyaku__V1__MessageItem *item = take->item;
    Hikyaku__V1__Recipient *recipient = arena_alloc(take->intake->scratch.keep, sizeof *recipient);
    hikyaku__v1__recipient__init(recipient);
    recipient->address = item->to;
    recipient->display_name = item->to_display_name;
    recipient->ref = item->ref;
    recipient->fields = item->fields;
    recipient->lang = item->lang;
    recipient->headers = item->headers;
    recipient->n_headers = item->n_headers;
    return recipient;
}

/* Only what it overrides: key, recipient and labels stand elsewhere. */
static struct text packed_override(const struct take *take)
{
    const Hikyaku__V1__MessageItem *item = take->item;
    struct buffer *bytes = &take->intake->bytes;
    Hikyaku__V1__MessageItem override;
    hikyaku__v1__message_item__init(&override);
    override.from = item->from;
    override.reply_to = item->reply_to;
    override.n_reply_to = item->n_reply_to;
    override.attachments = item->attachments;
    override.n_attachments = item->n_attachments;
    override.subject = item->subject;
    override.text = item->text;
    override.html = item->html;
    buffer_clear(bytes);
    wire_unpack_append(&override.base, bytes);
    return arena_text(take->intake->scratch.keep, buffer_text(bytes));
}

static void add_labels(const struct take *take, struct intake_entry *entry)
{
    const Hikyaku__V1__MessageItem *item = take->item;
    struct wire_store_header *labels =
        arena_zero(take->intake->scratch.keep, item->n_labels, sizeof *labels);
    for (size_t i = 0; i < item->n_labels; i++) {
        labels[i] = (struct wire_store_header){text_of(item->labels[i]->key),
                                               text_of(item->labels[i]->value)};
    }
    entry->labels = labels;
    entry->label_count = item->n_labels;
}

/* A recipient's fields are called otherwise in a message. */
static void name_fields(struct problem *problem)
{
    static const char *const names[][2] = {{"address", "to"}, {"display_name", "to_display_name"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(problem->field, names[i][0]) == 0) {
            (void)memcpy(problem->field, names[i][1], strlen(names[i][1]) + 1);
        }
    }
}

/* @return 0 or -EINVAL with its problem */
static int check_recipient(struct take *take, const struct compose_prepared *prepared,
                           struct intake_entry *entry)
{
    int error = intake_entry_check(&take->intake->scratch, take->settings, prepared,
                                   recipient_of(take), entry, &take->problem);
    if (error != 0) {
        name_fields(&take->problem);
    }
    return error;
}

static int check_overridden(struct take *take, struct intake_entry *entry)
{
    const struct intake_settings *settings = take->settings;
    struct content_options options = {settings->stored->feedback_sender_id,
                                      settings->limits->message_bytes};
    OWNED(compose_destroy) struct compose_prepared *prepared = NULL;
    int error = content_prepare_message(settings->stored->settings->content, take->item, &options,
                                        settings->prepared, &prepared, &take->problem);
    if (error == 0) {
        error = check_recipient(take, prepared, entry);
    }
    if (error == 0) {
        entry->override = packed_override(take);
    }
    return error;
}

static int check_message(struct take *take, bool is_repeated, struct intake_entry *entry)
{
    int error = wire_rules_message(take->item, take->settings->limits, &take->problem);
    if (error != 0) {
        return error;
    }
    if (is_repeated) {
        problem_set(&take->problem, "message_key", "doubled", "stands twice in this call");
        return -EINVAL;
    }
    bool is_own = content_is_overridden(take->item) || take->settings->prepared == NULL;
    error = is_own ? check_overridden(take, entry)
                   : check_recipient(take, take->settings->prepared, entry);
    if (error == 0) {
        add_labels(take, entry);
    }
    return error;
}

static void make_token(const struct intake_settings *settings, const struct intake_entry *entry,
                       struct intake_message *message)
{
    char key[ADDRESS_KEY_BYTES_MAX];
    unsigned char person[ADDRESS_HASH_BYTES];
    size_t size = address_key(&entry->address, key);
    address_hash_make(settings->address_hash_key, (struct text){key, size}, person);
    token_make(&settings->token_key, TOKEN_MESSAGE_ID, message->index, person, message->token);
}

void intake_messages(struct intake *intake, const struct intake_settings *settings,
                     const struct intake_messages *messages, struct intake_result **ret_result)
{
    assert(messages->count <= INTAKE_WORK_ROWS_MAX);
    struct intake_result *result = intake_work_begin(intake, messages->chunk);
    result->messages = arena_zero(result->arena, messages->count, sizeof *result->messages);
    result->message_count = messages->count;
    for (uint32_t i = 0; i < messages->count; i++) {
        uint32_t place = messages->places[i];
        struct take take = {
            .intake = intake,
            .settings = settings,
            .item = messages->request->messages[place],
        };
        const struct intake_identity *identity = &messages->identities[place];
        struct intake_entry *entry = &intake->entries[intake->entry_count];
        struct intake_message *message = &result->messages[i];
        memcpy(message->key_hash, identity->key_hash, sizeof message->key_hash);
        memcpy(message->digest, identity->digest, sizeof message->digest);
        if (check_message(&take, identity->is_repeated, entry) != 0) {
            intake_batches_reject(result, place, &take.problem);
            continue;
        }
        entry->position = i;
        entry->group = intake_groups_add_mixed(&intake->groups);
        intake->entry_count++;
        message->is_accepted = true;
        message->index = result->chunk * ROWS_PER_CHUNK + i;
        make_token(settings, entry, message);
    }
    intake_batches_make(&intake->groups, settings, intake->entries, intake->entry_count,
                        messages->count, result);
    *ret_result = result;
}
