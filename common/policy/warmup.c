#include "common/policy/warmup.h"

#include "common/base/bytes.h"
#include "common/policy/reply_class.h"

#include <assert.h>
#include <errno.h>

#define SLICES_A_DAY 50
#define SLICE_MAX 1000
#define STORED_FORMAT 1

int warmup_plan_grow(uint32_t first, uint32_t growth_permille, uint32_t last,
                     struct warmup_plan *ret_plan)
{
    if (first == 0 || growth_permille <= 1000 || last < first) {
        return -EINVAL;
    }
    struct warmup_plan plan = {.days = 0};
    uint64_t volume = first;
    while (volume < last) {
        if (plan.days == WARMUP_DAYS_MAX - 1) {
            return -ERANGE;
        }
        plan.volumes[plan.days++] = (uint32_t)volume;
        uint64_t next = volume * growth_permille / 1000;
        volume = next > volume ? next : volume + 1;
    }
    plan.volumes[plan.days++] = last;
    *ret_plan = plan;
    return 0;
}

void warmup_encode(const struct warmup *warmup, unsigned char out[WARMUP_SIZE])
{
    out[0] = STORED_FORMAT;
    bytes_put_u16(out + 1, warmup->stage);
    out[3] = warmup->verdict;
    out[4] = warmup->is_frozen;
    bytes_put_u32(out + 5, warmup->day);
    bytes_put_u32(out + 9, warmup->sent_day);
    bytes_put_u32(out + 13, warmup->used);
    bytes_put_u32(out + 17, warmup->seen.attempts);
    bytes_put_u32(out + 21, warmup->seen.deferred);
    bytes_put_u32(out + 25, warmup->seen.blocked);
    bytes_put_u32(out + 29, warmup->seen.unknown);
    bytes_put_u32(out + 33, warmup->seen.complained);
}

int warmup_decode(const struct warmup_plan *plan, struct text stored, struct warmup *ret_warmup)
{
    const unsigned char *bytes = (const unsigned char *)stored.data;
    if (stored.size != WARMUP_SIZE || bytes[0] != STORED_FORMAT) {
        return -EPROTO;
    }
    struct warmup warmup = {.stage = bytes_get_u16(bytes + 1),
                            .verdict = bytes[3],
                            .is_frozen = bytes[4] != 0,
                            .day = bytes_get_u32(bytes + 5),
                            .sent_day = bytes_get_u32(bytes + 9),
                            .used = bytes_get_u32(bytes + 13),
                            .seen = {.attempts = bytes_get_u32(bytes + 17),
                                     .deferred = bytes_get_u32(bytes + 21),
                                     .blocked = bytes_get_u32(bytes + 25),
                                     .unknown = bytes_get_u32(bytes + 29),
                                     .complained = bytes_get_u32(bytes + 33)}};
    warmup.stage = warmup.stage > plan->days ? plan->days : warmup.stage;
    warmup.verdict = warmup.verdict < WARMUP_VERDICT_LIMIT ? warmup.verdict : WARMUP_BACK;
    warmup.sent_day = warmup.sent_day > warmup.day ? warmup.day : warmup.sent_day;
    *ret_warmup = warmup;
    return 0;
}

bool warmup_is_warm(const struct warmup_plan *plan, const struct warmup *warmup)
{
    return warmup->stage >= plan->days;
}

static uint32_t volume_of(const struct warmup_plan *plan, const struct warmup *warmup)
{
    uint32_t volume = plan->volumes[warmup->stage];
    if (warmup->verdict == WARMUP_BACK) {
        /* A plan of an operator's own may fall: less is asked for all the same. */
        uint32_t before = warmup->stage > 0 ? plan->volumes[warmup->stage - 1] : volume / 2;
        volume = before < volume ? before : volume;
    }
    return volume > 0 ? volume : 1;
}

uint32_t warmup_day_quota(const struct warmup_plan *plan, const struct warmup *warmup)
{
    return warmup_is_warm(plan, warmup) ? WARMUP_NO_LIMIT : volume_of(plan, warmup);
}

uint32_t warmup_hour_quota(uint32_t day_quota, uint32_t share_permille)
{
    assert(share_permille > 0 && share_permille <= 1000);
    if (day_quota == WARMUP_NO_LIMIT) {
        return WARMUP_NO_LIMIT;
    }
    return (uint32_t)(((uint64_t)day_quota * share_permille + 999) / 1000);
}

