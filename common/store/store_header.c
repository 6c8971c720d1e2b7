#include "common/store/store_header.h"

#include "common/base/bytes.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

enum kind { KIND_TEXT, KIND_U8, KIND_U32, KIND_U64, KIND_TIME, KIND_FLAG, KIND_DIGEST };

/* Fields of the hash, beside counters, labels and sites. */
static const struct {
    const char *name;
    enum kind kind;
    size_t offset;
} members[] = {
    {"tenant", KIND_TEXT, offsetof(struct store_campaign, tenant)},
    {"name", KIND_TEXT, offsetof(struct store_campaign, name)},
    {"pool", KIND_TEXT, offsetof(struct store_campaign, pool)},
    {"from", KIND_TEXT, offsetof(struct store_campaign, from_domain)},
    {"tripped", KIND_TEXT, offsetof(struct store_campaign, tripped)},
    {"windows", KIND_TEXT, offsetof(struct store_campaign, windows)},
    {"lane", KIND_U8, offsetof(struct store_campaign, lane)},
    {"mode", KIND_U8, offsetof(struct store_campaign, mode)},
    {"class", KIND_U8, offsetof(struct store_campaign, content_class)},
    {"state", KIND_U8, offsetof(struct store_campaign, state)},
    {"word", KIND_U8, offsetof(struct store_campaign, word)},
    {"hold", KIND_FLAG, offsetof(struct store_campaign, is_hold)},
    {"container", KIND_FLAG, offsetof(struct store_campaign, is_container)},
    {"buckets", KIND_U32, offsetof(struct store_campaign, buckets)},
    {"expires_s", KIND_U32, offsetof(struct store_campaign, expires_after_s)},
    {"created", KIND_TIME, offsetof(struct store_campaign, created_unix_ms)},
    {"submitted", KIND_TIME, offsetof(struct store_campaign, submitted_unix_ms)},
    {"scheduled", KIND_TIME, offsetof(struct store_campaign, scheduled_unix_ms)},
    {"ended", KIND_TIME, offsetof(struct store_campaign, ended_unix_ms)},
    {"shed", KIND_U8, offsetof(struct store_campaign, shed)},
    {"expires", KIND_TIME, offsetof(struct store_campaign, expires_unix_ms)},
    {"key", KIND_TEXT, offsetof(struct store_campaign, wrapped_key)},
    {"key_id", KIND_U8, offsetof(struct store_campaign, token_key_id)},
    {"request", KIND_DIGEST, offsetof(struct store_campaign, request_digest)},
    {"digest", KIND_DIGEST, offsetof(struct store_campaign, digest)},
    {"accepted", KIND_U32, offsetof(struct store_campaign, accepted)},
    {"duplicates", KIND_U32, offsetof(struct store_campaign, duplicates)},
    {"rejected", KIND_U32, offsetof(struct store_campaign, rejected)},
    {"chunks", KIND_U32, offsetof(struct store_campaign, chunks)},
    {"batches", KIND_U32, offsetof(struct store_campaign, batches)},
    {"open", KIND_U32, offsetof(struct store_campaign, batches_open)},
    {"in_flight", KIND_U64, offsetof(struct store_campaign, in_flight)},
    {"doubled", KIND_U64, offsetof(struct store_campaign, doubled)},
    {"quarantine", KIND_U8, offsetof(struct store_campaign, quarantine)},
    {"resolve_as", KIND_U8, offsetof(struct store_campaign, resolve_as)},
    {"canary", KIND_U8, offsetof(struct store_campaign, canary.state)},
    {"canary_n", KIND_U32, offsetof(struct store_campaign, canary.count)},
    {"canary_s", KIND_U32, offsetof(struct store_campaign, canary.wait_s)},
    {"canary_max", KIND_U32, offsetof(struct store_campaign, canary.bounced_permille)},
    {"canary_batches", KIND_U32, offsetof(struct store_campaign, canary.batches)},
    {"canary_rows", KIND_U32, offsetof(struct store_campaign, canary.rows)},
    {"canary_at", KIND_TIME, offsetof(struct store_campaign, canary.since_unix_ms)},
    {"canary_why", KIND_TEXT, offsetof(struct store_campaign, canary.why)},
    {"author", KIND_TEXT, offsetof(struct store_campaign, approval.author)},
    {"submitter", KIND_TEXT, offsetof(struct store_campaign, approval.submitter)},
    {"need", KIND_U8, offsetof(struct store_campaign, approval.needed)},
    {"given", KIND_U8, offsetof(struct store_campaign, approval.given)},
    {"approve_by", KIND_TIME, offsetof(struct store_campaign, approval.until_unix_ms)},
    {"returned", KIND_TIME, offsetof(struct store_campaign, approval.returned_unix_ms)},
    {"returned_why", KIND_TEXT, offsetof(struct store_campaign, approval.returned_why)},
    {"resolve_s", KIND_U32, offsetof(struct store_campaign, resolve_after_s)},
};

