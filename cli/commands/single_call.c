#include "cli/commands/single_call.h"

#include "cli/connect.h"
#include "cli/tell.h"

enum exit_code single_call_run(const struct options *options, enum api_method method,
                               const ProtobufCMessage *request, single_call_print_fn *print,
                               const void *context)
{
    struct connection connection = {0};
    struct api_result result = {0};
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = connect_call(&connection, options, method, request, &result);
    }
    if (code == EXIT_CODE_OK && options_flag(options, "json")) {
        tell_json(result.response);
    } else if (code == EXIT_CODE_OK) {
        print(result.response, context);
    }
    api_client_finish(&result);
    connect_close(&connection);
    return code;
}
