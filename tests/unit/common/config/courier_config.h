/* A small program's configuration with every kind of key, for the tests of this folder. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_CONFIG_COURIER_CONFIG_H
#define HIKYAKU_TESTS_UNIT_COMMON_CONFIG_COURIER_CONFIG_H

#include "common/config/config_check.h"
#include "common/config/config_table.h"

#include <errno.h>

enum courier_mode { COURIER_LIVE, COURIER_SANDBOX };

struct courier_address {
    char *ip;
    char *ehlo;
    uint64_t weight;
};

struct courier_pool {
    char *name;
    struct config_list addresses; /* of struct courier_address */
};

struct courier_config {
    char *name;
    char *store_folder;
    char *store_key_file;
    uint64_t store_room_bytes;
    bool is_polite;
    uint64_t runners;
    uint64_t wait_ms;
    enum courier_mode mode;
    struct config_strings roads;
    struct config_strings scopes;
    struct config_map labels;
    struct config_list pools; /* of struct courier_pool */
    const struct config_node *notes;
};

static const struct config_key courier_address_keys[] = {
    {"ip", CONFIG_STRING, offsetof(struct courier_address, ip), .is_required = true,
     .check = config_check_ip, .example = "203.0.113.7", .doc = "The source address."},
    {"ehlo", CONFIG_STRING, offsetof(struct courier_address, ehlo), .check = config_check_host,
     .doc = "Its name."},
    {"weight", CONFIG_INTEGER, offsetof(struct courier_address, weight), .fallback = "1",
     .minimum = 1, .maximum = 10, .doc = "Its share."},
};
static const struct config_table courier_address_table = CONFIG_TABLE(
    struct courier_address, courier_address_keys, .name = "address", .unique_key = "ip");

static const struct config_key courier_pool_keys[] = {
    {"name", CONFIG_STRING, offsetof(struct courier_pool, name), .is_required = true,
     .check = config_check_name, .doc = "Its name."},
    {"addresses", CONFIG_RECORDS, offsetof(struct courier_pool, addresses),
     .record = &courier_address_table, .minimum = 1, .doc = "What it sends from."},
};
static const struct config_table courier_pool_table =
    CONFIG_TABLE(struct courier_pool, courier_pool_keys, .name = "pool",
                 .doc = "A named set of addresses.", .unique_key = "name");

/* A rule between two keys. */
static int courier_config_check(const void *record, struct problem *problem)
{
    const struct courier_config *config = record;
    if (config->mode == COURIER_LIVE && config->runners > 8) {
        problem_set(problem, "crew.runners", "runners_live", "must be at most 8 in mode live");
        return -EINVAL;
    }
    return 0;
}

static const char *const courier_modes[] = {"live", "sandbox", NULL};
static const char *const courier_scopes[] = {"read", "send", NULL};

#define AT(member) offsetof(struct courier_config, member)
static const struct config_key courier_keys[] = {
    {"name", CONFIG_STRING, AT(name), .is_required = true, .maximum = 10, .example = "c-0",
     .doc = "How it is called | on screens."},
    {"store.folder", CONFIG_PATH, AT(store_folder), .fallback = "/var/lib/courier",
     .doc = "Where it keeps things."},
    {"store.key_file", CONFIG_SECRET_FILE, AT(store_key_file), .doc = "The key."},
    {"store.room", CONFIG_SIZE, AT(store_room_bytes), .fallback = "8MiB", .minimum = 1024,
     .maximum = 1 << 30, .is_reloadable = true, .doc = "How much it keeps."},
    {"polite", CONFIG_BOOLEAN, AT(is_polite), .fallback = "true", .is_reloadable = true,
     .doc = "Whether it greets."},
    {"crew.runners", CONFIG_INTEGER, AT(runners), .fallback = "4", .minimum = 1, .maximum = 64,
     .doc = "How many run."},
    {"crew.wait", CONFIG_DURATION, AT(wait_ms), .fallback = "10s", .maximum = 3600000,
     .is_reloadable = true, .doc = "How long it waits."},
    {"mode", CONFIG_ENUM, AT(mode), .choices = courier_modes, .doc = "What is real."},
    {"roads", CONFIG_STRINGS, AT(roads), .maximum = 3, .check = config_check_endpoint,
     .is_reloadable = true, .doc = "Where it runs."},
    {"scopes", CONFIG_STRINGS, AT(scopes), .choices = courier_scopes, .doc = "What it may."},
    {"labels", CONFIG_MAP, AT(labels), .is_reloadable = true, .doc = "Free words."},
    {"pools", CONFIG_RECORDS, AT(pools), .record = &courier_pool_table, .doc = "Its addresses."},
    {"notes", CONFIG_RAW, AT(notes), .doc = "Anything."},
};
#undef AT
static const struct config_table courier_table =
    CONFIG_TABLE(struct courier_config, courier_keys, .name = "courier",
                 .doc = "A courier for tests.", .check = courier_config_check);

#endif
