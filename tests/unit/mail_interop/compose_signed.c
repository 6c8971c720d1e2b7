/* Composes and signs what a JSON document on standard input asks for, so that other implementations
 * can judge it (test_interop.py). Writes blocks, each "SIZE\n" and so many bytes: the two DKIM
 * records, then one block per recipient. */
#include "common/mail/compose.h"
#include "common/mail/dkim_signer.h"

#include <stdio.h>
#include <stdlib.h>

#define LIST_MAX 32

struct session {
    struct arena *arena;
    struct compose_prepared *prepared;
    struct compose_scratch *scratch;
    struct dkim_key *rsa;
    struct dkim_key *ed25519;
    struct dkim_signer *signer;
    struct dkim_signer_scratch *signing;
};

static void stop(const struct problem *problem)
{
    (void)fprintf(stderr, "%s: %s: %s\n", problem->field, problem->rule, problem->message);
    exit(1);
}

static void read_all(FILE *file, struct buffer *content)
{
    size_t got;
    while ((got = fread(buffer_reserve(content, 65536), 1, 65536, file)) > 0) {
        content->size += got;
    }
}

static void write_block(struct text text)
{
    (void)printf("%zu\n", text.size);
    (void)fwrite(text.data, 1, text.size, stdout);
}

static const struct fields_value *member(const struct fields_value *object, const char *name)
{
    const struct fields_value *found = fields_find(object, text_of(name));
    return found == NULL ? &fields_none : found;
}

static struct text string(const struct fields_value *object, const char *name)
{
    return member(object, name)->text;
}

static struct compose_mailbox mailbox(const struct fields_value *value)
{
    return (struct compose_mailbox){string(value, "address"), string(value, "display_name")};
}

static struct compose_texts texts(const struct fields_value *value)
{
    return (struct compose_texts){string(value, "lang"), string(value, "subject"),
                                  string(value, "text"), string(value, "html")};
}

static size_t headers(const struct fields_value *list, struct compose_header *all)
{
    size_t count = 0;
    for (const struct fields_value *item = list->first; item != NULL; item = item->next) {
        all[count++] = (struct compose_header){string(item, "name"), string(item, "value")};
    }
    return count;
}

static void prepare(struct session *session, const struct fields_value *given)
{
    static struct compose_mailbox reply_to[LIST_MAX];
    static struct compose_texts variants[LIST_MAX];
    static struct compose_attachment attachments[LIST_MAX];
    static struct compose_header own[LIST_MAX];
    struct compose_content content = {
        .from = mailbox(member(given, "from")),
        .reply_to = reply_to,
        .texts = texts(given),
        .variants = variants,
        .attachments = attachments,
        .headers = own,
        .list_id = string(given, "list_id"),
        .feedback_id = string(given, "feedback_id"),
    };
    const struct fields_value *item = member(given, "reply_to")->first;
    for (; item != NULL; item = item->next) {
        reply_to[content.reply_to_count++] = mailbox(item);
    }
    for (item = member(given, "variants")->first; item != NULL; item = item->next) {
        variants[content.variant_count++] = texts(item);
    }
    for (item = member(given, "attachments")->first; item != NULL; item = item->next) {
        attachments[content.attachment_count++] =
            (struct compose_attachment){string(item, "file_name"), string(item, "media_type"),
                                        string(item, "inline_id"), string(item, "data")};
    }
    content.header_count = headers(member(given, "headers"), own);
    struct problem problem = {0};
    if (compose_prepare(&content, &session->prepared, &problem) != 0) {
        stop(&problem);
    }
    session->scratch = compose_scratch_create();
}

