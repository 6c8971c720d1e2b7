#include "coordinator/api/api_owner.h"

#include "coordinator/api/api_dispatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char id[] = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

static void the_campaign_that_a_request_names_is_found(void **state)
{
    (void)state;
    Hikyaku__V1__GetCampaignRequest get = HIKYAKU__V1__GET_CAMPAIGN_REQUEST__INIT;
    assert_null(api_owner_named(&get.base));
    get.campaign_id = id;
    assert_string_equal(api_owner_named(&get.base), id);
    Hikyaku__V1__GetFleetRequest fleet = HIKYAKU__V1__GET_FLEET_REQUEST__INIT;
    assert_null(api_owner_named(&fleet.base));
}

static void of_a_choice_only_what_was_chosen_counts(void **state)
{
    (void)state;
    Hikyaku__V1__PreviewMessageRequest preview = HIKYAKU__V1__PREVIEW_MESSAGE_REQUEST__INIT;
    Hikyaku__V1__CreateCampaignRequest draft = HIKYAKU__V1__CREATE_CAMPAIGN_REQUEST__INIT;
    preview.draft = &draft;
    preview.source_case = HIKYAKU__V1__PREVIEW_MESSAGE_REQUEST__SOURCE_DRAFT;
    assert_null(api_owner_named(&preview.base));
    preview.campaign_id = id;
    preview.source_case = HIKYAKU__V1__PREVIEW_MESSAGE_REQUEST__SOURCE_CAMPAIGN_ID;
    assert_string_equal(api_owner_named(&preview.base), id);
}

/* Whoever adds a call must name campaigns as the others do, or the check would not see them. */
static void no_request_names_a_campaign_in_another_way(void **state)
{
    (void)state;
    size_t count = 0;
    const struct api_dispatch_method *methods = api_dispatch_methods(&count);
    for (size_t i = 0; i < count; i++) {
        const ProtobufCMessageDescriptor *request = methods[i].request;
        for (unsigned int j = 0; j < request->n_fields; j++) {
            const ProtobufCFieldDescriptor *field = &request->fields[j];
            if (strstr(field->name, "campaign") != NULL && field->type == PROTOBUF_C_TYPE_STRING) {
                assert_string_equal(field->name, "campaign_id");
                assert_int_not_equal(field->label, PROTOBUF_C_LABEL_REPEATED);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_campaign_that_a_request_names_is_found),
        cmocka_unit_test(of_a_choice_only_what_was_chosen_counts),
        cmocka_unit_test(no_request_names_a_campaign_in_another_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
