#include "coordinator/fleet/offer_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POOL TEXT("mkt")

struct bench {
    struct ready *ready;
    struct offer_book *book;
};

static int setup(void **state)
{
    struct bench *bench = xalloc_zero(1, sizeof *bench);
    bench->ready = ready_create(&(struct ready_settings){.transactional_permille = 900});
    bench->book = offer_book_create(bench->ready);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    offer_book_destroy(&bench->book);
    ready_destroy(&bench->ready);
    free(bench);
    return 0;
}

static void session(unsigned char number, unsigned char ret_session[OFFER_BOOK_SESSION_BYTES])
{
    memset(ret_session, 0, OFFER_BOOK_SESSION_BYTES);
    ret_session[0] = number;
}

static void tell(struct bench *bench, unsigned char worker, uint32_t bulk, uint32_t transactional)
{
    unsigned char id[OFFER_BOOK_SESSION_BYTES];
    session(worker, id);
    const struct offer_room rooms[] = {
        {.pool = POOL, .lane = READY_BULK, .recipients = bulk},
        {.pool = POOL, .lane = READY_TRANSACTIONAL, .recipients = transactional}};
    offer_book_set_rooms(bench->book, id, rooms, 2);
}

static struct ready_campaign *campaign(struct bench *bench, unsigned char number, uint32_t batches,
                                       uint32_t rows)
{
    unsigned char id[READY_ID_SIZE] = {number};
    struct ready_campaign *campaign =
        ready_add_campaign(bench->ready, id, TEXT("default"), POOL, READY_BULK);
    for (uint32_t i = 0; i < batches; i++) {
        assert_true(ready_add_batch(bench->ready, campaign, i, rows, TEXT("other")));
    }
    return campaign;
}

static bool answer(struct bench *bench, const struct offer_pick *pick, enum offer_answer word)
{
    const struct offer_result result = {.id = pick->id,
                                        .session = pick->session,
                                        .campaign = pick->campaign,
                                        .number = pick->number,
                                        .answer = word};
    return offer_book_on_result(bench->book, &result);
}

static void never_more_than_the_room(void **state)
{
    struct bench *bench = *state;
    struct ready_campaign *c = campaign(bench, 1, 10, 500);
    struct offer_pick picks[10];
    tell(bench, 1, 1200, 0);
    size_t count = 0;
    while (offer_book_next(bench->book, &picks[count])) {
        offer_book_sent(bench->book, picks[count].id, 0);
        count++;
    }
    assert_int_equal(count, 2); /* 1,000 of 1,200 */
    /* Claimed: its room shrinks until it tells anew, so nothing more is offered. */
    assert_true(answer(bench, &picks[0], OFFER_CLAIMED));
    assert_false(offer_book_next(bench->book, &picks[2]));
    /* It tells what is left; the offer without answer still counts. */
    tell(bench, 1, 1000, 0);
    assert_true(offer_book_next(bench->book, &picks[2]));
    assert_false(offer_book_next(bench->book, &picks[3]));
    assert_int_equal(ready_taken(c), 2);
    assert_int_equal(ready_waiting(c), 7);
}

/* Content and keys are for whom the campaign is offered (I8). */
static void an_offer_is_known_until_it_is_answered(void **state)
{
    struct bench *bench = *state;
    struct ready_campaign *c = campaign(bench, 1, 1, 500);
    unsigned char other[OFFER_BOOK_SESSION_BYTES];
    struct offer_pick pick;
    session(2, other);
    tell(bench, 1, 1000, 0);
    assert_true(offer_book_next(bench->book, &pick));
    assert_false(offer_book_is_offered(bench->book, pick.session, ready_campaign_id(c)));
    offer_book_sent(bench->book, pick.id, 0);
    assert_true(offer_book_is_offered(bench->book, pick.session, ready_campaign_id(c)));
    assert_false(offer_book_is_offered(bench->book, other, ready_campaign_id(c)));
    assert_false(offer_book_is_offered(bench->book, pick.session, (unsigned char[16]){9}));
    assert_true(answer(bench, &pick, OFFER_CLAIMED));
    assert_false(offer_book_is_offered(bench->book, pick.session, ready_campaign_id(c)));
}

