/* A small program's configuration, and files for it. */
#ifndef HIKYAKU_TESTS_SERVICE_FILES_H
#define HIKYAKU_TESTS_SERVICE_FILES_H

#include "common/service/service_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct service_files_config {
    struct service_config service;
    uint64_t threads;
};

static const struct config_key service_files_keys[] = {
    SERVICE_CONFIG_KEYS(struct service_files_config, "t-0"),
    {"threads", CONFIG_INTEGER, offsetof(struct service_files_config, threads), .fallback = "2",
     .doc = "Threads."},
};
static const struct config_table service_files_table =
    CONFIG_TABLE(struct service_files_config, service_files_keys, .name = "trial", .doc = "Trial.");

/* A new file with this text, mode 0600; `ret_path` has 32 bytes. */
static inline void service_files_write(const char *text, char *ret_path)
{
    (void)strcpy(ret_path, "/tmp/service_XXXXXX");
    int descriptor = mkstemp(ret_path);
    if (descriptor < 0 || write(descriptor, text, strlen(text)) < 0 || close(descriptor) != 0) {
        abort();
    }
}

static inline void service_files_change(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        abort();
    }
}

#endif
