#include "coordinator/api/api_dispatch.h"

#include "common/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct api_dispatch_method *find(const char *path)
{
    return api_dispatch_find(text_of(path));
}

static void every_call_of_the_contract_has_a_handler(void **state)
{
    (void)state;
    FILE *file = fopen(HIKYAKU_TEST_DATA "/../../proto/hikyaku/v1/api.proto", "r");
    assert_non_null(file);
    char line[512];
    char service[64] = "";
    size_t count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char name[64];
        char request[64];
        char path[256];
        (void)sscanf(line, "service %63s {", service);
        if (sscanf(line, " rpc %63[A-Za-z](%63[A-Za-z])", name, request) != 2) {
            continue;
        }
        (void)snprintf(path, sizeof path, "/hikyaku.v1.%s/%s", service, name);
        const struct api_dispatch_method *method = find(path);
        assert_non_null(method);
        assert_string_equal(method->request->short_name, request);
        assert_true(method->scopes != 0 && (method->scopes & ~ACCESS_ALL) == 0);
        count++;
    }
    (void)fclose(file);
    size_t methods = 0;
    (void)api_dispatch_methods(&methods);
    assert_int_equal(count, methods);
}

static void other_paths_are_no_calls(void **state)
{
    static const char *const paths[] = {
        "",
        "/",
        "/hikyaku.v1.CampaignService",
        "/hikyaku.v1.CampaignService/",
        "/hikyaku.v1.CampaignService/createcampaign",
        "/hikyaku.v2.CampaignService/CreateCampaign",
        "/hikyaku.v1.CampaignService/CreateCampaign/",
        "/hikyaku.v1.MessageService/CreateCampaign",
        "hikyaku.v1.CampaignService/CreateCampaign",
    };
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_null(find(paths[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_of_the_contract_has_a_handler),
        cmocka_unit_test(other_paths_are_no_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
