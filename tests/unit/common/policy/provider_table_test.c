#include "common/policy/provider_table.h"

#include "common/policy/provider_table_rows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct sample {
    const char *name;
    const char *provider;
};

static void check(const struct sample *sample, struct text got)
{
    if (!text_equal(got, text_of(sample->provider))) {
        fail_msg("%s: got \"%.*s\"", sample->name, TEXT_PRINT(got));
    }
}

static void domains_find_their_provider(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"gmail.com", "google"},
        {"googlemail.com", "google"},
        {"outlook.com", "microsoft"},
        {"hotmail.co.jp", "microsoft"},
        {"msn.com", "microsoft"},
        {"yahoo.com", "yahoo"},
        {"aol.com", "yahoo"},
        {"yahoo.co.jp", "yahoo-jp"},
        {"icloud.com", "apple"},
        {"me.com", "apple"},
        {"docomo.ne.jp", "docomo"},
        {"ezweb.ne.jp", "au"},
        {"a5.ezweb.ne.jp", "au"},
        {"au.com", "au"},
        {"softbank.ne.jp", "softbank"},
        {"i.softbank.jp", "softbank"},
        {"d.vodafone.ne.jp", "softbank"},
        {"ymobile.ne.jp", "softbank"},
        {"example.com", ""},
        {"notgmail.com", ""},
        {"gmail.com.example", ""},
        {"x.gmail.com", ""},
        {"xezweb.ne.jp", ""},
        {"jp", ""},
        {"", ""},
        {"[192.0.2.1]", ""},
        {".", ""},
        {"gmail.com.", ""},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        check(&samples[i], provider_table_find(NULL, text_of(samples[i].name)));
    }
}

/* G15: limits go by the MX record's domain, not by the recipient's. */
static void mx_hosts_find_their_provider(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"aspmx.l.google.com", "google"},
        {"ALT1.ASPMX.L.GOOGLE.COM.", "google"},
        {"outlook-com.olc.protection.outlook.com", "microsoft"},
        {"example-com.mail.protection.outlook.com", "microsoft-365"},
        {"example-com.a-v1.mx.microsoft", "microsoft-365"},
        {"mta5.am0.yahoodns.net", "yahoo"},
        {"mx01.mail.icloud.com", "apple"},
        {"mfsmax.docomo.ne.jp", "docomo"},
        {"lsean.ezweb.ne.jp", "au"},
        {"mx1.mail.yahoo.co.jp", "yahoo-jp"},
        {"notgoogle.com", ""},
        {"google.com.example", ""},
        {"mx.example.com", ""},
        {"", ""},
        {".", ""},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        check(&samples[i], provider_table_find_by_mx(text_of(samples[i].name)));
    }
}

static void the_table_is_sorted_for_its_search(void **state)
{
    (void)state;
    for (size_t i = 0; i < provider_table_rows_domain_count; i++) {
        struct text name = text_of(provider_table_rows_domains[i].name);
        assert_true(i == 0 ||
                    text_compare(text_of(provider_table_rows_domains[i - 1].name), name) < 0);
        assert_true(text_find(name, '.') < name.size);
        check(&(struct sample){name.data, provider_table_rows_domains[i].provider},
              provider_table_find(NULL, name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains_find_their_provider),
        cmocka_unit_test(mx_hosts_find_their_provider),
        cmocka_unit_test(the_table_is_sorted_for_its_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