static void workers_of_a_pool_take_turns(void **state)
{
    struct bench *bench = *state;
    (void)campaign(bench, 1, 6, 100);
    for (unsigned char worker = 1; worker <= 3; worker++) {
        tell(bench, worker, 1000, 0);
    }
    unsigned int seen[4] = {0};
    struct offer_pick pick;
    while (offer_book_next(bench->book, &pick)) {
        seen[pick.session[0]]++;
    }
    assert_int_equal(seen[1], 2);
    assert_int_equal(seen[2], 2);
    assert_int_equal(seen[3], 2);
}

static void what_a_full_worker_cannot_take_another_gets(void **state)
{
    struct bench *bench = *state;
    (void)campaign(bench, 1, 2, 500);
    tell(bench, 1, 499, 499);
    tell(bench, 2, 1000, 0);
    struct offer_pick pick;
    assert_true(offer_book_next(bench->book, &pick));
    assert_int_equal(pick.session[0], 2);
    assert_true(offer_book_next(bench->book, &pick));
    assert_int_equal(pick.session[0], 2);
}

static void a_declined_offer_waits_for_another_word(void **state)
{
    struct bench *bench = *state;
    struct ready_campaign *c = campaign(bench, 1, 1, 500);
    tell(bench, 1, 1000, 0);
    struct offer_pick pick;
    assert_true(offer_book_next(bench->book, &pick));
    offer_book_sent(bench->book, pick.id, 0);
    assert_true(answer(bench, &pick, OFFER_DECLINED));
    assert_int_equal(ready_waiting(c), 1);
    assert_false(offer_book_next(bench->book, &pick)); /* else it would go round at once */
    tell(bench, 1, 1000, 0);
    assert_true(offer_book_next(bench->book, &pick));
}

static void an_unanswered_offer_waits_again_after_six_seconds(void **state)
{
    struct bench *bench = *state;
    struct ready_campaign *c = campaign(bench, 1, 1, 500);
    tell(bench, 1, 1000, 0);
    struct offer_pick pick;
    assert_true(offer_book_next(bench->book, &pick));
    assert_int_equal(offer_book_expire(bench->book, 100000), 0); /* not sent: does not age */
    offer_book_sent(bench->book, pick.id, 100);
    assert_int_equal(offer_book_expire(bench->book, 100 + OFFER_BOOK_EXPIRE_MS - 1), 0);
    assert_int_equal(offer_book_expire(bench->book, 100 + OFFER_BOOK_EXPIRE_MS), 1);
    assert_int_equal(ready_waiting(c), 1);
    /* Its claim comes late: the batch is not offered again. */
    assert_false(answer(bench, &pick, OFFER_CLAIMED));
    assert_int_equal(ready_waiting(c), 0);
}

static void a_worker_that_is_gone_gives_its_offers_back(void **state)
{
    struct bench *bench = *state;
    struct ready_campaign *c = campaign(bench, 1, 2, 500);
    tell(bench, 1, 1000, 0);
    struct offer_pick sent;
    struct offer_pick fetched;
    assert_true(offer_book_next(bench->book, &sent));
    offer_book_sent(bench->book, sent.id, 0);
    assert_true(offer_book_next(bench->book, &fetched));
    offer_book_remove_worker(bench->book, sent.session, true);
    assert_int_equal(ready_waiting(c), 1);
    offer_book_abandon(bench->book, fetched.id); /* whoever fetches sees that it is gone */
    assert_int_equal(ready_waiting(c), 2);
    assert_int_equal(offer_book_open(bench->book), 0);
    size_t workers = 9;
    assert_int_equal(offer_book_room(bench->book, POOL, &workers), 0);
    assert_int_equal(workers, 0);
}

static void a_stranger_cannot_answer_for_another(void **state)
{
    struct bench *bench = *state;
    (void)campaign(bench, 1, 1, 500);
    tell(bench, 1, 1000, 0);
    struct offer_pick pick;
    assert_true(offer_book_next(bench->book, &pick));
    offer_book_sent(bench->book, pick.id, 0);
    struct offer_pick forged = pick;
    session(2, forged.session);
    assert_false(answer(bench, &forged, OFFER_DECLINED));
    assert_int_equal(offer_book_open(bench->book), 1);
}

