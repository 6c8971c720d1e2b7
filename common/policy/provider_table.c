#include "common/policy/provider_table.h"

#include "common/policy/provider_table_rows.h"

#include <stdlib.h>

static int compare_name(const void *domain, const void *row)
{
    const struct provider_table_row *place = row;
    return text_compare(*(const struct text *)domain, text_of(place->name));
}

static const struct provider_table_row *find(struct text domain)
{
    return bsearch(&domain, provider_table_rows_domains, provider_table_rows_domain_count,
                   sizeof *provider_table_rows_domains, compare_name);
}

struct text provider_table_find(const void *context, struct text domain)
{
    (void)context;
    const struct provider_table_row *row = find(domain);
    bool is_exact = row != NULL;
    /* Up the tree; a name of one label is never a row. */
    while (row == NULL && text_find(domain, '.') < domain.size) {
        domain = text_skip(domain, text_find(domain, '.') + 1);
        row = find(domain);
    }
    bool belongs = row != NULL && (is_exact || row->has_subdomains);
    return belongs ? text_of(row->provider) : TEXT("");
}

struct text provider_table_find_by_mx(struct text host)
{
    if (host.size > 0 && host.data[host.size - 1] == '.') {
        host.size--;
    }
    for (size_t i = 0; i < provider_table_rows_host_count; i++) {
        struct text end = text_of(provider_table_rows_hosts[i].name);
        bool fits = text_ends_with_nocase(host, end) &&
                    (host.size == end.size || host.data[host.size - end.size - 1] == '.');
        if (fits) {
            return text_of(provider_table_rows_hosts[i].provider);
        }
    }
    return TEXT("");
}
