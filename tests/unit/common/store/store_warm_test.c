/* Reservations of a warm-up against a real Redis: fenced by the IP's lease, never above a quota. */
#include "common/store/store_warm.h"

#include "common/policy/warmup.h"
#include "common/store/store_lease.h"
#include "store_world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IP "192.0.2.9"
#define DAY 20782U

struct warming {
    struct world *world;
    uint64_t epoch;
    struct store_warm_answer answer;
    char change[STORE_WARM_CHANGE_BYTES];
    size_t count;
    char site[16];
    char state[16];
};

static void on_taken(void *context, int error, uint64_t epoch)
{
    struct warming *warming = context;
    warming->epoch = epoch;
    world_answered(warming->world, error);
}

static void on_reserved(void *context, int error, const struct store_warm_answer *answer)
{
    struct warming *warming = context;
    warming->answer = *answer;
    world_answered(warming->world, error);
}

static void on_loaded(void *context, int error, const struct store_ip_site *states, size_t count)
{
    struct warming *warming = context;
    warming->count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(warming->site, states[i].site.data, states[i].site.size);
        memcpy(warming->state, states[i].state.data, states[i].state.size);
    }
    world_answered(warming->world, error);
}

static void take(struct warming *warming, const char *ip)
{
    const struct store_lease_name name = {STORE_LEASE_IP, ip, 0};
    store_lease_take(warming->world->store, &name, NULL, on_taken, warming);
    world_wait(warming->world);
    assert_int_equal(warming->world->error, 0);
}

static int reserve(struct warming *warming, struct store_warm_request request)
{
    request.ip = TEXT(IP);
    request.site = request.site.size > 0 ? request.site : TEXT("google");
    request.change = warming->change[0] != '\0' ? warming->change : "0";
    store_warm_reserve(warming->world->store, &request, on_reserved, warming);
    world_wait(warming->world);
    return warming->world->error;
}

static void quotas_of_day_and_hour_hold(void **state)
{
    struct warming warming = {.world = *state};
    take(&warming, IP);
    struct store_warm_request request = {.epoch = warming.epoch,
                                         .state = TEXT("one"),
                                         .day = DAY,
                                         .hour = 7,
                                         .day_quota = 50,
                                         .hour_quota = 20,
                                         .wanted = 15};
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.granted, 15);
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.granted, 5); /* of the hour */
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.granted, 0);
    request.given_back = 4;
    request.wanted = 0;
    assert_int_equal(reserve(&warming, request), 0);
    request.given_back = 0;
    request.wanted = 10;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.granted, 4);
    request.hour = 8;
    request.wanted = 20;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.granted, 20);
    request.hour = 9;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.granted, 10); /* of the day */
    request.day++;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.granted, 20);
    /* A quota that shrinks in mid-day grants nothing more, and takes nothing back. */
    request.day_quota = 10;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.granted, 0);
}

static void what_is_remembered_comes_back(void **state)
{
    struct warming warming = {.world = *state};
    store_warm_load(warming.world->store, TEXT(IP), on_loaded, &warming);
    world_wait(warming.world);
    assert_int_equal(warming.world->error, 0);
    assert_int_equal(warming.count, 0);
    take(&warming, IP);
    struct store_warm_request request = {
        .epoch = warming.epoch, .state = TEXT("\1two"), .day = DAY};
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.granted, 0);
    store_warm_load(warming.world->store, TEXT(IP), on_loaded, &warming);
    world_wait(warming.world);
    assert_int_equal(warming.count, 1);
    assert_string_equal(warming.site, "google");
    assert_string_equal(warming.state, "\1two");
}

/* I3. */
static void only_the_holder_reserves(void **state)
{
    struct warming warming = {.world = *state};
    struct store_warm_request request = {
        .epoch = 1, .state = TEXT("x"), .day = DAY, .day_quota = 9, .hour_quota = 9, .wanted = 1};
    assert_int_equal(reserve(&warming, request), -ESTALE);
    take(&warming, "192.0.2.10");
    request.epoch = warming.epoch;
    assert_int_equal(reserve(&warming, request), -ESTALE);
    take(&warming, IP);
    request.epoch = warming.epoch - 1;
    assert_int_equal(reserve(&warming, request), -ESTALE);
    assert_int_equal(warming.answer.granted, 0);
    store_warm_load(warming.world->store, TEXT(IP), on_loaded, &warming);
    world_wait(warming.world);
    assert_int_equal(warming.count, 0);
    request.epoch = warming.epoch;
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.granted, 1);
}

/* ---------------------------------------------------------------- what operators change */

static void on_changed(void *context, int error)
{
    world_answered(context, error);
}

static void on_number(void *context, int error, struct text change)
{
    struct warming *warming = context;
    memset(warming->change, 0, sizeof warming->change);
    memcpy(warming->change, change.data, change.size);
    world_answered(warming->world, error);
}

