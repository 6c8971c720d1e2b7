/* F23: the worker has the last word about a claim that it is said not to know. */
#include "worker/claim/claim_return.h"

#include "common/store/store_reclaim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

#define OWN "00112233445566778899aabbccddeeff"

static unsigned char campaign_id[16] = {1, 2, 3};
static char tenant[] = "default";
static bool is_known;
static size_t reclaims;
static store_reclaim_done_fn *on_answer;
static void *answer_context;

bool claims_has(const struct claims *claims, struct text name)
{
    (void)claims;
    assert_int_equal(name.size, 26 + 2);
    assert_memory_equal(name.data + 26, ":7", 2);
    return is_known;
}

void store_reclaim_batch(struct store *store, const struct store_batch_name *name,
                         const struct store_reclaim *reclaim, store_reclaim_done_fn *given_answer,
                         void *context)
{
    (void)store;
    assert_memory_equal(name->campaign, campaign_id, sizeof campaign_id);
    assert_int_equal(name->number, 7);
    assert_string_equal(reclaim->session, OWN);
    assert_true(reclaim->is_alive); /* nobody died */
    assert_int_equal(reclaim->epoch, 5);
    assert_true(text_equal(reclaim->tenant, TEXT("default")));
    reclaims++;
    on_answer = given_answer;
    answer_context = context;
}

static void ask(size_t id_size)
{
    Hikyaku__V1__ReturnClaim asked = HIKYAKU__V1__RETURN_CLAIM__INIT;
    asked.campaign_id = (ProtobufCBinaryData){id_size, campaign_id};
    asked.batch = 7;
    asked.epoch = 5;
    asked.tenant = tenant;
    claim_return_on_asked(NULL, NULL, OWN, &asked);
}

static void an_unknown_claim_goes_back(void **state)
{
    (void)state;
    reclaims = 0;
    is_known = false;
    ask(16);
    assert_int_equal(reclaims, 1);
    on_answer(answer_context, 0, &(struct store_reclaimed){.changed = 3});
}

static void a_known_claim_stays(void **state)
{
    (void)state;
    reclaims = 0;
    is_known = true;
    ask(16);
    is_known = false;
    ask(15);
    assert_int_equal(reclaims, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_claim_goes_back),
        cmocka_unit_test(a_known_claim_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