static int read_number(struct text value, uint64_t maximum, uint64_t *ret_number)
{
    return text_to_u64(value, maximum, ret_number) == 0 ? 0 : -EPROTO;
}

static int read_text(enum kind kind, struct text value, void *place)
{
    if (kind == KIND_DIGEST && value.size != 0 && value.size != 32) {
        return -EPROTO;
    }
    memcpy(place, &value, sizeof(value));
    return 0;
}

static int read_member(enum kind kind, struct text value, void *place)
{
    static const uint64_t maxima[] = {[KIND_U8] = UINT8_MAX,
                                      [KIND_U32] = UINT32_MAX,
                                      [KIND_U64] = INT64_MAX,
                                      [KIND_TIME] = INT64_MAX,
                                      [KIND_FLAG] = 1};
    uint64_t number = 0;
    if (kind == KIND_TEXT || kind == KIND_DIGEST) {
        return read_text(kind, value, place);
    }
    if (read_number(value, maxima[kind], &number) != 0) {
        return -EPROTO;
    }
    if (kind == KIND_U8) {
        *(uint8_t *)place = (uint8_t)number;
    } else if (kind == KIND_U32) {
        *(uint32_t *)place = (uint32_t)number;
    } else if (kind == KIND_FLAG) {
        *(bool *)place = number == 1;
    } else {
        memcpy(place, &number, sizeof(number));
    }
    return 0;
}

static int read_sized(struct text *rest, struct text *ret_text)
{
    if (rest->size < 2) {
        return -EPROTO;
    }
    size_t size = bytes_get_u16(rest->data);
    if (rest->size - 2 < size) {
        return -EPROTO;
    }
    *ret_text = (struct text){rest->data + 2, size};
    *rest = text_skip(*rest, 2 + size);
    return 0;
}

static int read_labels(struct text value, struct store_header *header)
{
    size_t count = value.size == 0 ? 0 : (unsigned char)value.data[0];
    struct text rest = text_skip(value, 1);
    if (count > STORE_HEADER_LABELS_MAX) {
        return -EPROTO;
    }
    for (size_t i = 0; i < count; i++) {
        if (read_sized(&rest, &header->labels[i].name) != 0 ||
            read_sized(&rest, &header->labels[i].value) != 0) {
            return -EPROTO;
        }
    }
    header->campaign.label_count = count;
    return rest.size == 0 ? 0 : -EPROTO;
}

/* "o3", "g16": a counter by number. */
static int read_counter(struct text name, struct text value, uint64_t *counters, size_t limit)
{
    uint64_t number = 0;
    uint64_t counter = 0;
    if (read_number(text_skip(name, 1), limit - 1, &number) != 0 ||
        read_number(value, INT64_MAX, &counter) != 0) {
        return -EPROTO;
    }
    counters[number] = counter;
    return 0;
}

