/* Approval on a real Redis: its rules one by one, then a long random walk held against a model. */
#include "store_world.h"

#include "common/store/store_approval.h"
#include "common/store/store_retention.h"
#include "hikyaku/v1/api.pb-c.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define STATE(name) HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_##name
#define DIGEST_A "0123456789abcdef0123456789abcdeA"
#define DIGEST_B "0123456789abcdef0123456789abcdeB"
#define SHORT_MS 1
#define LONG_MS 3600000

struct steps {
    struct world *world;
    size_t count;
    char last[64]; /* the record of the last one */
    uint32_t last_number;
    uint32_t opened; /* by "a" */
};

static void on_step(void *context, int error, bool is_replayed,
                    const struct store_campaign *campaign)
{
    struct world *world = context;
    world->is_replayed = is_replayed;
    world->campaign.state = campaign == NULL ? 0 : campaign->state;
    world->campaign.approval = (typeof(world->campaign.approval)){0};
    if (campaign != NULL) {
        world->campaign.approval.needed = campaign->approval.needed;
        world->campaign.approval.given = campaign->approval.given;
        world->campaign.approval.returned_unix_ms = campaign->approval.returned_unix_ms;
    }
    world_answered(world, error);
}

static int step(struct world *world, enum store_approval_what what, const char *who,
                const char *digest, uint32_t number)
{
    struct store_approval approval = {.tenant = TEXT("default"),
                                      .what = what,
                                      .principal = text_of(who),
                                      .digest = text_of(digest),
                                      .number = number,
                                      .record = text_of(who),
                                      .reason = TEXT("why")};
    memcpy(approval.campaign, world->campaign.id, sizeof approval.campaign);
    world->is_answered = false;
    store_approval_step(world->store, &approval, on_step, world);
    world_wait(world);
    return world->error;
}

static int approve(struct world *world, const char *who, const char *digest)
{
    return step(world, STORE_APPROVAL_APPROVE, who, digest, 0);
}

static void on_submitted(void *context, int error, const struct store_campaign *campaign)
{
    on_step(context, error, false, campaign);
}

static int submit(struct world *world, const char *who, const char *digest, uint8_t needed,
                  uint64_t patience_ms)
{
    struct store_submit request = {.chunks = 1,
                                   .digest = text_of(digest),
                                   .approvals = needed,
                                   .patience_ms = patience_ms,
                                   .submitter = text_of(who),
                                   .approval_step = text_of(who)};
    memcpy(request.campaign, world->campaign.id, sizeof request.campaign);
    store_campaign_submit(world->store, &request, on_submitted, world);
    world_wait(world);
    return world->error;
}

static int control(struct world *world, enum store_control what)
{
    store_campaign_control(world->store, world->campaign.id, what, TEXT("why"), on_submitted,
                           world);
    world_wait(world);
    return world->error;
}

static void wait_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&pause, NULL);
}

static void begin(struct world *world, unsigned char nth)
{
    unsigned char id[16] = {nth, 1, 2, 3, [15] = 5};
    world_create(world, nth, false);
    memcpy(world->campaign.id, id, sizeof id);
    world_add_chunk(world, 0, 10);
    assert_int_equal(world->error, 0);
}

static void on_list(void *context, int error, const struct store_approval_list *list)
{
    struct steps *steps = context;
    if (error == 0) {
        steps->count = list->step_count;
        steps->opened = 0;
        for (size_t i = 0; i < list->opened_count; i++) {
            bool is_a = text_equal(list->opened[i].principal, TEXT("a"));
            steps->opened = is_a ? list->opened[i].samples : steps->opened;
        }
        if (list->step_count > 0) {
            struct text record = list->steps[list->step_count - 1].record;
            assert_true(list->steps[list->step_count - 1].at_unix_ms > 0);
            memcpy(steps->last, record.data, record.size);
            steps->last[record.size] = '\0';
            steps->last_number = list->steps[list->step_count - 1].number;
        }
    }
    world_answered(steps->world, error);
}

static struct steps read_steps(struct world *world)
{
    struct steps steps = {.world = world};
    store_approval_read(world->store, world->campaign.id, on_list, &steps);
    world_wait(world);
    assert_int_equal(world->error, 0);
    return steps;
}

