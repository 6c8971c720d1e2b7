/* Names of all keys: the only place that builds them. docs/redis-keys.md is the catalogue.
 *
 * {pNN} is the partition (low 6 bits of a campaign id): all keys of one transition share it, so
 * that each script stays in one slot. */
#ifndef HIKYAKU_COMMON_STORE_STORE_KEYS_H
#define HIKYAKU_COMMON_STORE_STORE_KEYS_H

#include "common/base/buffer.h"

/** The partition of a campaign: the low 6 bits of its id. */
unsigned int store_keys_partition(const unsigned char campaign[16]);

/* Of a partition: <prefix>:{pNN}:<name> */
void store_keys_active(struct buffer *out, const char *prefix, unsigned int partition);
void store_keys_all(struct buffer *out, const char *prefix, unsigned int partition);
void store_keys_claimed(struct buffer *out, const char *prefix, unsigned int partition);
void store_keys_doubt(struct buffer *out, const char *prefix, unsigned int partition);
void store_keys_quarantine(struct buffer *out, const char *prefix, unsigned int partition);
/** Places of an event stream and their times. */
void store_keys_marks(struct buffer *out, const char *prefix, unsigned int partition,
                      struct text tenant);
void store_keys_generation(struct buffer *out, const char *prefix, unsigned int partition);
/** How far consumers of the partition's events have come. */
void store_keys_cursors(struct buffer *out, const char *prefix, unsigned int partition);
void store_keys_lease(struct buffer *out, const char *prefix, unsigned int partition);
void store_keys_events(struct buffer *out, const char *prefix, unsigned int partition,
                       struct text tenant);
void store_keys_idempotency(struct buffer *out, const char *prefix, unsigned int partition,
                            uint32_t day, unsigned int bucket);

/** Who of a chunk has unsubscribed; outlives the campaign: <prefix>:{pNN}:unsubscribed:<id>:<chunk>
 */
void store_keys_unsubscribed(struct buffer *out, const char *prefix,
                             const unsigned char campaign[16], uint32_t chunk);

/* Of a campaign: <prefix>:{pNN}:c:<id>[:<name>]; NULL: the header itself. */
void store_keys_campaign(struct buffer *out, const char *prefix, const unsigned char campaign[16],
                         const char *name);
void store_keys_duplicates(struct buffer *out, const char *prefix, const unsigned char campaign[16],
                           uint32_t bucket);
/** @param part  'h' header, 'r' rows, 'b' sealed recipients, 'f' sealed refs */
void store_keys_batch(struct buffer *out, const char *prefix, const unsigned char campaign[16],
                      uint32_t batch, char part);
/** "<id>:<batch>": members of `claimed`, `doubt` and `quarantine`. */
void store_keys_member(struct buffer *out, const unsigned char campaign[16], uint32_t batch);
/** @return 0 or -EPROTO */
MUST_USE int store_keys_parse_member(struct text member, unsigned char ret_campaign[16],
                                     uint32_t *ret_batch);

void store_keys_session(struct buffer *out, const char *prefix, const char *session);
void store_keys_ip(struct buffer *out, const char *prefix, struct text ip);
/** What is known of a sending IP, in its lease's slot: <prefix>:{ip:<ip>}:<name> */
void store_keys_ip_part(struct buffer *out, const char *prefix, struct text ip, const char *name);
/** What it reserved on a day (days since 1970): <prefix>:{ip:<ip>}:warm:<day> */
void store_keys_ip_day(struct buffer *out, const char *prefix, struct text ip, uint32_t day);
void store_keys_sessions(struct buffer *out, const char *prefix);
/** Whose turn it is to try a suspect batch. */
void store_keys_suspect(struct buffer *out, const char *prefix);
void store_keys_notices(struct buffer *out, const char *prefix);
/** What paths decided, and the places of its entries. */
void store_keys_decisions(struct buffer *out, const char *prefix);
void store_keys_fleet_generation(struct buffer *out, const char *prefix);
/** Number of the last decision of a session that is in the stream. */
void store_keys_decisions_told(struct buffer *out, const char *prefix, const char *session);
/** What operators have told of paths. */
void store_keys_throttles(struct buffer *out, const char *prefix);
void store_keys_stops(struct buffer *out, const char *prefix);
/** Sites that are to be left alone. */
void store_keys_pauses(struct buffer *out, const char *prefix);
/** Principals and keys; and when keys were used. */
void store_keys_access(struct buffer *out, const char *prefix);
void store_keys_access_used(struct buffer *out, const char *prefix);
/** @param number  of the day, or of the minute */
void store_keys_quota(struct buffer *out, const char *prefix, struct text tenant, bool is_of_day,
                      uint64_t number);
void store_keys_access_seen(struct buffer *out, const char *prefix, struct text key_id);
void store_keys_access_otp(struct buffer *out, const char *prefix);
/** What receivers say of a sending IP, of a From domain. */
void store_keys_reputation_ip(struct buffer *out, const char *prefix, struct text ip);
void store_keys_reputation_domain(struct buffer *out, const char *prefix, struct text tenant,
                                  struct text domain);
/** @param part  "log" or "heads" */
void store_keys_audit(struct buffer *out, const char *prefix, const char *part);
/** The mark of a store that was loaded from a backup. */
void store_keys_restored(struct buffer *out, const char *prefix);
/** @param tenant  empty: of the pool `name` */
void store_keys_tokens(struct buffer *out, const char *prefix, struct text tenant,
                       struct text name);
/** A limit of a site over all sending IPs: messages, or open connections. */
void store_keys_site_tokens(struct buffer *out, const char *prefix, struct text site, bool is_open);
void store_keys_dkim(struct buffer *out, const char *prefix, struct text tenant, struct text domain,
                     struct text selector);
/** Suppression lists of a tenant. @param part  "" the book, ":log" what was added lately */
void store_keys_suppression(struct buffer *out, const char *prefix, struct text tenant,
                            const char *part);
/** One bucket of the list of a stream; and the bucket of a hash of 16 bytes. */
void store_keys_suppression_bucket(struct buffer *out, const char *prefix, struct text tenant,
                                   struct text stream, uint32_t bucket);
uint32_t store_keys_suppression_nth(const void *hash);

/** What a key found in Redis is to a backup. */
enum store_keys_kind {
    STORE_KEYS_FOREIGN, /* not of this prefix */
    STORE_KEYS_PASSING, /* of processes alive: sessions, leases, notices, the mark */
    STORE_KEYS_KEPT,
};
enum store_keys_kind store_keys_judge(const char *prefix, struct text key);

#endif
