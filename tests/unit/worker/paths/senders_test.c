#include "worker/paths/senders.h"

#include "common/mail/rows.h"
#include "common/policy/identity_pause.h"
#include "common/policy/reply_class.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW_MS 1000000

static struct sender at(const char *site, const char *tenant, const char *domain)
{
    return (struct sender){text_of(site), text_of(tenant), text_of(domain)};
}

static struct senders_pause answer(struct senders *senders, struct sender sender, uint16_t smtp,
                                   uint8_t blame)
{
    const struct path_reply reply = {.blame = blame, .smtp = smtp, .rule = "rule"};
    struct senders_pause pause;
    senders_answered(senders, &sender, &reply, NOW_MS, &pause);
    return pause;
}

static uint8_t gate(const struct senders *senders, struct sender sender)
{
    return senders_look(senders, &sender, NOW_MS).gate;
}

/* Blame decides what slows: nobody else, and nowhere else. */
static void only_who_was_blamed_waits(void **state)
{
    (void)state;
    static const struct {
        uint8_t blame;
        uint8_t gate;
        const char *name;
        bool same_domain_waits;
        bool same_tenant_waits;
    } cases[] = {
        {REPLY_BLAME_DOMAIN, GATE_SITE_SUSPENDED, "google domain a.test", true, false},
        {REPLY_BLAME_TENANT, GATE_TENANT_LIMIT, "google tenant t1", false, true},
        {REPLY_BLAME_IP, GATE_NONE, NULL, false, false},
        {REPLY_BLAME_RECIPIENT, GATE_NONE, NULL, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct senders *senders = senders_create();
        struct senders_pause pause = {.pause_ms = 0};
        for (int n = 0; n < IDENTITY_PAUSE_BLAMES; n++) {
            assert_int_equal(pause.pause_ms, 0);
            pause = answer(senders, at("google", "t1", "a.test"), 550, cases[i].blame);
        }
        assert_int_equal(pause.pause_ms > 0, cases[i].name != NULL);
        if (cases[i].name != NULL) {
            assert_string_equal(pause.name, cases[i].name);
            assert_true(senders_is_name(pause.name));
        }
        assert_int_equal(gate(senders, at("google", "t1", "a.test")), cases[i].gate);
        assert_int_equal(gate(senders, at("google", "t2", "a.test")) != GATE_NONE,
                         cases[i].same_domain_waits);
        assert_int_equal(gate(senders, at("google", "t1", "b.test")) != GATE_NONE,
                         cases[i].same_tenant_waits);
        assert_int_equal(gate(senders, at("yahoo", "t1", "a.test")), GATE_NONE);
        senders_destroy(&senders);
    }
}

static void what_is_taken_speaks_for_it(void **state)
{
    (void)state;
    struct senders *senders = senders_create();
    const struct sender sender = at("google", "t1", "a.test");
    for (int n = 0; n < 100; n++) {
        assert_int_equal(answer(senders, sender, 550, REPLY_BLAME_DOMAIN).pause_ms, 0);
        assert_int_equal(answer(senders, sender, 250, REPLY_BLAME_DOMAIN).pause_ms, 0);
    }
    assert_int_equal(gate(senders, sender), GATE_NONE);
    senders_destroy(&senders);
}

static void what_another_worker_told_holds_here(void **state)
{
    (void)state;
    struct senders *senders = senders_create();
    const struct sender sender = at("google", "t1", "a.test");
    senders_hear(senders, "google domain a.test", 5000, NOW_MS);
    assert_int_equal(senders_look(senders, &sender, NOW_MS).wait_ms, 5000);
    assert_true(senders_look(senders, &sender, NOW_MS + 5000).is_allowed);
    senders_start(senders, &sender, NOW_MS + 5000);
    assert_int_equal(senders_look(senders, &sender, NOW_MS + 5000).wait_ms, IDENTITY_PAUSE_STEP_MS);
    senders_tick(senders, NOW_MS + 5000);
    assert_false(senders_look(senders, &sender, NOW_MS + 5000).is_allowed);
    senders_tick(senders, NOW_MS + 86400000);
    assert_true(senders_look(senders, &sender, NOW_MS + 5000).is_allowed); /* forgotten */
    senders_destroy(&senders);
}

static void names_are_bounded(void **state)
{
    (void)state;
    struct senders *senders = senders_create();
    static char large[SENDERS_NAME_BYTES + 1];
    memset(large, 'x', sizeof large - 1);
    for (int n = 0; n < 2 * IDENTITY_PAUSE_BLAMES; n++) {
        assert_int_equal(
            answer(senders, at("google", "t1", large), 550, REPLY_BLAME_DOMAIN).pause_ms, 0);
        assert_int_equal(answer(senders, at("google", "t1", ""), 550, REPLY_BLAME_DOMAIN).pause_ms,
                         0);
    }
    senders_hear(senders, large, 5000, NOW_MS);
    for (int n = 0; n < 2 * SENDERS_MAX; n++) {
        char name[64];
        (void)snprintf(name, sizeof name, "google domain d%d.test", n);
        senders_hear(senders, name, 5000, NOW_MS);
    }
    assert_int_equal(gate(senders, at("google", "t1", "d0.test")), GATE_SITE_SUSPENDED);
    assert_int_equal(gate(senders, at("google", "t1", "d1500.test")), GATE_NONE);
    senders_destroy(&senders);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_who_was_blamed_waits),
        cmocka_unit_test(what_is_taken_speaks_for_it),
        cmocka_unit_test(what_another_worker_told_holds_here),
        cmocka_unit_test(names_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
