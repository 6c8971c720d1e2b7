#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/wire/wire_not_yet.h"
#include "tests/unit/common/wire/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_defaults_break_nothing(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    assert_null(wire_not_yet_next(&requests_create(arena)->base, NULL));
    assert_null(wire_not_yet_next(&requests_send(arena)->base, NULL));
    arena_destroy(&arena);
}

static void test_each_broken_entry_comes_once(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    Hikyaku__V1__CreateCampaignRequest *request = requests_create(arena);
    request->purpose = requests_string(arena, "x");
    request->tls = HIKYAKU__V1__TLS_POLICY__TLS_POLICY_REQUIRED;
    request->retention_days = requests_new(arena, &hikyaku__v1__retention_days__descriptor);
    request->retention_days->events = 1;
    const char *const want[] = {"purpose", "tls", "retention_days"};
    const struct wire_not_yet *entry = NULL;
    for (size_t i = 0; i < 3; i++) {
        entry = wire_not_yet_next(&request->base, entry);
        assert_string_equal(wire_not_yet_field(entry), want[i]);
    }
    assert_null(wire_not_yet_next(&request->base, entry));
    arena_destroy(&arena);
}

/* docs/api.md lists what has no effect yet, from this table and nothing else. */
static void test_documented(void **state)
{
    (void)state;
    struct buffer document = {0};
    struct buffer table = {0};
    FILE *file = fopen(HIKYAKU_TEST_DATA "/../../docs/api.md", "rb");
    assert_non_null(file);
    size_t got = 0;
    while ((got = fread(buffer_reserve(&document, 65536), 1, 65536, file)) > 0) {
        document.size += got;
    }
    (void)fclose(file);
    wire_not_yet_append_markdown(&table);
    char *whole = buffer_take(&document);
    char *want = buffer_take(&table);
    if (strstr(whole, want) == NULL) {
        fail_msg("docs/api.md must hold this table:\n%s", want);
    }
    free(whole);
    free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_break_nothing),
        cmocka_unit_test(test_each_broken_entry_comes_once),
        cmocka_unit_test(test_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
