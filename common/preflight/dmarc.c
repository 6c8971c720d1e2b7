#include "common/preflight/dmarc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define QUERIES_MAX 8
#define LABELS_AT_ONCE 7

/* In the order of enum dmarc_policy. */
static const char *const policy_words[] = {"", "none", "quarantine", "reject"};

const char *dmarc_policy_word(enum dmarc_policy policy)
{
    return policy_words[policy];
}

static enum dmarc_policy policy_of(struct text value)
{
    for (size_t i = DMARC_POLICY_NONE; i <= DMARC_POLICY_REJECT; i++) {
        if (text_equal_nocase(value, text_of(policy_words[i]))) {
            return (enum dmarc_policy)i;
        }
    }
    return DMARC_POLICY_ABSENT;
}

static bool is_strict(struct text value)
{
    return text_equal_nocase(value, TEXT("s"));
}

static char psd_of(struct text value)
{
    char letter = value.size == 1 ? (char)(value.data[0] | 0x20) : 'u';
    return letter == 'y' || letter == 'n' ? letter : 'u';
}

/* Tags that are not known are left alone. */
static void take_tag(struct text name, struct text value, struct dmarc_record *record)
{
    if (text_equal_nocase(name, TEXT("p"))) {
        record->domain = policy_of(value);
    } else if (text_equal_nocase(name, TEXT("sp"))) {
        record->subdomains = policy_of(value);
    } else if (text_equal_nocase(name, TEXT("np"))) {
        record->missing = policy_of(value);
    } else if (text_equal_nocase(name, TEXT("aspf"))) {
        record->is_spf_strict = is_strict(value);
    } else if (text_equal_nocase(name, TEXT("adkim"))) {
        record->is_dkim_strict = is_strict(value);
    } else if (text_equal_nocase(name, TEXT("psd"))) {
        record->psd = psd_of(value);
    } else if (text_equal_nocase(name, TEXT("rua"))) {
        record->has_reports = value.size > 0;
    } else if (text_equal_nocase(name, TEXT("pct")) || text_equal_nocase(name, TEXT("rf")) ||
               text_equal_nocase(name, TEXT("ri"))) {
        record->has_removed_tags = true;
    }
}

int dmarc_parse(struct text txt, struct dmarc_record *ret_record)
{
    struct dmarc_record record = {.psd = 'u'};
    struct text tag;
    bool is_first = true;
    while (text_next_part(&txt, ';', &tag)) {
        size_t equals = text_find(tag, '=');
        struct text name = text_trim((struct text){tag.data, equals});
        struct text value = text_trim(text_skip(tag, equals + 1));
        bool is_version = text_equal_nocase(name, TEXT("v")) && text_equal(value, TEXT("DMARC1"));
        if (is_first && !is_version) {
            return -EPROTO;
        }
        if (equals < tag.size) {
            take_tag(name, value, &record);
        }
        is_first = false;
    }
    record.has_bad_policy = record.domain == DMARC_POLICY_ABSENT;
    if (is_first || (record.has_bad_policy && !record.has_reports && record.psd != 'y')) {
        return -EPROTO;
    }
    record.domain = record.has_bad_policy ? DMARC_POLICY_NONE : record.domain;
    *ret_record = record;
    return 0;
}

/* ---------------------------------------------------------------- the walk */

/* What stands at one name of the way up. */
struct stop {
    struct text domain;
    bool has_record;
    struct dmarc_record record;
};

static size_t labels_of(struct text domain)
{
    size_t labels = 1;
    for (size_t i = 0; i < domain.size; i++) {
        labels += domain.data[i] == '.' ? 1 : 0;
    }
    return labels;
}

static struct text without_label(struct text domain)
{
    return text_skip(domain, text_find(domain, '.') + 1);
}

/* The next name to ask: one label less, of long names only seven are left. */
static struct text parent_of(struct text domain)
{
    size_t labels = labels_of(domain);
    domain = without_label(domain);
    for (labels--; labels > LABELS_AT_ONCE; labels--) {
        domain = without_label(domain);
    }
    return domain;
}

/* One record of DMARC, or none: several count as none. */
static void read_records(const struct dns_fact *fact, struct stop *stop)
{
    size_t count = 0;
    for (size_t i = 0; i < fact->count; i++) {
        struct dmarc_record record;
        struct text first = fact->texts[i];
        first.size = text_find(first, ';');
        bool is_dmarc = text_starts_with_nocase(text_trim(first), TEXT("v")) &&
                        dmarc_parse(fact->texts[i], &record) == 0;
        if (is_dmarc) {
            stop->record = record;
            count++;
        }
    }
    stop->has_record = count == 1;
}

