#include "common/service/service_command.h"
#include "worker/app.h"

static int run(const char *file, const void *config)
{
    return app_run(file, config);
}

int main(int count, char **words)
{
    static const struct service_command command = {
        .program = "hikyaku-worker", .table = &worker_config_table, .run = run};
    return service_command_run(&command, count, words);
}
