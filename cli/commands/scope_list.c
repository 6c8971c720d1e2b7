#include "cli/commands/scope_list.h"

#include "cli/tell.h"

bool scope_list_read(const struct options *options, Hikyaku__V1__Scope scopes[ACCESS_SCOPE_LIMIT],
                     size_t *ret_count)
{
    const char *word;
    uint32_t set = 0;
    for (size_t i = 0; (word = options_item(options, "scope", i)) != NULL; i++) {
        uint32_t scope = access_scope_find(text_of(word));
        if (scope == 0) {
            OWNED(buffer_finish) struct buffer all = {0};
            access_scope_append(ACCESS_ALL, &all);
            tell("--scope: %s is none of %.*s", word, TEXT_PRINT(buffer_text(&all)));
            return false;
        }
        set |= scope;
    }
    *ret_count = 0;
    for (unsigned int scope = 1; scope < ACCESS_SCOPE_LIMIT; scope++) {
        if ((set & ACCESS_BIT(scope)) != 0) {
            scopes[(*ret_count)++] = (Hikyaku__V1__Scope)scope;
        }
    }
    return true;
}

void scope_list_append(const Hikyaku__V1__Scope *scopes, size_t count, struct buffer *out)
{
    uint32_t set = 0;
    for (size_t i = 0; i < count; i++) {
        /* A newer coordinator may know more. */
        set |= (unsigned int)scopes[i] < ACCESS_SCOPE_LIMIT ? ACCESS_BIT(scopes[i]) : 0;
    }
    if (set == ACCESS_ALL) {
        buffer_append_string(out, "everything");
    } else {
        access_scope_append(set, out);
    }
}
