/* What rules and profiles would have made of replies that came. */
#include "common/policy/path_replay.h"

#include "common/mail/enhanced_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define BEGIN_MS 1764000000000

struct world {
    struct arena *arena;
    struct classify *classify;
    struct path_replay *replay;
};

static struct world begin(const char *profiles_yaml)
{
    struct world world = {.arena = arena_create(0), .classify = classify_create_builtin()};
    struct config_list profiles = {.count = 0};
    struct config_errors errors = {.file = "profiles"};
    if (profiles_yaml != NULL) {
        assert_int_equal(
            provider_profiles_parse(text_of(profiles_yaml), world.arena, &errors, &profiles), 0);
    }
    world.replay = path_replay_create(world.classify, &profiles);
    return world;
}

static void end(struct world *world)
{
    path_replay_destroy(&world->replay);
    classify_destroy(&world->classify);
    arena_destroy(&world->arena);
}

static struct path_replay_reply reply_at(uint64_t ms, uint16_t smtp, const char *text)
{
    return (struct path_replay_reply){.at_unix_ms = BEGIN_MS + (int64_t)ms,
                                      .site = TEXT("partner"),
                                      .mx_host = TEXT("mx.partner.example"),
                                      .sending_ip = TEXT("192.0.2.1"),
                                      .stage = REPLY_STAGE_RCPT,
                                      .smtp = smtp,
                                      .text = text_of(text)};
}

static void changed_judgements_are_counted(void **state)
{
    (void)state;
    struct world world = begin(NULL);
    for (int i = 0; i < 3; i++) {
        struct path_replay_reply reply = reply_at((uint64_t)i * 1000, 550, "5.1.1 User unknown");
        reply.old_class = REPLY_CLASS_OTHER;
        path_replay_add(world.replay, &reply);
    }
    struct path_replay_reply taken = reply_at(4000, 250, "Ok");
    path_replay_add(world.replay, &taken);
    size_t count;
    const struct path_replay_change *changes = path_replay_changes(world.replay, &count);
    assert_int_equal(count, 1);
    assert_int_equal(changes[0].new_class, REPLY_CLASS_BAD_MAILBOX);
    assert_int_equal(changes[0].count, 3);
    assert_int_equal(path_replay_changed(world.replay), 3);
    assert_int_equal(path_replay_count(world.replay), 4);
    end(&world);
}

/* The recorded replies of the next ten minutes would not have been there. */
static void a_profile_with_a_pause_shows_what_it_would_have_held(void **state)
{
    (void)state;
    struct world world = begin("profiles:\n"
                               "  - name: default\n"
                               "    reactions:\n"
                               "      - {code: 450, do: suspend, pause: 10m, pause_most: 10m}\n");
    for (uint64_t s = 0; s < 1200; s += 10) {
        struct path_replay_reply reply =
            reply_at(1000 * s, s == 100 ? 450 : 250, s == 100 ? "try again slower" : "Ok");
        path_replay_add(world.replay, &reply);
    }
    size_t count;
    const struct path_replay_path *const *paths = path_replay_paths(world.replay, &count);
    assert_int_equal(count, 1);
    assert_string_equal(paths[0]->site, "partner");
    assert_int_equal(paths[0]->replies, 120);
    assert_int_equal(paths[0]->refused, 1);
    assert_int_equal(paths[0]->pauses, 1);
    assert_int_equal(paths[0]->paused_s, 600);
    assert_in_range(paths[0]->in_pauses, 58, 60);
    end(&world);
}

static void paths_are_apart(void **state)
{
    (void)state;
    struct world world = begin(NULL);
    for (int i = 0; i < 4; i++) {
        struct path_replay_reply reply = reply_at((uint64_t)i, 250, "Ok");
        reply.sending_ip = i % 2 == 0 ? TEXT("192.0.2.1") : TEXT("192.0.2.2");
        reply.site = i < 2 ? TEXT("a") : TEXT("b");
        path_replay_add(world.replay, &reply);
    }
    size_t count;
    (void)path_replay_paths(world.replay, &count);
    assert_int_equal(count, 4);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_judgements_are_counted),
        cmocka_unit_test(a_profile_with_a_pause_shows_what_it_would_have_held),
        cmocka_unit_test(paths_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
