/* The catalog with a store that answers when the test says so; everything else is real. */
#include "coordinator/catalog/catalog.h"

#include "common/net/loop.h"
#include "common/store/store_trial.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CREATED_UNIX_MS INT64_C(1795564800000) /* 2026-11-24 */

/* ---------------------------------------------------------------- the store of the test */

static struct {
    struct buffer content;
    struct buffer wrapped_key;
    uint8_t token_key_id;
    int error;
    store_campaign_fn *on_header;
    void *header_context;
    store_campaign_content_fn *on_content;
    void *content_context;
    unsigned int gets;
    uint8_t quarantine;
    /* Notes of loads: answered at once. */
    int trial_error;
    unsigned int others; /* that stand there */
    unsigned int trials;
    bool was_alone;
    unsigned int ended; /* with all others */
    char forgotten[33]; /* the one that was ended alone */
    unsigned int quarantines;
} fake;

/* Whose loads have not ended. The first letter tells what has become of a session. */
static char others[3][33];

void store_trial_begin(struct store *store, const unsigned char campaign[16], bool is_alone,
                       store_trial_fn *on_answer, void *context)
{
    (void)store;
    (void)campaign;
    fake.trials++;
    fake.was_alone = is_alone;
    bool is_busy = fake.others >= (is_alone ? 3 : 2);
    on_answer(context, is_busy ? -EBUSY : fake.trial_error, (const char(*)[33])others,
              is_busy ? fake.others : 0);
}

void store_trial_end(struct store *store, const unsigned char campaign[16], const char *session,
                     store_trial_ended_fn *on_answer, void *context)
{
    (void)store;
    (void)campaign;
    if (session == NULL) {
        /* The first time the store is away. */
        on_answer(context, fake.ended++ == 0 ? -EAGAIN : 0);
        return;
    }
    memcpy(fake.forgotten, session, sizeof fake.forgotten);
    on_answer(context, 0);
}

void store_campaign_control(struct store *store, const unsigned char campaign[16],
                            enum store_control control, struct text reason,
                            store_campaign_fn *on_answer, void *context)
{
    (void)store;
    (void)campaign;
    (void)reason;
    assert_int_equal(control, STORE_CONTROL_QUARANTINE);
    fake.quarantines++;
    on_answer(context, 0, NULL);
}

static enum catalog_fate fate_of(void *context, const char *session)
{
    (void)context;
    return session[0] == 'd' ? CATALOG_DIED : session[0] == 'a' ? CATALOG_UNKNOWN : CATALOG_LEFT;
}

void store_campaign_get(struct store *store, const unsigned char campaign[16],
                        store_campaign_fn *on_answer, void *context)
{
    (void)store;
    (void)campaign;
    fake.gets++;
    fake.on_header = on_answer;
    fake.header_context = context;
}

void store_campaign_content(struct store *store, const unsigned char campaign[16],
                            store_campaign_content_fn *on_answer, void *context)
{
    (void)store;
    (void)campaign;
    fake.on_content = on_answer;
    fake.content_context = context;
}

static void answer_header(void)
{
    const struct store_campaign header = {.tenant = TEXT("default"),
                                          .name = TEXT("spring"),
                                          .pool = TEXT("mkt"),
                                          .from_domain = TEXT("shop.test"),
                                          .buckets = 16,
                                          .quarantine = fake.quarantine,
                                          .wrapped_key = buffer_text(&fake.wrapped_key),
                                          .token_key_id = fake.token_key_id};
    fake.on_header(fake.header_context, fake.error, fake.error == 0 ? &header : NULL);
}

static void answer_content(void)
{
    fake.on_content(fake.content_context, fake.error, buffer_text(&fake.content));
}

/* ---------------------------------------------------------------- a catalog on its keys */

struct bench {
    char folder[64];
    struct loop *loop;
    struct key_directory *directory;
    struct catalog *catalog;
    struct loop_timer *check;
    unsigned char campaign[16];
    int seal_error;
    /* What loads brought. */
    unsigned int loaded;
    unsigned int wanted; /* so many, then the loop stops */
    int error;
    struct catalog_campaign *campaigns[8];
};

static void on_check(void *context)
{
    struct bench *bench = context;
    if (bench->loaded >= bench->wanted) {
        loop_stop(bench->loop);
    }
}

