#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/mail/address.h"
#include "tests/unit/common/mail/mail_data.h"

#include <errno.h>
#include <string.h>

#define TEN "1234567890"
#define FIFTY TEN TEN TEN TEN TEN
#define L63 FIFTY TEN "abc"

enum { ADDRESS, VERDICT, FIRM, SOURCE, NOTE };

/* NUL in a JSON string is refused by our reader: such rows hold what no address may hold. */
static bool decode(struct text json, struct arena *arena, struct text *ret_text)
{
    static const struct fields_limits limits = {.size_bytes = 4096, .depth = 1, .allows_any = true};
    const struct fields_value *value = NULL;
    struct problem problem = {0};
    if (fields_parse(json, &limits, arena, &value, &problem) == 0) {
        *ret_text = value->text;
        return true;
    }
    assert_true(strcmp(problem.rule, "fields_nul") == 0 ||
                strcmp(problem.rule, "fields_utf8") == 0);
    return false;
}

/* Where we say something else, and why. */
static const struct {
    const char *text;
    const char *why;
} known[] = {
    {"\"<john@smith.com>\" <john@smith.com>", "a mailbox of a header, not of an envelope"},
    {"Steve Jobs <steve@apple.com>", "as above"},
    {"(this is a comment)test@example.com", "as above"},
    {"(this is a comment) test@example.com", "as above"},
    {"ruby...rails@domomo-ezweb.ne.jp", "no domain of a carrier"},
    {"example@c", "RFC 5321 allows one label"},
};

static bool is_known(struct text text)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (text_equal(text, text_of(known[i].text))) {
            return true;
        }
    }
    /* A domain with U+103FF, which Unicode has not assigned (UTS 46). */
    return text_starts_with(text, TEXT("test@\xf0\x90\x8f\xbf"));
}

static bool is_right(struct text text, const struct text *columns, struct arena *arena)
{
    struct address address;
    struct problem problem = {0};
    bool good = address_parse(text, NULL, arena, &address, &problem) == 0;
    bool wants_carrier = text_equal(columns[VERDICT], TEXT("carrier-only"));
    bool wants_good = wants_carrier || text_equal(columns[VERDICT], TEXT("valid"));
    if (good == wants_good && (!good || address.has_carrier_dots == wants_carrier)) {
        return true;
    }
    print_error("%.*s: want %.*s, got %s (%.*s, %.*s)\n", TEXT_PRINT(columns[ADDRESS]),
                TEXT_PRINT(columns[VERDICT]), good ? "good" : problem.rule,
                TEXT_PRINT(columns[SOURCE]), TEXT_PRINT(columns[NOTE]));
    return false;
}

/* What others' test suites agree on (firm). */
static void mailboxes_of_other_suites_get_their_verdict(void **state)
{
    OWNED(buffer_finish) struct buffer file = {0};
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct text columns[DATA_FILE_COLUMNS_MAX];
    size_t wrong = 0;
    size_t rows = 0;
    (void)state;
    data_file_load("addresses", "addresses.tsv", &file);
    struct text table = buffer_text(&file);
    assert_true(data_file_row(&table, columns));
    while (data_file_row(&table, columns)) {
        struct text text;
        if (!text_equal(columns[FIRM], TEXT("yes")) || !decode(columns[ADDRESS], arena, &text)) {
            continue;
        }
        bool right = is_known(text) || is_right(text, columns, arena);
        wrong += right ? 0 : 1;
        rows++;
    }
    assert_true(rows > 250);
    assert_int_equal(wrong, 0);
}

