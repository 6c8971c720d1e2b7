#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/policy/suppression_record.h"

#include <errno.h>
#include <string.h>

#define NOW 1800000000

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct buffer value = {0};
    const struct suppression_record written[] = {
        {SUPPRESSION_HARD_BOUNCE, SUPPRESSION_BY_REPLY, false, NOW - 5, 0, TEXT("mailbox-unknown")},
        {SUPPRESSION_MANUAL, SUPPRESSION_BY_CALL, false, NOW, NOW + 60, TEXT("yamada")},
        {SUPPRESSION_UNSUBSCRIBE, SUPPRESSION_BY_RECIPIENT, true, 7, 0, TEXT("")},
    };
    for (size_t i = 0; i < 3; i++) {
        suppression_record_append(&written[i], &value);
    }
    struct text rest = buffer_text(&value);
    struct suppression_record record;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(suppression_record_next(&rest, &record), 0);
        assert_int_equal(record.reason, written[i].reason);
        assert_int_equal(record.source, written[i].source);
        assert_int_equal(record.is_lifted, written[i].is_lifted);
        assert_int_equal(record.at_unix_s, written[i].at_unix_s);
        assert_int_equal(record.expires_unix_s, written[i].expires_unix_s);
        assert_true(text_equal(record.actor, written[i].actor));
    }
    assert_int_equal(suppression_record_next(&rest, &record), -ENODATA);
    buffer_finish(&value);
}

/* Values of up to 64 bytes are packed in Redis. */
static void a_record_is_small(void **state)
{
    (void)state;
    char name[200];
    memset(name, 'x', sizeof name);
    struct buffer value = {0};
    suppression_record_append(&(struct suppression_record){.reason = SUPPRESSION_MANUAL,
                                                           .source = SUPPRESSION_BY_CALL,
                                                           .actor = {name, sizeof name}},
                              &value);
    assert_true(value.size <= 64);
    buffer_finish(&value);
}

/* L3, L11, U7: which reason keeps which mail away. */
static void reasons_hold_their_mail(void **state)
{
    (void)state;
    static const struct {
        enum suppression_reason reason;
        uint32_t expires_unix_s;
        bool is_lifted;
        bool holds_advertising;
        bool holds_notice;
    } cases[] = {
        {SUPPRESSION_HARD_BOUNCE, 0, false, true, true},
        {SUPPRESSION_ERASED, 0, false, true, true},
        {SUPPRESSION_MANUAL, 0, false, true, true},
        {SUPPRESSION_MANUAL, NOW + 1, false, true, true},
        {SUPPRESSION_MANUAL, NOW, false, false, false},
        {SUPPRESSION_COMPLAINT, 0, false, true, false},
        {SUPPRESSION_UNSUBSCRIBE, 0, false, true, false},
        {SUPPRESSION_UNSUBSCRIBE, 0, true, false, false},
        {SUPPRESSION_HARD_BOUNCE, 0, true, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct suppression_record record = {.reason = cases[i].reason,
                                                  .source = SUPPRESSION_BY_CALL,
                                                  .is_lifted = cases[i].is_lifted,
                                                  .expires_unix_s = cases[i].expires_unix_s};
        assert_int_equal(suppression_record_holds(&record, true, NOW), cases[i].holds_advertising);
        assert_int_equal(suppression_record_holds(&record, false, NOW), cases[i].holds_notice);
    }
}

static void one_record_of_several_is_enough(void **state)
{
    (void)state;
    struct buffer value = {0};
    struct suppression_record record = {
        .reason = SUPPRESSION_HARD_BOUNCE, .source = SUPPRESSION_BY_REPLY, .is_lifted = true};
    suppression_record_append(&record, &value);
    record = (struct suppression_record){.reason = SUPPRESSION_UNSUBSCRIBE,
                                         .source = SUPPRESSION_BY_RECIPIENT};
    suppression_record_append(&record, &value);
    assert_int_equal(suppression_record_judge(buffer_text(&value), true, NOW),
                     SUPPRESSION_UNSUBSCRIBE);
    assert_int_equal(suppression_record_judge(buffer_text(&value), false, NOW), SUPPRESSION_NONE);
    buffer_append_byte(&value, 1); /* more that nobody can read */
    assert_int_equal(suppression_record_judge(buffer_text(&value), false, NOW), SUPPRESSION_MANUAL);
    buffer_finish(&value);
}

static void what_cannot_be_read_is_refused(void **state)
{
    (void)state;
    static const struct text bad[] = {
        {"\2\1\1\0\0\0\0\0\0\0\0\0", 12}, /* another format */
        {"\1\0\1\0\0\0\0\0\0\0\0\0", 12}, /* no reason */
        {"\1\6\1\0\0\0\0\0\0\0\0\0", 12}, /* a reason not known */
        {"\1\1\0\0\0\0\0\0\0\0\0\0", 12}, /* no source */
        {"\1\1\7\0\0\0\0\0\0\0\0\0", 12}, /* a source not known */
        {"\1\1\1\1\0\0\0\0\0\0\0\0", 12}, /* an actor that is not there */
        {"\1\1\1\0\0\0\0\0\0\0\0", 11},   /* cut */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct text rest = bad[i];
        struct suppression_record record;
        assert_int_equal(suppression_record_next(&rest, &record), -EPROTO);
        assert_int_equal(suppression_record_judge(bad[i], false, NOW), SUPPRESSION_MANUAL);
    }
}

static void names_are_found(void **state)
{
    (void)state;
    for (unsigned int i = 1; i < SUPPRESSION_REASONS; i++) {
        const char *name = suppression_record_reason_name((enum suppression_reason)i);
        assert_int_equal(suppression_record_reason_find(text_of(name)), i);
    }
    assert_int_equal(suppression_record_reason_find(TEXT("")), SUPPRESSION_NONE);
    assert_int_equal(suppression_record_reason_find(TEXT("spam")), SUPPRESSION_NONE);
    for (unsigned int i = 1; i < SUPPRESSION_SOURCES; i++) {
        assert_true(strlen(suppression_record_source_name((enum suppression_source)i)) > 0);
    }
    assert_true(suppression_record_is_callable(SUPPRESSION_UNSUBSCRIBE));
    assert_false(suppression_record_is_callable(SUPPRESSION_ERASED));
    assert_true(suppression_record_may_expire(SUPPRESSION_MANUAL));
    assert_false(suppression_record_may_expire(SUPPRESSION_UNSUBSCRIBE));
}

static void names_of_streams_are_held(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_good;
    } cases[] = {{"news", true}, {"default", true}, {"a.b_c-9", true},
                 {"", false},    {"a b", false},    {"a:b", false},
                 {"*", false},   {"a/b", false},    {"\xe6\x97", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(suppression_record_is_stream(text_of(cases[i].name)), cases[i].is_good);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_record_is_small),
        cmocka_unit_test(reasons_hold_their_mail),
        cmocka_unit_test(one_record_of_several_is_enough),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(names_of_streams_are_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