/* "s:<provider>:<outcome>" */
static int read_site(struct text name, struct text value, struct store_campaign *campaign)
{
    size_t colon = name.size;
    while (colon > 2 && name.data[colon - 1] != ':') {
        colon--;
    }
    if (colon <= 2) {
        return -EPROTO;
    }
    struct text key = {name.data + 2, colon - 3};
    size_t site = 0;
    while (site < campaign->site_count && !text_equal(campaign->sites[site].key, key)) {
        site++;
    }
    if (site == STORE_CAMPAIGN_SITES_MAX) {
        return -EPROTO;
    }
    if (site == campaign->site_count) {
        campaign->sites[site].key = key;
        campaign->site_count++;
    }
    /* The colon stands where read_counter() skips the letter. */
    return read_counter(text_skip(name, colon - 1), value, campaign->sites[site].outcomes,
                        OUTCOME_LIMIT);
}

static bool is_counter(struct text name, char letter)
{
    return name.size >= 2 && name.data[0] == letter && name.data[1] >= '0' && name.data[1] <= '9';
}

static int read_field(struct text name, struct text value, struct store_header *header)
{
    struct store_campaign *campaign = &header->campaign;
    if (text_equal(name, TEXT("v"))) {
        return text_equal(value, TEXT("1")) ? 0 : -EPROTO;
    }
    if (text_equal(name, TEXT("labels"))) {
        return read_labels(value, header);
    }
    if (is_counter(name, 'o')) {
        return read_counter(name, value, campaign->outcomes, OUTCOME_LIMIT);
    }
    if (is_counter(name, 'b')) {
        return read_counter(name, value, campaign->bounced, STORE_CAMPAIGN_CLASSES);
    }
    if (is_counter(name, 'g')) {
        return read_counter(name, value, campaign->gates, GATE_LIMIT);
    }
    if (text_starts_with(name, TEXT("s:"))) {
        return read_site(name, value, campaign);
    }
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (text_equal(name, text_of(members[i].name))) {
            return read_member(members[i].kind, value, (char *)campaign + members[i].offset);
        }
    }
    return 0; /* of a later version */
}

static bool has_essentials(const struct store_campaign *campaign)
{
    return campaign->tenant.size > 0 && campaign->state != 0 && campaign->word >= STORE_RUN &&
           campaign->word <= STORE_CANCEL;
}

int store_header_read(const struct text *fields, size_t count, const unsigned char campaign[16],
                      struct store_header *ret_header)
{
    if (count == 0) {
        return -ENOENT;
    }
    if (count % 2 != 0) {
        return -EPROTO;
    }
    memset(ret_header, 0, sizeof(*ret_header));
    bool has_format = false;
    for (size_t i = 0; i < count; i += 2) {
        if (read_field(fields[i], fields[i + 1], ret_header) != 0) {
            return -EPROTO;
        }
        has_format = has_format || text_equal(fields[i], TEXT("v"));
    }
    struct store_campaign *read = &ret_header->campaign;
    if (!has_format || !has_essentials(read)) {
        return -EPROTO;
    }
    memcpy(read->id, campaign, sizeof(read->id));
    read->labels = ret_header->labels;
    read->rows = read->accepted + read->duplicates + read->rejected;
    return 0;
}

static void pack_sized(struct text text, struct buffer *out)
{
    char size[2];
    bytes_put_u16(size, (uint16_t)text.size);
    buffer_append(out, size, sizeof(size));
    buffer_append_text(out, text);
}

void store_header_pack_labels(const struct store_label *labels, size_t count, struct buffer *out)
{
    assert(count <= STORE_HEADER_LABELS_MAX);
    buffer_append_byte(out, (char)count);
    for (size_t i = 0; i < count; i++) {
        assert(labels[i].name.size <= UINT16_MAX && labels[i].value.size <= UINT16_MAX);
        pack_sized(labels[i].name, out);
        pack_sized(labels[i].value, out);
    }
}