static void test_two_people_approve(void **state)
{
    struct world *world = *state;
    begin(world, 1);
    assert_int_equal(approve(world, "a", DIGEST_A), -EBUSY); /* a draft */
    assert_int_equal(submit(world, "sub", DIGEST_A, 2, LONG_MS), 0);
    assert_int_equal(world->campaign.state, STATE(AWAITING_APPROVAL));
    assert_int_equal(approve(world, "author", DIGEST_A), -EPERM);
    assert_int_equal(approve(world, "sub", DIGEST_A), -EPERM);
    assert_int_equal(approve(world, "a", DIGEST_B), -ESTALE);
    assert_int_equal(approve(world, "a", DIGEST_A), 0);
    assert_int_equal(world->campaign.state, STATE(AWAITING_APPROVAL));
    assert_int_equal(world->campaign.approval.given, 1);
    assert_int_equal(approve(world, "a", DIGEST_A), 0); /* the same person counts once */
    assert_true(world->is_replayed);
    assert_int_equal(world->campaign.approval.given, 1);
    world_claim(world, 0);
    assert_int_equal(world->claim.status, STORE_CLAIM_NOT_RUNNING);
    assert_int_equal(control(world, STORE_CONTROL_PAUSE), -EBUSY);
    assert_int_equal(approve(world, "b", DIGEST_A), 0);
    assert_int_equal(world->campaign.state, STATE(RUNNING));
    assert_int_equal(approve(world, "b", DIGEST_A), 0);
    assert_true(world->is_replayed);
    assert_int_equal(approve(world, "c", DIGEST_A), -EBUSY);
    assert_int_equal(step(world, STORE_APPROVAL_REJECT, "c", "", 0), -EBUSY);
    world_claim(world, 0);
    assert_int_equal(world->error, 0);
    struct steps steps = read_steps(world);
    assert_int_equal(steps.count, 3);
    assert_string_equal(steps.last, "b");
}

static void test_a_rejected_one_begins_anew(void **state)
{
    struct world *world = *state;
    begin(world, 2);
    assert_int_equal(submit(world, "author", DIGEST_A, 1, LONG_MS), 0);
    world_add_chunk(world, 1, 10);
    assert_int_equal(world->error, -EBUSY);
    assert_int_equal(step(world, STORE_APPROVAL_OPEN, "a", DIGEST_A, 3), 0);
    assert_int_equal(step(world, STORE_APPROVAL_OPEN, "a", DIGEST_A, 3), 0);
    assert_int_equal(step(world, STORE_APPROVAL_OPEN, "a", DIGEST_B, 4), -ESTALE);
    assert_int_equal(read_steps(world).opened, 1 << 3);
    assert_int_equal(step(world, STORE_APPROVAL_APPROVE, "a", DIGEST_A, 2), -EDOM);
    assert_int_equal(step(world, STORE_APPROVAL_REJECT, "a", DIGEST_B, 0), -ESTALE);
    assert_int_equal(step(world, STORE_APPROVAL_REJECT, "a", DIGEST_A, 0), 0);
    assert_int_equal(world->campaign.state, STATE(DRAFT));
    assert_true(world->campaign.approval.returned_unix_ms > 0);
    assert_int_equal(step(world, STORE_APPROVAL_REJECT, "a", DIGEST_A, 0), 0);
    assert_true(world->is_replayed);
    assert_int_equal(step(world, STORE_APPROVAL_REJECT, "b", "", 0), -EBUSY);
    assert_int_equal(approve(world, "a", DIGEST_A), -EBUSY);
    /* More recipients may come, duplicates of the first ones are known still. */
    world_add_chunk(world, 0, 10);
    assert_int_equal(world->error, 0);
    assert_int_equal(submit(world, "author", DIGEST_B, 1, 0), 0);
    assert_int_equal(read_steps(world).opened, 0);
    assert_int_equal(approve(world, "a", DIGEST_A), -ESTALE);
    assert_int_equal(approve(world, "a", DIGEST_B), 0);
    assert_int_equal(world->campaign.state, STATE(RUNNING));
    assert_int_equal(read_steps(world).count, 4);
}

static void test_time_passes(void **state)
{
    struct world *world = *state;
    begin(world, 3);
    assert_int_equal(submit(world, "author", DIGEST_A, 1, LONG_MS), 0);
    assert_int_equal(step(world, STORE_APPROVAL_LAPSE, "", "", 0), -EBUSY);
    assert_int_equal(step(world, STORE_APPROVAL_REJECT, "a", "", 0), 0);
    assert_int_equal(submit(world, "author", DIGEST_A, 1, SHORT_MS), 0);
    wait_ms(5);
    assert_int_equal(approve(world, "a", DIGEST_A), -ETIME);
    assert_int_equal(step(world, STORE_APPROVAL_LAPSE, "", "", 0), 0);
    assert_int_equal(world->campaign.state, STATE(DRAFT));
    assert_int_equal(step(world, STORE_APPROVAL_LAPSE, "", "", 0), -EBUSY);
}

static void test_cancelling_comes_first(void **state)
{
    struct world *world = *state;
    begin(world, 4);
    assert_int_equal(submit(world, "author", DIGEST_A, 1, LONG_MS), 0);
    assert_int_equal(control(world, STORE_CONTROL_CANCEL), 0);
    assert_int_equal(world->campaign.state, STATE(CANCELLING));
    assert_int_equal(approve(world, "a", DIGEST_A), -EBUSY);
    assert_int_equal(step(world, STORE_APPROVAL_REJECT, "a", "", 0), -EBUSY);
}

/* ---------------------------------------------------------------- against a model */

#define PEOPLE 5
static const char *const people[PEOPLE] = {"author", "sub", "a", "b", "c"};
static const char *const digests[2] = {DIGEST_A, DIGEST_B};

struct model {
    int state;
    const char *digest;
    size_t submitter;
    unsigned int needed;
    unsigned int given;
    bool is_late;
    bool has_approved[PEOPLE];
    uint32_t opened[PEOPLE];
    int rejected_by; /* the last step; -1: it was none */
};

