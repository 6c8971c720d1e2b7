#include "coordinator/quota/quota.h"

#include "common/store/store_quota.h"

#include <errno.h>
#include <stdlib.h>

/* Others may take what was given to us: then it is asked for again. */
#define TRIES_MAX 8

struct quota {
    struct store *store;
    struct quota_meter *meter;
};

/* A charge that waits for slices. */
struct taking {
    struct quota *quota;
    struct arena *arena; /* borrowed; holds all of it */
    struct quota_meter_charge charge;
    struct quota_meter_answer answer;
    struct text tenant;
    int64_t now_unix_ms;
    unsigned int tries;
    quota_fn *on_taken;
    void *context;
};

struct quota *quota_create(struct store *store)
{
    struct quota *quota = xalloc_zero(1, sizeof *quota);
    quota->store = store;
    quota->meter = quota_meter_create();
    return quota;
}

void quota_destroy(struct quota **quota)
{
    if (*quota != NULL) {
        quota_meter_destroy(&(*quota)->meter);
        free(*quota);
        *quota = NULL;
    }
}

static struct text name_of(struct arena *arena, struct text tenant, struct text subject)
{
    return text_of(arena_printf(arena, "%.*s|%.*s", TEXT_PRINT(tenant), TEXT_PRINT(subject)));
}

static struct quota_meter_charge charge_of(struct arena *arena, const struct quota_charge *given)
{
    struct quota_meter_charge charge = {.cost = given->cost};
    charge.subjects[0] = (struct quota_subject){
        .name = given->key.size > 0 ? name_of(arena, given->tenant, given->key) : TEXT(""),
        .limits = given->key_limits};
    charge.subjects[1] = (struct quota_subject){.name = name_of(arena, given->tenant, TEXT("*")),
                                                .limits = given->tenant_limits};
    return charge;
}

/* Nothing is limited: the usual case. */
static bool is_free(const struct quota_charge *charge)
{
    bool is_limited = false;
    for (size_t kind = 0; kind < QUOTA_KINDS; kind++) {
        is_limited =
            is_limited || charge->key_limits.of[kind] > 0 || charge->tenant_limits.of[kind] > 0;
    }
    return !is_limited;
}

static void end(struct taking *taking, const struct quota_result *result)
{
    taking->on_taken(taking->context, result);
}

static void attempt(struct taking *taking);

static void on_given(void *context, int error, const uint64_t *given, size_t count)
{
    struct taking *taking = context;
    const struct quota_meter_answer *answer = &taking->answer;
    error = error == 0 && count != answer->ask_count ? -EPROTO : error;
    for (size_t i = 0; error == 0 && i < count; i++) {
        quota_meter_give(taking->quota->meter, &answer->asks[i], given[i]);
    }
    for (size_t i = 0; error != 0 && i < answer->ask_count; i++) {
        quota_meter_fail(taking->quota->meter, &answer->asks[i]);
    }
    if (error != 0) {
        end(taking, &(struct quota_result){.error = error});
    } else if (++taking->tries > TRIES_MAX) {
        end(taking, &(struct quota_result){.error = -EAGAIN});
    } else {
        attempt(taking);
    }
}

static void ask(struct taking *taking)
{
    const struct quota_meter_answer *answer = &taking->answer;
    struct store_quota_ask asks[QUOTA_METER_PARTS];
    for (size_t i = 0; i < answer->ask_count; i++) {
        const struct quota_meter_ask *one = &answer->asks[i];
        struct text name = one->subject->name;
        struct text subject = text_skip(name, text_find(name, '|') + 1);
        asks[i] = (struct store_quota_ask){
            .is_of_day = quota_kind_is_of_day(one->kind),
            .field = text_of(arena_printf(taking->arena, "%.*s %s", TEXT_PRINT(subject),
                                          quota_kind_name(one->kind))),
            .limit = one->subject->limits.of[one->kind],
            .needed = one->needed,
            .more = one->more};
    }
    const struct store_quota_window window = {
        .tenant = taking->tenant,
        .minute = quota_kind_window(QUOTA_CALLS, taking->now_unix_ms),
        .day = quota_kind_window(QUOTA_ROWS, taking->now_unix_ms)};
    store_quota_lease(taking->quota->store, &window, asks, answer->ask_count, on_given, taking);
}

static void attempt(struct taking *taking)
{
    struct quota *quota = taking->quota;
    struct quota_meter_answer *answer = &taking->answer;
    taking->now_unix_ms = store_now_unix_ms(quota->store);
    switch (quota_meter_take(quota->meter, &taking->charge, taking->now_unix_ms, answer)) {
    case QUOTA_METER_ASK:
        ask(taking);
        return;
    case QUOTA_METER_REFUSED:
        end(taking,
            &(struct quota_result){.is_refused = true,
                                   .is_of_key = answer->subject == &taking->charge.subjects[0],
                                   .kind = answer->kind,
                                   .limit = answer->subject->limits.of[answer->kind],
                                   .wait_ms = answer->wait_ms});
        return;
    case QUOTA_METER_TAKEN:
    default:
        end(taking, &(struct quota_result){.error = 0});
    }
}

void quota_take(struct quota *quota, struct arena *arena, const struct quota_charge *charge,
                quota_fn *on_taken, void *context)
{
    /* While the store is away the call itself is refused by who needs it. */
    if (is_free(charge) || !store_is_ready(quota->store)) {
        on_taken(context, &(struct quota_result){.error = 0});
        return;
    }
    struct taking *taking = arena_zero(arena, 1, sizeof *taking);
    taking->quota = quota;
    taking->arena = arena;
    taking->tenant = charge->tenant;
    taking->charge = charge_of(arena, charge);
    taking->on_taken = on_taken;
    taking->context = context;
    attempt(taking);
}

void quota_refund(struct quota *quota, struct arena *arena, const struct quota_charge *charge,
                  int64_t taken_unix_ms)
{
    static const unsigned int kinds = 1U << QUOTA_ROWS | 1U << QUOTA_CAMPAIGNS;
    if (!is_free(charge)) {
        const struct quota_meter_charge taken = charge_of(arena, charge);
        quota_meter_refund(quota->meter, &taken, kinds, taken_unix_ms,
                           store_now_unix_ms(quota->store));
    }
}
