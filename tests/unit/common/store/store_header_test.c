#include "common/store/store_header.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

static const unsigned char id[16] = {1, 2, 3};

#define FIELD(name, value) TEXT(name), TEXT(value)
#define ESSENTIALS FIELD("v", "1"), FIELD("tenant", "t"), FIELD("state", "3"), FIELD("word", "1")

static int read_fields(const struct text *fields, size_t count, struct store_header *header)
{
    return store_header_read(fields, count, id, header);
}

static void test_all_members(void **state)
{
    (void)state;
    static struct store_header header;
    const struct text fields[] = {
        ESSENTIALS,
        FIELD("name", "Spring"),
        FIELD("hold", "1"),
        FIELD("expires", "1795295457551"),
        FIELD("accepted", "10"),
        FIELD("duplicates", "2"),
        FIELD("rejected", "3"),
        FIELD("o1", "4"),
        FIELD("o9", "2"),
        FIELD("g13", "5"),
        FIELD("s:gmail:2", "6"),
        FIELD("s:gmail:1", "1"),
        FIELD("s:other:4", "7"),
        FIELD("of a later version", "x"),
        FIELD("request", "0123456789abcdef0123456789abcdef"),
    };
    assert_int_equal(read_fields(fields, sizeof(fields) / sizeof(fields[0]), &header), 0);
    const struct store_campaign *campaign = &header.campaign;
    assert_memory_equal(campaign->id, id, sizeof(id));
    assert_true(text_equal(campaign->name, TEXT("Spring")));
    assert_int_equal(campaign->state, 3);
    assert_true(campaign->is_hold);
    assert_true(campaign->expires_unix_ms == INT64_C(1795295457551));
    assert_int_equal(campaign->rows, 15);
    assert_int_equal(campaign->outcomes[1], 4);
    assert_int_equal(campaign->gates[13], 5);
    assert_int_equal(campaign->site_count, 2);
    assert_true(text_equal(campaign->sites[0].key, TEXT("gmail")));
    assert_int_equal(campaign->sites[0].outcomes[2], 6);
    assert_int_equal(campaign->sites[1].outcomes[4], 7);
    assert_int_equal(campaign->request_digest.size, 32);
}

static void test_hostile_fields(void **state)
{
    (void)state;
    static struct store_header header;
    const struct text cases[][2] = {
        {FIELD("v", "2")},
        {FIELD("state", "256")},
        {FIELD("state", "-1")},
        {FIELD("word", "x")},
        {FIELD("hold", "2")},
        {FIELD("open", "4294967296")},
        {FIELD("expires", "9223372036854775808")},
        {FIELD("request", "short")},
        {FIELD("o13", "1")},
        {FIELD("o99999999999999999999", "1")},
        {FIELD("g25", "1")},
        {FIELD("o1", "-1")},
        {FIELD("s:x", "1")},
        {FIELD("s:x:", "1")},
        {FIELD("s:x:13", "1")},
        {FIELD("s:x:1", "1.5")},
        {FIELD("labels", "\xff")},
        {FIELD("labels", "\1")},
        {FIELD("labels", "\1\0\5a\0\0")},
        {FIELD("labels", "\0x")},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct text fields[] = {ESSENTIALS, cases[i][0], cases[i][1]};
        assert_int_equal(read_fields(fields, 10, &header), -EPROTO);
    }
    const struct text essentials[] = {ESSENTIALS};
    assert_int_equal(read_fields(essentials, 0, &header), -ENOENT);
    assert_int_equal(read_fields(essentials, 7, &header), -EPROTO);
    assert_int_equal(read_fields(essentials, 6, &header), -EPROTO);
    assert_int_equal(read_fields(essentials + 2, 6, &header), -EPROTO);
}

static void test_more_sites_than_there_is_room(void **state)
{
    (void)state;
    static struct store_header header;
    static char names[65][16];
    struct text fields[8 + 2 * 65] = {ESSENTIALS};
    for (size_t i = 0; i < 65; i++) {
        snprintf(names[i], sizeof(names[i]), "s:p%zu:1", i);
        fields[8 + 2 * i] = text_of(names[i]);
        fields[9 + 2 * i] = TEXT("1");
    }
    assert_int_equal(read_fields(fields, 8 + 2 * 64, &header), 0);
    assert_int_equal(header.campaign.site_count, 64);
    assert_int_equal(read_fields(fields, 8 + 2 * 65, &header), -EPROTO);
}

static void test_labels_there_and_back(void **state)
{
    (void)state;
    static struct store_header header;
    struct store_label labels[STORE_HEADER_LABELS_MAX];
    for (size_t i = 0; i < STORE_HEADER_LABELS_MAX; i++) {
        labels[i] = (struct store_label){i == 0 ? TEXT("") : TEXT("name"), TEXT("value \0 too")};
    }
    static const size_t counts[] = {0, 1, STORE_HEADER_LABELS_MAX};
    for (size_t i = 0; i < 3; i++) {
        struct buffer packed = {0};
        store_header_pack_labels(labels, counts[i], &packed);
        const struct text fields[] = {ESSENTIALS, TEXT("labels"), buffer_text(&packed)};
        assert_int_equal(read_fields(fields, 10, &header), 0);
        assert_int_equal(header.campaign.label_count, counts[i]);
        for (size_t k = 0; k < counts[i]; k++) {
            assert_true(text_equal(header.campaign.labels[k].name, labels[k].name));
            assert_true(text_equal(header.campaign.labels[k].value, labels[k].value));
        }
        buffer_finish(&packed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_members),
        cmocka_unit_test(test_hostile_fields),
        cmocka_unit_test(test_more_sites_than_there_is_room),
        cmocka_unit_test(test_labels_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
