#include "cli/connect.h"

#include "cli/tell.h"

#include <string.h>

enum exit_code connect_open(const struct options *options, struct connection *ret_connection)
{
    struct settings settings;
    struct problem problem = {0};
    ret_connection->arena = arena_create(0);
    int refused = settings_resolve(options, ret_connection->arena, &settings, &problem);
    if (refused != 0) {
        static const char *const usage[] = {"usage", "endpoint", "plain_http"};
        tell_problem(&problem);
        for (size_t i = 0; i < sizeof usage / sizeof usage[0]; i++) {
            if (strcmp(problem.rule, usage[i]) == 0) {
                return EXIT_CODE_USAGE;
            }
        }
        return EXIT_CODE_BAD_FILE;
    }
    if (api_client_open(&settings, &ret_connection->client, &problem) != 0) {
        tell_problem(&problem);
        return EXIT_CODE_BAD_FILE;
    }
    return EXIT_CODE_OK;
}

void connect_close(struct connection *connection)
{
    api_client_close(&connection->client);
    arena_destroy(&connection->arena);
}

enum exit_code connect_call(const struct connection *connection, const struct options *options,
                            enum api_method method, const ProtobufCMessage *request,
                            struct api_result *ret_result)
{
    api_client_call(connection->client, method, request, ret_result);
    return ret_result->status == API_STATUS_OK ? EXIT_CODE_OK : tell_result(options, ret_result);
}
