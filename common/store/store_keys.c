#include "common/store/store_keys.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define ID_BYTES 16
#define ID_LENGTH BYTES_BASE32_LENGTH(ID_BYTES)
#define PARTITIONS 64

static void append_partition(struct buffer *out, const char *prefix, unsigned int partition)
{
    buffer_append_string(out, prefix);
    char tag[] = ":{p00}:";
    tag[3] = (char)('0' + partition % PARTITIONS / 10);
    tag[4] = (char)('0' + partition % PARTITIONS % 10);
    buffer_append(out, tag, sizeof(tag) - 1);
}

static void append_id(struct buffer *out, const unsigned char campaign[16])
{
    char id[ID_LENGTH + 1];
    bytes_to_base32(campaign, ID_BYTES, id);
    buffer_append(out, id, ID_LENGTH);
}

static void append_number(struct buffer *out, uint32_t number)
{
    char digits[10];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_append(out, digits + at, sizeof(digits) - at);
}

static void partition_key(struct buffer *out, const char *prefix, unsigned int partition,
                          const char *name)
{
    append_partition(out, prefix, partition);
    buffer_append_string(out, name);
}

static void campaign_key(struct buffer *out, const char *prefix, const unsigned char campaign[16])
{
    append_partition(out, prefix, store_keys_partition(campaign));
    buffer_append_string(out, "c:");
    append_id(out, campaign);
}

unsigned int store_keys_partition(const unsigned char campaign[16])
{
    return campaign[ID_BYTES - 1] % PARTITIONS;
}

void store_keys_active(struct buffer *out, const char *prefix, unsigned int partition)
{
    partition_key(out, prefix, partition, "active");
}

void store_keys_all(struct buffer *out, const char *prefix, unsigned int partition)
{
    partition_key(out, prefix, partition, "all");
}

void store_keys_claimed(struct buffer *out, const char *prefix, unsigned int partition)
{
    partition_key(out, prefix, partition, "claimed");
}

void store_keys_doubt(struct buffer *out, const char *prefix, unsigned int partition)
{
    partition_key(out, prefix, partition, "doubt");
}

void store_keys_quarantine(struct buffer *out, const char *prefix, unsigned int partition)
{
    partition_key(out, prefix, partition, "quarantine");
}

void store_keys_generation(struct buffer *out, const char *prefix, unsigned int partition)
{
    partition_key(out, prefix, partition, "gen");
}

void store_keys_marks(struct buffer *out, const char *prefix, unsigned int partition,
                      struct text tenant)
{
    partition_key(out, prefix, partition, "marks:");
    buffer_append_text(out, tenant);
}

void store_keys_cursors(struct buffer *out, const char *prefix, unsigned int partition)
{
    partition_key(out, prefix, partition, "cursors");
}

void store_keys_lease(struct buffer *out, const char *prefix, unsigned int partition)
{
    partition_key(out, prefix, partition, "lease");
}

void store_keys_events(struct buffer *out, const char *prefix, unsigned int partition,
                       struct text tenant)
{
    partition_key(out, prefix, partition, "ev:");
    buffer_append_text(out, tenant);
}

void store_keys_idempotency(struct buffer *out, const char *prefix, unsigned int partition,
                            uint32_t day, unsigned int bucket)
{
    partition_key(out, prefix, partition, "idem:");
    append_number(out, day);
    buffer_append_byte(out, ':');
    append_number(out, bucket);
}

void store_keys_unsubscribed(struct buffer *out, const char *prefix,
                             const unsigned char campaign[16], uint32_t chunk)
{
    partition_key(out, prefix, store_keys_partition(campaign), "unsubscribed:");
    append_id(out, campaign);
    buffer_append_byte(out, ':');
    append_number(out, chunk);
}

void store_keys_campaign(struct buffer *out, const char *prefix, const unsigned char campaign[16],
                         const char *name)
{
    campaign_key(out, prefix, campaign);
    if (name != NULL) {
        buffer_append_byte(out, ':');
        buffer_append_string(out, name);
    }
}

