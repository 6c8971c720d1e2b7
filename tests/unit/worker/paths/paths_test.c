#include "worker/paths/paths_history.h"

#include "common/mail/enhanced_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct world {
    struct loop *loop;
    struct sending_ips ips;
    struct paths *paths;
};

static size_t clean(struct text reply, char ret_text[PATHS_REPLY_BYTES + 1])
{
    (void)reply;
    ret_text[0] = '\0';
    return 0;
}

static const struct config_list none = {.count = 0};

static void begin(struct world *world)
{
    *world = (struct world){.loop = loop_create()};
    for (int i = 1; i <= 2; i++) {
        char address[32];
        (void)snprintf(address, sizeof address, "127.0.0.%d", i);
        assert_int_equal(sending_ips_add(&world->ips, "pool", address, "out.test"), 0);
        world->ips.items[i - 1].state = SENDING_IP_OWNED;
    }
    world->paths = paths_create(&(struct paths_settings){.loop = world->loop,
                                                         .session = "session",
                                                         .clean_reply = clean,
                                                         .ips = &world->ips,
                                                         .profiles = &none,
                                                         .connections_per_site = 10,
                                                         .messages_per_connection = 100});
}

static void end(struct world *world)
{
    paths_destroy(&world->paths);
    loop_destroy(&world->loop);
}

static struct path *hold(struct world *world, size_t ip, const char *site, const char *host)
{
    return paths_hold(world->paths, &world->ips.items[ip], text_of(site), text_of(host));
}

static void answer(struct world *world, struct path *path, uint16_t smtp, uint32_t enhanced,
                   uint8_t blame)
{
    const struct path_event started = {.kind = PATH_EVENT_STARTED};
    const struct path_event answered = {
        .kind = PATH_EVENT_ANSWERED,
        .reply = {REPLY_CLASS_RATE_LIMITED, blame, REPLY_STAGE_DOT, smtp, enhanced, "rule"},
        .took_ms = 10};
    paths_feed(world->paths, path, &started, TEXT(""));
    paths_feed(world->paths, path, &answered, TEXT(""));
}

static bool is_suspended(const struct path *path)
{
    return path->control.suspension.state == PATH_SUSPENSION_CLOSED;
}

static void a_path_is_an_ip_and_a_site(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct path *path = hold(&world, 0, "google", "mx.google.com");
    assert_ptr_equal(hold(&world, 0, "google", "alt1.google.com"), path);
    struct path *other = hold(&world, 1, "google", "mx.google.com");
    assert_ptr_not_equal(other, path);
    assert_string_equal(path->control.profile->name, "google");
    assert_int_equal(path->control.profile->connections_most, 10); /* of the configuration */
    assert_int_equal(path->control.profile->messages_per_connection, 50);
    assert_string_equal(hold(&world, 0, "mx.test", "mx.test")->control.profile->name, "default");
    size_t suspended;
    assert_int_equal(paths_count(world.paths, &suspended), 3);
    assert_int_equal(suspended, 0);
    paths_release(world.paths, other);
    end(&world);
}

/* Blame decides what slows. */
static void blame_is_carried_on(void **state)
{
    (void)state;
    static const struct {
        uint8_t blame;
        bool same_site_pauses;
        bool same_ip_slows;
    } cases[] = {
        {REPLY_BLAME_PATH, false, false},
        {REPLY_BLAME_SITE, true, false},
        {REPLY_BLAME_IP, false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        begin(&world);
        struct path *path = hold(&world, 0, "google", "mx.google.com");
        struct path *same_site = hold(&world, 1, "google", "mx.google.com");
        struct path *same_ip = hold(&world, 0, "mx.test", "mx.test");
        struct path *neither = hold(&world, 1, "mx.test", "mx.test");
        double before = same_ip->control.rate.rate;
        answer(&world, path, 421, ENHANCED_CODE(4, 7, 28), cases[i].blame);
        assert_true(is_suspended(path));
        assert_int_equal(is_suspended(same_site), cases[i].same_site_pauses);
        assert_int_equal(same_ip->control.rate.rate < before, cases[i].same_ip_slows);
        assert_false(is_suspended(same_ip) || is_suspended(neither));
        assert_true(neither->control.rate.rate == before);
        size_t suspended;
        (void)paths_count(world.paths, &suspended);
        assert_int_equal(suspended, cases[i].same_site_pauses ? 2 : 1);
        end(&world);
    }
}

static void other_profiles_bound_from_now_on(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct path *path = hold(&world, 0, "mx.test", "mx.test");
    struct provider_profiles_record record = {
        .name = (char[]){"mx.test"}, .per_minute_most = 60, .connections_most = 1};
    const struct config_list own = {.items = &record, .count = 1};
    paths_use_profiles(world.paths, &own);
    assert_true(path->control.rate.rate == 1);
    assert_int_equal(path_control_connections(&path->control, 0), 1);
    paths_use_profiles(world.paths, &none);
    assert_int_equal(path->control.profile->connections_most, 10);
    end(&world);
}

/* Small ones are left out when they come in numbers, and counted; pauses never are. */
static void small_decisions_are_thinned(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct path *path = hold(&world, 0, "slow.test", "slow.test");
    const struct path_decision small = {.kind = PATH_DECISION_SLOWER, .rule = "limit"};
    const struct path_decision large = {.kind = PATH_DECISION_SUSPENDED, .rule = "limit"};
    for (int i = 0; i < 10; i++) {
        paths_history_add(world.paths, path, &small, NULL, TEXT(""));
    }
    assert_int_equal(paths_history_waiting(world.paths), PATHS_HISTORY_SMALL_MAX);
    assert_int_equal(path->left_out, 10 - PATHS_HISTORY_SMALL_MAX);
    for (size_t i = 0; i < PATHS_HISTORY_MAX + 10; i++) {
        paths_history_add(world.paths, path, &large, NULL, TEXT(""));
    }
    assert_int_equal(path->left_out, 0); /* told with the next one */
    assert_int_equal(paths_history_waiting(world.paths), PATHS_HISTORY_MAX);
    struct path *other = hold(&world, 0, "other.test", "other.test");
    paths_history_add(world.paths, other, &small, NULL, TEXT(""));
    assert_int_equal(other->left_out, 1); /* no room for what is small */
    paths_release(world.paths, other);
    paths_release(world.paths, path);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_an_ip_and_a_site),
        cmocka_unit_test(blame_is_carried_on),
        cmocka_unit_test(other_profiles_bound_from_now_on),
        cmocka_unit_test(small_decisions_are_thinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
