/* Scopes as options and on screens. */
#ifndef HIKYAKU_CLI_COMMANDS_SCOPE_LIST_H
#define HIKYAKU_CLI_COMMANDS_SCOPE_LIST_H

#include "cli/options.h"
#include "common/policy/access_scope.h"
#include "hikyaku/v1/api.pb-c.h"

/** The words given with --scope. @return false: one is no scope; told */
bool scope_list_read(const struct options *options, Hikyaku__V1__Scope scopes[ACCESS_SCOPE_LIMIT],
                     size_t *ret_count);
/** "campaign:write, event:read"; "everything" for all of them. */
void scope_list_append(const Hikyaku__V1__Scope *scopes, size_t count, struct buffer *out);

#endif