void store_keys_duplicates(struct buffer *out, const char *prefix, const unsigned char campaign[16],
                           uint32_t bucket)
{
    campaign_key(out, prefix, campaign);
    buffer_append_string(out, ":dup:");
    append_number(out, bucket);
}

void store_keys_batch(struct buffer *out, const char *prefix, const unsigned char campaign[16],
                      uint32_t batch, char part)
{
    campaign_key(out, prefix, campaign);
    buffer_append_byte(out, ':');
    append_number(out, batch);
    buffer_append_byte(out, ':');
    buffer_append_byte(out, part);
}

void store_keys_member(struct buffer *out, const unsigned char campaign[16], uint32_t batch)
{
    append_id(out, campaign);
    buffer_append_byte(out, ':');
    append_number(out, batch);
}

int store_keys_parse_member(struct text member, unsigned char ret_campaign[16], uint32_t *ret_batch)
{
    unsigned char campaign[ID_BYTES];
    uint64_t batch = 0;
    if (member.size <= ID_LENGTH || member.data[ID_LENGTH] != ':' ||
        bytes_from_base32((struct text){member.data, ID_LENGTH}, campaign, ID_BYTES) != 0 ||
        text_to_u64(text_skip(member, ID_LENGTH + 1), UINT32_MAX, &batch) != 0) {
        return -EPROTO;
    }
    memcpy(ret_campaign, campaign, ID_BYTES);
    *ret_batch = (uint32_t)batch;
    return 0;
}

static void append_tag(struct buffer *out, const char *prefix, const char *tag)
{
    buffer_append_string(out, prefix);
    buffer_append_string(out, tag);
}

void store_keys_session(struct buffer *out, const char *prefix, const char *session)
{
    append_tag(out, prefix, ":{s:");
    buffer_append_string(out, session);
    buffer_append_byte(out, '}');
}

void store_keys_ip(struct buffer *out, const char *prefix, struct text ip)
{
    append_tag(out, prefix, ":{ip:");
    buffer_append_text(out, ip);
    buffer_append_byte(out, '}');
}

void store_keys_ip_part(struct buffer *out, const char *prefix, struct text ip, const char *name)
{
    store_keys_ip(out, prefix, ip);
    buffer_append_byte(out, ':');
    buffer_append_text(out, text_of(name));
}

void store_keys_ip_day(struct buffer *out, const char *prefix, struct text ip, uint32_t day)
{
    store_keys_ip_part(out, prefix, ip, "warm:");
    append_number(out, day);
}

void store_keys_sessions(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{fleet}:sessions");
}

void store_keys_suspect(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{fleet}:suspect");
}

void store_keys_notices(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{fleet}:notices");
}

void store_keys_decisions(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{fleet}:ev");
}

void store_keys_fleet_generation(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{fleet}:gen");
}

void store_keys_decisions_told(struct buffer *out, const char *prefix, const char *session)
{
    buffer_printf(out, "%s:{fleet}:told:%s", prefix, session);
}

void store_keys_throttles(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{fleet}:throttles");
}

void store_keys_stops(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{fleet}:stops");
}

void store_keys_pauses(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{fleet}:pauses");
}

void store_keys_access(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{access}:book");
}

void store_keys_access_used(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{access}:used");
}

void store_keys_quota(struct buffer *out, const char *prefix, struct text tenant, bool is_of_day,
                      uint64_t number)
{
    append_tag(out, prefix, ":{t:");
    buffer_append_text(out, tenant);
    buffer_printf(out, "}:quota:%c%" PRIu64, is_of_day ? 'd' : 'm', number);
}

void store_keys_access_seen(struct buffer *out, const char *prefix, struct text key_id)
{
    append_tag(out, prefix, ":{access}:seen:");
    buffer_append_text(out, key_id);
}

