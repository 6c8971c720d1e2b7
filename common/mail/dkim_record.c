#include "common/mail/dkim_record.h"

#include <errno.h>

#define STRING_MAX_BYTES ((size_t)255)

void dkim_record_append_zone_line(struct text name, struct text content, struct buffer *line)
{
    buffer_printf(line, "%.*s. IN TXT (", TEXT_PRINT(name));
    while (content.size > 0) {
        size_t size = content.size < STRING_MAX_BYTES ? content.size : STRING_MAX_BYTES;
        buffer_append_string(line, " \"");
        buffer_append(line, content.data, size);
        buffer_append_byte(line, '"');
        content = text_skip(content, size);
    }
    buffer_append_string(line, " )");
}

/* The tags of a record that matter here; absent ones have data NULL. */
struct record_tags {
    struct text version;
    struct text kind;
    struct text hashes;
    struct text services;
    struct text public_key;
    bool is_broken; /* no tag list, or a tag twice */
};

static struct text *place_of_tag(struct record_tags *tags, struct text name)
{
    if (name.size != 1) {
        return NULL;
    }
    switch (name.data[0]) {
    case 'v':
        return &tags->version;
    case 'k':
        return &tags->kind;
    case 'h':
        return &tags->hashes;
    case 's':
        return &tags->services;
    case 'p':
        return &tags->public_key;
    default:
        return NULL;
    }
}

static bool is_tag_name(struct text name)
{
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        char lower = (char)(byte | 0x20);
        bool is_letter = lower >= 'a' && lower <= 'z';
        if (!is_letter && (i == 0 || !((byte >= '0' && byte <= '9') || byte == '_'))) {
            return false;
        }
    }
    return name.size > 0;
}

/* RFC 6376, 3.2: tag-list. */
static struct record_tags read_tags(struct text record)
{
    struct record_tags tags = {.is_broken = false};
    struct text rest = text_trim(record);
    struct text tag;
    size_t position = 0;
    while (text_next_part(&rest, ';', &tag)) {
        tag = text_trim(tag);
        if (tag.size == 0 && text_trim(rest).size == 0) {
            break; /* a semicolon at the end is allowed */
        }
        size_t equals = text_find(tag, '=');
        struct text name = text_trim((struct text){tag.data, equals});
        struct text *place = place_of_tag(&tags, name);
        bool is_late_version = place == &tags.version && position > 0;
        if (equals == tag.size || !is_tag_name(name) || is_late_version ||
            (place != NULL && place->data != NULL)) {
            tags.is_broken = true;
            break;
        }
        if (place != NULL) {
            *place = text_trim(text_skip(tag, equals + 1));
            place->data = place->data == NULL ? "" : place->data;
        }
        position++;
    }
    return tags;
}

/* Is `word` in a colon-separated list? A list that is not there allows everything. */
static bool allows(struct text list, const char *word)
{
    struct text item;
    if (list.data == NULL) {
        return true;
    }
    while (text_next_part(&list, ':', &item)) {
        item = text_trim(item);
        if (text_equal_nocase(item, text_of(word)) || text_equal(item, TEXT("*"))) {
            return true;
        }
    }
    return false;
}

/* Base64 in records may hold white space (RFC 6376, 3.6.1). */
static bool is_same_base64(struct text published, struct text own)
{
    size_t at = 0;
    for (size_t i = 0; i < published.size; i++) {
        char byte = published.data[i];
        if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') {
            continue;
        }
        if (at == own.size || own.data[at] != byte) {
            return false;
        }
        at++;
    }
    return at == own.size;
}

static int refuse(struct problem *problem, const char *field, const char *message)
{
    problem_set(problem, field, "D8", "%s", message);
    return -EKEYREJECTED;
}

static struct text kind_of(const struct record_tags *tags)
{
    return tags->kind.data == NULL ? TEXT("rsa") : tags->kind;
}

static bool is_record(const struct record_tags *tags)
{
    bool is_other_version = tags->version.data != NULL && !text_equal(tags->version, TEXT("DKIM1"));
    return !tags->is_broken && !is_other_version && tags->public_key.data != NULL;
}

int dkim_record_check(struct text own, struct text published, struct problem *problem)
{
    struct record_tags tags = read_tags(published);
    struct record_tags wanted = read_tags(own);
    if (!is_record(&tags)) {
        problem_set(problem, "record", "D8", "is not a DKIM key record (v=DKIM1; ... p=...)");
        return -EPROTO;
    }
    if (tags.public_key.size == 0) {
        problem_set(problem, "p", "D8", "the published key is revoked (p= is empty)");
        return -EKEYREVOKED;
    }
    if (!text_equal_nocase(kind_of(&tags), kind_of(&wanted))) {
        return refuse(problem, "k", "the published key is of another kind than the one that signs");
    }
    if (!allows(tags.hashes, "sha256") || !allows(tags.services, "email")) {
        return refuse(problem, tags.hashes.data == NULL ? "s" : "h",
                      "the published key may not be used for e-mail signed with SHA-256");
    }
    if (!is_same_base64(tags.public_key, wanted.public_key)) {
        return refuse(problem, "p", "the published key is not the one that signs");
    }
    return 0;
}
