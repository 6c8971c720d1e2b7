#include "common/policy/suppression_record.h"

#include "common/base/bytes.h"

#include <assert.h>
#include <errno.h>

#define FORMAT 1
#define LIFTED 0x80U
#define HEAD_BYTES 12
#define STREAM_BYTES_MAX 64

static const struct {
    const char *name;
    bool holds_all; /* not advertising alone */
    bool is_callable;
    bool may_expire;
} reasons[SUPPRESSION_REASONS] = {
    [SUPPRESSION_NONE] = {"", false, false, false},
    [SUPPRESSION_HARD_BOUNCE] = {"hard-bounce", true, true, false},
    [SUPPRESSION_COMPLAINT] = {"complaint", false, true, false},
    [SUPPRESSION_UNSUBSCRIBE] = {"unsubscribe", false, true, false},
    [SUPPRESSION_MANUAL] = {"manual", true, true, true},
    [SUPPRESSION_ERASED] = {"erased", true, false, false},
};

static const char *const sources[SUPPRESSION_SOURCES] = {
    [SUPPRESSION_BY_REPLY] = "reply",     [SUPPRESSION_BY_CALL] = "call",
    [SUPPRESSION_BY_IMPORT] = "import",   [SUPPRESSION_BY_RECIPIENT] = "recipient",
    [SUPPRESSION_BY_ERASURE] = "erasure", [SUPPRESSION_BY_REPORT] = "report",
};

void suppression_record_append(const struct suppression_record *record, struct buffer *out)
{
    unsigned char head[HEAD_BYTES];
    struct text actor = record->actor;
    actor.size =
        actor.size < SUPPRESSION_ACTOR_BYTES_MAX ? actor.size : SUPPRESSION_ACTOR_BYTES_MAX;
    assert(record->reason < SUPPRESSION_REASONS && record->source < SUPPRESSION_SOURCES);
    head[0] = FORMAT;
    head[1] = (unsigned char)((unsigned)record->reason | (record->is_lifted ? LIFTED : 0U));
    head[2] = (unsigned char)record->source;
    head[3] = (unsigned char)actor.size;
    bytes_put_u32(head + 4, record->at_unix_s);
    bytes_put_u32(head + 8, record->expires_unix_s);
    buffer_append(out, head, sizeof head);
    buffer_append_text(out, actor);
}

int suppression_record_next(struct text *rest, struct suppression_record *ret_record)
{
    const unsigned char *head = (const unsigned char *)rest->data;
    if (rest->size == 0) {
        return -ENODATA;
    }
    if (rest->size < HEAD_BYTES || head[0] != FORMAT || rest->size - HEAD_BYTES < head[3]) {
        return -EPROTO;
    }
    unsigned int reason = head[1] & ~LIFTED;
    if (reason == SUPPRESSION_NONE || reason >= SUPPRESSION_REASONS || head[2] == 0 ||
        head[2] >= SUPPRESSION_SOURCES) {
        return -EPROTO;
    }
    *ret_record = (struct suppression_record){
        .reason = (enum suppression_reason)reason,
        .source = (enum suppression_source)head[2],
        .is_lifted = (head[1] & LIFTED) != 0,
        .at_unix_s = bytes_get_u32(head + 4),
        .expires_unix_s = bytes_get_u32(head + 8),
        .actor = {rest->data + HEAD_BYTES, head[3]},
    };
    *rest = text_skip(*rest, HEAD_BYTES + (size_t)head[3]);
    return 0;
}

bool suppression_record_holds(const struct suppression_record *record, bool is_advertising,
                              int64_t now_unix_s)
{
    bool is_over = record->expires_unix_s != 0 && (int64_t)record->expires_unix_s <= now_unix_s;
    return !record->is_lifted && !is_over && (is_advertising || reasons[record->reason].holds_all);
}

enum suppression_reason suppression_record_judge(struct text value, bool is_advertising,
                                                 int64_t now_unix_s)
{
    struct suppression_record record;
    int error;
    while ((error = suppression_record_next(&value, &record)) == 0) {
        if (suppression_record_holds(&record, is_advertising, now_unix_s)) {
            return record.reason;
        }
    }
    return error == -ENODATA ? SUPPRESSION_NONE : SUPPRESSION_MANUAL;
}

bool suppression_record_is_callable(enum suppression_reason reason)
{
    return reason < SUPPRESSION_REASONS && reasons[reason].is_callable;
}

bool suppression_record_may_expire(enum suppression_reason reason)
{
    return reason < SUPPRESSION_REASONS && reasons[reason].may_expire;
}

const char *suppression_record_reason_name(enum suppression_reason reason)
{
    return reason < SUPPRESSION_REASONS ? reasons[reason].name : "";
}

const char *suppression_record_source_name(enum suppression_source source)
{
    return source < SUPPRESSION_SOURCES && sources[source] != NULL ? sources[source] : "";
}

enum suppression_reason suppression_record_reason_find(struct text name)
{
    for (unsigned int i = SUPPRESSION_NONE + 1; i < SUPPRESSION_REASONS; i++) {
        if (text_equal(name, text_of(reasons[i].name))) {
            return (enum suppression_reason)i;
        }
    }
    return SUPPRESSION_NONE;
}

bool suppression_record_is_stream(struct text name)
{
    if (name.size == 0 || name.size > STREAM_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
        if (!is_good) {
            return false;
        }
    }
    return true;
}