void store_keys_access_otp(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{access}:otp");
}

void store_keys_reputation_ip(struct buffer *out, const char *prefix, struct text ip)
{
    append_tag(out, prefix, ":{ip:");
    buffer_append_text(out, ip);
    buffer_append_string(out, "}:reputation");
}

void store_keys_reputation_domain(struct buffer *out, const char *prefix, struct text tenant,
                                  struct text domain)
{
    append_tag(out, prefix, ":{t:");
    buffer_append_text(out, tenant);
    buffer_append_string(out, "}:reputation:");
    buffer_append_text(out, domain);
}

void store_keys_audit(struct buffer *out, const char *prefix, const char *part)
{
    append_tag(out, prefix, ":{audit}:");
    buffer_append_string(out, part);
}

void store_keys_restored(struct buffer *out, const char *prefix)
{
    append_tag(out, prefix, ":{fleet}:restored");
}

void store_keys_tokens(struct buffer *out, const char *prefix, struct text tenant, struct text name)
{
    bool is_pool = tenant.size == 0;
    append_tag(out, prefix, is_pool ? ":{pool:" : ":{t:");
    buffer_append_text(out, is_pool ? name : tenant);
    buffer_append_string(out, is_pool ? "}:tok" : "}:tok:");
    buffer_append_text(out, is_pool ? (struct text){NULL, 0} : name);
}

void store_keys_site_tokens(struct buffer *out, const char *prefix, struct text site, bool is_open)
{
    append_tag(out, prefix, ":{site:");
    buffer_append_text(out, site);
    buffer_append_string(out, is_open ? "}:open" : "}:tok");
}

void store_keys_dkim(struct buffer *out, const char *prefix, struct text tenant, struct text domain,
                     struct text selector)
{
    append_tag(out, prefix, ":{t:");
    buffer_append_text(out, tenant);
    buffer_append_string(out, "}:dkim:");
    buffer_append_text(out, domain);
    buffer_append_byte(out, ':');
    buffer_append_text(out, selector);
}

void store_keys_suppression(struct buffer *out, const char *prefix, struct text tenant,
                            const char *part)
{
    append_tag(out, prefix, ":{t:");
    buffer_append_text(out, tenant);
    buffer_append_string(out, "}:sup");
    buffer_append_string(out, part);
}

void store_keys_suppression_bucket(struct buffer *out, const char *prefix, struct text tenant,
                                   struct text stream, uint32_t bucket)
{
    store_keys_suppression(out, prefix, tenant, ":");
    buffer_append_text(out, stream);
    buffer_append_byte(out, ':');
    append_number(out, bucket);
}

uint32_t store_keys_suppression_nth(const void *hash)
{
    return (uint32_t)bytes_get_u16(hash) >> 2;
}

static bool is_lease(struct text rest, struct text tag)
{
    return text_starts_with(rest, tag) && text_find(rest, '}') == rest.size - 1;
}

enum store_keys_kind store_keys_judge(const char *prefix, struct text key)
{
    struct text rest = text_skip(key, strlen(prefix));
    if (!text_starts_with(key, text_of(prefix)) || !text_starts_with(rest, TEXT(":{"))) {
        return STORE_KEYS_FOREIGN;
    }
    rest = text_skip(rest, 2);
    size_t brace = text_find(rest, '}');
    bool is_partition_lease =
        text_starts_with(rest, TEXT("p")) && text_equal(text_skip(rest, brace), TEXT("}:lease"));
    bool is_passing =
        is_lease(rest, TEXT("s:")) || is_lease(rest, TEXT("ip:")) || is_partition_lease ||
        text_equal(rest, TEXT("fleet}:sessions")) || text_equal(rest, TEXT("fleet}:suspect")) ||
        text_equal(rest, TEXT("fleet}:notices")) || text_equal(rest, TEXT("fleet}:restored"));
    return is_passing ? STORE_KEYS_PASSING : STORE_KEYS_KEPT;
}
