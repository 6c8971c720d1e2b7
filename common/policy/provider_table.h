/* Which provider a domain belongs to, from a built-in table: the big ones have so many domains that
 * DNS would be asked for nothing. Provider keys name batches and select reply rules; they are words
 * of the protocol, so they do not change. Pure and thread-safe. */
#ifndef HIKYAKU_COMMON_POLICY_PROVIDER_TABLE_H
#define HIKYAKU_COMMON_POLICY_PROVIDER_TABLE_H

#include "common/base/text.h"

/**
 * The provider of a recipient domain, "" when the table knows none. Fits intake_provider_fn.
 *
 * @param context  not used
 * @param domain   A-labels, lower case
 * @return a static text
 */
struct text provider_table_find(const void *context, struct text domain);

/**
 * The provider that an MX host belongs to, "" when the table knows none: for customers' own domains
 * (Google Workspace, Microsoft 365), and to make one site of many MX names.
 *
 * @param host  any case, a final dot is allowed
 * @return a static text
 */
struct text provider_table_find_by_mx(struct text host);

#endif
