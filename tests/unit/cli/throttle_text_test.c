#include "cli/throttle_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct text_case {
    const char *decision;
    const char *unit;
    uint64_t before;
    uint64_t after;
    uint32_t smtp;
    uint32_t times;
    uint32_t left_out;
    const char *text;
};

static const struct text_case cases[] = {
    {"suspended", "s", 0, 600, 421, 3, 0,
     "docomo x 203.0.113.7 suspended 10 min 00 s, 421 at connect, rule docomo-conn (3rd in a row)"},
    {"suspended", "s", 0, 120, 0, 1, 0,
     "docomo x 203.0.113.7 suspended 2 min 00 s, rule docomo-conn"},
    {"slower", "per_1000_s", 250000, 12500, 450, 0, 7,
     "docomo x 203.0.113.7 slower 250/s -> 12.5/s, 450 at connect, rule docomo-conn"
     "  (7 small changes before it left out)"},
    {"limit-found", "per_1000_s", 500, 250, 0, 0, 0,
     "docomo x 203.0.113.7 limit-found 30.0/min -> 15.0/min, rule docomo-conn"},
    {"connections", "connections", 10, 4, 421, 0, 0,
     "docomo x 203.0.113.7 connections 10 -> 4, 421 at connect, rule docomo-conn"},
    {"elsewhere", "s", 0, 0, 550, 0, 0,
     "docomo x 203.0.113.7 elsewhere: tenant, 550 at connect, rule docomo-conn"},
};

static char *put(char *out, const char *text)
{
    return strcpy(out, text);
}

static void decisions_read_as_sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char words[8][32];
        Hikyaku__V1__Event event = HIKYAKU__V1__EVENT__INIT;
        Hikyaku__V1__Throttle throttle = HIKYAKU__V1__THROTTLE__INIT;
        OWNED(buffer_finish) struct buffer out = {0};
        event.site = put(words[0], "docomo");
        event.sending_ip = put(words[1], "203.0.113.7");
        event.rule_id = put(words[2], "docomo-conn");
        event.stage = put(words[3], "connect");
        event.smtp_code = cases[i].smtp;
        event.throttle = &throttle;
        throttle.decision = put(words[4], cases[i].decision);
        throttle.unit = put(words[5], cases[i].unit);
        throttle.scope = put(words[6], "tenant");
        throttle.before = cases[i].before;
        throttle.after = cases[i].after;
        throttle.times = cases[i].times;
        throttle.left_out = cases[i].left_out;
        throttle_text_append(&event, &out);
        buffer_append_byte(&out, '\0');
        assert_string_equal(out.data, cases[i].text);
    }
}

static void what_was_not_done_says_so(void **state)
{
    (void)state;
    char words[5][32];
    Hikyaku__V1__Event event = HIKYAKU__V1__EVENT__INIT;
    Hikyaku__V1__Throttle throttle = HIKYAKU__V1__THROTTLE__INIT;
    event.site = put(words[0], "docomo");
    event.sending_ip = put(words[1], "203.0.113.7");
    event.rule_id = put(words[2], "tried");
    event.shadow = &throttle;
    throttle.decision = put(words[3], "suspended");
    throttle.unit = put(words[4], "s");
    throttle.after = 600;
    for (int in_fact = 0; in_fact < 2; in_fact++) {
        OWNED(buffer_finish) struct buffer out = {0};
        throttle.in_fact = in_fact != 0;
        throttle_text_append(&event, &out);
        buffer_append_byte(&out, '\0');
        assert_string_equal(
            out.data, in_fact != 0
                          ? "docomo x 203.0.113.7 would not be: suspended 10 min 00 s, rule tried"
                          : "docomo x 203.0.113.7 would be: suspended 10 min 00 s, rule tried");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_read_as_sentences),
        cmocka_unit_test(what_was_not_done_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