static const struct {
    const char *given;
    const char *wire; /* NULL: refused */
    const char *rule; /* when it is refused */
    const char *key;
} cases[] = {
    {"a@example.jp", "a@example.jp", "", "a@example.jp"},
    {"Bob+x@Example.JP", "Bob+x@example.jp", "", "bob+x@example.jp"},
    {"\"b o\\b\"@example.jp", "\"b o\\b\"@example.jp", "", "b ob@example.jp"},
    {"\"\"@example.jp", "\"\"@example.jp", "", "@example.jp"},
    {"a@[192.0.2.1]", "a@[192.0.2.1]", "", "a@[192.0.2.1]"},
    {"a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]", "", "a@[ipv6:2001:db8::1]"},
    {"a@[2001:db8::1]", NULL, "address_literal", NULL},
    {"a@[192.0.2.256]", NULL, "address_literal", NULL},
    {"a@[192.0.2.1", NULL, "address_literal", NULL},
    {"", NULL, "address_empty", NULL},
    {"a", NULL, "address_no_at", NULL},
    {"\"a\"", NULL, "address_no_at", NULL},
    {"@example.jp", NULL, "address_local_syntax", NULL},
    {"a b@example.jp", NULL, "address_local_syntax", NULL},
    {"\"a@example.jp", NULL, "address_local_syntax", NULL},
    {"a\r\nRCPT TO:<b@c>@example.jp", NULL, "address_local_syntax", NULL},
    {"a@example.jp\r\n", NULL, "address_domain_syntax", NULL},
    {"a@b@example.jp", NULL, "address_domain_syntax", NULL},
    {"a@", NULL, "address_domain_syntax", NULL},
    {"a@example..jp", NULL, "address_domain_syntax", NULL},
    {"a@example.jp.", NULL, "address_domain_syntax", NULL},
    {"a@-example.jp", NULL, "address_domain_syntax", NULL},
    {"a@exa_mple.jp", NULL, "address_domain_syntax", NULL},
    {"a@xn--\xe3\x81\x82.jp", NULL, "address_domain_idn", NULL},
    {"a@xn--zzzzzz9999zz.jp", NULL, "address_domain_idn", NULL},
    /* RFC 6531: the local part as it is, the domain as A-labels. */
    {"\xe5\xa4\xaa\xe9\x83\x8e@example.jp", "\xe5\xa4\xaa\xe9\x83\x8e@example.jp", "",
     "\xe5\xa4\xaa\xe9\x83\x8e@example.jp"},
    {"a@\xe6\x97\xa5\xe6\x9c\xac.jp", "a@xn--wgv71a.jp", "", "a@xn--wgv71a.jp"},
    {"a@\xc2\x85.jp", NULL, "address_domain_idn", NULL},
    {"\xff@example.jp", NULL, "address_utf8", NULL},
    {"\xc2\x85@example.jp", NULL, "address_utf8", NULL},
    /* S3 */
    {L63 "d@example.jp", L63 "d@example.jp", "", L63 "d@example.jp"},
    {L63 "de@example.jp", NULL, "address_local_length", NULL},
    {"a@" L63 ".jp", "a@" L63 ".jp", "", "a@" L63 ".jp"},
    {"a@" L63 "d.jp", NULL, "address_domain_length", NULL},
    {"12@" L63 "." L63 "." L63 "." FIFTY TEN "1", NULL, "address_length", NULL},
    {"1@" L63 "." L63 "." L63 "." FIFTY TEN "12", NULL, "address_length", NULL},
    {"1@" L63 "." L63 "." L63 "." FIFTY TEN, "1@" L63 "." L63 "." L63 "." FIFTY TEN, "",
     "1@" L63 "." L63 "." L63 "." FIFTY TEN},
    /* J12: quoted on the wire, the given form kept, nothing collapsed. */
    {"a..b@docomo.ne.jp", "\"a..b\"@docomo.ne.jp", "", "a..b@docomo.ne.jp"},
    {".a@ezweb.ne.jp", "\".a\"@ezweb.ne.jp", "", ".a@ezweb.ne.jp"},
    {"a.@sub.docomo.ne.jp", "\"a.\"@sub.docomo.ne.jp", "", "a.@sub.docomo.ne.jp"},
    {"a..b@softbank.ne.jp", NULL, "address_dots", NULL},
    {"a..b@notdocomo.ne.jp", NULL, "address_dots", NULL},
    {"." FIFTY TEN "1@docomo.ne.jp", "\"." FIFTY TEN "1\"@docomo.ne.jp", "",
     "." FIFTY TEN "1@docomo.ne.jp"},
    {"." FIFTY TEN "12@docomo.ne.jp", NULL, "address_local_length", NULL},
    {".@docomo.ne.jp", "\".\"@docomo.ne.jp", "", ".@docomo.ne.jp"},
};

