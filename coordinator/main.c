#include "common/service/service_command.h"
#include "coordinator/app.h"

static int run(const char *file, const void *config)
{
    return app_run(file, config);
}

int main(int count, char **words)
{
    static const struct service_command command = {
        .program = "hikyaku-coordinator", .table = &coordinator_config_table, .run = run};
    return service_command_run(&command, count, words);
}
