#include "common/preflight/spf.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* "TXT name content", "A name address", "MX name host": all that DNS knows. */
static const char *const zone[] = {
    "TXT ip.test v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all",
    "TXT soft.test v=spf1 ip4:198.51.100.1 ~all",
    "TXT neutral.test v=spf1 ?all",
    "TXT open.test v=spf1",
    "TXT two.test v=spf1 -all",
    "TXT two.test v=spf1 +all",
    "TXT other.test v=spf10 -all",
    "TXT a.test v=spf1 a -all",
    "A a.test 192.0.2.7",
    "TXT bits.test v=spf1 a:a.test/24//64 -all",
    "TXT mx.test v=spf1 mx -all",
    "MX mx.test m1.mx.test",
    "MX mx.test m2.mx.test",
    "A m1.mx.test 203.0.113.1",
    "A m2.mx.test 192.0.2.7",
    "TXT include.test v=spf1 include:soft.test include:ip.test -all",
    "TXT broken-include.test v=spf1 include:nothing.test -all",
    "TXT redirect.test v=spf1 redirect=ip.test",
    "TXT broken-redirect.test v=spf1 redirect=nothing.test",
    "TXT loop.test v=spf1 include:loop.test -all",
    "TXT exists.test v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all",
    "A 7.2.0.192.in-addr._spf.exists.test 127.0.0.2",
    "TXT ptr.test v=spf1 ptr -all",
    "PTR 7.2.0.192.in-addr.arpa host.ptr.test",
    "A host.ptr.test 192.0.2.7",
    "TXT ten.test v=spf1 a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test a:a.test "
    "a:a.test a:m1.mx.test -all",
    "TXT eleven.test v=spf1 a:m1.mx.test a:m1.mx.test a:m1.mx.test a:m1.mx.test a:m1.mx.test "
    "a:m1.mx.test a:m1.mx.test a:m1.mx.test a:m1.mx.test a:m1.mx.test a:a.test -all",
    "TXT void2.test v=spf1 a:none1.test a:none2.test ip4:192.0.2.7 -all",
    "TXT void3.test v=spf1 a:none1.test a:none2.test a:none3.test ip4:192.0.2.7 -all",
    "TXT bad-term.test v=spf1 ip4:192.0.2.0/24 moo -all",
    "TXT bad-bits.test v=spf1 ip4:192.0.2.0/33 -all",
    "TXT bad-macro.test v=spf1 a:%{x}.test -all",
    "TXT bad-end.test v=spf1 a:host.123 -all",
    "TXT twice.test v=spf1 redirect=ip.test redirect=ip.test",
    "TXT modifier.test v=spf1 moo=%{d} ip4:192.0.2.7 -all",
    "TXT silent-include.test v=spf1 include:silent.test -all",
};

static void put(struct dns_facts *facts, const struct dns_facts_wanted *wanted)
{
    static const char *const kinds[] = {"A", "AAAA", "MX", "TXT", "PTR"};
    struct dns_facts_address addresses[8];
    struct text texts[16];
    struct dns_fact fact = {.kind = wanted->kind, .name = wanted->name};
    bool is_address = wanted->kind == DNS_FACTS_A || wanted->kind == DNS_FACTS_AAAA;
    for (size_t i = 0; i < sizeof zone / sizeof zone[0]; i++) {
        struct text rest = text_of(zone[i]);
        struct text kind;
        struct text name;
        (void)text_next_part(&rest, ' ', &kind);
        (void)text_next_part(&rest, ' ', &name);
        if (text_equal(kind, text_of(kinds[wanted->kind])) && text_equal(name, wanted->name)) {
            addresses[fact.count % 8] = (struct dns_facts_address){.is_v6 = false};
            if (is_address) {
                assert_int_equal(inet_pton(AF_INET, rest.data, addresses[fact.count].bytes), 1);
            } else {
                texts[fact.count] = rest;
            }
            fact.count++;
        }
    }
    fact.addresses = is_address ? addresses : NULL;
    fact.texts = is_address ? NULL : texts;
    fact.status = fact.count > 0 ? DNS_FACTS_FOUND : DNS_FACTS_NO_NAME;
    if (text_equal(wanted->name, TEXT("silent.test"))) {
        fact.status = DNS_FACTS_TEMPORARY;
    }
    dns_facts_put(facts, &fact);
}

