#include "coordinator/events/event_decode.h"

#include "common/mail/enhanced_code.h"
#include "common/wire/wire_unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One entry with three changes of a campaign with a label. */
struct scene {
    struct store_event_entry entry;
    struct store_row_change changes[3];
    struct catalog_campaign campaign;
    Hikyaku__V1__StoredCampaign stored;
    Hikyaku__V1__CreateCampaignRequest settings;
    Hikyaku__V1__CreateCampaignRequest__LabelsEntry label;
    Hikyaku__V1__CreateCampaignRequest__LabelsEntry *labels[1];
    struct wire_store_ref refs[4];
    struct arena *arena;
    struct event_decode_input input;
};

static char team[] = "team";
static char crm[] = "crm";

static int setup(void **state)
{
    struct scene *scene = xalloc_zero(1, sizeof *scene);
    hikyaku__v1__stored_campaign__init(&scene->stored);
    hikyaku__v1__create_campaign_request__init(&scene->settings);
    hikyaku__v1__create_campaign_request__labels_entry__init(&scene->label);
    scene->label.key = team;
    scene->label.value = crm;
    scene->labels[0] = &scene->label;
    scene->settings.labels = scene->labels;
    scene->settings.n_labels = 1;
    scene->stored.settings = &scene->settings;
    scene->campaign = (struct catalog_campaign){
        .pool = TEXT("mkt"),
        .from_domain = TEXT("shop.test"),
        .lane = HIKYAKU__V1__LANE__LANE_BULK,
        .mode = HIKYAKU__V1__MODE__MODE_LIVE,
        .stored = &scene->stored,
    };
    scene->changes[0] = (struct store_row_change){
        1, {.state = OUTCOME_DELIVERED, .attempts = 1, .seq = 1, .smtp = 250}};
    scene->changes[1] = (struct store_row_change){2,
                                                  {.state = OUTCOME_DEFERRED,
                                                   .flags = ROW_POSSIBLE_DUPLICATE,
                                                   .attempts = 2,
                                                   .reply_class = 13,
                                                   .gate = GATE_RETRY_DUE,
                                                   .smtp = 450,
                                                   .enhanced = ENHANCED_CODE(4, 2, 1),
                                                   .seq = 3,
                                                   .due = 1800000000}};
    scene->changes[2] = (struct store_row_change){3, {.state = OUTCOME_PENDING, .seq = 9}};
    scene->entry = (struct store_event_entry){
        .kind = STORE_EVENT_ROWS,
        .name = {.number = 0x10002},
        .recorded_unix_ms = 1790000000123,
        .epoch = 18,
        .number = 4,
        .changes = scene->changes,
        .count = 3,
    };
    for (uint32_t i = 0; i < 4; i++) {
        scene->refs[i] = (struct wire_store_ref){
            .index = 4096 + i, .ref = TEXT("cust-1"), .address_hash = 77 + i};
    }
    scene->arena = arena_create(0);
    scene->input = (struct event_decode_input){
        .entry = &scene->entry,
        .campaign = &scene->campaign,
        .refs = scene->refs,
        .ref_count = 4,
        .arena = scene->arena,
    };
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    arena_destroy(&scene->arena);
    free(scene);
    return 0;
}

static void a_row_becomes_an_event(void **state)
{
    struct scene *scene = *state;
    const Hikyaku__V1__Event *event = event_decode(&scene->input, 1);
    assert_non_null(event);
    assert_int_equal(event->type, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_DEFERRED);
    assert_string_equal(event->event_id, "00000000000000000000000000-10002-12-4-2");
    assert_string_equal(event->ref, "cust-1");
    assert_int_equal(event->index, 4098);
    assert_int_equal(event->attempt, 2);
    assert_int_equal(event->seq, 3);
    assert_false(event->final);
    assert_int_equal(event->smtp_code, 450);
    assert_string_equal(event->enhanced_code, "4.2.1");
    assert_string_equal(event->reply_class, "greylisted");
    assert_true(event->possible_duplicate);
    assert_true(event->next_attempt_unix_ms == INT64_C(1800000000000));
    assert_string_equal(event->labels[0]->key, "team");
    assert_string_equal(event->pool, "mkt");
    assert_non_null(strstr(event->message_id, "@shop.test"));
    assert_true(protobuf_c_message_check(&event->base));
}

static void details_fill_what_a_row_cannot_hold(void **state)
{
    struct scene *scene = *state;
    char host[] = "mx.example.test";
    char version[] = "TLSv1.3";
    Hikyaku__V1__StoredEventDetail detail;
    hikyaku__v1__stored_event_detail__init(&detail);
    detail.position = 1;
    detail.occurred_unix_ms = 1789999999000;
    detail.mx_host = host;
    detail.tls_version = version;
    Hikyaku__V1__StoredEventDetail *list[] = {&detail};
    Hikyaku__V1__StoredEventDetails details;
    hikyaku__v1__stored_event_details__init(&details);
    details.details = list;
    details.n_details = 1;
    scene->input.details = &details;
    const Hikyaku__V1__Event *event = event_decode(&scene->input, 0);
    assert_string_equal(event->mx_host, "mx.example.test");
    assert_string_equal(event->tls->version, "TLSv1.3");
    assert_true(event->occurred_unix_ms == INT64_C(1789999999000));
    assert_true(event->recorded_unix_ms == INT64_C(1790000000123));
    assert_true(event->final);
}