static void check_case(size_t i, struct arena *arena)
{
    struct address address;
    struct problem problem = {0};
    char key[ADDRESS_KEY_BYTES_MAX];
    struct text given = text_of(cases[i].given);
    int error = address_parse(given, NULL, arena, &address, &problem);
    if (cases[i].wire == NULL) {
        assert_int_equal(error, -EINVAL);
        assert_string_equal(problem.rule, cases[i].rule);
        assert_string_equal(problem.field, "");
        return;
    }
    assert_int_equal(error, 0);
    assert_true(text_equal(address.wire, text_of(cases[i].wire)));
    assert_true(text_equal(address.given, given));
    size_t size = address_key(&address, key);
    assert_true(text_equal((struct text){key, size}, text_of(cases[i].key)));
}

/* S3, J12, RFC 5321, RFC 6531. */
static void each_mailbox_has_its_wire_form_and_key(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].given);
        check_case(i, arena);
    }
}

/* J12: the operator chooses. */
static void carriers_dots_are_quoted_sent_raw_or_refused(void **state)
{
    static const struct text own[] = {{"old.example", 11}};
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct address_options options = {.carrier_dots = ADDRESS_DOTS_RAW};
    struct address address;
    struct problem problem;
    (void)state;
    assert_int_equal(address_parse(TEXT("a..b@docomo.ne.jp"), &options, arena, &address, &problem),
                     0);
    assert_true(text_equal(address.wire, TEXT("a..b@docomo.ne.jp")));
    assert_true(address.has_carrier_dots);
    options.carrier_dots = ADDRESS_DOTS_REFUSE;
    assert_int_equal(address_parse(TEXT("a..b@docomo.ne.jp"), &options, arena, &address, &problem),
                     -EINVAL);
    assert_string_equal(problem.rule, "address_dots");
    options = (struct address_options){.carrier_domains = own, .carrier_domain_count = 1};
    assert_int_equal(address_parse(TEXT("a..b@docomo.ne.jp"), &options, arena, &address, &problem),
                     -EINVAL);
    assert_int_equal(address_parse(TEXT("a..b@old.example"), &options, arena, &address, &problem),
                     0);
    assert_true(text_equal(address.wire, TEXT("\"a..b\"@old.example")));
    /* The quotes may make it too long. */
    assert_int_equal(address_parse(TEXT(".." L63 "@x"), &options, arena, &address, &problem),
                     -EINVAL);
}

static void literals_and_utf8_can_be_refused(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct address_options options = {.refuses_literals = true, .refuses_utf8 = true};
    struct address address;
    struct problem problem;
    (void)state;
    assert_int_equal(address_parse(TEXT("a@[192.0.2.1]"), &options, arena, &address, &problem),
                     -EINVAL);
    assert_string_equal(problem.rule, "address_literal");
    assert_int_equal(address_parse(TEXT("\xc3\xa4@x.example"), &options, arena, &address, &problem),
                     -EINVAL);
    assert_string_equal(problem.rule, "address_utf8");
    assert_int_equal(address_parse(TEXT("a@\xc3\xa4.example"), &options, arena, &address, &problem),
                     0);
    assert_true(text_equal(address.domain, TEXT("xn--4ca.example")));
    assert_false(address.needs_smtputf8);
}

/* Ten million addresses: the ordinary one takes nothing from the arena. */
static void ordinary_addresses_allocate_nothing(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct address address;
    (void)state;
    assert_int_equal(address_parse(TEXT("a.b@example.jp"), NULL, arena, &address, NULL), 0);
    assert_int_equal(arena_used(arena), 0);
    assert_int_equal(address_parse(TEXT("a.b@Example.jp"), NULL, arena, &address, NULL), 0);
    assert_true(arena_used(arena) > 0);
}

static void domains_are_normalised_alone(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct text domain;
    struct problem problem;
    (void)state;
    assert_int_equal(address_parse_domain(TEXT("Bounce.Example"), arena, &domain, &problem), 0);
    assert_true(text_equal(domain, TEXT("bounce.example")));
    assert_int_equal(address_parse_domain(TEXT("a b"), arena, &domain, &problem), -EINVAL);
    assert_string_equal(problem.rule, "address_domain_syntax");
    assert_int_equal(address_parse_domain(TEXT(""), arena, &domain, &problem), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mailbox_has_its_wire_form_and_key),
        cmocka_unit_test(carriers_dots_are_quoted_sent_raw_or_refused),
        cmocka_unit_test(literals_and_utf8_can_be_refused),
        cmocka_unit_test(ordinary_addresses_allocate_nothing),
        cmocka_unit_test(domains_are_normalised_alone),
        cmocka_unit_test(mailboxes_of_other_suites_get_their_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
