#include "common/base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *render(void)
{
    struct buffer out = {0};
    metrics_render(&out);
    return buffer_take(&out);
}

static void assert_has_line(const char *all, const char *expected)
{
    const char *found = strstr(all, expected);
    bool is_line =
        found != NULL && (found == all || found[-1] == '\n') && found[strlen(expected)] == '\n';
    if (!is_line) {
        print_error("no line \"%s\" in:\n%s", expected, all);
    }
    assert_true(is_line);
}

static void series_are_found_again_and_rendered(void **state)
{
    (void)state;
    struct metric *plain = metrics_counter("t_plain_total", "Plain.", NULL, TEXT("ignored"));
    assert_ptr_equal(plain, metrics_counter("t_plain_total", "Plain.", NULL, TEXT("")));
    metrics_add(plain, 2);
    metrics_add(plain, 40);
    assert_int_equal(metrics_value(plain), 42);
    metrics_set(metrics_gauge("t_depth", "Depth.", "queue", TEXT("a \"b\"\\\n")), -7);
    metrics_set(metrics_gauge("t_depth", "Depth.", "queue", TEXT("c")), 8);
    char *all = render();
    assert_has_line(all,
                    "# HELP t_plain_total Plain.\n# TYPE t_plain_total counter\nt_plain_total 42");
    assert_has_line(all, "# TYPE t_depth gauge");
    assert_has_line(all, "t_depth{queue=\"a \\\"b\\\"\\\\\\n\"} -7");
    assert_has_line(all, "t_depth{queue=\"c\"} 8");
    free(all);
}

static void histograms_are_cumulative(void **state)
{
    (void)state;
    struct metric *wait = metrics_histogram("t_wait_seconds", "Wait.", "lane", TEXT("bulk"));
    static const uint64_t observed_ms[] = {0, 1, 2, 3, 700, 600000, 600001};
    for (size_t i = 0; i < sizeof observed_ms / sizeof observed_ms[0]; i++) {
        metrics_observe_ms(wait, observed_ms[i]);
    }
    char *all = render();
    assert_has_line(all, "# TYPE t_wait_seconds histogram");
    assert_has_line(all, "t_wait_seconds_bucket{lane=\"bulk\",le=\"0.001\"} 2");
    assert_has_line(all, "t_wait_seconds_bucket{lane=\"bulk\",le=\"0.003\"} 4");
    assert_has_line(all, "t_wait_seconds_bucket{lane=\"bulk\",le=\"0.500\"} 4");
    assert_has_line(all, "t_wait_seconds_bucket{lane=\"bulk\",le=\"1.000\"} 5");
    assert_has_line(all, "t_wait_seconds_bucket{lane=\"bulk\",le=\"600.000\"} 6");
    assert_has_line(all, "t_wait_seconds_bucket{lane=\"bulk\",le=\"+Inf\"} 7");
    assert_has_line(all, "t_wait_seconds_sum{lane=\"bulk\"} 1200.707");
    assert_has_line(all, "t_wait_seconds_count{lane=\"bulk\"} 7");
    free(all);
}

static void two_labels_tell_series_apart(void **state)
{
    static const struct {
        const char *pool;
        const char *lane;
    } series[] = {{"mkt", "bulk"}, {"mkt", "transactional"}, {"tx", "bulk"}};
    (void)state;
    for (int i = 0; i < 6; i++) {
        metrics_set(metrics_gauge_of_two("t_two", "Two.", "pool", "lane",
                                         text_of(series[i % 3].pool), text_of(series[i % 3].lane)),
                    i);
    }
    char *all = render();
    assert_has_line(all, "t_two{pool=\"mkt\",lane=\"bulk\"} 3");
    assert_has_line(all, "t_two{pool=\"mkt\",lane=\"transactional\"} 4");
    assert_has_line(all, "t_two{pool=\"tx\",lane=\"bulk\"} 5");
    free(all);
}

static void a_family_is_set_anew(void **state)
{
    (void)state;
    metrics_forget("t_largest");     /* not there yet */
    for (int i = 0; i < 1000; i++) { /* never under "rest" */
        char name[16];
        (void)snprintf(name, sizeof name, "site-%d", i);
        metrics_forget("t_largest");
        metrics_set(metrics_gauge("t_largest", "Largest.", "site", text_of(name)), i);
    }
    char *all = render();
    assert_has_line(all, "# TYPE t_largest gauge\nt_largest{site=\"site-999\"} 999");
    assert_null(strstr(all, "site-998\"} 998"));
    free(all);
}

static void outside_names_cannot_fill_the_memory(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "site-%d", i);
        metrics_add(metrics_counter("t_sites_total", "Sites.", "site", text_of(name)), 1);
    }
    char *all = render();
    size_t series = 0;
    for (const char *at = all; (at = strstr(at, "\nt_sites_total{")) != NULL; at++) {
        series++;
    }
    assert_in_range(series, 200, 201);
    assert_has_line(all, "t_sites_total{site=\"site-199\"} 1");
    assert_has_line(all, "t_sites_total{site=\"rest\"} 800");
    free(all);
}

static void families_come_in_order_of_their_names(void **state)
{
    (void)state;
    (void)metrics_counter("t_zz_total", "Z.", NULL, TEXT(""));
    (void)metrics_counter("t_aa_total", "A.", NULL, TEXT(""));
    char *all = render();
    assert_true(strstr(all, "# HELP t_aa_total") < strstr(all, "# HELP t_zz_total"));
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(series_are_found_again_and_rendered),
        cmocka_unit_test(histograms_are_cumulative),
        cmocka_unit_test(two_labels_tell_series_apart),
        cmocka_unit_test(a_family_is_set_anew),
        cmocka_unit_test(outside_names_cannot_fill_the_memory),
        cmocka_unit_test(families_come_in_order_of_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
