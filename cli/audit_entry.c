#include "cli/audit_entry.h"

#include "common/base/bytes.h"
#include "common/security/digest.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define LINE_BYTES_MAX ((size_t)1024 * 1024)
#define HASH_MEMBER ",\"hash\":\""

static const char *text_of_member(const json_t *object, const char *name, struct arena *arena)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value == NULL ? "" : arena_printf(arena, "%s", value);
}

static uint64_t number_of_member(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));
    return value < 0 ? 0 : (uint64_t)value;
}

/* What stands before the last `,"hash":"` is what was hashed. */
static bool is_unchanged(struct text line, const char *hash)
{
    size_t member = sizeof HASH_MEMBER - 1;
    size_t tail = member + strlen(hash) + 2; /* "} behind it */
    unsigned char digest[DIGEST_BYTES];
    char hex[2 * DIGEST_BYTES + 1];
    if (line.size < tail || memcmp(line.data + line.size - tail, HASH_MEMBER, member) != 0) {
        return false;
    }
    digest_sha256((struct text){line.data, line.size - tail}, digest);
    bytes_to_hex(digest, sizeof digest, hex);
    return strcmp(hex, hash) == 0;
}

static void read_anchors(const json_t *list, struct arena *arena, struct audit_entry *entry)
{
    size_t count = json_array_size(list);
    count = count > AUDIT_ENTRY_ANCHORS_MAX ? AUDIT_ENTRY_ANCHORS_MAX : count;
    entry->anchors = arena_zero(arena, count + 1, sizeof *entry->anchors);
    for (size_t i = 0; i < count; i++) {
        const json_t *anchor = json_array_get(list, i);
        entry->anchors[entry->anchor_count++] =
            (struct audit_entry_anchor){.session = text_of_member(anchor, "session", arena),
                                        .sequence = number_of_member(anchor, "seq"),
                                        .hash = text_of_member(anchor, "hash", arena)};
    }
}

static void read_members(const json_t *object, struct arena *arena, struct audit_entry *entry)
{
    entry->session = text_of_member(object, "session", arena);
    entry->sequence = number_of_member(object, "seq");
    entry->prev = text_of_member(object, "prev", arena);
    entry->hash = text_of_member(object, "hash", arena);
    entry->coordinator = text_of_member(object, "coordinator", arena);
    entry->at_unix_ms = (int64_t)number_of_member(object, "at_unix_ms");
    entry->principal = text_of_member(object, "principal", arena);
    entry->key = text_of_member(object, "key", arena);
    entry->source = text_of_member(object, "source", arena);
    entry->call = text_of_member(object, "call", arena);
    entry->target = text_of_member(object, "target", arena);
    entry->reason = text_of_member(object, "reason", arena);
    entry->result = text_of_member(object, "result", arena);
    entry->rule = text_of_member(object, "rule", arena);
    entry->count = number_of_member(object, "count");
    entry->count = entry->count == 0 ? 1 : entry->count;
    read_anchors(json_object_get(object, "anchors"), arena, entry);
}

int audit_entry_read(struct text line, struct arena *arena, struct audit_entry *ret_entry)
{
    *ret_entry = (struct audit_entry){.count = 1};
    if (line.size > LINE_BYTES_MAX) {
        return -EINVAL;
    }
    json_t *object = json_loadb(line.data, line.size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(object)) {
        json_decref(object);
        return -EINVAL;
    }
    read_members(object, arena, ret_entry);
    json_decref(object);
    ret_entry->is_unchanged = is_unchanged(line, ret_entry->hash);
    bool is_entry = ret_entry->session[0] != '\0' && ret_entry->sequence > 0 &&
                    strlen(ret_entry->hash) == 2 * DIGEST_BYTES;
    return is_entry ? 0 : -EINVAL;
}
