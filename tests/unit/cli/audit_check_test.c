#include "cli/audit_check.h"

#include "common/base/buffer.h"
#include "common/base/bytes.h"
#include "common/security/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LINES_MAX = 16 };

/* A log, and what is found in it. */
struct log {
    struct text lines[LINES_MAX];
    size_t count;
    struct arena *arena;
    char prev[2][65]; /* of the sessions a and b */
    uint64_t sequence[2];
    size_t found;
    char first[512];
};

static int begin(void **state)
{
    struct log *log = xalloc_zero(1, sizeof *log);
    log->arena = arena_create(0);
    for (size_t i = 0; i < 2; i++) {
        memset(log->prev[i], '0', 64);
    }
    *state = log;
    return 0;
}

static int end(void **state)
{
    struct log *log = *state;
    arena_destroy(&log->arena);
    free(log);
    return 0;
}

/* Written apart from the coordinator's writer, by docs/audit.md alone. */
static void add(struct log *log, int session, const char *call, const char *anchors)
{
    unsigned char digest[DIGEST_BYTES];
    char *head = arena_printf(log->arena,
                              "{\"v\":1,\"session\":\"%c\",\"seq\":%llu,\"prev\":\"%s\",\"at_unix_"
                              "ms\":5,\"call\":\"%s\"%s",
                              'a' + session, (unsigned long long)++log->sequence[session],
                              log->prev[session], call, anchors);
    digest_sha256(text_of(head), digest);
    bytes_to_hex(digest, sizeof digest, log->prev[session]);
    log->lines[log->count++] =
        text_of(arena_printf(log->arena, "%s,\"hash\":\"%s\"}", head, log->prev[session]));
}

/* Session b saw the end of a. */
static void add_anchor(struct log *log)
{
    char anchors[256];
    (void)snprintf(anchors, sizeof anchors,
                   ",\"anchors\":[{\"session\":\"a\",\"seq\":%llu,\"hash\":\"%s\"}]",
                   (unsigned long long)log->sequence[0], log->prev[0]);
    add(log, 1, "audit.anchored", anchors);
}

static void fill(struct log *log)
{
    for (int i = 0; i < 4; i++) {
        add(log, 0, "x", "");
        add(log, 1, "x", "");
    }
    add_anchor(log);
}

static void on_found(void *context, const char *finding)
{
    struct log *log = context;
    if (log->found++ == 0) {
        (void)snprintf(log->first, sizeof log->first, "%s", finding);
    }
}

static struct audit_check_result check(struct log *log, bool is_partial)
{
    struct audit_check *check = audit_check_create(is_partial, on_found, log);
    char place[32];
    for (size_t i = 0; i < log->count; i++) {
        (void)snprintf(place, sizeof place, "line %zu", i + 1);
        audit_check_line(check, place, log->lines[i]);
    }
    audit_check_end(check);
    struct audit_check_result result = audit_check_result_of(check);
    audit_check_destroy(&check);
    return result;
}

static void drop(struct log *log, size_t at)
{
    for (size_t i = at; i + 1 < log->count; i++) {
        log->lines[i] = log->lines[i + 1];
    }
    log->count--;
}

static void assert_found(struct log *log, const char *finding)
{
    assert_true(log->found > 0);
    assert_non_null(strstr(log->first, finding));
}

static void a_whole_log_has_no_findings(void **state)
{
    struct log *log = *state;
    fill(log);
    add(log, 0, "audit.closed", "");
    struct audit_check_result result = check(log, false);
    assert_int_equal(result.findings, 0);
    assert_int_equal(result.entries, 10);
    assert_int_equal(result.sessions, 2);
    assert_int_equal(result.unclosed, 1);
}

static void every_changed_byte_is_found(void **state)
{
    struct log *log = *state;
    fill(log);
    struct text whole = log->lines[2];
    for (size_t i = 0; i < whole.size; i++) {
        char *changed = arena_copy(log->arena, whole.data, whole.size);
        changed[i] = (char)(changed[i] ^ 1);
        log->lines[2] = (struct text){changed, whole.size};
        log->found = 0;
        assert_true(check(log, false).findings > 0);
        assert_true(check(log, true).findings > 0);
    }
}