static void rows_that_only_moved_make_no_event(void **state)
{
    struct scene *scene = *state;
    assert_null(event_decode(&scene->input, 2));
}

static void events_outlive_campaign_and_refs(void **state)
{
    struct scene *scene = *state;
    scene->input.campaign = NULL;
    scene->input.refs = NULL;
    scene->input.ref_count = 0;
    const Hikyaku__V1__Event *event = event_decode(&scene->input, 0);
    assert_non_null(event);
    assert_string_equal(event->ref, "");
    assert_int_equal(event->smtp_code, 250);
}

static void filters_choose(void **state)
{
    struct scene *scene = *state;
    char other[] = "other";
    Hikyaku__V1__EventType types[] = {HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_DELIVERED};
    Hikyaku__V1__EventFilter filter;
    hikyaku__v1__event_filter__init(&filter);
    scene->input.filter = &filter;
    assert_non_null(event_decode(&scene->input, 0));
    filter.types = types;
    filter.n_types = 1;
    assert_non_null(event_decode(&scene->input, 0));
    assert_null(event_decode(&scene->input, 1));
    filter.label_name = team;
    filter.label_value = crm;
    assert_non_null(event_decode(&scene->input, 0));
    filter.label_value = other;
    assert_null(event_decode(&scene->input, 0));
    filter.label_value = crm;
    filter.lane = HIKYAKU__V1__LANE__LANE_TRANSACTIONAL;
    assert_null(event_decode(&scene->input, 0));
    types[0] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_BOUNCED;
    assert_false(event_decode_may_pass(&scene->entry, &filter));
    types[0] = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_DEFERRED;
    assert_true(event_decode_may_pass(&scene->entry, &filter));
}

static void a_state_is_an_event_too(void **state)
{
    struct scene *scene = *state;
    scene->entry.kind = STORE_EVENT_STATE;
    scene->entry.count = 0;
    scene->entry.state = HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_PAUSED;
    scene->entry.reason = TEXT("too many complaints");
    assert_int_equal(event_decode_count(&scene->entry), 1);
    const Hikyaku__V1__Event *event = event_decode(&scene->input, 0);
    assert_int_equal(event->type, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_STATE);
    assert_int_equal(event->state, HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_PAUSED);
    assert_string_equal(event->reason, "too many complaints");
}

/* Of no campaign: whoever asks for one does not get it. */
static void what_a_path_decided_is_an_event(void **state)
{
    struct scene *scene = *state;
    static char words[][16] = {"abc", "docomo", "203.0.113.7", "suspended", "docomo-conn", "s"};
    Hikyaku__V1__StoredPathDecision stored = HIKYAKU__V1__STORED_PATH_DECISION__INIT;
    Hikyaku__V1__EventFilter filter = HIKYAKU__V1__EVENT_FILTER__INIT;
    Hikyaku__V1__EventType types[1] = {HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_THROTTLE};
    static char id[] = "00000000000000000000000005";
    char *ids[1] = {id};
    OWNED(buffer_finish) struct buffer packed = {0};
    stored.session = words[0];
    stored.number = 26;
    stored.site = words[1];
    stored.sending_ip = words[2];
    stored.decision = words[3];
    stored.rule_id = words[4];
    stored.unit = words[5];
    stored.after = 600;
    stored.until_unix_ms = 1800000600000;
    stored.times = 3;
    stored.smtp_code = 421;
    wire_unpack_append(&stored.base, &packed);
    scene->entry.kind = STORE_EVENT_DECISION;
    scene->entry.count = 0;
    scene->entry.decision = buffer_text(&packed);
    scene->input.campaign = NULL;
    assert_int_equal(event_decode_count(&scene->entry), 1);
    filter.types = types;
    filter.n_types = 1;
    scene->input.filter = &filter;
    assert_true(event_decode_may_pass(&scene->entry, &filter));
    const Hikyaku__V1__Event *event = event_decode(&scene->input, 0);
    assert_non_null(event);
    assert_int_equal(event->type, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_THROTTLE);
    assert_string_equal(event->event_id, "throttle-abc-1a");
    assert_string_equal(event->campaign_id, "");
    assert_string_equal(event->site, "docomo");
    assert_string_equal(event->rule_id, "docomo-conn");
    assert_int_equal(event->smtp_code, 421);
    assert_string_equal(event->throttle->decision, "suspended");
    assert_int_equal(event->throttle->times, 3);
    filter.campaign_ids = ids;
    filter.n_campaign_ids = 1;
    assert_false(event_decode_may_pass(&scene->entry, &filter));
    filter.n_campaign_ids = 0;
    filter.lane = HIKYAKU__V1__LANE__LANE_BULK;
    assert_null(event_decode(&scene->input, 0));
    scene->input.filter = NULL;
    scene->entry.decision = TEXT("\xff");
    assert_null(event_decode(&scene->input, 0)); /* damaged: it tells nothing */
}

