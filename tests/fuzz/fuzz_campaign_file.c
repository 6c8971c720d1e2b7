/* Campaign files: any text gives a request that can be packed, or errors; any path of the server
 * finds a place in it or none. */
#include "cli/campaign_file.h"
#include "common/wire/wire_unpack.h"

#include <assert.h>
#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int load(void *context, struct text path, struct arena *arena, struct text *ret_content,
                struct problem *problem)
{
    (void)context;
    (void)arena;
    if (path.size % 3 == 0) {
        problem_set(problem, "", "file", "is not there");
        return -ENOENT;
    }
    *ret_content = path;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct campaign_file_loader loader = {load, NULL};
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct campaign_file file;
    struct text yaml = {(const char *)data, size};
    int refused = campaign_file_parse(yaml, &loader, arena, &errors, &file);
    assert((refused != 0) == (errors.total > 0));
    if (refused == 0) {
        OWNED(buffer_finish) struct buffer packed = {0};
        struct config_place place;
        wire_unpack_append(&file.request->base, &packed);
        assert(packed.size > 0);
        /* The first line is as good a path as any. */
        yaml.size = text_find(yaml, '\n');
        (void)campaign_file_place(&file, yaml, &place);
    }
    return 0;
}
