#include "worker/report/outcome.h"

#include "common/policy/retry_clock.h"
#include "common/security/address_hash.h"
#include "common/wire/wire_store.h"
#include "worker/report/reply_text.h"

#include <stdio.h>
#include <string.h>

struct outcome_report outcome_untouched(uint8_t gate)
{
    return (struct outcome_report){.state = OUTCOME_PENDING, .gate = gate};
}

static uint32_t due(const struct row *row, const struct outcome_time *time)
{
    struct retry_clock_plan plan =
        retry_clock_scale(retry_clock_plan_of(time->is_transactional, row->reply_class),
                          time->retry_permille > 0 ? time->retry_permille : 1000);
    uint32_t attempts = row->attempts > 0 ? row->attempts : 1;
    return retry_clock_due(&plan, attempts, (uint32_t)(time->now_unix_ms / 1000),
                           time->expires_unix_s, time->random);
}

bool outcome_apply(const struct outcome_report *outcome, const struct row *before,
                   const struct outcome_time *time, struct row *ret_row)
{
    struct row row = *before;
    row.flags = (uint8_t)((row.flags & ~(unsigned)ROW_MARKED) | outcome->flags);
    row.gate = outcome->gate;
    if (outcome->state == OUTCOME_PENDING) {
        if (outcome->delay_s > 0) {
            row.due = (uint32_t)(time->now_unix_ms / 1000) + outcome->delay_s;
        }
        *ret_row = row;
        return false;
    }
    row.state = outcome->state;
    row.reply_class = outcome->reply_class;
    row.smtp = outcome->smtp;
    row.enhanced = outcome->enhanced;
    row.seq++;
    row.deaths = 0; /* whoever worked on it has lived to tell */
    if (outcome->counts_attempt && row.attempts < UINT8_MAX) {
        row.attempts++;
    }
    row.due = 0;
    if (row.state == OUTCOME_DEFERRED) {
        row.gate = GATE_RETRY_DUE;
        row.due = due(&row, time);
    }
    *ret_row = row;
    return true;
}

/* protobuf-c does not change what it packs, but its strings are not const. */
static char *string_of(const char *string)
{
    union {
        const char *borrowed;
        char *field;
    } text = {string != NULL ? string : ""};
    return text.field;
}

static uint32_t in_u32(uint64_t value)
{
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

void outcome_append_detail(const struct outcome_report *outcome,
                           const struct outcome_person *person, int64_t now_unix_ms,
                           struct buffer *out)
{
    char domain_text[256];
    char reply[REPLY_TEXT_BYTES + 1];
    unsigned char hash[ADDRESS_HASH_BYTES];
    (void)snprintf(domain_text, sizeof domain_text, "%.*s", TEXT_PRINT(person->domain));
    (void)reply_text_clean(outcome->reply, reply);
    Hikyaku__V1__StoredEventDetail detail = HIKYAKU__V1__STORED_EVENT_DETAIL__INIT;
    detail.position = person->position;
    if (outcome->suppresses && outcome->state == OUTCOME_BOUNCED) {
        memcpy(hash, person->hash, sizeof hash);
        detail.suppressed = (ProtobufCBinaryData){sizeof hash, hash};
    }
    detail.occurred_unix_ms = now_unix_ms;
    detail.recipient_domain = domain_text;
    detail.site = string_of(outcome->site);
    detail.mx_host = string_of(outcome->mx_host);
    detail.mx_ip = string_of(outcome->mx_ip);
    detail.sending_ip = string_of(outcome->sending_ip);
    detail.stage = string_of(outcome->stage);
    detail.blame = string_of(outcome->blame);
    detail.rule_id = string_of(outcome->rule_id);
    detail.reply_text = reply;
    detail.tls_version = string_of(outcome->tls_version);
    detail.queued_ms = in_u32(outcome->queued_ms);
    detail.smtp_ms = in_u32(outcome->smtp_ms);
    wire_store_append_event_detail(&detail, out);
}
