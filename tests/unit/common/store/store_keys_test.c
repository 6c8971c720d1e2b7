#include "common/store/store_keys.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

static const unsigned char campaign[16] = {[0] = 0x08, [15] = 0x45}; /* partition 5 */

static void assert_text(const struct buffer *buffer, const char *expected)
{
    assert_int_equal(buffer->size, strlen(expected));
    assert_memory_equal(buffer->data, expected, buffer->size);
}

#define EXPECT(call, expected)       \
    do {                             \
        struct buffer out = {0};     \
        call;                        \
        assert_text(&out, expected); \
        buffer_finish(&out);         \
    } while (0)

static void test_what_keys_are_to_a_backup(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        enum store_keys_kind kind;
    } cases[] = {
        {"hk:{p05}:c:1000000000000000000000008M", STORE_KEYS_KEPT},
        {"hk:{p05}:claimed", STORE_KEYS_KEPT},
        {"hk:{p05}:gen", STORE_KEYS_KEPT},
        {"hk:{p05}:ev:lease", STORE_KEYS_KEPT},
        {"hk:{t:default}:dkim:a.test:s", STORE_KEYS_KEPT},
        {"hk:{fleet}:stops", STORE_KEYS_KEPT},
        {"hk:{fleet}:ev", STORE_KEYS_KEPT},
        {"hk:{ip:::1}:path:a.test", STORE_KEYS_KEPT},
        {"hk:{p05}:lease", STORE_KEYS_PASSING},
        {"hk:{s:00112233445566778899aabbccddeeff}", STORE_KEYS_PASSING},
        {"hk:{ip:::1}", STORE_KEYS_PASSING},
        {"hk:{fleet}:sessions", STORE_KEYS_PASSING},
        {"hk:{fleet}:notices", STORE_KEYS_PASSING},
        {"hk:{fleet}:suspect", STORE_KEYS_PASSING},
        {"hk:{fleet}:restored", STORE_KEYS_PASSING},
        {"hk2:{p05}:gen", STORE_KEYS_FOREIGN},
        {"hk", STORE_KEYS_FOREIGN},
        {"hk:x", STORE_KEYS_FOREIGN},
        {"", STORE_KEYS_FOREIGN},
        {"other", STORE_KEYS_FOREIGN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (store_keys_judge("hk", text_of(cases[i].key)) != cases[i].kind) {
            fail_msg("%s", cases[i].key);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    EXPECT(store_keys_active(&out, "hk", 7), "hk:{p07}:active");
    EXPECT(store_keys_all(&out, "hk", 63), "hk:{p63}:all");
    EXPECT(store_keys_claimed(&out, "x", 0), "x:{p00}:claimed");
    EXPECT(store_keys_generation(&out, "hk", 10), "hk:{p10}:gen");
    EXPECT(store_keys_lease(&out, "hk", 10), "hk:{p10}:lease");
    EXPECT(store_keys_events(&out, "hk", 10, TEXT("default")), "hk:{p10}:ev:default");
    EXPECT(store_keys_marks(&out, "hk", 10, TEXT("default")), "hk:{p10}:marks:default");
    EXPECT(store_keys_idempotency(&out, "hk", 10, 20500, 255), "hk:{p10}:idem:20500:255");
    EXPECT(store_keys_campaign(&out, "hk", campaign, NULL),
           "hk:{p05}:c:1000000000000000000000008M");
    EXPECT(store_keys_campaign(&out, "hk", campaign, "due"),
           "hk:{p05}:c:1000000000000000000000008M:due");
    EXPECT(store_keys_duplicates(&out, "hk", campaign, 39062),
           "hk:{p05}:c:1000000000000000000000008M:dup:39062");
    EXPECT(store_keys_batch(&out, "hk", campaign, UINT32_MAX, 'r'),
           "hk:{p05}:c:1000000000000000000000008M:4294967295:r");
    EXPECT(store_keys_session(&out, "hk", "ab"), "hk:{s:ab}");
    EXPECT(store_keys_ip(&out, "hk", TEXT("2001:db8::1")), "hk:{ip:2001:db8::1}");
    EXPECT(store_keys_ip_part(&out, "hk", TEXT("::1"), "warm"), "hk:{ip:::1}:warm");
    EXPECT(store_keys_ip_day(&out, "hk", TEXT("::1"), 20782), "hk:{ip:::1}:warm:20782");
    EXPECT(store_keys_sessions(&out, "hk"), "hk:{fleet}:sessions");
    EXPECT(store_keys_notices(&out, "hk"), "hk:{fleet}:notices");
    EXPECT(store_keys_dkim(&out, "hk", TEXT("t"), TEXT("a.example"), TEXT("s1")),
           "hk:{t:t}:dkim:a.example:s1");
    assert_int_equal(store_keys_partition(campaign), 5);
}

static void test_members_there_and_back(void **state)
{
    (void)state;
    static const uint32_t batches[] = {0, 1, 65536, UINT32_MAX};
    for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
        struct buffer out = {0};
        unsigned char read[16];
        uint32_t batch = 77;
        store_keys_member(&out, campaign, batches[i]);
        assert_int_equal(store_keys_parse_member(buffer_text(&out), read, &batch), 0);
        assert_memory_equal(read, campaign, sizeof(read));
        assert_int_equal(batch, batches[i]);
        buffer_finish(&out);
    }
}

static void test_hostile_members(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        ":",
        "1000000000000000000000008M",
        "1000000000000000000000008M:",
        "1000000000000000000000008M:-1",
        "1000000000000000000000008M:4294967296",
        "1000000000000000000000008M:1 ",
        "1000000000000000000000008M;1",
        "1000000000000000000000002:11",
        "U000000000000000000000008M:1",
        "1000000000000000000000008N:1",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned char read[16] = {0};
        uint32_t batch = 77;
        assert_int_equal(store_keys_parse_member(text_of(cases[i]), read, &batch), -EPROTO);
        assert_int_equal(batch, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_what_keys_are_to_a_backup),
        cmocka_unit_test(test_members_there_and_back),
        cmocka_unit_test(test_hostile_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