/* Nobody who reads THROTTLE sees it; who asks for SHADOW alone does. */
static void what_a_shadow_decided_is_no_decision(void **state)
{
    struct scene *scene = *state;
    static char words[][16] = {"abc", "suspended"};
    static const struct {
        bool is_shadow;
        Hikyaku__V1__EventType asked;
        bool is_told;
    } cases[] = {
        {true, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_SHADOW, true},
        {true, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_THROTTLE, false},
        {false, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_SHADOW, false},
        {false, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_THROTTLE, true},
        {true, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_DELIVERED, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Hikyaku__V1__StoredPathDecision stored = HIKYAKU__V1__STORED_PATH_DECISION__INIT;
        Hikyaku__V1__EventFilter filter = HIKYAKU__V1__EVENT_FILTER__INIT;
        Hikyaku__V1__EventType types[1] = {cases[i].asked};
        OWNED(buffer_finish) struct buffer packed = {0};
        stored.session = words[0];
        stored.decision = words[1];
        stored.shadow = cases[i].is_shadow;
        wire_unpack_append(&stored.base, &packed);
        scene->entry.kind = STORE_EVENT_DECISION;
        scene->entry.count = 0;
        scene->entry.decision = buffer_text(&packed);
        scene->input.campaign = NULL;
        filter.types = types;
        filter.n_types = 1;
        scene->input.filter = &filter;
        const Hikyaku__V1__Event *event =
            event_decode_may_pass(&scene->entry, &filter) ? event_decode(&scene->input, 0) : NULL;
        assert_int_equal(event != NULL, cases[i].is_told);
        if (event != NULL) {
            assert_int_equal(event->shadow != NULL, cases[i].is_shadow);
            assert_int_equal(event->throttle != NULL, !cases[i].is_shadow);
        }
    }
    scene->input.filter = NULL;
}

static void a_decision_says_whose(void **state)
{
    struct scene *scene = *state;
    scene->entry.is_decision = true;
    scene->entry.reason = TEXT("told by phone");
    scene->changes[1].row.state = OUTCOME_BOUNCED;
    const Hikyaku__V1__Event *event = event_decode(&scene->input, 1);
    assert_int_equal(event->type, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_RESOLVED);
    assert_int_equal(event->outcome, HIKYAKU__V1__OUTCOME__OUTCOME_BOUNCED);
    assert_string_equal(event->reason, "told by phone");
    assert_true(event->final);
}

/* A link may be older than its campaign: then there is an index and no ref. */
static void who_unsubscribed_is_told(void **state)
{
    struct scene *scene = *state;
    scene->entry.kind = STORE_EVENT_UNSUBSCRIBED;
    scene->entry.count = 0;
    scene->entry.index = 4098;
    scene->entry.position = 2;
    scene->entry.reason = TEXT("one-click");
    const Hikyaku__V1__Event *event = event_decode(&scene->input, 0);
    assert_int_equal(event->type, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_UNSUBSCRIBED);
    assert_int_equal(event->index, 4098);
    assert_string_equal(event->ref, "cust-1");
    assert_string_equal(event->reason, "one-click");
    assert_int_equal(event->n_labels, 1);
    scene->entry.position = 3; /* somebody else's place */
    assert_string_equal(event_decode(&scene->input, 0)->ref, "");
    scene->input.campaign = NULL;
    scene->input.ref_count = 0;
    event = event_decode(&scene->input, 0);
    assert_int_equal(event->index, 4098);
    assert_string_equal(event->ref, "");
}

static void evidence_and_doubles_are_told(void **state)
{
    struct scene *scene = *state;
    scene->changes[1].row.state = OUTCOME_DELIVERED;
    scene->changes[1].row.flags = ROW_LATE | ROW_DOUBLED;
    const Hikyaku__V1__Event *event = event_decode(&scene->input, 1);
    assert_int_equal(event->type, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_DELIVERED);
    assert_int_equal(event->outcome, 0);
    assert_true(event->late);
    assert_true(event->doubled);
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(a_row_becomes_an_event),
        SCENE_TEST(details_fill_what_a_row_cannot_hold),
        SCENE_TEST(rows_that_only_moved_make_no_event),
        SCENE_TEST(events_outlive_campaign_and_refs),
        SCENE_TEST(filters_choose),
        SCENE_TEST(a_state_is_an_event_too),
        SCENE_TEST(what_a_path_decided_is_an_event),
        SCENE_TEST(what_a_shadow_decided_is_no_decision),
        SCENE_TEST(a_decision_says_whose),
        SCENE_TEST(evidence_and_doubles_are_told),
        SCENE_TEST(who_unsubscribed_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
