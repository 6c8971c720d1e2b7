#include "common/preflight/dmarc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* P7, P8. */
static void records_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *txt;
        bool is_good;
        enum dmarc_policy policy;
        bool is_bad_policy;
        bool has_removed;
        char psd;
    } cases[] = {
        {"v=DMARC1; p=none", true, DMARC_POLICY_NONE, false, false, 'u'},
        {"v=DMARC1;p=reject;", true, DMARC_POLICY_REJECT, false, false, 'u'},
        {"v = DMARC1 ; p = Quarantine ; pct=50", true, DMARC_POLICY_QUARANTINE, false, true, 'u'},
        {"v=DMARC1; p=moo; rua=mailto:a@b.test", true, DMARC_POLICY_NONE, true, false, 'u'},
        {"v=DMARC1; rua=mailto:a@b.test", true, DMARC_POLICY_NONE, true, false, 'u'},
        {"v=DMARC1; p=reject; psd=y", true, DMARC_POLICY_REJECT, false, false, 'y'},
        {"v=DMARC1; p=reject; psd=n", true, DMARC_POLICY_REJECT, false, false, 'n'},
        {"v=DMARC1; p=moo", false, DMARC_POLICY_ABSENT, false, false, 'u'},
        {"v=dmarc1; p=none", false, DMARC_POLICY_ABSENT, false, false, 'u'},
        {"p=none; v=DMARC1", false, DMARC_POLICY_ABSENT, false, false, 'u'},
        {"v=DMARC10; p=none", false, DMARC_POLICY_ABSENT, false, false, 'u'},
        {"v=spf1 -all", false, DMARC_POLICY_ABSENT, false, false, 'u'},
        {"", false, DMARC_POLICY_ABSENT, false, false, 'u'},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dmarc_record record = {.psd = 'u'};
        assert_int_equal(dmarc_parse(text_of(cases[i].txt), &record) == 0, cases[i].is_good);
        assert_int_equal(record.domain, cases[i].policy);
        assert_int_equal(record.has_bad_policy, cases[i].is_bad_policy);
        assert_int_equal(record.has_removed_tags, cases[i].has_removed);
        assert_int_equal(record.psd, cases[i].psd);
    }
}

struct zone {
    const char *name; /* NULL ends it */
    const char *txt;
};

static size_t discover(const struct zone *zone, const char *domain, struct dmarc_walk *ret_walk)
{
    struct dns_facts *facts = dns_facts_create();
    size_t queries = 0;
    for (dmarc_discover(facts, text_of(domain), ret_walk); ret_walk->status == DMARC_WALK_UNKNOWN;
         dmarc_discover(facts, text_of(domain), ret_walk)) {
        struct dns_facts_wanted wanted;
        assert_true(dns_facts_take_wanted(facts, &wanted));
        struct text texts[4];
        struct dns_fact fact = {.kind = wanted.kind, .name = wanted.name, .texts = texts};
        for (size_t i = 0; zone[i].name != NULL; i++) {
            if (text_equal(wanted.name, text_of(zone[i].name))) {
                texts[fact.count++] = text_of(zone[i].txt);
            }
        }
        fact.status = fact.count > 0 ? DNS_FACTS_FOUND : DNS_FACTS_NO_NAME;
        dns_facts_put(facts, &fact);
        queries++;
    }
    dns_facts_destroy(&facts);
    return queries;
}

/* P5: with 1, 3, 8, 9 and 20 labels; psd=y and psd=n. */
static void the_walk_finds_policy_and_organisation(void **state)
{
    (void)state;
    static const struct zone zone[] = {
        {"_dmarc.shop.test", "v=DMARC1; p=reject; sp=quarantine"},
        {"_dmarc.own.shop.test", "v=DMARC1; p=none"},
        {"_dmarc.bank", "v=DMARC1; p=reject; psd=y"},
        {"_dmarc.apart.shop.test", "v=DMARC1; p=reject; psd=n"},
        {"_dmarc.two.test", "v=DMARC1; p=none"},
        {"_dmarc.two.test", "v=DMARC1; p=reject"},
        {"_dmarc.noise.test", "v=spf1 -all"},
        {NULL, NULL},
    };
    static const struct {
        const char *domain;
        const char *organisation;
        const char *record; /* "": none applies */
        enum dmarc_policy policy;
        size_t queries;
    } cases[] = {
        {"shop.test", "shop.test", "shop.test", DMARC_POLICY_REJECT, 2},
        {"news.shop.test", "shop.test", "shop.test", DMARC_POLICY_QUARANTINE, 3},
        {"own.shop.test", "shop.test", "own.shop.test", DMARC_POLICY_NONE, 3},
        {"a.apart.shop.test", "apart.shop.test", "apart.shop.test", DMARC_POLICY_REJECT, 2},
        {"mail.big.bank", "big.bank", "bank", DMARC_POLICY_REJECT, 3},
        {"two.test", "two.test", "", DMARC_POLICY_ABSENT, 2},
        {"noise.test", "noise.test", "", DMARC_POLICY_ABSENT, 2},
        {"test", "test", "", DMARC_POLICY_ABSENT, 1},
        {"a.b.c.d.e.f.shop.test", "shop.test", "shop.test", DMARC_POLICY_QUARANTINE, 8},
        {"a.b.c.d.e.f.g.shop.test", "shop.test", "shop.test", DMARC_POLICY_QUARANTINE, 8},
        {"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.shop.test", "shop.test", "shop.test",
         DMARC_POLICY_QUARANTINE, 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dmarc_walk walk;
        size_t queries = discover(zone, cases[i].domain, &walk);
        assert_string_equal(walk.organisation, cases[i].organisation);
        assert_string_equal(walk.record_domain, cases[i].record);
        assert_int_equal(walk.has_record, cases[i].record[0] != '\0');
        assert_int_equal(walk.policy, cases[i].policy);
        assert_int_equal(queries, cases[i].queries);
    }
}

/* P6. */
static void alignment_is_of_organisations_or_exact(void **state)
{
    (void)state;
    static const struct zone zone[] = {{"_dmarc.shop.test", "v=DMARC1; p=none"}, {NULL, NULL}};
    struct dmarc_walk from;
    struct dmarc_walk path;
    struct dmarc_walk other;
    (void)discover(zone, "shop.test", &from);
    (void)discover(zone, "bounce.shop.test", &path);
    (void)discover(zone, "bounce.example.test", &other);
    struct text domain = TEXT("shop.test");
    assert_true(dmarc_is_aligned(&from, domain, &path, TEXT("bounce.shop.test"), false));
    assert_false(dmarc_is_aligned(&from, domain, &path, TEXT("bounce.shop.test"), true));
    assert_false(dmarc_is_aligned(&from, domain, &other, TEXT("bounce.example.test"), false));
    assert_true(dmarc_is_aligned(&from, domain, &from, domain, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read),
        cmocka_unit_test(the_walk_finds_policy_and_organisation),
        cmocka_unit_test(alignment_is_of_organisations_or_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
