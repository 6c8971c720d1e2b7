#include "cli/why_text.h"

#include "common/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define GATE(name) HIKYAKU__V1__GATE__GATE_##name

static char campaign[] = "7RJD8QK7M2N4P6Q8R0S2T4V6W8";
static char about[] = "docomo x 203.0.113.7";
static char rule[] = "rule docomo-conn";
static char helps[] = "time";
static char evil[] = "\x1b[2J\"no\"";
static char ip[] = "203.0.113.7";
static char host[] = "mx.docomo.test";

static bool has(const struct buffer *out, const char *words)
{
    OWNED(buffer_finish) struct buffer text = {0};
    buffer_append_text(&text, buffer_text(out));
    buffer_append_byte(&text, 0);
    return strstr(text.data, words) != NULL;
}

static void the_binding_gate_comes_first_and_says_who_ends_it(void **state)
{
    (void)state;
    Hikyaku__V1__HeldGate first;
    Hikyaku__V1__HeldGate second;
    Hikyaku__V1__HeldGate *gates[] = {&first, &second};
    Hikyaku__V1__WhyResponse why;
    OWNED(buffer_finish) struct buffer out = {0};
    hikyaku__v1__held_gate__init(&first);
    hikyaku__v1__held_gate__init(&second);
    hikyaku__v1__why_response__init(&why);
    first.gate = GATE(SITE_SUSPENDED);
    first.closed = true;
    first.about = about;
    first.reason = rule;
    first.ends = helps;
    first.until_unix_ms = clock_unix_ms() + 600000;
    second.gate = GATE(PATH_RATE);
    second.rate_per_1000_s = 8000;
    second.ahead = 61000;
    second.adds_ms = 7620000;
    why.campaign_id = campaign;
    why.index = 88213;
    why.gates = gates;
    why.n_gates = 2;
    why_text_append(&why, true, &out);
    assert_true(has(&out, "recipient  7RJD8QK7M2N4P6Q8R0S2T4V6W8/88213"));
    assert_true(has(&out, "binding    1 SITE_SUSPENDED    docomo x 203.0.113.7  until "));
    assert_true(has(&out, "rule docomo-conn\n             ends: time\n"));
    assert_true(has(&out, "then       2 PATH_RATE"));
    assert_true(has(&out, "8.0/s  61,000 ahead  + 2 h 07 min\n"));
    assert_true(has(&out, "estimate   nobody can say\n"));
}

static void what_nothing_holds_is_said_in_a_sentence(void **state)
{
    (void)state;
    Hikyaku__V1__WhyResponse why;
    OWNED(buffer_finish) struct buffer out = {0};
    hikyaku__v1__why_response__init(&why);
    why.campaign_id = campaign;
    why.says = about;
    why_text_append(&why, true, &out);
    assert_true(has(&out, "docomo x 203.0.113.7\n"));
    assert_false(has(&out, "estimate"));
}

/* What a server said must not steer a terminal. */
static void tries_are_one_clean_line_each(void **state)
{
    (void)state;
    Hikyaku__V1__Event event;
    Hikyaku__V1__Event *events[] = {&event, &event};
    OWNED(buffer_finish) struct buffer out = {0};
    hikyaku__v1__event__init(&event);
    event.type = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_DEFERRED;
    event.sending_ip = ip;
    event.mx_host = host;
    event.smtp_code = 421;
    event.reply_text = evil;
    event.smtp_ms = 412;
    why_text_append_tries(events, 2, &out);
    assert_true(has(&out, "DEFERRED  203.0.113.7 -> mx.docomo.test  421 \"?[2J\"no\"\"  412 ms\n"));
    size_t lines = 0;
    for (size_t i = 0; i < out.size; i++) {
        lines += out.data[i] == '\n';
    }
    assert_int_equal(lines, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_binding_gate_comes_first_and_says_who_ends_it),
        cmocka_unit_test(what_nothing_holds_is_said_in_a_sentence),
        cmocka_unit_test(tries_are_one_clean_line_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