/* Let the loop turn until so many loads are answered. */
static void run_until_loaded(struct bench *bench, unsigned int wanted)
{
    bench->wanted = wanted;
    loop_timer_start(bench->check, 0, 1);
    loop_run(bench->loop);
    loop_timer_stop(bench->check);
    assert_int_equal(bench->loaded, wanted);
}

static void on_sealed(void *context, int error, const struct catalog_sealed *sealed,
                      const struct problem *problem)
{
    struct bench *bench = context;
    (void)problem;
    bench->seal_error = error;
    if (error == 0) {
        buffer_append_text(&fake.content, sealed->sealed_content);
        buffer_append_text(&fake.wrapped_key, sealed->wrapped_key);
        fake.token_key_id = sealed->token_key_id;
    }
    loop_stop(bench->loop);
}

static void on_loaded(void *context, int error, struct catalog_campaign *campaign)
{
    struct bench *bench = context;
    bench->error = error;
    bench->campaigns[bench->loaded++] = campaign;
}

/* The campaign that the store has: sealed by the catalog itself. */
static void seal(struct bench *bench)
{
    static char text[] = "Hello {{name}}";
    static char address[] = "news@shop.test";
    static char tenant[] = "default";
    Hikyaku__V1__Mailbox from = HIKYAKU__V1__MAILBOX__INIT;
    Hikyaku__V1__Content content = HIKYAKU__V1__CONTENT__INIT;
    Hikyaku__V1__CreateCampaignRequest request = HIKYAKU__V1__CREATE_CAMPAIGN_REQUEST__INIT;
    Hikyaku__V1__StoredCampaign stored = HIKYAKU__V1__STORED_CAMPAIGN__INIT;
    from.address = address;
    content.from = &from;
    content.subject = text;
    content.text = text;
    request.content = &content;
    stored.settings = &request;
    stored.tenant = tenant;
    catalog_seal_new(bench->catalog, bench->campaign, &stored, CREATED_UNIX_MS, on_sealed, bench);
    loop_run(bench->loop);
}

static void open_catalog(struct bench *bench, size_t bytes_max)
{
    bench->catalog = catalog_create(&(struct catalog_settings){.loop = bench->loop,
                                                               .directory = bench->directory,
                                                               .limits = &wire_limits_default,
                                                               .grace_ms = 40,
                                                               .fate_of = fate_of,
                                                               .bytes_max = bytes_max});
}

