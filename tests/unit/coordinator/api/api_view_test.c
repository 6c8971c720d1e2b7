#include "coordinator/api/api_view.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct api_gate full = {.gate = GATE_WORKER_CREDIT, .why = ""};

static uint64_t gate_count(const Hikyaku__V1__Campaign *view, int gate)
{
    for (size_t i = 0; i < view->n_gates; i++) {
        if ((int)view->gates[i]->gate == gate) {
            return view->gates[i]->count;
        }
    }
    return 0;
}

/* I7: nothing waits without a name. */
static void open_rows_without_a_gate_stand_under_their_campaigns(void **state)
{
    static const struct {
        uint8_t campaign_state;
        enum gate gate;
    } cases[] = {
        {HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_SCHEDULED, GATE_SCHEDULED_FOR},
        {HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING, GATE_WORKER_CREDIT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct store_campaign campaign = {
            .state = cases[i].campaign_state,
            .in_flight = 30,
            .gates = {[GATE_NONE] = 100, [GATE_RETRY_DUE] = 7},
        };
        const Hikyaku__V1__Campaign *view = api_view_campaign(&campaign, &full, arena);
        assert_int_equal(gate_count(view, cases[i].gate), 70);
        assert_int_equal(gate_count(view, GATE_RETRY_DUE), 7);
        assert_int_equal(gate_count(view, GATE_NONE), 0);
        assert_int_equal(view->in_flight, 30);
    }
}

static void a_pause_binds_whatever_else_holds(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct store_campaign campaign = {
        .state = HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_PAUSED,
        .word = STORE_PAUSE,
        .in_flight = 5,
        .gates = {[GATE_NONE] = 20, [GATE_RETRY_DUE] = 7, [GATE_PATH_CONNECTIONS] = 3},
    };
    const Hikyaku__V1__Campaign *view = api_view_campaign(&campaign, &full, arena);
    assert_int_equal(view->n_gates, 1);
    assert_int_equal(gate_count(view, GATE_PAUSED), 25);
}

static void a_stop_says_whose_it_is(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    const struct api_gate stop = {
        .gate = GATE_OPERATOR_STOP, .until_unix_ms = 7000, .why = "by suzuki: maintenance"};
    struct store_campaign campaign = {
        .state = HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING,
        .word = STORE_RUN,
        .in_flight = 5,
        .gates = {[GATE_NONE] = 20, [GATE_RETRY_DUE] = 7},
    };
    const Hikyaku__V1__Campaign *view = api_view_campaign(&campaign, &stop, arena);
    assert_int_equal(view->n_gates, 1);
    assert_int_equal(gate_count(view, GATE_OPERATOR_STOP), 22);
    assert_int_equal(view->gates[0]->until_unix_ms, 7000);
    assert_string_equal(view->gates[0]->why, "by suzuki: maintenance");
}

static void counts_and_labels_are_shown(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    const struct store_label labels[] = {{TEXT("team"), TEXT("crm")}};
    struct store_campaign campaign = {
        .id = {1, 2, 3},
        .name = TEXT("春"),
        .labels = labels,
        .label_count = 1,
        .rows = 12,
        .outcomes = {[OUTCOME_DELIVERED] = 9, [OUTCOME_BOUNCED] = 2},
        .sites = {{.key = TEXT("docomo"), .outcomes = {[OUTCOME_DELIVERED] = 4}}},
        .site_count = 1,
    };
    const Hikyaku__V1__Campaign *view = api_view_campaign(&campaign, &full, arena);
    unsigned char id[16];
    assert_int_equal(api_view_parse_id(view->campaign_id, id), 0);
    assert_memory_equal(id, campaign.id, sizeof id);
    assert_string_equal(view->labels[0]->key, "team");
    assert_string_equal(view->name, "春");
    assert_int_equal(view->n_outcomes, 2);
    assert_int_equal(view->outcomes[0]->count, 9);
    assert_string_equal(view->sites[0]->site, "docomo");
    assert_int_equal(view->sites[0]->outcomes[0]->count, 4);
    assert_true(protobuf_c_message_check(&view->base));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_rows_without_a_gate_stand_under_their_campaigns),
        cmocka_unit_test(a_pause_binds_whatever_else_holds),
        cmocka_unit_test(a_stop_says_whose_it_is),
        cmocka_unit_test(counts_and_labels_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
