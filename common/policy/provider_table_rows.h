/* The rows behind provider_table.h. Internal to this folder. */
#ifndef HIKYAKU_COMMON_POLICY_PROVIDER_TABLE_ROWS_H
#define HIKYAKU_COMMON_POLICY_PROVIDER_TABLE_ROWS_H

#include <stdbool.h>
#include <stddef.h>

struct provider_table_row {
    const char *name; /* domain, or the end of an MX host's name; lower case */
    const char *provider;
    bool has_subdomains; /* the domains below belong to it as well */
};

/** Recipient domains, sorted by name for a binary search. */
extern const struct provider_table_row provider_table_rows_domains[];
extern const size_t provider_table_rows_domain_count;

/** Ends of MX names, whole labels; the first that fits decides. */
extern const struct provider_table_row provider_table_rows_hosts[];
extern const size_t provider_table_rows_host_count;

#endif
