#include "common/store/store_entry.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <string.h>

#define CHANGE_BYTES (2 + ROWS_SIZE)

int store_entry_read_place(struct text id, struct store_event_place *ret_place)
{
    struct text rest = id;
    struct text generation;
    struct store_event_place place;
    if (!text_next_part(&rest, '-', &generation) || rest.data == NULL ||
        text_to_u64(generation, UINT64_MAX, &place.generation) != 0 ||
        text_to_u64(rest, UINT64_MAX, &place.sequence) != 0) {
        return -EPROTO;
    }
    *ret_place = place;
    return 0;
}

static struct text find(const struct text *fields, size_t count, const char *name)
{
    for (size_t i = 0; i + 1 < count; i += 2) {
        if (text_equal(fields[i], text_of(name))) {
            return fields[i + 1];
        }
    }
    return (struct text){NULL, 0};
}

static int read_changes(struct text packed, struct store_row_change *changes,
                        struct store_event_entry *entry)
{
    if (packed.size % CHANGE_BYTES != 0 || packed.size / CHANGE_BYTES > STORE_ENTRY_CHANGES_MAX) {
        return -EPROTO;
    }
    entry->count = packed.size / CHANGE_BYTES;
    entry->changes = changes;
    for (size_t i = 0; i < entry->count; i++) {
        const char *at = packed.data + i * CHANGE_BYTES;
        changes[i].position = bytes_get_u16(at);
        rows_decode((const unsigned char *)at + 2, &changes[i].row);
        if (changes[i].position >= ROWS_PER_BATCH_MAX || changes[i].row.state == 0 ||
            changes[i].row.state >= OUTCOME_LIMIT) {
            return -EPROTO;
        }
    }
    return 0;
}

static int read_rows(const struct text *fields, size_t count, struct store_row_change *changes,
                     struct store_event_entry *entry)
{
    uint64_t batch = 0;
    uint64_t number = 0;
    if (text_to_u64(find(fields, count, "b"), UINT32_MAX, &batch) != 0 ||
        text_to_u64(find(fields, count, "e"), UINT64_MAX, &entry->epoch) != 0 ||
        text_to_u64(find(fields, count, "f"), UINT32_MAX, &number) != 0) {
        return -EPROTO;
    }
    entry->kind = STORE_EVENT_ROWS;
    entry->name.number = (uint32_t)batch;
    entry->number = (uint32_t)number;
    entry->sealed_details = find(fields, count, "d");
    entry->reason = find(fields, count, "why");
    entry->is_decision = entry->reason.data != NULL;
    return read_changes(find(fields, count, "r"), changes, entry);
}

static int read_state(const struct text *fields, size_t count, struct store_event_entry *entry)
{
    uint64_t number = 0;
    uint64_t state = 0;
    if (text_to_u64(find(fields, count, "n"), UINT32_MAX, &number) != 0 ||
        text_to_u64(find(fields, count, "s"), UINT8_MAX, &state) != 0) {
        return -EPROTO;
    }
    entry->kind = STORE_EVENT_STATE;
    entry->number = (uint32_t)number;
    entry->state = (uint8_t)state;
    entry->reason = find(fields, count, "why");
    return 0;
}

static int read_unsubscribed(const struct text *fields, size_t count,
                             struct store_event_entry *entry)
{
    uint64_t batch = 0;
    uint64_t position = 0;
    uint64_t index = 0;
    if (text_to_u64(find(fields, count, "b"), UINT32_MAX, &batch) != 0 ||
        text_to_u64(find(fields, count, "p"), UINT16_MAX, &position) != 0 ||
        text_to_u64(find(fields, count, "i"), UINT32_MAX, &index) != 0) {
        return -EPROTO;
    }
    entry->kind = STORE_EVENT_UNSUBSCRIBED;
    entry->name.number = (uint32_t)batch;
    entry->position = (uint16_t)position;
    entry->index = (uint32_t)index;
    entry->reason = find(fields, count, "why");
    return 0;
}

/* Of no campaign. */
static int read_decision(const struct text *fields, size_t count, struct store_event_entry *entry)
{
    entry->kind = STORE_EVENT_DECISION;
    entry->decision = find(fields, count, "d");
    return entry->decision.size > 0 ? 0 : -EPROTO;
}

int store_entry_read(const struct text *fields, size_t count, struct store_row_change *changes,
                     struct store_event_entry *ret_entry)
{
    struct store_event_entry entry = {.partition = ret_entry->partition, .place = ret_entry->place};
    uint64_t recorded = 0;
    if (count > STORE_ENTRY_FIELDS_MAX ||
        text_to_u64(find(fields, count, "t"), INT64_MAX, &recorded) != 0) {
        return -EPROTO;
    }
    struct text campaign = find(fields, count, "c");
    struct text kind = find(fields, count, "v");
    int result = -EPROTO;
    entry.recorded_unix_ms = (int64_t)recorded;
    if (campaign.size == sizeof(entry.name.campaign)) {
        memcpy(entry.name.campaign, campaign.data, campaign.size);
    }
    if (text_equal(kind, TEXT("1p"))) {
        result = read_decision(fields, count, &entry);
    } else if (campaign.size != sizeof(entry.name.campaign)) {
        result = -EPROTO;
    } else if (text_equal(kind, TEXT("1r"))) {
        result = read_rows(fields, count, changes, &entry);
    } else if (text_equal(kind, TEXT("1s"))) {
        result = read_state(fields, count, &entry);
    } else if (text_equal(kind, TEXT("1u"))) {
        result = read_unsubscribed(fields, count, &entry);
    }
    if (result == 0) {
        *ret_entry = entry;
    }
    return result;
}
