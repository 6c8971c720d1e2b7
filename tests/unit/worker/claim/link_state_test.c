#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "worker/claim/link_state.h"

#define WELCOME HIKYAKU__V1__FLEET_MESSAGE__BODY_WELCOME
#define REFUSED HIKYAKU__V1__FLEET_MESSAGE__BODY_REFUSED
#define OFFER HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER

/* One connection's life: what each event makes of it. */
static void a_connection_lives(void **state)
{
    static const struct {
        enum { UP, DOWN, MESSAGE } event;
        Hikyaku__V1__FleetMessage__BodyCase body;
        enum link_change change;
        bool wants_hello;
    } steps[] = {
        {UP, 0, LINK_SAME, true},
        {MESSAGE, OFFER, LINK_SAME, true},
        {MESSAGE, REFUSED, LINK_REFUSED, true},
        {MESSAGE, REFUSED, LINK_SAME, true}, /* said once, tried on */
        {MESSAGE, WELCOME, LINK_WELCOMED, false},
        {MESSAGE, OFFER, LINK_SAME, false},
        {MESSAGE, REFUSED, LINK_FORGOTTEN, true}, /* the coordinator lost sight of us */
        {MESSAGE, REFUSED, LINK_SAME, true},
        {MESSAGE, WELCOME, LINK_WELCOMED, false},
        {DOWN, 0, LINK_SAME, false},
        {UP, 0, LINK_SAME, true}, /* a welcome does not outlive its connection */
        {MESSAGE, WELCOME, LINK_WELCOMED, false},
    };
    struct link_state link = {false};
    (void)state;
    assert_false(link_state_wants_hello(&link));
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        enum link_change change = LINK_SAME;
        if (steps[i].event == MESSAGE) {
            change = link_state_on_message(&link, steps[i].body);
        } else {
            link_state_on_connection(&link, steps[i].event == UP);
        }
        if (change != steps[i].change || link_state_wants_hello(&link) != steps[i].wants_hello) {
            fail_msg("step %zu: change %d, hello %d", i, (int)change,
                     link_state_wants_hello(&link));
        }
    }
}

static void an_address_is_kept_for_three_answers_without_it(void **state)
{
    struct link_state link = {false};
    (void)state;
    for (int i = 0; i < 3; i++) {
        link_state_on_answer(&link);
        assert_false(link_state_is_gone(&link));
    }
    link_state_on_seen(&link);
    for (int i = 0; i < 4; i++) {
        assert_false(link_state_is_gone(&link));
        link_state_on_answer(&link);
    }
    assert_true(link_state_is_gone(&link));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_lives),
        cmocka_unit_test(an_address_is_kept_for_three_answers_without_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