static void a_missing_entry_is_named(void **state)
{
    struct log *log = *state;
    fill(log);
    drop(log, 2);
    (void)check(log, false);
    assert_found(log, "line 4: session a, entries 2 to 2 are missing");
}

static void moved_and_doubled_entries_are_named(void **state)
{
    struct log *log = *state;
    fill(log);
    struct text moved = log->lines[2];
    log->lines[2] = log->lines[4];
    log->lines[4] = moved;
    (void)check(log, false);
    assert_found(log, "session a, entries 2 to 2 are missing");
    log->found = 0;
    log->lines[4] = log->lines[2];
    log->lines[2] = moved;
    log->lines[log->count++] = moved;
    (void)check(log, false);
    assert_found(log, "line 10: session a, entry 2 stands twice or out of its order");
}

static void a_replaced_entry_breaks_the_chain(void **state)
{
    struct log *log = *state;
    char before[65];
    fill(log);
    /* Somebody who can compute hashes forges entry 2 and forgets what follows. */
    memcpy(before, log->prev[0], sizeof before);
    memset(log->prev[0], '1', 64);
    log->sequence[0] = 1;
    add(log, 0, "forged", "");
    log->lines[2] = log->lines[--log->count];
    (void)check(log, false);
    assert_found(log, "does not follow");
}

static void an_end_cut_off_is_seen_by_others(void **state)
{
    struct log *log = *state;
    fill(log);
    drop(log, 6);
    (void)check(log, true);
    assert_found(log, "session a ends at entry 3, but session b, entry 5 saw entry 4");
}

static void a_forged_end_is_seen_by_others(void **state)
{
    struct log *log = *state;
    fill(log);
    drop(log, 6);
    /* Well chained to entry 3, but not what was there. */
    struct audit_entry third;
    assert_int_equal(audit_entry_read(log->lines[4], log->arena, &third), 0);
    memcpy(log->prev[0], third.hash, 64);
    log->sequence[0] = 3;
    add(log, 0, "forged", "");
    (void)check(log, false);
    assert_found(log, "session a, entry 4 is not the one that session b, entry 5 saw");
}

static void a_missing_session_is_named(void **state)
{
    struct log *log = *state;
    fill(log);
    for (size_t i = 0; i < 4; i++) {
        drop(log, i);
    }
    assert_int_equal(check(log, true).findings, 0);
    assert_int_equal(check(log, false).findings, 1);
    assert_found(log, "session a is missing, of which session b, entry 5 saw entry 4");
}

static void a_part_may_begin_late(void **state)
{
    struct log *log = *state;
    fill(log);
    drop(log, 0);
    assert_int_equal(check(log, true).findings, 0);
    assert_int_equal(check(log, false).findings, 1);
    assert_found(log, "line 2: session a, entries 1 to 1 are missing");
}

static void what_is_no_entry_is_named(void **state)
{
    static const char *const cases[] = {"",
                                        "{}",
                                        "[]",
                                        "x",
                                        "{\"session\":\"a\",\"seq\":1}",
                                        "{\"session\":\"a\",\"seq\":-1,\"hash\":\"\"}"};
    struct log *log = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        log->lines[0] = text_of(cases[i]);
        log->count = 1;
        log->found = 0;
        assert_int_equal(check(log, false).findings, 1);
        assert_found(log, "line 1: is no entry of the audit log");
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_whole_log_has_no_findings),
        TEST(every_changed_byte_is_found),
        TEST(a_missing_entry_is_named),
        TEST(moved_and_doubled_entries_are_named),
        TEST(a_replaced_entry_breaks_the_chain),
        TEST(an_end_cut_off_is_seen_by_others),
        TEST(a_forged_end_is_seen_by_others),
        TEST(a_missing_session_is_named),
        TEST(a_part_may_begin_late),
        TEST(what_is_no_entry_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