static void change(struct warming *warming, const char *what, const char *site, uint16_t stage)
{
    const struct store_warm_change given = {
        .ip = TEXT(IP), .what = what, .site = text_of(site), .stage = stage};
    store_warm_change(warming->world->store, &given, on_changed, warming->world);
    world_wait(warming->world);
    assert_int_equal(warming->world->error, 0);
    store_warm_ask_change(warming->world->store, TEXT(IP), on_number, warming);
    world_wait(warming->world);
    assert_int_equal(warming->world->error, 0);
}

struct found {
    struct world *world;
    const char *name;
    size_t count;
    bool is_there;
    struct warmup warmup;
};

static void on_found(void *context, int error, const struct store_ip_site *states, size_t count)
{
    struct found *found = context;
    const struct warmup_plan plan = {.days = 30, .volumes = {1}};
    found->count = count;
    for (size_t i = 0; error == 0 && i < count; i++) {
        if (text_equal(states[i].site, text_of(found->name))) {
            found->is_there = true;
            assert_int_equal(warmup_decode(&plan, states[i].state, &found->warmup), 0);
        }
    }
    world_answered(found->world, error);
}

static struct found find(struct warming *warming, const char *name)
{
    struct found found = {.world = warming->world, .name = name};
    store_warm_load(warming->world->store, TEXT(IP), on_found, &found);
    world_wait(warming->world);
    return found;
}

static void an_operator_changes_what_the_holder_keeps(void **state)
{
    struct warming warming = {.world = *state};
    unsigned char bytes[WARMUP_SIZE];
    warmup_encode(&(struct warmup){.stage = 3,
                                   .verdict = WARMUP_BACK,
                                   .day = DAY,
                                   .sent_day = DAY - 1,
                                   .used = 9,
                                   .seen = {1, 2, 3, 4, 5}},
                  bytes);
    take(&warming, IP);
    struct store_warm_request request = {.epoch = warming.epoch,
                                         .state = {(char *)bytes, sizeof bytes},
                                         .day = DAY,
                                         .day_quota = 50,
                                         .hour_quota = 50,
                                         .wanted = 5};
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.day, 5);
    change(&warming, "set", "google", 7);
    /* What was seen is over with the verdict; what was used is not. */
    struct found found = find(&warming, "google");
    assert_int_equal(found.warmup.stage, 7);
    assert_int_equal(found.warmup.verdict, WARMUP_GROW);
    assert_int_equal(found.warmup.used, 9);
    assert_int_equal(found.warmup.sent_day, DAY - 1);
    assert_int_equal(found.warmup.seen.unknown, 0);
    /* Who does not know of it writes nothing and gets nothing. */
    char known[STORE_WARM_CHANGE_BYTES];
    memcpy(known, warming.change, sizeof known);
    warming.change[0] = '\0';
    assert_int_equal(reserve(&warming, request), -EBUSY);
    memcpy(warming.change, known, sizeof known);
    assert_int_equal(find(&warming, "google").warmup.stage, 7);
    request.state = TEXT("");
    assert_int_equal(reserve(&warming, request), 0);
    assert_int_equal(warming.answer.day, 10); /* what was sent stays counted */

    change(&warming, "freeze", "", 0);
    assert_true(find(&warming, "google").warmup.is_frozen);
    assert_int_equal(find(&warming, "google").warmup.stage, 7);
    assert_true(find(&warming, STORE_WARM_ALL).warmup.is_frozen);
    /* A site that nobody has sent to is what all that come are. */
    change(&warming, "set", "yahoo", 2);
    assert_true(find(&warming, "yahoo").warmup.is_frozen);
    assert_int_equal(find(&warming, "yahoo").warmup.stage, 2);
    change(&warming, "unfreeze", "google", 0);
    assert_false(find(&warming, "google").warmup.is_frozen);
    assert_true(find(&warming, "yahoo").warmup.is_frozen);
    change(&warming, "set", "", WARMUP_STAGE_WARM);
    assert_int_equal(find(&warming, "yahoo").warmup.stage, 30); /* of its plan */
    assert_int_equal(find(&warming, STORE_WARM_ALL).warmup.stage, 30);
    change(&warming, "reset", "", 0);
    found = find(&warming, "google");
    assert_true(found.is_there);
    assert_int_equal(found.warmup.stage, 0);
    assert_int_equal(found.warmup.day, 0);
    assert_false(find(&warming, "yahoo").warmup.is_frozen);
}

/* ---------------------------------------------------------------- two workers */

#define OTHER_SESSION "ffeeddccbbaa99887766554433221100"
#define DAYS 3
#define HOURS 4
#define DAY_QUOTA 120
#define HOUR_QUOTA 45

struct rivals {
    struct world *world;
    struct store *stores[2];
    unsigned int ready;
    unsigned int open; /* calls without answer */
    unsigned int random;
    uint64_t epochs[2];
    /* What was granted and not given back. */
    uint32_t days[DAYS];
    uint32_t hours[DAYS][HOURS];
    uint32_t granted;
    uint32_t refused;
};

struct rival_call {
    struct rivals *rivals;
    uint32_t day;
    uint32_t hour;
    uint32_t given_back;
};

