#include "coordinator/audit/audit_line.h"

#include "common/base/bytes.h"
#include "common/base/json_write.h"

#include <inttypes.h>
#include <string.h>

#define FIRST_PREV "0000000000000000000000000000000000000000000000000000000000000000"

static void add_text(struct buffer *out, const char *name, struct text value)
{
    if (value.size > 0) {
        buffer_printf(out, ",\"%s\":", name);
        json_write_string(out, value);
    }
}

bool audit_line_is_of(struct text line, struct text tenant)
{
    OWNED(buffer_finish) struct buffer member = {0};
    add_text(&member, "tenant", tenant);
    /* In a value the quotes would be escaped. */
    return tenant.size > 0 && memmem(line.data, line.size, member.data, member.size) != NULL;
}

static void add_anchors(struct buffer *out, const struct audit_entry *entry)
{
    for (size_t i = 0; i < entry->anchor_count; i++) {
        const struct audit_anchor *anchor = &entry->anchors[i];
        buffer_append_string(out, i == 0 ? ",\"anchors\":[" : ",");
        buffer_append_string(out, "{\"session\":");
        json_write_string(out, anchor->session);
        buffer_printf(out, ",\"seq\":%" PRIu64 ",\"hash\":", anchor->sequence);
        json_write_string(out, anchor->hash);
        buffer_append_byte(out, '}');
    }
    buffer_append_string(out, entry->anchor_count > 0 ? "]" : "");
}

static void add_hash(struct audit_chain *chain, size_t start, struct buffer *out)
{
    unsigned char digest[DIGEST_BYTES];
    digest_sha256(text_skip(buffer_text(out), start), digest);
    bytes_to_hex(digest, sizeof digest, chain->hash);
    buffer_printf(out, ",\"hash\":\"%s\"}\n", chain->hash);
}

void audit_line_append(struct audit_chain *chain, const struct audit_entry *entry,
                       struct buffer *out)
{
    size_t start = out->size;
    chain->sequence++;
    buffer_append_string(out, "{\"v\":1");
    add_text(out, "session", chain->session);
    buffer_printf(out, ",\"seq\":%" PRIu64 ",\"prev\":\"%s\"", chain->sequence,
                  chain->hash[0] == '\0' ? FIRST_PREV : chain->hash);
    add_text(out, "coordinator", chain->coordinator);
    buffer_printf(out, ",\"at_unix_ms\":%" PRId64, entry->at_unix_ms);
    add_text(out, "tenant", entry->tenant);
    add_text(out, "principal", entry->principal);
    add_text(out, "key", entry->key_id);
    add_text(out, "source", entry->source);
    add_text(out, "call", entry->call);
    add_text(out, "target", entry->target);
    add_text(out, "reason", entry->reason);
    add_text(out, "result", entry->result);
    add_text(out, "rule", entry->rule);
    if (entry->count > 0) {
        buffer_printf(out, ",\"count\":%" PRIu64, entry->count);
    }
    add_anchors(out, entry);
    add_hash(chain, start, out);
}