static int model_submit(struct model *model, size_t who, const char *digest, unsigned int needed,
                        bool is_late)
{
    if (model->state != STATE(DRAFT)) {
        return model->digest == digest ? 0 : -EBUSY;
    }
    *model = (struct model){.state = needed > 0 ? STATE(AWAITING_APPROVAL) : STATE(RUNNING),
                            .digest = digest,
                            .submitter = who,
                            .needed = needed,
                            .is_late = is_late && needed > 0,
                            .rejected_by = -1};
    return 0;
}

static int model_approve(struct model *model, size_t who, const char *digest, unsigned int samples)
{
    if (model->digest == digest && model->has_approved[who]) {
        return 0;
    }
    if (model->state != STATE(AWAITING_APPROVAL)) {
        return -EBUSY;
    }
    if (model->digest != digest) {
        return -ESTALE;
    }
    if (model->is_late) {
        return -ETIME;
    }
    if (who == 0 || who == model->submitter) {
        return -EPERM;
    }
    if ((unsigned int)__builtin_popcount(model->opened[who]) < samples) {
        return -EDOM;
    }
    model->has_approved[who] = true;
    model->rejected_by = -1;
    model->state = ++model->given >= model->needed ? STATE(RUNNING) : model->state;
    return 0;
}

static void model_return(struct model *model, int by)
{
    *model = (struct model){.state = STATE(DRAFT), .rejected_by = by};
}

static int model_reject(struct model *model, size_t who, const char *digest)
{
    if (model->state == STATE(DRAFT) && model->rejected_by == (int)who) {
        return 0;
    }
    if (model->state != STATE(AWAITING_APPROVAL)) {
        return -EBUSY;
    }
    if (digest != NULL && digest != model->digest) {
        return -ESTALE;
    }
    model_return(model, (int)who);
    return 0;
}

static int model_lapse(struct model *model)
{
    if (model->state != STATE(AWAITING_APPROVAL) || !model->is_late) {
        return -EBUSY;
    }
    model_return(model, -1);
    return 0;
}

static int model_open(struct model *model, size_t who, const char *digest, unsigned int sample)
{
    if (model->state != STATE(AWAITING_APPROVAL)) {
        return -EBUSY;
    }
    if (model->digest != digest) {
        return -ESTALE;
    }
    model->opened[who] |= 1U << sample;
    return 0;
}

static int model_cancel(struct model *model)
{
    model->state = STATE(CANCELLING); /* from every state that the walk visits */
    return 0;
}

static uint32_t seed = 20261125;

static uint32_t draw(uint32_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % limit;
}

/* One step of both. @return whether they say the same */
static bool walk(struct world *world, struct model *model)
{
    size_t who = draw(PEOPLE);
    const char *digest = digests[draw(4) == 0];
    unsigned int number = draw(2);
    uint32_t what = draw(20);
    if (what < 6) {
        bool is_late = draw(4) == 0;
        unsigned int needed = draw(8) == 0 ? 0 : 1 + draw(2);
        int told =
            submit(world, people[who], digest, (uint8_t)needed, is_late ? SHORT_MS : LONG_MS);
        wait_ms(is_late ? 3 : 0);
        return told == model_submit(model, who, digest, needed, is_late);
    }
    if (what < 13) {
        return step(world, STORE_APPROVAL_APPROVE, people[who], digest, number) ==
               model_approve(model, who, digest, number);
    }
    if (what < 15) {
        bool names = draw(2) == 0;
        return step(world, STORE_APPROVAL_REJECT, people[who], names ? digest : "", 0) ==
               model_reject(model, who, names ? digest : NULL);
    }
    if (what < 16) {
        return step(world, STORE_APPROVAL_LAPSE, "", "", 0) == model_lapse(model);
    }
    if (what < 19) {
        return step(world, STORE_APPROVAL_OPEN, people[who], digest, number) ==
               model_open(model, who, digest, number);
    }
    return control(world, STORE_CONTROL_CANCEL) == model_cancel(model);
}

static void test_a_long_walk_is_as_the_model_says(void **state)
{
    struct world *world = *state;
    unsigned int ran = 0;
    for (unsigned char nth = 10; nth < 60; nth++) {
        struct model model = {.state = STATE(DRAFT), .rejected_by = -1};
        begin(world, nth);
        for (int i = 0; i < 25; i++) {
            bool is_same = walk(world, &model);
            is_same = is_same && world->campaign.state == model.state &&
                      world->campaign.approval.given == model.given;
            if (!is_same) {
                fail_msg("campaign %d, step %d: error %d, state %d, given %d; the model: %d, %u",
                         nth, i, world->error, world->campaign.state,
                         world->campaign.approval.given, model.state, model.given);
            }
        }
        ran += model.state == STATE(RUNNING);
    }
    assert_true(ran >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_people_approve, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_a_rejected_one_begins_anew, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_time_passes, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_cancelling_comes_first, world_open, world_close),
        cmocka_unit_test_setup_teardown(test_a_long_walk_is_as_the_model_says, world_open,
                                        world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
