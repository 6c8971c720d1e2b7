/* Configuration and campaign files: any text gives a tree and a filled struct, or errors with a
 * place; never more errors kept than the list holds. */
#include "common/config/config_check.h"
#include "common/config/config_table.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct address {
    char *ip;
    uint64_t weight;
};

struct everything {
    char *name;
    char *folder;
    bool is_on;
    uint64_t count;
    uint64_t wait_ms;
    uint64_t room_bytes;
    int mode;
    struct config_strings words;
    struct config_map labels;
    struct config_list addresses;
    const struct config_node *free_form;
};

#define AT(member) offsetof(struct everything, member)
static const char *const modes[] = {"live", "sandbox", NULL};
static const struct config_key address_keys[] = {
    {"ip", CONFIG_STRING, offsetof(struct address, ip), .check = config_check_ip},
    {"weight", CONFIG_INTEGER, offsetof(struct address, weight), .fallback = "1"},
};
static const struct config_table address_table =
    CONFIG_TABLE(struct address, address_keys, .name = "address", .unique_key = "ip");
static const struct config_key keys[] = {
    {"name", CONFIG_STRING, AT(name), .check = config_check_name},
    {"store.folder", CONFIG_PATH, AT(folder), .maximum = 20},
    {"store.on", CONFIG_BOOLEAN, AT(is_on), .doc = "A flag."},
    {"count", CONFIG_INTEGER, AT(count), .minimum = 1, .maximum = 9, .fallback = "5"},
    {"wait", CONFIG_DURATION, AT(wait_ms), .maximum = 60000},
    {"room", CONFIG_SIZE, AT(room_bytes), .doc = "A size."},
    {"mode", CONFIG_ENUM, AT(mode), .choices = modes},
    {"words", CONFIG_STRINGS, AT(words), .check = config_check_endpoint},
    {"labels", CONFIG_MAP, AT(labels), .maximum = 3},
    {"addresses", CONFIG_RECORDS, AT(addresses), .record = &address_table},
    {"free", CONFIG_RAW, AT(free_form), .doc = "Any shape."},
};
static const struct config_table table = CONFIG_TABLE(struct everything, keys, .name = "fuzz");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(buffer_finish) struct buffer shown = {0};
    struct config_errors errors = {0};
    struct config_node *root = NULL;
    struct everything everything;
    struct text yaml = {(const char *)data, size};
    int refused = config_node_parse(yaml, arena, &errors, &root);
    if (refused == 0) {
        assert(root->kind == CONFIG_NODE_MAP && errors.total == 0);
        refused = config_table_fill(&table, root, NULL, arena, &errors, &everything);
        assert(refused != 0 || (everything.count >= 1 && everything.count <= 9));
    }
    assert((refused != 0) == (errors.total > 0));
    assert(errors.count <= CONFIG_ERRORS_MAX);
    config_error_render(&errors, &shown);
    return 0;
}