static void a_dropped_campaign_leaves_its_offers_harmless(void **state)
{
    struct bench *bench = *state;
    struct ready_campaign *c = campaign(bench, 1, 3, 100);
    tell(bench, 1, 1000, 0);
    struct offer_pick picks[3];
    for (size_t i = 0; i < 3; i++) {
        assert_true(offer_book_next(bench->book, &picks[i]));
        offer_book_sent(bench->book, picks[i].id, 0);
    }
    ready_drop_campaign(bench->ready, &c);
    assert_true(answer(bench, &picks[0], OFFER_CLAIMED));
    assert_true(answer(bench, &picks[1], OFFER_DECLINED));
    assert_int_equal(offer_book_expire(bench->book, 10000), 1);
    assert_int_equal(offer_book_open(bench->book), 0);
}

/* Random histories: rooms are never overdrawn, no batch is lost or doubled. */

#define SEED_BATCHES 60

struct history {
    struct bench *bench;
    struct ready_campaign *campaign;
    struct offer_pick open[SEED_BATCHES];
    bool is_sent[SEED_BATCHES];
    size_t open_count;
    uint32_t done;
    uint64_t now_ms;
    unsigned int random;
};

static unsigned int draw(struct history *history, unsigned int below)
{
    history->random = history->random * 1103515245U + 12345U;
    return (history->random >> 16) % below;
}

static void close_one(struct history *history, size_t place)
{
    history->open_count--;
    history->open[place] = history->open[history->open_count];
    history->is_sent[place] = history->is_sent[history->open_count];
}

static void take_one(struct history *history)
{
    struct offer_pick pick;
    size_t workers = 0;
    uint64_t before = offer_book_room(history->bench->book, POOL, &workers);
    if (offer_book_next(history->bench->book, &pick)) {
        assert_true(before >= pick.rows);
        for (size_t i = 0; i < history->open_count; i++) {
            assert_true(history->open[i].number != pick.number);
        }
        history->open[history->open_count] = pick;
        history->is_sent[history->open_count++] = false;
    }
}

static void settle_one(struct history *history)
{
    if (history->open_count == 0) {
        return;
    }
    size_t place = draw(history, (unsigned int)history->open_count);
    const struct offer_pick pick = history->open[place];
    if (!history->is_sent[place]) {
        if (draw(history, 4) == 0) {
            offer_book_abandon(history->bench->book, pick.id);
            close_one(history, place);
        } else {
            offer_book_sent(history->bench->book, pick.id, history->now_ms);
            history->is_sent[place] = true;
        }
        return;
    }
    bool is_claimed = draw(history, 2) == 0;
    assert_true(answer(history->bench, &pick, is_claimed ? OFFER_CLAIMED : OFFER_DECLINED));
    history->done += is_claimed ? 1 : 0;
    close_one(history, place);
}

static void play(struct history *history)
{
    for (unsigned int step = 0; step < 2000; step++) {
        switch (draw(history, 4)) {
        case 0:
            tell(history->bench, (unsigned char)(1 + draw(history, 3)), draw(history, 3000), 0);
            break;
        case 1:
            take_one(history);
            break;
        default:
            settle_one(history);
            break;
        }
        assert_int_equal(offer_book_open(history->bench->book), history->open_count);
        assert_int_equal(ready_taken(history->campaign), history->open_count);
        assert_int_equal(ready_waiting(history->campaign) + history->open_count + history->done,
                         SEED_BATCHES);
    }
}

static void no_batch_is_lost_or_doubled(void **state)
{
    (void)state;
    for (unsigned int seed = 1; seed <= 20; seed++) {
        void *made = NULL;
        (void)setup(&made);
        struct history history = {.bench = made, .random = seed};
        history.campaign = campaign(history.bench, 1, SEED_BATCHES, 100 + seed);
        play(&history);
        (void)teardown(&made);
    }
}

