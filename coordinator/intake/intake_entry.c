#include "coordinator/intake/intake_entry.h"

#include "common/base/bytes.h"
#include "common/mail/unsubscribe_link.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void intake_entry_scratch_init(struct intake_entry_scratch *scratch)
{
    *scratch = (struct intake_entry_scratch){
        .compose = compose_scratch_create(),
        .arena = arena_create(0),
        .keep = arena_create(0),
    };
}

void intake_entry_scratch_finish(struct intake_entry_scratch *scratch)
{
    compose_scratch_destroy(&scratch->compose);
    arena_destroy(&scratch->arena);
    arena_destroy(&scratch->keep);
    seal_wipe_buffer(&scratch->fields);
}

/* Rules of address_parse() and fields_parse() name no field: they do not know whose they are. */
static int in_field(const char *field, struct problem *problem)
{
    if (problem->field[0] == '\0') {
        (void)memcpy(problem->field, field, strlen(field) + 1);
    }
    return -EINVAL;
}

static int check_extra(const struct intake_settings *settings, const struct fields_value *fields,
                       const struct text *names, size_t count, struct problem *problem)
{
    if (settings->extra_field != HIKYAKU__V1__EXTRA_FIELD__EXTRA_FIELD_ERROR) {
        return 0;
    }
    const struct fields_value *extra = fields_find_extra(fields, names, count);
    if (extra == NULL) {
        return 0;
    }
    problem_set(problem, "fields", "extra_field", "holds a field that the template does not use");
    return -EINVAL;
}

/* Only looked at: the real one has the recipient's token. */
static struct text any_link(const struct intake_settings *settings)
{
    bool has_link = unsubscribe_link_is_there(settings->stored->settings->content);
    return has_link ? TEXT("https://unsubscribe.invalid/") : TEXT("");
}

/* Would it render? A campaign whose texts take nothing from the recipient needs no look. */
static int check_composition(struct intake_entry_scratch *scratch,
                             const struct intake_settings *settings,
                             const struct compose_prepared *prepared,
                             const Hikyaku__V1__Recipient *recipient,
                             const struct fields_value *fields, struct problem *problem)
{
    if (recipient->n_headers == 0 && recipient->display_name[0] == '\0' &&
        !compose_is_personal(prepared)) {
        return 0;
    }
    struct compose_header headers[COMPOSE_RECIPIENT_HEADERS_MAX];
    size_t count = recipient->n_headers;
    if (count > COMPOSE_RECIPIENT_HEADERS_MAX) {
        problem_set(problem, "headers", "too_many", "more than %d headers",
                    COMPOSE_RECIPIENT_HEADERS_MAX);
        return -EINVAL;
    }
    for (size_t i = 0; i < count; i++) {
        headers[i] = (struct compose_header){text_of(recipient->headers[i]->name),
                                             text_of(recipient->headers[i]->value)};
    }
    struct compose_recipient composed = {
        .display_name = text_of(recipient->display_name),
        .fields = fields,
        .lang = text_of(recipient->lang),
        .headers = headers,
        .header_count = count,
        .unsubscribe_url = any_link(settings),
    };
    return compose_check(prepared, &composed, scratch->compose, problem) == 0 ? 0 : -EINVAL;
}

static int check_fields(struct intake_entry_scratch *scratch,
                        const struct intake_settings *settings,
                        const struct compose_prepared *prepared,
                        const Hikyaku__V1__Recipient *recipient, struct problem *problem)
{
    struct fields_limits limits = fields_limits_recipient;
    limits.size_bytes = settings->limits->recipient_fields_bytes;
    const struct fields_value *fields = &fields_none;
    size_t count = 0;
    const struct text *names = compose_names(prepared, &count);
    buffer_clear(&scratch->fields);
    if (recipient->fields[0] != '\0' &&
        fields_parse(text_of(recipient->fields), &limits, scratch->arena, &fields, problem) != 0) {
        return in_field("fields", problem);
    }
    if (check_extra(settings, fields, names, count, problem) != 0) {
        return -EINVAL;
    }
    int error = check_composition(scratch, settings, prepared, recipient, fields, problem);
    if (error == 0 && fields->count > 0 && count > 0) {
        fields_append_canonical(&scratch->fields, fields, names, count);
    }
    return error;
}

static void fill_hashes(const struct intake_settings *settings, struct intake_entry *entry)
{
    char key[ADDRESS_KEY_BYTES_MAX + 1 + 64];
    size_t size = address_key(&entry->address, key);
    unsigned char person[ADDRESS_HASH_BYTES];
    unsigned char hash[TOKEN_ADDRESS_HASH_BYTES];
    address_hash_make(settings->address_hash_key, (struct text){key, size}, person);
    token_address_hash(&settings->token_key, person, hash);
    entry->address_hash = bytes_get_u64(hash);
    if (settings->duplicates == HIKYAKU__V1__DUPLICATES__DUPLICATES_KEEP) {
        return;
    }
    if (settings->duplicate_key == HIKYAKU__V1__DUPLICATE_KEY__DUPLICATE_KEY_ADDRESS_AND_REF) {
        struct text ref = text_of(entry->recipient->ref);
        assert(ref.size <= 64); /* wire_rules_recipient() */
        key[size++] = '\0';
        memcpy(key + size, ref.data, ref.size);
        size += ref.size;
    }
    entry->hash = identity_duplicate_hash(settings->duplicate_hash_key, (struct text){key, size});
}

int intake_entry_check(struct intake_entry_scratch *scratch, const struct intake_settings *settings,
                       const struct compose_prepared *prepared,
                       const Hikyaku__V1__Recipient *recipient, struct intake_entry *ret_entry,
                       struct problem *problem)
{
    struct intake_entry entry = {.recipient = recipient};
    problem->field[0] = '\0';
    if (address_parse(text_of(recipient->address), settings->address_options, scratch->keep,
                      &entry.address, problem) != 0) {
        return in_field("address", problem);
    }
    arena_reset(scratch->arena);
    if (check_fields(scratch, settings, prepared, recipient, problem) != 0) {
        return in_field("fields", problem);
    }
    struct text fields = buffer_text(&scratch->fields);
    if (!text_equal(fields, TEXT("{}")) && fields.size > 0) {
        entry.fields = arena_text(scratch->keep, fields);
    }
    fill_hashes(settings, &entry);
    *ret_entry = entry;
    return 0;
}

bool intake_entry_seen_before(struct intake_entry_seen *seen, int64_t hash)
{
    /* The hash is keyed already: its bits are as good as random. */
    size_t slot = (uint64_t)hash % INTAKE_ENTRY_SEEN_SLOTS;
    while (seen->taken[slot]) {
        if (seen->hashes[slot] == hash) {
            return true;
        }
        slot = (slot + 1) % INTAKE_ENTRY_SEEN_SLOTS;
    }
    seen->taken[slot] = true;
    seen->hashes[slot] = hash;
    return false;
}
