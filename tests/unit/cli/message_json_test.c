#include "cli/message_json.h"

#include "cli/enum_word.h"
#include "cli/json_text.h"
#include "hikyaku/v1/api.pb-c.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_message_becomes_an_object(void **state)
{
    (void)state;
    char id[] = "ID";
    char text[] = "a\"b\\\x01山";
    unsigned char bytes[] = {0, 255, 1};
    Hikyaku__V1__Event__LabelsEntry label;
    Hikyaku__V1__Event__LabelsEntry *labels[] = {&label};
    Hikyaku__V1__SubmitCampaignResponse answer;
    Hikyaku__V1__ControlCampaignResponse control;
    Hikyaku__V1__Attachment attachment;
    struct buffer out = {0};
    hikyaku__v1__submit_campaign_response__init(&answer);
    answer.state = HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING;
    answer.digest = (ProtobufCBinaryData){3, bytes};
    answer.forecast_end_unix_ms = INT64_MAX;
    message_json_append(&answer.base, &out);
    buffer_append_byte(&out, '\n');
    hikyaku__v1__attachment__init(&attachment);
    attachment.file_name = text;
    attachment.source_case = HIKYAKU__V1__ATTACHMENT__SOURCE_DATA;
    attachment.data = (ProtobufCBinaryData){3, bytes};
    message_json_append(&attachment.base, &out);
    buffer_append_byte(&out, '\n');
    hikyaku__v1__control_campaign_response__init(&control);
    control.state = (Hikyaku__V1__CampaignState)99;
    message_json_append(&control.base, &out);
    buffer_append_byte(&out, '\0');
    assert_string_equal(
        out.data, "{\"state\":\"RUNNING\",\"accepted\":0,\"rejected\":0,\"duplicates\":0,"
                  "\"suppressed\":0,\"digest\":\"00ff01\",\"findings\":[],"
                  "\"forecast_end_unix_ms\":9223372036854775807,\"replayed\":false,"
                  "\"approval\":null}\n"
                  "{\"file_name\":\"a\\\"b\\\\\\u0001山\",\"media_type\":\"\",\"inline_id\":\"\","
                  "\"data\":\"AP8B\"}\n"
                  "{\"state\":\"?\",\"batches_open\":0}");
    buffer_clear(&out);
    Hikyaku__V1__Event event;
    hikyaku__v1__event__init(&event);
    hikyaku__v1__event__labels_entry__init(&label);
    label.key = id;
    label.value = text;
    event.labels = labels;
    event.n_labels = 1;
    message_json_append(&event.base, &out);
    assert_non_null(strstr(out.data, "\"labels\":{\"ID\":\"a\\\"b\\\\\\u0001山\"},"));
    assert_non_null(strstr(out.data, "\"tls\":null,"));
    buffer_finish(&out);
}

static void numbers_are_told_from_texts(void **state)
{
    (void)state;
    static const char *const numbers[] = {"0",   "-1",     "1.10",
                                          "1e5", "1.5E-3", "12345678901234567890"};
    static const char *const texts[] = {"",    "-",  "01",  "1.",  ".5",   "+1", "1e",
                                        "0x1", "1 ", "NaN", "1e+", "1.e1", "--1"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_true(json_text_is_number(text_of(numbers[i])));
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(json_text_is_number(text_of(texts[i])));
    }
}

static void words_of_enums_are_read_and_written(void **state)
{
    (void)state;
    int value = -7;
    assert_string_equal(enum_word(&hikyaku__v1__content_class__descriptor, 1), "ADVERTISING");
    assert_string_equal(enum_word(&hikyaku__v1__gate__descriptor, 0), "NONE");
    assert_string_equal(enum_word(&hikyaku__v1__gate__descriptor, 9999), "?");
    assert_string_equal(enum_word(&hikyaku__v1__gate__descriptor, -1), "?");
    assert_int_equal(
        enum_word_parse(&hikyaku__v1__campaign_state__descriptor, TEXT("running"), &value), 0);
    assert_int_equal(value, HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING);
    assert_int_equal(enum_word_parse(&hikyaku__v1__campaign_state__descriptor,
                                     TEXT("CAMPAIGN_STATE_PAUSED"), &value),
                     0);
    assert_int_equal(value, HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_PAUSED);
    assert_int_equal(enum_word_parse(&hikyaku__v1__lane__descriptor, TEXT("UNSPECIFIED"), &value),
                     -EINVAL);
    assert_int_equal(enum_word_parse(&hikyaku__v1__lane__descriptor, TEXT(""), &value), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_becomes_an_object),
        cmocka_unit_test(numbers_are_told_from_texts),
        cmocka_unit_test(words_of_enums_are_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