/* Its day is over and was used as a day of the plan is meant to be. */
static bool was_used(const struct warmup_plan *plan, const struct warmup *warmup)
{
    uint64_t wanted = (uint64_t)plan->volumes[warmup->stage] * WARMUP_USED_PERMILLE;
    return (uint64_t)warmup->used * 1000 >= wanted && warmup->used > 0;
}

static void end_day(const struct warmup_plan *plan, struct warmup *warmup)
{
    if (warmup_is_warm(plan, warmup)) {
        return;
    }
    if (warmup->verdict == WARMUP_BACK && warmup->stage > 0) {
        warmup->stage--;
    } else if (warmup->verdict == WARMUP_GROW && was_used(plan, warmup)) {
        warmup->stage++;
    }
}

bool warmup_turn(const struct warmup_plan *plan, struct warmup *warmup, uint32_t day)
{
    if (day <= warmup->day) {
        return false;
    }
    if (!warmup->is_frozen) {
        end_day(plan, warmup);
        /* Of one that never sent nothing is known that could be forgotten. */
        uint32_t idle = warmup->sent_day == 0 ? 0 : day - warmup->sent_day;
        uint32_t before = warmup->sent_day == 0 ? 0 : warmup->day - warmup->sent_day;
        /* Only the days since it was last looked at: each half is forgotten once. */
        for (uint32_t i = before / WARMUP_IDLE_DAYS; i < idle / WARMUP_IDLE_DAYS; i++) {
            if (warmup->stage == 0) {
                break;
            }
            warmup->stage /= 2;
        }
    }
    warmup->day = day;
    warmup->used = 0;
    warmup->verdict = WARMUP_GROW;
    warmup->seen = (struct warmup_signals){0};
    return true;
}

void warmup_used(struct warmup *warmup, uint32_t messages)
{
    uint64_t used = (uint64_t)warmup->used + messages;
    warmup->used = used < UINT32_MAX ? (uint32_t)used : UINT32_MAX;
    if (messages > 0) {
        warmup->sent_day = warmup->day;
    }
}

void warmup_note(struct warmup *warmup, enum warmup_verdict verdict)
{
    if ((uint8_t)verdict > warmup->verdict) {
        warmup->verdict = (uint8_t)verdict;
    }
}

uint32_t warmup_slice(uint32_t day_quota, uint32_t left)
{
    uint32_t slice = day_quota / SLICES_A_DAY;
    slice = slice > SLICE_MAX ? SLICE_MAX : slice;
    slice = slice > 0 ? slice : 1;
    return slice < left ? slice : left;
}

/* So many thousandths or more, of at least so many attempts. */
static bool reaches(uint32_t count, const struct warmup_signals *signals, uint32_t least,
                    uint32_t permille)
{
    return signals->attempts >= least &&
           (uint64_t)count * 1000 >= (uint64_t)signals->attempts * permille;
}

enum warmup_verdict warmup_judge(const struct warmup_signals *signals)
{
    if (reaches(signals->blocked, signals, 20, 50) ||
        reaches(signals->complained, signals, 1000, 3) ||
        reaches(signals->unknown, signals, 100, 100)) {
        return WARMUP_BACK;
    }
    if (reaches(signals->deferred, signals, 50, 100) ||
        reaches(signals->blocked, signals, 20, 10) ||
        reaches(signals->complained, signals, 1000, 1) ||
        reaches(signals->unknown, signals, 100, 50)) {
        return WARMUP_STAY;
    }
    return WARMUP_GROW;
}

static void count(uint32_t *counter)
{
    *counter += *counter < UINT32_MAX;
}

static bool judge(struct warmup *warmup)
{
    uint8_t before = warmup->verdict;
    warmup_note(warmup, warmup_judge(&warmup->seen));
    return warmup->verdict > before;
}

bool warmup_heard(struct warmup *warmup, uint8_t reply_class, uint16_t smtp)
{
    struct warmup_signals *seen = &warmup->seen;
    bool is_final = smtp >= 500;
    count(&seen->attempts);
    if (smtp >= 400 && !is_final && reply_class != REPLY_CLASS_GREYLISTED) {
        count(&seen->deferred); /* greylisting says nothing about us */
    }
    if (reply_class == REPLY_CLASS_REPUTATION) {
        count(&seen->blocked);
    }
    if (is_final && reply_class == REPLY_CLASS_BAD_MAILBOX) {
        count(&seen->unknown);
    }
    return judge(warmup);
}

bool warmup_complained(struct warmup *warmup)
{
    count(&warmup->seen.complained);
    return judge(warmup);
}
