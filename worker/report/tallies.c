#include "worker/report/tallies.h"

#include "common/base/table.h"
#include "common/policy/reputation.h"
#include "common/store/store_reputation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITE_MS 5000
#define CLOSING_MS 100
#define OTHER "other"

struct site {
    char *name;
    struct reputation counts;
};

/* An IP or a From domain. What was sent stays in `sent` until it is answered: repeated under its
 * number it is counted once. */
struct name {
    struct tallies *tallies;
    char *ip; /* NULL: a domain */
    char *tenant;
    char *domain;
    struct site sites[TALLIES_SITES_MAX + 1];
    size_t site_count;
    struct site sent[TALLIES_SITES_MAX + 1];
    size_t sent_count;
    uint64_t number;
    bool is_asked; /* an answer is awaited */
};

struct tallies {
    struct store *store;
    struct table *names;
    struct name *last_ip; /* the next attempt is mostly of the same; borrowed from names */
    struct name *last_domain;
    struct loop_timer *timer;
};

static void on_timer(void *context)
{
    tallies_write(context);
}

struct tallies *tallies_create(struct loop *loop, struct store *store)
{
    struct tallies *tallies = xalloc_zero(1, sizeof *tallies);
    tallies->store = store;
    tallies->names = table_create();
    tallies->timer = loop_timer_create(loop, on_timer, tallies);
    loop_timer_start(tallies->timer, WRITE_MS, WRITE_MS);
    return tallies;
}

static void clear(struct site *sites, size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        free(sites[i].name);
    }
    *count = 0;
}

static void free_name(struct name *name)
{
    clear(name->sites, &name->site_count);
    clear(name->sent, &name->sent_count);
    free(name->ip);
    free(name->tenant);
    free(name->domain);
    free(name);
}

void tallies_destroy(struct tallies **tallies)
{
    if (*tallies == NULL) {
        return;
    }
    struct table_walk walk;
    loop_timer_destroy(&(*tallies)->timer);
    for (struct name *name = table_first((*tallies)->names, &walk); name != NULL;
         name = table_next(&walk)) {
        free_name(name);
    }
    table_destroy(&(*tallies)->names);
    free(*tallies);
    *tallies = NULL;
}

/* ------------------------------------------------------------------ counting */

static struct name *obtain(struct tallies *tallies, struct text ip, struct text tenant,
                           struct text domain)
{
    char key[600];
    int size = snprintf(key, sizeof key, "%.*s|%.*s|%.*s", TEXT_PRINT(ip), TEXT_PRINT(tenant),
                        TEXT_PRINT(domain));
    if (size < 0 || (size_t)size >= sizeof key) {
        return NULL;
    }
    struct text place = {key, (size_t)size};
    struct name *name = table_get(tallies->names, place);
    if (name == NULL && table_count(tallies->names) < TALLIES_NAMES_MAX) {
        name = xalloc_zero(1, sizeof *name);
        name->tallies = tallies;
        name->ip = ip.size > 0 ? text_to_string(ip) : NULL;
        name->tenant = text_to_string(tenant);
        name->domain = text_to_string(domain);
        (void)table_put(tallies->names, place, name);
    }
    return name;
}

static bool is_name(const struct name *name, struct text ip, struct text tenant, struct text domain)
{
    return name != NULL && text_equal(text_of(name->ip), ip) &&
           text_equal(text_of(name->tenant), tenant) && text_equal(text_of(name->domain), domain);
}

static struct site *site_of(struct name *name, struct text given)
{
    struct text wanted = name->site_count < TALLIES_SITES_MAX ? given : TEXT(OTHER);
    for (size_t i = 0; i < name->site_count; i++) {
        struct text known = text_of(name->sites[i].name);
        if (text_equal(known, given) || text_equal(known, wanted)) {
            return &name->sites[i];
        }
    }
    struct site *site = &name->sites[name->site_count++];
    *site = (struct site){.name = text_to_string(wanted)};
    return site;
}

static void count(struct name *name, const struct tallies_attempt *attempt)
{
    if (name != NULL) {
        reputation_note(&site_of(name, attempt->site)->counts, attempt->outcome,
                        attempt->reply_class);
    }
}

void tallies_note(struct tallies *tallies, const struct tallies_attempt *attempt)
{
    if (attempt->site.size == 0 || attempt->ip.size == 0) {
        return;
    }
    if (!is_name(tallies->last_ip, attempt->ip, TEXT(""), TEXT(""))) {
        tallies->last_ip = obtain(tallies, attempt->ip, TEXT(""), TEXT(""));
    }
    if (!is_name(tallies->last_domain, TEXT(""), attempt->tenant, attempt->from_domain)) {
        tallies->last_domain = obtain(tallies, TEXT(""), attempt->tenant, attempt->from_domain);
    }
    count(tallies->last_ip, attempt);
    count(tallies->last_domain, attempt);
}

/* ------------------------------------------------------------------ writing */

static void on_added(void *context, int error)
{
    struct name *name = context;
    name->is_asked = false;
    if (error == 0) {
        clear(name->sent, &name->sent_count);
    }
}

static void send(struct name *name)
{
    struct store_reputation_site sites[TALLIES_SITES_MAX + 1];
    struct buffer counts[TALLIES_SITES_MAX + 1] = {0};
    for (size_t i = 0; i < name->sent_count; i++) {
        reputation_append(&name->sent[i].counts, &counts[i]);
        sites[i] = (struct store_reputation_site){.site = text_of(name->sent[i].name),
                                                  .counts = buffer_text(&counts[i])};
    }
    name->is_asked = true;
    const struct store_reputation_addition addition = {.name = {.ip = text_of(name->ip),
                                                                .tenant = text_of(name->tenant),
                                                                .domain = text_of(name->domain)},
                                                       .number = name->number,
                                                       .sites = sites,
                                                       .count = name->sent_count};
    store_reputation_add(name->tallies->store, &addition, on_added, name);
    for (size_t i = 0; i < name->sent_count; i++) {
        buffer_finish(&counts[i]);
    }
}

/* What was not answered is sent again first, as it was. */
static void write_name(struct name *name)
{
    if (name->is_asked || (name->sent_count == 0 && name->site_count == 0)) {
        return;
    }
    if (name->sent_count == 0) {
        memcpy(name->sent, name->sites, sizeof name->sent);
        name->sent_count = name->site_count;
        name->site_count = 0;
        name->number++;
    }
    send(name);
}

void tallies_write(struct tallies *tallies)
{
    struct table_walk walk;
    if (!store_is_ready(tallies->store)) {
        return;
    }
    for (struct name *name = table_first(tallies->names, &walk); name != NULL;
         name = table_next(&walk)) {
        write_name(name);
    }
}

void tallies_close(struct tallies *tallies)
{
    loop_timer_start(tallies->timer, CLOSING_MS, CLOSING_MS);
    tallies_write(tallies);
}
