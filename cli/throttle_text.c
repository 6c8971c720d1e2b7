#include "cli/throttle_text.h"

#include "cli/format.h"
#include "cli/table_print.h"

#include <string.h>

void throttle_text_append_rate(uint64_t per_1000_s, struct buffer *out)
{
    double per_s = (double)per_1000_s / 1000;
    if (per_s >= 100) {
        char count[FORMAT_BYTES];
        buffer_printf(out, "%s/s", format_count((uint64_t)(per_s + 0.5), count));
    } else if (per_s >= 1) {
        buffer_printf(out, "%.1f/s", per_s);
    } else {
        buffer_printf(out, "%.1f/min", per_s * 60);
    }
}

static void append_amount(const char *unit, uint64_t amount, struct buffer *out)
{
    char text[FORMAT_BYTES];
    if (strcmp(unit, "per_1000_s") == 0) {
        throttle_text_append_rate(amount, out);
    } else if (strcmp(unit, "s") == 0) {
        buffer_append_string(out, format_length(amount * 1000, text));
    } else {
        buffer_append_string(out, format_count(amount, text));
    }
}

static void append_change(const Hikyaku__V1__Throttle *throttle, struct buffer *out)
{
    bool is_blame = strcmp(throttle->decision, "elsewhere") == 0;
    if (is_blame) {
        buffer_printf(out, ": %s", throttle->scope);
        return;
    }
    buffer_append_byte(out, ' ');
    if (strcmp(throttle->unit, "s") != 0) {
        append_amount(throttle->unit, throttle->before, out);
        buffer_append_string(out, " -> ");
    }
    append_amount(throttle->unit, throttle->after, out);
}

/* "421 4.7.0 at connect" */
static void append_reply(const Hikyaku__V1__Event *event, struct buffer *out)
{
    if (event->smtp_code == 0) {
        return;
    }
    buffer_printf(out, ", %u", event->smtp_code);
    if (event->enhanced_code[0] != '\0') {
        buffer_append_byte(out, ' ');
        table_print_append_clean(out, text_of(event->enhanced_code));
    }
    if (event->stage[0] != '\0') {
        buffer_append_string(out, " at ");
        table_print_append_clean(out, text_of(event->stage));
    }
}

static const char *ending_of(uint32_t number)
{
    uint32_t last = number % 100 >= 11 && number % 100 <= 13 ? 0 : number % 10;
    return last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th";
}

void throttle_text_append_what(const Hikyaku__V1__Event *event, struct buffer *out)
{
    const Hikyaku__V1__Throttle *throttle =
        event->throttle != NULL ? event->throttle : event->shadow;
    if (throttle == NULL) {
        return;
    }
    if (event->shadow != NULL) {
        buffer_append_string(out, throttle->in_fact ? "would not be: " : "would be: ");
    }
    table_print_append_clean(out, text_of(throttle->decision));
    append_change(throttle, out);
    append_reply(event, out);
    if (event->rule_id[0] != '\0') {
        buffer_append_string(out, ", rule ");
        table_print_append_clean(out, text_of(event->rule_id));
    }
    if (throttle->times > 1) {
        buffer_printf(out, " (%u%s in a row)", throttle->times, ending_of(throttle->times));
    }
    if (throttle->left_out > 0) {
        buffer_printf(out, "  (%u small changes before it left out)", throttle->left_out);
    }
    if (throttle->lost > 0) {
        buffer_printf(out, "  (%llu decisions before it are lost)",
                      (unsigned long long)throttle->lost);
    }
}

void throttle_text_append(const Hikyaku__V1__Event *event, struct buffer *out)
{
    table_print_append_clean(out, text_of(event->site));
    buffer_append_string(out, " x ");
    table_print_append_clean(out, text_of(event->sending_ip));
    buffer_append_byte(out, ' ');
    throttle_text_append_what(event, out);
}