static enum dmarc_walk_status ask(struct dns_facts *facts, struct text domain,
                                  struct stop *ret_stop)
{
    char name[DNS_FACTS_NAME_BYTES + sizeof "_dmarc."];
    *ret_stop = (struct stop){.domain = domain};
    if (domain.size >= DNS_FACTS_NAME_BYTES) {
        return DMARC_WALK_DONE;
    }
    (void)snprintf(name, sizeof name, "_dmarc.%.*s", TEXT_PRINT(domain));
    const struct dns_fact *fact = dns_facts_ask(facts, DNS_FACTS_TXT, text_of(name));
    if (fact == NULL) {
        return DMARC_WALK_UNKNOWN;
    }
    if (fact->status == DNS_FACTS_TEMPORARY) {
        return DMARC_WALK_TEMPORARY;
    }
    if (fact->status == DNS_FACTS_FOUND) {
        read_records(fact, ret_stop);
    }
    return DMARC_WALK_DONE;
}

static bool ends_walk(const struct stop *stop)
{
    return stop->has_record && stop->record.psd != 'u';
}

/* RFC 9989, 4.10.2: psd=n is it; below psd=y; else the shortest name with a record; else itself. */
static struct text organisation_of(const struct stop *stops, size_t count)
{
    struct text shortest = stops[0].domain;
    for (size_t i = 0; i < count; i++) {
        const struct stop *stop = &stops[i];
        if (!stop->has_record) {
            continue;
        }
        if (stop->record.psd == 'n') {
            return stop->domain;
        }
        if (stop->record.psd == 'y' && i > 0) {
            /* One label below, on the way from the domain where the walk began. */
            struct text below = stops[0].domain;
            while (labels_of(below) > labels_of(stop->domain) + 1) {
                below = without_label(below);
            }
            return below;
        }
        shortest = stop->domain;
    }
    return shortest;
}

static void take_policy(const struct stop *stop, bool is_own, struct dmarc_walk *walk)
{
    walk->has_record = true;
    walk->record = stop->record;
    walk->policy = stop->record.domain;
    if (!is_own && stop->record.subdomains != DMARC_POLICY_ABSENT) {
        walk->policy = stop->record.subdomains;
    }
    (void)snprintf(walk->record_domain, sizeof walk->record_domain, "%.*s",
                   TEXT_PRINT(stop->domain));
}

/* Its own record, else its organisation's, else that of the public suffix above. */
static void find_policy(const struct stop *stops, size_t count, struct dmarc_walk *walk)
{
    struct text organisation = text_of(walk->organisation);
    for (size_t i = 0; i < count; i++) {
        bool is_psd = stops[i].has_record && stops[i].record.psd == 'y';
        bool applies = i == 0 || is_psd || text_equal(stops[i].domain, organisation);
        if (stops[i].has_record && applies) {
            take_policy(&stops[i], i == 0, walk);
            return;
        }
    }
}

void dmarc_discover(struct dns_facts *facts, struct text domain, struct dmarc_walk *ret_walk)
{
    struct stop stops[QUERIES_MAX];
    struct text name = domain;
    size_t count = 0;
    *ret_walk = (struct dmarc_walk){.status = DMARC_WALK_DONE};
    while (count < QUERIES_MAX && name.size > 0) {
        enum dmarc_walk_status status = ask(facts, name, &stops[count]);
        if (status != DMARC_WALK_DONE) {
            ret_walk->status = status;
            return;
        }
        count++;
        if (ends_walk(&stops[count - 1]) || labels_of(name) == 1) {
            break;
        }
        name = parent_of(name);
    }
    if (count == 0) {
        return;
    }
    (void)snprintf(ret_walk->organisation, sizeof ret_walk->organisation, "%.*s",
                   TEXT_PRINT(organisation_of(stops, count)));
    find_policy(stops, count, ret_walk);
}

bool dmarc_is_aligned(const struct dmarc_walk *from, struct text from_domain,
                      const struct dmarc_walk *other, struct text other_domain, bool is_strict)
{
    return text_equal_nocase(from_domain, other_domain) ||
           (!is_strict &&
            text_equal_nocase(text_of(from->organisation), text_of(other->organisation)));
}
