#include "common/base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int saved_stderr = -1;
static int captured = -1;
static char line[8192];

/* What is written to stderr goes to a file until take_line. */
static void capture(void)
{
    char path[] = "/tmp/log_test.XXXXXX";
    captured = mkstemp(path);
    assert_true(captured >= 0);
    assert_int_equal(unlink(path), 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_int_equal(dup2(captured, STDERR_FILENO), STDERR_FILENO);
}

static const char *take_line(void)
{
    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved_stderr);
    ssize_t size = pread(captured, line, sizeof line - 1, 0);
    assert_true(size >= 0);
    line[size] = '\0';
    (void)close(captured);
    return line;
}

/* The line behind its time stamp, whose form is checked here: "2026-11-24T16:30:19.123Z". */
static const char *behind_time(const char *start)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
    for (size_t i = 0; i < sizeof form - 1; i++) {
        bool fits = form[i] == 'd' ? start[i] >= '0' && start[i] <= '9' : start[i] == form[i];
        assert_true(fits);
    }
    return start + sizeof form - 1;
}

static void a_line_is_one_json_object(void **state)
{
    (void)state;
    static const struct log_scope outer = {
        .fields = {{.name = "worker", .text = {"w-0", 3}, .kind = LOG_KIND_TEXT}}};
    struct log_scope inner = {.parent = &outer,
                              .fields = {log_number("index", 17), log_string("campaign", "7R")}};
    log_open("tester", LOG_LEVEL_INFO, LOG_FORM_JSON);
    capture();
    LOG(LOG_READY, &inner, log_number("port", -8460), log_flag("tls", true),
        log_flag("open", false), log_text("reply", TEXT("say \"hi\"\\ \x01\r\n\x7f 山")),
        log_text("odd", TEXT("a\xff\xc3")), log_string("none", NULL));
    const char *json = take_line();
    static const char head[] = "{\"time\":\"";
    assert_memory_equal(json, head, sizeof head - 1);
    assert_string_equal(behind_time(json + sizeof head - 1),
                        "\",\"level\":\"info\",\"program\":\"tester\",\"event\":\"process.ready\","
                        "\"port\":-8460,\"tls\":true,\"open\":false,"
                        "\"reply\":\"say \\\"hi\\\"\\\\ \\u0001\\u000d\\u000a\\u007f 山\","
                        "\"odd\":\"a\xef\xbf\xbd\xef\xbf\xbd\",\"none\":\"\","
                        "\"index\":17,\"campaign\":\"7R\",\"worker\":\"w-0\"}\n");
}

static void a_terminal_gets_text(void **state)
{
    (void)state;
    log_open("tester", LOG_LEVEL_INFO, LOG_FORM_TEXT);
    capture();
    LOG(LOG_NOT_READY, NULL, log_string("reason", "no store"), log_string("store", "main"),
        log_string("forged", "x\nprocess.ready"), log_string("empty", ""));
    assert_string_equal(behind_time(take_line()),
                        " warn  tester process.not_ready reason=\"no store\" store=main "
                        "forged=\"x\\u000aprocess.ready\" empty=\"\"\n");
}

static void a_full_scope_ends_at_its_last_field(void **state)
{
    (void)state;
    struct log_scope scope = {
        .fields = {log_number("a", 1), log_number("b", 2), log_number("c", 3), log_number("d", 4)}};
    log_open("tester", LOG_LEVEL_INFO, LOG_FORM_JSON);
    capture();
    LOG(LOG_READY, &scope, log_number("n", 0));
    assert_non_null(strstr(take_line(), ",\"n\":0,\"a\":1,\"b\":2,\"c\":3,\"d\":4}\n"));
}

static void levels_filter_and_have_names(void **state)
{
    (void)state;
    log_open("tester", LOG_LEVEL_ERROR, LOG_FORM_JSON);
    capture();
    LOG(LOG_READY, NULL, log_number("n", 1));
    assert_string_equal(take_line(), "");
    assert_false(log_is_enabled(LOG_LEVEL_WARN));
    log_set_level(LOG_LEVEL_DEBUG);
    assert_true(log_is_enabled(LOG_LEVEL_DEBUG));
    for (int i = LOG_LEVEL_DEBUG; i <= LOG_LEVEL_ERROR; i++) {
        enum log_level level = LOG_LEVEL_DEBUG;
        const char *name = log_level_name((enum log_level)i);
        assert_int_equal(log_parse_level(text_of(name), &level), 0);
        assert_int_equal(level, i);
    }
    enum log_level level = LOG_LEVEL_WARN;
    assert_int_equal(log_parse_level(TEXT("WARN"), &level), -EINVAL);
    assert_int_equal(level, LOG_LEVEL_WARN);
}

/* The catalogue is what operators search for: names are unique, lower case and have a meaning. */
static void the_catalogue_is_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < LOG_EVENT_COUNT; i++) {
        const char *name = log_event_name((enum log_event)i);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_."), strlen(name));
        assert_non_null(strchr(name, '.'));
        assert_true(strlen(log_event_meaning((enum log_event)i)) > 5);
        assert_in_range(log_event_level((enum log_event)i), LOG_LEVEL_DEBUG, LOG_LEVEL_ERROR);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(name, log_event_name((enum log_event)j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_one_json_object),
        cmocka_unit_test(a_terminal_gets_text),
        cmocka_unit_test(a_full_scope_ends_at_its_last_field),
        cmocka_unit_test(levels_filter_and_have_names),
        cmocka_unit_test(the_catalogue_is_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
