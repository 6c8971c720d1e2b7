#include "common/policy/provider_profiles.h"

#include "common/base/arena.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct config_list none = {.count = 0};

static const struct path_profile *find(const struct provider_profiles *profiles, const char *site,
                                       const char *mx)
{
    return provider_profiles_find(profiles, text_of(site), text_of(mx));
}

static void providers_are_found_by_their_mx(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"google", "gmail-smtp-in.l.google.com", "google"},
        {"whatever", "aspmx.l.google.com.", "google"},
        {"yahoo", "mta5.am0.yahoodns.net", "yahoo"},
        {"microsoft", "hotmail-com.olc.protection.outlook.com", "microsoft"},
        {"x", "shop-example.mail.protection.outlook.com", "microsoft-365"},
        {"apple", "mx01.mail.icloud.com", "apple"},
        {"docomo", "mfsmax.docomo.ne.jp", "docomo"},
        {"au", "lsean.ezweb.ne.jp", "au"},
        {"softbank", "mx.softbank.ne.jp", "softbank"},
        {"yahoo-jp", "mx1.mail.yahoo.co.jp", "yahoo-jp"},
        {"x", "mx.example.net", "default"},
        {"x", "notgoogle.com", "default"},
        {"docomo", "127.0.0.1", "docomo"}, /* a route of the configuration: by the site's name */
    };
    struct provider_profiles *profiles = provider_profiles_create(&none);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct path_profile *profile = find(profiles, cases[i][0], cases[i][1]);
        assert_string_equal(profile->name, cases[i][2]);
        assert_true(profile->rate_first > 0);
        assert_true(profile->connections_first > 0 && profile->messages_per_connection > 0);
        assert_true(profile->connections_most >= profile->connections_first);
        assert_true(profile->recipients_per_message == 1); /* J4 */
        assert_true(profile->unknown_permille > 0);
    }
    provider_profiles_destroy(&profiles);
}

static void the_built_in_ones_say_what_the_standards_say(void **state)
{
    (void)state;
    struct provider_profiles *profiles = provider_profiles_create(&none);
    /* G16 */
    const struct path_profile *google = find(profiles, "google", "");
    assert_int_equal(google->reactions[0].action, PATH_ACTION_SUSPEND);
    assert_int_equal(google->reactions[0].pause_s, 600);
    assert_int_equal(google->reactions[0].hits, 1);
    assert_string_equal(google->reactions[0].rule, "google: 4.7.28");
    /* M3 */
    assert_int_equal(find(profiles, "microsoft", "")->site_connections_most, 500);
    /* J8 */
    assert_int_equal(find(profiles, "docomo", "")->connections_first, 2);
    assert_true(find(profiles, "yahoo-jp", "")->rate_most == 10);
    provider_profiles_destroy(&profiles);
}

static void an_operators_own_go_first(void **state)
{
    (void)state;
    static const char yaml[] = "profiles:\n"
                               "  - {name: google, per_minute_most: 60}\n"
                               "  - {name: partner, mx: [.partner.example], connections_most: 1,\n"
                               "     reactions: [{code: 450, do: rate}]}\n"
                               "  - {name: default, per_minute_first: 600}\n";
    struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = "test"};
    struct config_list own;
    assert_int_equal(provider_profiles_parse(text_of(yaml), arena, &errors, &own), 0);
    struct provider_profiles *profiles = provider_profiles_create(&own);
    const struct path_profile *google = find(profiles, "google", "alt1.gmail-smtp-in.l.google.com");
    assert_true(google->rate_most == 1);
    assert_int_equal(google->connections_most, 20); /* as built in */
    assert_int_equal(google->reaction_count, 3);
    const struct path_profile *partner = find(profiles, "x", "mx1.partner.example");
    assert_string_equal(partner->name, "partner");
    assert_int_equal(partner->connections_most, 1);
    assert_int_equal(partner->reaction_count, 1);
    assert_int_equal(partner->reactions[0].smtp, 450);
    assert_true(find(profiles, "x", "mx.other.example")->rate_first == 10);
    provider_profiles_destroy(&profiles);
    arena_destroy(&arena);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *rule;
        const char *field;
    } cases[] = {
        {"profiles: [{name: a, reactions: [{do: suspend, code: 4}]}]", "reaction_pause",
         "profiles[0].reactions[0].pause"},
        {"profiles: [{name: a, reactions: [{do: rate, code: 4, pause: 1m}]}]", "reaction_pause",
         "profiles[0].reactions[0].pause"},
        {"profiles: [{name: a, reactions: [{do: rate}]}]", "reaction_matches",
         "profiles[0].reactions[0].code"},
        {"profiles: [{name: a, reactions: [{do: rate, code: 250}]}]", "reply_code",
         "profiles[0].reactions[0].code"},
        {"profiles: [{name: a, reactions: [{do: rate, class: slow}]}]", "reply_class",
         "profiles[0].reactions[0].class"},
        {"profiles: [{name: a, reactions: [{do: rate, enhanced: 4.7}]}]", "enhanced_code",
         "profiles[0].reactions[0].enhanced"},
        {"profiles: [{name: a, mx: [google.com]}]", "mx_suffix", "profiles[0].mx[0]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *arena = arena_create(0);
        struct config_errors errors = {.file = "test"};
        struct config_list list;
        assert_int_equal(provider_profiles_parse(text_of(cases[i].yaml), arena, &errors, &list),
                         -EINVAL);
        assert_string_equal(errors.items[0].problem.rule, cases[i].rule);
        assert_string_equal(errors.items[0].problem.field, cases[i].field);
        arena_destroy(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(providers_are_found_by_their_mx),
        cmocka_unit_test(the_built_in_ones_say_what_the_standards_say),
        cmocka_unit_test(an_operators_own_go_first),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
