#include "coordinator/retention/archive_line.h"

#include "common/security/identity.h"
#include "hikyaku/v1/api.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define ID "00000000000000000000000000"

static void assert_lines(struct buffer *out, const char *expected)
{
    char *text = buffer_take(out);
    assert_string_equal(text, expected);
    free(text);
}

static void a_campaign_is_told_with_its_counters(void **state)
{
    (void)state;
    const struct store_label label = {TEXT("team"), TEXT("a\"b")};
    struct store_campaign campaign = {
        .tenant = TEXT("default"),
        .name = TEXT("春\n"),
        .pool = TEXT("mkt"),
        .from_domain = TEXT("shop.test"),
        .labels = &label,
        .label_count = 1,
        .lane = HIKYAKU__V1__LANE__LANE_BULK,
        .state = HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_COMPLETED,
        .created_unix_ms = 1,
        .submitted_unix_ms = 2,
        .ended_unix_ms = 3,
        .accepted = 5,
        .duplicates = 1,
        .rejected = 2,
    };
    campaign.outcomes[OUTCOME_DELIVERED] = 5;
    campaign.outcomes[OUTCOME_DUPLICATE] = 1;
    struct buffer out = {0};
    archive_line_campaign(&campaign, true, &out);
    assert_lines(&out,
                 "{\"id\":\"" ID "\",\"type\":\"campaign\",\"campaign\":\"" ID
                 "\",\"tenant\":\"default\",\"name\":\"春\\u000a\",\"pool\":\"mkt\","
                 "\"from_domain\":\"shop.test\",\"lane\":\"BULK\",\"state\":\"COMPLETED\","
                 "\"container\":false,\"labels\":{\"team\":\"a\\\"b\"},\"created_unix_ms\":1,"
                 "\"submitted_unix_ms\":2,\"ended_unix_ms\":3,\"accepted\":5,\"duplicates\":1,"
                 "\"rejected\":2,\"outcomes\":{\"DELIVERED\":5,\"DUPLICATE\":1},"
                 "\"has_recipients\":true}\n");
}

static void a_recipient_is_told_by_index_and_ref(void **state)
{
    (void)state;
    struct archive_recipient recipient = {
        .campaign = ID,
        .ended_unix_ms = 9,
        .index = 4097,
        .ref = TEXT("r\\1"),
        .row = {
            .state = OUTCOME_BOUNCED, .flags = ROW_POSSIBLE_DUPLICATE, .attempts = 2, .smtp = 550}};
    struct buffer out = {0};
    archive_line_recipient(&recipient, &out);
    recipient.row = (struct row){.state = OUTCOME_EXPIRED};
    archive_line_recipient(&recipient, &out);
    assert_lines(&out, "{\"id\":\"" ID "/4097\",\"type\":\"recipient\",\"campaign\":\"" ID
                       "\",\"index\":4097,\"ref\":\"r\\\\1\",\"outcome\":\"BOUNCED\","
                       "\"attempts\":2,\"smtp_code\":550,\"possible_duplicate\":true,"
                       "\"ended_unix_ms\":9}\n"
                       "{\"id\":\"" ID "/4097\",\"type\":\"recipient\",\"campaign\":\"" ID
                       "\",\"index\":4097,\"ref\":\"r\\\\1\",\"outcome\":\"EXPIRED\","
                       "\"attempts\":0,\"ended_unix_ms\":9}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_campaign_is_told_with_its_counters),
        cmocka_unit_test(a_recipient_is_told_by_index_and_ref),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