/* A suspect batch is offered whatever the room, in parts, and never enters the queues. */
static void a_suspect_is_offered_to_one_worker(void **state)
{
    struct bench *bench = *state;
    unsigned char id[OFFER_BOOK_SESSION_BYTES];
    session(1, id);
    const struct suspect suspect = {
        .campaign = {7}, .number = 3, .rows = 500, .lane = READY_BULK, .pool = "mkt"};
    struct offer_pick pick;
    assert_false(offer_book_add_alone(bench->book, &suspect, id, &pick)); /* not known */
    tell(bench, 1, 0, 0);
    (void)campaign(bench, 7, 1, 10);
    assert_true(offer_book_add_alone(bench->book, &suspect, id, &pick));
    assert_true(pick.is_alone);
    assert_int_equal(pick.rows, SUSPECTS_PART_ROWS);
    assert_int_equal(pick.number, 3);
    offer_book_sent(bench->book, pick.id, 1000);
    assert_true(offer_book_is_offered(bench->book, id, suspect.campaign));
    assert_true(answer(bench, &pick, OFFER_DECLINED));
    assert_int_equal(offer_book_open(bench->book), 0);
    tell(bench, 1, 1000, 1000);
    struct offer_pick usual;
    assert_true(offer_book_next(bench->book, &usual));
    assert_int_equal(usual.number, 0);
    assert_false(usual.is_alone);
    assert_false(offer_book_next(bench->book, &usual));
}

/* The rest of the room is for others, and the other worker may have room for the slow one. */
static void a_group_gets_no_more_than_it_may_take(void **state)
{
    struct bench *bench = *state;
    unsigned char first[OFFER_BOOK_SESSION_BYTES];
    struct ready_campaign *c = campaign(bench, 1, 10, 500);
    const struct offer_part parts[] = {{TEXT("other"), 700}};
    const struct offer_part none[] = {{TEXT("other"), 0}};
    struct offer_room room = {.pool = POOL,
                              .lane = READY_BULK,
                              .recipients = 4500,
                              .each = 1000,
                              .parts = parts,
                              .part_count = 1};
    struct offer_pick pick;
    struct offer_pick next;
    session(1, first);
    offer_book_set_rooms(bench->book, first, &room, 1);
    assert_true(offer_book_next(bench->book, &pick));
    assert_true(text_equal(offer_book_group(bench->book, pick.id), TEXT("other")));
    assert_false(offer_book_next(bench->book, &next)); /* 200 are left */
    assert_true(ready_add_batch(bench->ready, c, 10, 500, TEXT("fast.test")));
    assert_true(offer_book_next(bench->book, &next));
    assert_int_equal(next.number, 10);
    offer_book_sent(bench->book, pick.id, 0);
    assert_true(answer(bench, &pick, OFFER_CLAIMED));
    assert_false(offer_book_next(bench->book, &pick));
    /* It says so: other mail is not held, this is. */
    room.parts = none;
    offer_book_set_rooms(bench->book, first, &room, 1);
    assert_false(offer_book_next(bench->book, &pick));
    assert_false(offer_book_takes_campaign(bench->book, POOL, c));
    assert_false(offer_book_takes_group(bench->book, POOL, READY_BULK, TEXT("other")));
    assert_true(offer_book_takes_group(bench->book, POOL, READY_BULK, TEXT("fast.test")));
    tell(bench, 2, 1000, 0); /* an older worker, which knows no groups */
    assert_true(offer_book_takes_campaign(bench->book, POOL, c));
    assert_true(offer_book_next(bench->book, &pick));
    assert_int_equal(pick.session[0], 2);
    /* Not named any more: as any. */
    room.part_count = 0;
    offer_book_set_rooms(bench->book, first, &room, 1);
    offer_book_remove_worker(bench->book, pick.session, true);
    assert_true(offer_book_next(bench->book, &pick));
    assert_int_equal(pick.session[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_group_gets_no_more_than_it_may_take, setup, teardown),
        cmocka_unit_test_setup_teardown(never_more_than_the_room, setup, teardown),
        cmocka_unit_test_setup_teardown(an_offer_is_known_until_it_is_answered, setup, teardown),
        cmocka_unit_test_setup_teardown(workers_of_a_pool_take_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_full_worker_cannot_take_another_gets, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_declined_offer_waits_for_another_word, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unanswered_offer_waits_again_after_six_seconds, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_worker_that_is_gone_gives_its_offers_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_stranger_cannot_answer_for_another, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dropped_campaign_leaves_its_offers_harmless, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_suspect_is_offered_to_one_worker, setup, teardown),
        cmocka_unit_test(no_batch_is_lost_or_doubled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