static void on_rival_ready(void *context)
{
    struct rivals *rivals = context;
    rivals->ready++;
    loop_stop(rivals->world->loop);
}

static void on_rival_lost(void *context)
{
    (void)context;
}

static void on_rival_reserved(void *context, int error, const struct store_warm_answer *answer)
{
    struct rival_call *call = context;
    struct rivals *rivals = call->rivals;
    assert_true(error == 0 || error == -ESTALE);
    rivals->granted += answer->granted;
    rivals->refused += error == -ESTALE;
    if (error == 0) {
        uint32_t back = call->given_back;
        rivals->days[call->day] += answer->granted - back;
        rivals->hours[call->day][call->hour] += answer->granted - back;
        assert_in_range(rivals->days[call->day], 0, DAY_QUOTA);
        assert_in_range(rivals->hours[call->day][call->hour], 0, HOUR_QUOTA);
        assert_int_equal(answer->day, rivals->days[call->day]);
        assert_int_equal(answer->hour, rivals->hours[call->day][call->hour]);
    }
    rivals->open--;
    free(call);
    loop_stop(rivals->world->loop);
}

/* Either of them, for any day and hour: their clocks step as they like. */
static void ask_for_some(struct rivals *rivals, size_t who)
{
    struct rival_call *call = xalloc_zero(1, sizeof *call);
    call->rivals = rivals;
    call->day = (uint32_t)(rand_r(&rivals->random) % DAYS);
    call->hour = (uint32_t)(rand_r(&rivals->random) % HOURS);
    /* Only what the books of this test have: calls under way may give back the same otherwise. */
    if (rivals->open == 0 && rivals->hours[call->day][call->hour] > 3 &&
        rand_r(&rivals->random) % 4 == 0) {
        call->given_back = 3;
    }
    const struct store_warm_request request = {.ip = TEXT(IP),
                                               .epoch = rivals->epochs[who],
                                               .change = "0",
                                               .site = TEXT("google"),
                                               .day = DAY + call->day,
                                               .hour = call->hour,
                                               .day_quota = DAY_QUOTA,
                                               .hour_quota = HOUR_QUOTA,
                                               .wanted = (uint32_t)(rand_r(&rivals->random) % 12),
                                               .given_back = call->given_back};
    rivals->open++;
    store_warm_reserve(rivals->stores[who], &request, on_rival_reserved, call);
}

static void on_rival_lease(void *context, int error, uint64_t epoch)
{
    struct warming *warming = context;
    warming->epoch = epoch;
    world_answered(warming->world, error);
}

/* The IP goes from one to the other while calls of both are under way. */
static void hand_over(struct rivals *rivals, size_t from, size_t to)
{
    const struct store_lease_name name = {STORE_LEASE_IP, IP, 0};
    struct warming warming = {.world = rivals->world};
    if (rivals->epochs[from] != 0) {
        store_lease_release(rivals->stores[from], &name, rivals->epochs[from], on_rival_lease,
                            &warming);
        world_wait(rivals->world);
    }
    store_lease_take(rivals->stores[to], &name, NULL, on_rival_lease, &warming);
    world_wait(rivals->world);
    assert_int_equal(rivals->world->error, 0);
    rivals->epochs[to] = warming.epoch;
}

static void two_workers_never_exceed_a_quota(void **state)
{
    struct world *world = *state;
    struct rivals rivals = {.world = world, .stores = {world->store}, .random = 11};
    rivals.stores[1] =
        store_create(world->loop,
                     &(struct store_settings){.endpoint = world->redis.endpoint,
                                              .prefix = "hk",
                                              .durability = STORE_DISK,
                                              .session = OTHER_SESSION,
                                              .timeout_ms = WORLD_PATIENCE_MS},
                     &(struct store_callbacks){on_rival_ready, on_rival_lost, NULL, &rivals});
    world_wait_for(world, &rivals.ready, 1);
    hand_over(&rivals, 1, 0);
    size_t holder = 0;
    for (int round = 0; round < 60; round++) {
        for (int i = rand_r(&rivals.random) % 6; i >= 0; i--) {
            ask_for_some(&rivals, (size_t)(rand_r(&rivals.random) % 2));
        }
        if (round % 10 == 9) {
            hand_over(&rivals, holder, 1 - holder);
            holder = 1 - holder;
        }
        while (rivals.open > 0) {
            loop_run(world->loop);
        }
    }
    assert_true(rivals.granted > DAY_QUOTA);
    assert_true(rivals.refused > 0);
    store_destroy(&rivals.stores[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(quotas_of_day_and_hour_hold, world_open, world_close),
        cmocka_unit_test_setup_teardown(what_is_remembered_comes_back, world_open, world_close),
        cmocka_unit_test_setup_teardown(only_the_holder_reserves, world_open, world_close),
        cmocka_unit_test_setup_teardown(an_operator_changes_what_the_holder_keeps, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(two_workers_never_exceed_a_quota, world_open, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