static int setup(void **state)
{
    struct bench *bench = xalloc_zero(1, sizeof *bench);
    memset(&fake, 0, sizeof fake);
    for (unsigned int i = 0; i < 3; i++) {
        (void)snprintf(others[i], sizeof others[i], "d%031u", i);
    }
    (void)snprintf(bench->folder, sizeof bench->folder, "/tmp/catalog_test_XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    assert_int_equal(key_directory_make(bench->folder, 0, NULL), 0);
    assert_int_equal(key_directory_open(bench->folder, &bench->directory, NULL), 0);
    bench->loop = loop_create();
    bench->check = loop_timer_create(bench->loop, on_check, bench);
    bench->campaign[15] = 7;
    open_catalog(bench, 0);
    seal(bench);
    assert_int_equal(bench->seal_error, 0);
    *state = bench;
    return 0;
}

static void remove_key(const struct bench *bench, const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", bench->folder, name);
    (void)unlink(path);
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    for (unsigned int i = 0; i < bench->loaded; i++) {
        catalog_release(&bench->campaigns[i]);
    }
    catalog_destroy(&bench->catalog);
    loop_timer_destroy(&bench->check);
    key_directory_close(&bench->directory);
    loop_destroy(&bench->loop);
    static const char *const names[] = {"id.key", "hash.key", "token-0.key", "month-2026-11.key"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        remove_key(bench, names[i]);
    }
    (void)rmdir(bench->folder);
    buffer_finish(&fake.content);
    buffer_finish(&fake.wrapped_key);
    free(bench);
    return 0;
}

static void load(struct bench *bench)
{
    catalog_load(bench->catalog, bench->campaign, on_loaded, bench);
}

static void what_was_sealed_is_loaded(void **state)
{
    struct bench *bench = *state;
    load(bench);
    answer_content();
    answer_header();
    run_until_loaded(bench, 1);
    assert_int_equal(bench->error, 0);
    const struct catalog_campaign *campaign = bench->campaigns[0];
    assert_string_equal(campaign->tenant.data, "default");
    assert_string_equal(campaign->pool.data, "mkt");
    assert_string_equal(campaign->stored->settings->content->text, "Hello {{name}}");
    assert_true(text_equal(campaign->sealed_content, buffer_text(&fake.content)));
    struct problem problem = {.message = ""};
    const struct intake_settings *intake = catalog_intake_settings(bench->campaigns[0], &problem);
    assert_non_null(intake);
    assert_memory_equal(intake->data_key, campaign->data_key, sizeof campaign->data_key);
    assert_int_equal(intake->buckets, 16);
    assert_ptr_equal(catalog_intake_settings(bench->campaigns[0], &problem), intake);
}

static void parallel_loads_are_one(void **state)
{
    struct bench *bench = *state;
    load(bench);
    load(bench);
    answer_header();
    load(bench);
    answer_content();
    load(bench); /* it is being opened */
    run_until_loaded(bench, 4);
    assert_int_equal(fake.gets, 1);
    assert_ptr_equal(bench->campaigns[0], bench->campaigns[3]);
    load(bench); /* now it comes at once */
    assert_int_equal(bench->loaded, 5);
    assert_int_equal(fake.gets, 1);
}

static void load_and_release(struct bench *bench)
{
    load(bench);
    answer_header();
    answer_content();
    run_until_loaded(bench, 1);
    assert_int_equal(bench->error, 0);
    catalog_release(&bench->campaigns[0]);
    assert_null(bench->campaigns[0]);
    bench->loaded = 0;
}

static void it_stays_while_there_is_room(void **state)
{
    struct bench *bench = *state;
    load_and_release(bench);
    load(bench);
    assert_int_equal(bench->loaded, 1);
    assert_int_equal(fake.gets, 1);
}

static void without_room_it_goes_with_its_last_reference(void **state)
{
    struct bench *bench = *state;
    catalog_destroy(&bench->catalog);
    open_catalog(bench, 1);
    load_and_release(bench);
    load(bench);
    assert_int_equal(fake.gets, 2);
    assert_int_equal(bench->loaded, 0);
    answer_header();
    answer_content();
    run_until_loaded(bench, 1);
}

static void errors_come_to_everybody_and_are_not_kept(void **state)
{
    struct bench *bench = *state;
    fake.error = -ENOENT;
    load(bench);
    load(bench);
    answer_header();
    answer_content();
    assert_int_equal(bench->loaded, 2);
    assert_int_equal(bench->error, -ENOENT);
    bench->loaded = 0;
    fake.error = 0;
    load(bench);
    assert_int_equal(fake.gets, 2);
    answer_header();
    answer_content();
    run_until_loaded(bench, 1);
    assert_int_equal(bench->error, 0);
}

static void load_it(struct bench *bench)
{
    bench->loaded = 0;
    load(bench);
    answer_header();
    answer_content();
    run_until_loaded(bench, 1);
}

/* Its note goes a while later, and is asked for again while the store is away. */
static void a_load_is_noted_and_forgotten(void **state)
{
    struct bench *bench = *state;
    load_it(bench);
    assert_int_equal(bench->error, 0);
    assert_int_equal(fake.trials, 1);
    assert_int_equal(fake.ended, 0);
    while (fake.ended < 2) {
        run_until_loaded(bench, 1);
    }
    run_until_loaded(bench, 1);
}

static void three_deaths_put_it_into_quarantine(void **state)
{
    struct bench *bench = *state;
    fake.others = 3;
    load_it(bench);
    assert_int_equal(bench->error, -EOWNERDEAD);
    assert_int_equal(fake.quarantines, 1);
    fake.others = 0;
    fake.quarantine = STORE_QUARANTINE_LOADS;
    load_it(bench);
    assert_int_equal(bench->error, -EOWNERDEAD);
    assert_int_equal(fake.trials, 1); /* nobody tries it any more */
    fake.quarantine = STORE_QUARANTINE_BATCHES;
    load_it(bench);
    assert_int_equal(bench->error, 0);
}

/* Loaded once more, while the first load is not forgotten yet. Two have died with it. */
static void load_again(struct bench *bench)
{
    catalog_destroy(&bench->catalog);
    open_catalog(bench, 1);
    load_and_release(bench);
    fake.others = 2;
    load(bench);
    answer_header();
    answer_content();
    assert_int_equal(bench->loaded, 0);
    assert_int_equal(fake.trials, 2);
    assert_false(fake.was_alone);
}

static void a_suspect_is_loaded_alone(void **state)
{
    struct bench *bench = *state;
    load_again(bench);
    while (bench->loaded == 0) {
        run_until_loaded(bench, 1);
    }
    assert_int_equal(bench->error, 0);
    assert_int_equal(fake.trials, 3);
    assert_true(fake.was_alone);
    assert_true(fake.ended >= 1);
    /* The next one waits until its time is over. */
    catalog_release(&bench->campaigns[0]);
    bench->loaded = 0;
    fake.others = 0;
    load(bench);
    answer_header();
    answer_content();
    assert_int_equal(fake.trials, 3);
    run_until_loaded(bench, 1);
    assert_int_equal(fake.trials, 4);
    assert_false(fake.was_alone);
}

/* The program ends while it waits. */
static void a_stop_answers_who_waits(void **state)
{
    struct bench *bench = *state;
    load_again(bench);
    catalog_stop(bench->catalog);
    assert_int_equal(bench->loaded, 1);
    assert_int_equal(bench->error, -ECANCELED);
    load(bench);
    answer_header();
    answer_content();
    assert_int_equal(bench->loaded, 2);
    assert_int_equal(fake.trials, 2);
}

static void who_drained_or_lives_did_not_die_of_it(void **state)
{
    struct bench *bench = *state;
    fake.others = 3;
    others[1][0] = 'e';
    load_it(bench);
    assert_int_equal(bench->error, -EAGAIN);
    assert_string_equal(fake.forgotten, others[1]);
    others[1][0] = 'a';
    load_it(bench);
    assert_int_equal(bench->error, -EAGAIN);
    assert_int_equal(fake.quarantines, 0);
    fake.others = 0;
    fake.trial_error = -ECONNRESET;
    load_it(bench);
    assert_int_equal(bench->error, -ECONNRESET);
}

static void a_destroyed_month_key_is_said(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(key_directory_destroy_month(bench->directory, 202611, NULL), 0);
    load(bench);
    answer_header();
    answer_content();
    assert_int_equal(bench->loaded, 1);
    assert_int_equal(bench->error, -ENOKEY);
}

static void a_missing_token_key_is_said(void **state)
{
    struct bench *bench = *state;
    fake.token_key_id = 9;
    load(bench);
    answer_header();
    answer_content();
    assert_int_equal(bench->error, -ENOKEY);
}

static void damage_is_found(void **state)
{
    struct bench *bench = *state;
    fake.content.data[fake.content.size - 1] ^= 1;
    load(bench);
    answer_header();
    answer_content();
    run_until_loaded(bench, 1);
    assert_int_equal(bench->error, -EBADMSG);
    assert_null(bench->campaigns[0]);
}

static void another_campaigns_content_does_not_open(void **state)
{
    struct bench *bench = *state;
    bench->campaign[0] ^= 1;
    load(bench);
    answer_header();
    answer_content();
    assert_int_equal(bench->error, -EBADMSG); /* its key is bound to the other's id */
}

static void a_reference_outlives_the_catalog(void **state)
{
    struct bench *bench = *state;
    load(bench);
    answer_header();
    answer_content();
    run_until_loaded(bench, 1);
    catalog_destroy(&bench->catalog);
    assert_string_equal(bench->campaigns[0]->name.data, "spring");
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(what_was_sealed_is_loaded),
        BENCH_TEST(parallel_loads_are_one),
        BENCH_TEST(it_stays_while_there_is_room),
        BENCH_TEST(without_room_it_goes_with_its_last_reference),
        BENCH_TEST(errors_come_to_everybody_and_are_not_kept),
        BENCH_TEST(a_load_is_noted_and_forgotten),
        BENCH_TEST(three_deaths_put_it_into_quarantine),
        BENCH_TEST(a_suspect_is_loaded_alone),
        BENCH_TEST(a_stop_answers_who_waits),
        BENCH_TEST(who_drained_or_lives_did_not_die_of_it),
        BENCH_TEST(a_destroyed_month_key_is_said),
        BENCH_TEST(a_missing_token_key_is_said),
        BENCH_TEST(damage_is_found),
        BENCH_TEST(another_campaigns_content_does_not_open),
        BENCH_TEST(a_reference_outlives_the_catalog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