static struct dkim_key *load_key(struct text path, struct arena *arena)
{
    OWNED(buffer_finish) struct buffer pem = {0};
    OWNED(buffer_finish) struct buffer record = {0};
    struct dkim_key *key = NULL;
    struct problem problem = {0};
    FILE *file = fopen(arena_text(arena, path).data, "rb");
    if (file == NULL) {
        perror("key");
        exit(1);
    }
    read_all(file, &pem);
    (void)fclose(file);
    if (dkim_key_parse(buffer_text(&pem), &key, &problem) != 0) {
        stop(&problem);
    }
    dkim_key_append_record(key, &record);
    write_block(buffer_text(&record));
    return key;
}

static void prepare_signing(struct session *session, const struct fields_value *given)
{
    session->rsa = load_key(string(given, "rsa"), session->arena);
    session->ed25519 = load_key(string(given, "ed25519"), session->arena);
    struct dkim_signer_settings settings = {
        .domain = string(given, "domain"),
        .rsa = {session->rsa, TEXT("r1")},
        .ed25519 = {session->ed25519, TEXT("e1")},
        .body_form = text_equal(string(given, "body"), TEXT("relaxed")) ? DKIM_CANON_FORM_RELAXED
                                                                        : DKIM_CANON_FORM_SIMPLE,
    };
    struct problem problem = {0};
    if (dkim_signer_create(&settings, &session->signer, &problem) != 0) {
        stop(&problem);
    }
    session->signing = dkim_signer_scratch_create();
}

static void compose_one(struct session *session, const struct fields_value *given, uint64_t seed,
                        struct composed *message)
{
    struct compose_header own[LIST_MAX];
    struct address address;
    struct problem problem = {0};
    struct compose_recipient recipient = {
        .address = &address,
        .display_name = string(given, "display_name"),
        .fields = member(given, "fields"),
        .lang = string(given, "lang"),
        .headers = own,
        .header_count = headers(member(given, "headers"), own),
        .message_id = string(given, "message_id"),
        .date_unix_s = 1795480200,
        .date_offset_minutes = 540,
        .boundary_seed = seed,
        .unsubscribe_url = string(given, "unsubscribe_url"),
        .unsubscribe_mailto = string(given, "unsubscribe_mailto"),
    };
    if (address_parse(string(given, "address"), NULL, session->arena, &address, &problem) != 0 ||
        compose_message(session->prepared, &recipient, session->scratch, message, &problem) != 0) {
        stop(&problem);
    }
}

static void sign_and_write(struct session *session, const struct composed *message)
{
    OWNED(buffer_finish) struct buffer flat = {0};
    struct dkim_signer_message signing = {
        .signer = session->signer,
        .parts = message->parts,
        .part_count = message->count,
        .signed_unix_s = 1795480200,
        .output = &flat,
    };
    if (dkim_signer_sign(session->signing, &signing) != 0) {
        (void)fputs("not signed\n", stderr);
        exit(1);
    }
    compose_flatten(message, &flat);
    write_block(buffer_text(&flat));
}

int main(void)
{
    const struct fields_limits limits = {.size_bytes = 8 << 20, .depth = 12};
    OWNED(buffer_finish) struct buffer json = {0};
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(compose_finish) struct composed message = {0};
    struct session session = {.arena = arena};
    struct problem problem = {0};
    const struct fields_value *document = NULL;
    read_all(stdin, &json);
    if (fields_parse(buffer_text(&json), &limits, arena, &document, &problem) != 0) {
        stop(&problem);
    }
    prepare(&session, member(document, "content"));
    prepare_signing(&session, member(document, "signing"));
    const struct fields_value *given = member(document, "recipients")->first;
    for (uint64_t seed = 1; given != NULL; given = given->next, seed++) {
        compose_one(&session, given, seed, &message);
        sign_and_write(&session, &message);
    }
    dkim_signer_scratch_destroy(&session.signing);
    dkim_signer_destroy(&session.signer);
    dkim_key_destroy(&session.ed25519);
    dkim_key_destroy(&session.rsa);
    compose_scratch_destroy(&session.scratch);
    compose_destroy(&session.prepared);
    return 0;
}
