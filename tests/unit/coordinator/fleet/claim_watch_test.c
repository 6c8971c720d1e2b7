/* F23: which claims does their live worker not know? */
#include "coordinator/fleet/claim_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

#define A "00112233445566778899aabbccddeeff"
#define B "ffeeddccbbaa99887766554433221100"

struct look {
    uint64_t ms;
    const char *session; /* NULL: the claim is not there */
    uint64_t report;
    bool is_listed;
    bool is_asked; /* expected */
};

static void play(const char *what, const struct look *looks, size_t count)
{
    struct claim_watch *watch = claim_watch_create();
    for (size_t i = 0; i < count; i++) {
        const struct look *look = &looks[i];
        claim_watch_begin(watch);
        bool is_asked = false;
        if (look->session != NULL) {
            is_asked = claim_watch_look(watch, TEXT("C:1"), look->session,
                                        &(struct claim_watch_report){look->report, look->is_listed},
                                        look->ms);
        }
        claim_watch_end(watch);
        if (is_asked != look->is_asked) {
            fail_msg("%s: look %zu", what, i);
        }
    }
    claim_watch_destroy(&watch);
}

#define PLAY(what, ...)                                    \
    do {                                                   \
        static const struct look looks[] = {__VA_ARGS__};  \
        play(what, looks, sizeof looks / sizeof looks[0]); \
    } while (0)

static void claims_are_asked_for_when_reports_lack_them(void **state)
{
    (void)state;
    PLAY("lacking all the time", {1000, A, 7, false, false}, {6000, A, 12, false, false},
         {11000, A, 17, false, false}, {16000, A, 22, false, true}, {21000, A, 27, false, false},
         {31000, A, 37, false, true});
    PLAY("known", {1000, A, 7, true, false}, {16000, A, 22, true, false},
         {91000, A, 97, true, false});
    PLAY("young at first", {1000, A, 7, false, false}, {6000, A, 12, true, false},
         {16000, A, 22, false, false}, {26000, A, 32, false, false}, {31000, A, 37, false, true});
    /* Frames that were held up by the bus prove nothing: the worker's last word is from before. */
    PLAY("no newer report", {1000, A, 7, false, false}, {16000, A, 7, false, false},
         {31000, A, 8, false, false}, {36000, A, 9, false, true});
    PLAY("reports that do not name all", {1000, A, 0, false, false}, {16000, A, 0, false, false},
         {31000, A, 22, false, false}, {36000, A, 0, false, false}, {51000, A, 40, false, false},
         {66000, A, 55, false, true});
    PLAY("another session's by now", {1000, A, 7, false, false}, {16000, B, 22, false, false},
         {31000, B, 37, false, true});
    PLAY("ended in between", {1000, A, 7, false, false}, {6000, NULL, 0, false, false},
         {16000, A, 22, false, false}, {31000, A, 37, false, true});
}

static void suspects_are_bounded_and_forgotten(void **state)
{
    struct claim_watch *watch = claim_watch_create();
    char claim[16];
    (void)state;
    claim_watch_begin(watch);
    for (int i = 0; i < CLAIM_WATCH_MAX + 10; i++) {
        (void)snprintf(claim, sizeof claim, "C:%d", i);
        assert_false(claim_watch_look(watch, text_of(claim), A,
                                      &(struct claim_watch_report){1, false}, 1000));
    }
    claim_watch_end(watch);
    assert_int_equal(claim_watch_count(watch), CLAIM_WATCH_MAX);
    claim_watch_begin(watch);
    assert_true(claim_watch_look(watch, TEXT("C:3"), A, &(struct claim_watch_report){9, false},
                                 1000 + CLAIM_WATCH_AGE_MS));
    claim_watch_end(watch);
    assert_int_equal(claim_watch_count(watch), 1);
    claim_watch_destroy(&watch);
    claim_watch_destroy(&watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_are_asked_for_when_reports_lack_them),
        cmocka_unit_test(suspects_are_bounded_and_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