static struct spf_answer ask(const char *domain, const char *ip)
{
    struct dns_facts *facts = dns_facts_create();
    struct spf_question question = {
        .facts = facts, .domain = text_of(domain), .helo = TEXT("m1.shop.test")};
    question.ip.is_v6 = strchr(ip, ':') != NULL;
    assert_int_equal(inet_pton(question.ip.is_v6 ? AF_INET6 : AF_INET, ip, question.ip.bytes), 1);
    struct spf_answer answer;
    struct dns_facts_wanted wanted;
    for (size_t rounds = 0; rounds < 100; rounds++) {
        spf_check(&question, &answer);
        bool is_wanted = false;
        while (dns_facts_take_wanted(facts, &wanted)) {
            put(facts, &wanted);
            is_wanted = true;
        }
        assert_int_equal(answer.result == SPF_UNKNOWN, is_wanted);
        if (!is_wanted) {
            break;
        }
    }
    dns_facts_destroy(&facts);
    return answer;
}

/* P1, P2, P3; RFC 7208. */
static void an_address_is_judged_by_the_record(void **state)
{
    (void)state;
    static const struct {
        const char *domain;
        const char *ip;
        enum spf_result result;
    } cases[] = {
        {"ip.test", "192.0.2.7", SPF_PASS},
        {"ip.test", "192.0.3.7", SPF_FAIL},
        {"ip.test", "2001:db8::7", SPF_PASS},
        {"ip.test", "2001:db9::7", SPF_FAIL},
        {"IP.Test", "192.0.2.7", SPF_PASS},
        {"soft.test", "192.0.2.7", SPF_SOFTFAIL},
        {"neutral.test", "192.0.2.7", SPF_NEUTRAL},
        {"open.test", "192.0.2.7", SPF_NEUTRAL},
        {"two.test", "192.0.2.7", SPF_PERMERROR},
        {"other.test", "192.0.2.7", SPF_NONE},
        {"nothing.test", "192.0.2.7", SPF_NONE},
        {"localhost", "192.0.2.7", SPF_NONE},
        {"silent.test", "192.0.2.7", SPF_TEMPERROR},
        {"a.test", "192.0.2.7", SPF_PASS},
        {"a.test", "192.0.2.8", SPF_FAIL},
        {"bits.test", "192.0.2.200", SPF_PASS},
        {"bits.test", "192.0.3.7", SPF_FAIL},
        {"mx.test", "192.0.2.7", SPF_PASS},
        {"mx.test", "192.0.2.8", SPF_FAIL},
        {"include.test", "192.0.2.7", SPF_PASS},
        {"include.test", "198.51.100.1", SPF_PASS},
        {"include.test", "203.0.113.9", SPF_FAIL},
        {"broken-include.test", "192.0.2.7", SPF_PERMERROR},
        {"silent-include.test", "192.0.2.7", SPF_TEMPERROR},
        {"redirect.test", "192.0.2.7", SPF_PASS},
        {"redirect.test", "192.0.3.7", SPF_FAIL},
        {"broken-redirect.test", "192.0.2.7", SPF_PERMERROR},
        {"loop.test", "192.0.2.7", SPF_PERMERROR},
        {"exists.test", "192.0.2.7", SPF_PASS},
        {"exists.test", "192.0.2.8", SPF_FAIL},
        {"ptr.test", "192.0.2.7", SPF_PASS},
        {"ptr.test", "192.0.2.8", SPF_FAIL},
        {"ten.test", "203.0.113.1", SPF_PASS},
        {"eleven.test", "192.0.2.7", SPF_PERMERROR},
        {"void2.test", "192.0.2.7", SPF_PASS},
        {"void3.test", "192.0.2.7", SPF_PERMERROR},
        {"bad-term.test", "192.0.2.7", SPF_PERMERROR},
        {"bad-bits.test", "192.0.2.7", SPF_PERMERROR},
        {"bad-macro.test", "192.0.2.7", SPF_PERMERROR},
        {"bad-end.test", "192.0.2.7", SPF_PERMERROR},
        {"twice.test", "192.0.2.7", SPF_PERMERROR},
        {"modifier.test", "192.0.2.7", SPF_PASS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct spf_answer answer = ask(cases[i].domain, cases[i].ip);
        if (answer.result != cases[i].result) {
            fail_msg("%s from %s: %s (%s)", cases[i].domain, cases[i].ip,
                     spf_result_word(answer.result), answer.why);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_judged_by_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
