#include "common/net/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A real Knot serves the zones, as a child of this test. */
static pid_t knot;
static char folder[] = "/tmp/resolver_test.XXXXXX";
static uint16_t knot_port;

static struct loop *loop;
static struct resolver *resolver;
static size_t answers;
static struct resolver_answer last; /* its pointers are copied below */
static struct resolver_mx last_mx[RESOLVER_RECORDS_MAX];
static char last_text[1024];
static char last_address[STREAM_ADDRESS_LENGTH];

static const char zone[] = "$ORIGIN shop.test.\n"
                           "$TTL 300\n"
                           "@ SOA ns hostmaster 1 3600 600 86400 60\n"
                           "@ NS ns\n"
                           "ns A 127.0.0.1\n"
                           "@ MX 20 Backup.shop.test.\n"
                           "@ MX 10 mx.shop.test.\n"
                           "mx A 192.0.2.25\n"
                           "mx AAAA 2001:db8::25\n"
                           "null MX 0 .\n"
                           "alias CNAME shop.test.\n"
                           "long 100000 TXT \"v=DKIM1; p=%s\" \"%s\"\n"
                           "nothing HINFO a b\n";

static void write_file(const char *name, const char *content)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* A socket of a free port; its holder decides what becomes of it. */
static int open_udp(uint16_t *ret_port)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&place, size), 0);
    assert_int_equal(getsockname(descriptor, (struct sockaddr *)&place, &size), 0);
    *ret_port = ntohs(place.sin_port);
    return descriptor;
}

/* Knot listens on UDP and TCP of one port: one that is free for both. */
static uint16_t free_port(void)
{
    for (;;) {
        struct sockaddr_in place = {.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        uint16_t port = 0;
        int udp = open_udp(&port);
        int tcp = socket(AF_INET, SOCK_STREAM, 0);
        place.sin_port = htons(port);
        bool is_free = bind(tcp, (struct sockaddr *)&place, sizeof place) == 0;
        (void)close(udp);
        (void)close(tcp);
        if (is_free) {
            return port;
        }
    }
}

/* Ask for the SOA until the server answers. */
static void wait_for_knot(void)
{
    static const char query[] = "\x12\x34\0\0\0\1\0\0\0\0\0\0\4shop\4test\0\0\6\0\1";
    struct sockaddr_in place = {.sin_family = AF_INET,
                                .sin_port = htons(knot_port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int tries = 0; tries < 200; tries++) {
        int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
        unsigned char reply[512] = {0};
        struct pollfd ready = {.fd = descriptor, .events = POLLIN};
        bool is_up = connect(descriptor, (struct sockaddr *)&place, sizeof place) == 0 &&
                     send(descriptor, query, sizeof query - 1, 0) > 0 && poll(&ready, 1, 50) == 1 &&
                     recv(descriptor, reply, sizeof reply, 0) > 12 && (reply[3] & 15) == 0;
        (void)close(descriptor);
        if (is_up) {
            return;
        }
        (void)usleep(20000);
    }
    fail_msg("knotd does not answer");
}

static int start_knot(void **state)
{
    (void)state;
    char key[200];
    char content[2048];
    memset(key, 'A', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    assert_non_null(mkdtemp(folder));
    (void)snprintf(content, sizeof content, zone, key, key);
    write_file("shop.zone", content);
    knot_port = free_port();
    (void)snprintf(content, sizeof content,
                   "server:\n  rundir: \"%s\"\n  listen: 127.0.0.1@%u\n  udp-workers: 1\n"
                   "  tcp-workers: 1\n  background-workers: 1\n"
                   "log:\n  - target: stderr\n    any: critical\n"
                   "database:\n  storage: \"%s\"\n"
                   "template:\n  - id: default\n    storage: \"%s\"\n    journal-content: none\n"
                   "zone:\n  - domain: shop.test\n    file: shop.zone\n"
                   "  - domain: broken.test\n    file: missing.zone\n",
                   folder, knot_port, folder, folder);
    write_file("knot.conf", content);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/knot.conf", folder);
    knot = fork();
    if (knot == 0) {
        (void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
        (void)execlp("knotd", "knotd", "-c", path, (char *)NULL);
        _exit(127);
    }
    assert_true(knot > 0);
    wait_for_knot();
    return 0;
}

static int stop_knot(void **state)
{
    (void)state;
    (void)kill(knot, SIGTERM);
    (void)waitpid(knot, NULL, 0);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void on_answer(void *context, const struct resolver_answer *answer)
{
    if (context != NULL) {
        assert_int_equal(answer->status, *(const enum resolver_status *)context);
    }
    answers++;
    last = *answer;
    last_text[0] = last_address[0] = '\0';
    for (size_t i = 0; answer->mx != NULL && i < answer->count; i++) {
        last_mx[i] = answer->mx[i];
    }
    if (answer->texts != NULL && answer->count > 0) {
        (void)snprintf(last_text, sizeof last_text, "%.*s", TEXT_PRINT(answer->texts[0]));
    }
    if (answer->addresses != NULL && answer->count > 0) {
        stream_address_format(&answer->addresses[0], last_address);
    }
    loop_stop(loop);
}

static void open_resolver(uint16_t port, uint64_t timeout_ms)
{
    static const char *const open_zones[] = {"test.", NULL};
    static const char *const local_data[] = {"here.example. 60 IN MX 5 mx.here.example.",
                                             "mx.here.example. 60 IN A 127.0.0.7", NULL};
    char forwarder[32];
    (void)snprintf(forwarder, sizeof forwarder, "127.0.0.1@%u", port);
    const char *const forwarders[] = {forwarder, NULL};
    struct resolver_settings settings = {.forwarders = forwarders,
                                         .local_data = local_data,
                                         .open_zones = open_zones,
                                         .timeout_ms = timeout_ms};
    struct problem problem = {0};
    loop = loop_create();
    answers = 0;
    if (resolver_create(loop, &settings, &resolver, &problem) != 0) {
        fail_msg("%s", problem.message);
    }
}

static int set_up(void **state)
{
    (void)state;
    open_resolver(knot_port, 5000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    resolver_destroy(&resolver);
    assert_null(resolver);
    loop_destroy(&loop);
    return 0;
}

typedef uint64_t find_fn(struct resolver *resolver, struct text name, resolver_fn *on_answer,
                         void *context);

static enum resolver_status find(find_fn *find_kind, const char *name)
{
    answers = 0;
    uint64_t ticket = find_kind(resolver, text_of(name), on_answer, NULL);
    assert_int_equal(answers, 0); /* never inside the call */
    assert_true(ticket != 0);
    loop_run(loop);
    assert_int_equal(answers, 1);
    return last.status;
}

static void mail_exchangers_are_found(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) { /* S9: a CNAME is followed; the second time from the cache */
        assert_int_equal(find(resolver_find_mx, i == 0 ? "shop.test" : "alias.shop.test."),
                         RESOLVER_OK);
        assert_int_equal(last.count, 2);
        assert_string_equal(last_mx[0].host, "mx.shop.test");
        assert_int_equal(last_mx[0].preference, 10);
        assert_string_equal(last_mx[1].host, "backup.shop.test");
        assert_true(last.ttl_s > 0 && last.ttl_s <= 300);
        assert_false(last.is_secure);
    }
    assert_int_equal(find(resolver_find_mx, "null.shop.test"), RESOLVER_OK); /* S11 */
    assert_int_equal(last.count, 1);
    assert_string_equal(last_mx[0].host, "");
    assert_int_equal(last_mx[0].preference, 0);
}

static void addresses_are_found(void **state)
{
    (void)state;
    assert_int_equal(find(resolver_find_a, "MX.shop.test"), RESOLVER_OK);
    assert_string_equal(last_address, "192.0.2.25");
    assert_int_equal(find(resolver_find_aaaa, "mx.shop.test"), RESOLVER_OK);
    assert_string_equal(last_address, "2001:db8::25");
}

static void long_texts_are_joined(void **state)
{
    (void)state;
    assert_int_equal(find(resolver_find_txt, "long.shop.test"), RESOLVER_OK);
    assert_int_equal(strlen(last_text), 11 + 199 + 199);
    assert_memory_equal(last_text, "v=DKIM1; p=AAAA", 15);
    assert_int_equal(last.ttl_s, 86400); /* of 100,000 */
}

static void what_is_not_there_is_told_apart(void **state)
{
    (void)state;
    assert_int_equal(find(resolver_find_mx, "nobody.shop.test"), RESOLVER_NO_NAME);
    assert_int_equal(last.count, 0);
    assert_int_equal(find(resolver_find_mx, "nothing.shop.test"), RESOLVER_NO_DATA);
    assert_int_equal(find(resolver_find_aaaa, "ns.shop.test"), RESOLVER_NO_DATA);
    assert_int_equal(find(resolver_find_mx, "broken.test"), RESOLVER_TEMPORARY); /* SERVFAIL */
    assert_int_equal(find(resolver_find_mx, "elsewhere.example"), RESOLVER_TEMPORARY); /* REFUSED */
}

static void names_that_cannot_be_do_not_exist(void **state)
{
    (void)state;
    char long_name[300];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(find(resolver_find_mx, ""), RESOLVER_NO_NAME);
    assert_int_equal(find(resolver_find_mx, "a..b"), RESOLVER_NO_NAME);
    assert_int_equal(find(resolver_find_mx, long_name), RESOLVER_NO_NAME);
    long_name[70] = '\0';
    assert_int_equal(find(resolver_find_mx, long_name), RESOLVER_NO_NAME); /* label too long */
    enum resolver_status no_name = RESOLVER_NO_NAME;
    answers = 0;
    (void)resolver_find_mx(resolver, TEXT("shop.test\0x"), on_answer, &no_name);
    loop_run(loop);
    assert_int_equal(answers, 1);
}

static void local_data_is_answered_by_ourselves(void **state)
{
    (void)state;
    assert_int_equal(find(resolver_find_mx, "here.example"), RESOLVER_OK);
    assert_string_equal(last_mx[0].host, "mx.here.example");
    assert_int_equal(find(resolver_find_a, "mx.here.example"), RESOLVER_OK);
    assert_string_equal(last_address, "127.0.0.7");
}

static void many_questions_at_once(void **state)
{
    (void)state;
    static enum resolver_status no_name = RESOLVER_NO_NAME;
    for (int i = 0; i < 500; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "n%d.shop.test", i);
        (void)resolver_find_mx(resolver, text_of(name), on_answer, &no_name);
    }
    while (answers < 500) {
        loop_run(loop);
    }
    assert_int_equal(answers, 500);
}

static void cancelled_questions_are_not_answered(void **state)
{
    (void)state;
    static enum resolver_status ok = RESOLVER_OK;
    for (int i = 0; i < 100; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "c%d.shop.test", i);
        uint64_t ticket = resolver_find_mx(resolver, text_of(name), on_answer, &ok);
        if (i % 2 == 0) {
            resolver_cancel(resolver, ticket);
        } else {
            char there[] = "mx.shop.test";
            resolver_cancel(resolver, ticket);
            (void)resolver_find_a(resolver, text_of(there), on_answer, &ok);
        }
        resolver_cancel(resolver, ticket); /* gone already: no harm */
    }
    while (answers < 50) {
        loop_run(loop);
    }
    assert_int_equal(find(resolver_find_a, "mx.shop.test"), RESOLVER_OK);
}

static void silence_times_out(void **state)
{
    (void)state;
    uint16_t silent_port = 0;
    int silent = open_udp(&silent_port); /* takes questions, says nothing */
    open_resolver(silent_port, 150);
    assert_int_equal(find(resolver_find_mx, "shop.test"), RESOLVER_TEMPORARY);
    (void)resolver_find_mx(resolver, TEXT("two.test"), on_answer, NULL); /* left open */
    (void)tear_down(NULL);
    (void)close(silent);
}

static void wrong_settings_are_told(void **state)
{
    (void)state;
    static const char *const bad_forwarder[] = {"nonsense", NULL};
    static const char *const bad_data[] = {"this is no record at all (", NULL};
    static const char *const good_forwarder[] = {"127.0.0.1@5353", NULL};
    struct resolver_settings settings = {.forwarders = bad_forwarder};
    struct problem problem = {0};
    loop = loop_create();
    assert_int_equal(resolver_create(loop, &settings, &resolver, &problem), -EINVAL);
    assert_string_equal(problem.field, "forwarders");
    settings = (struct resolver_settings){.forwarders = good_forwarder, .local_data = bad_data};
    assert_int_equal(resolver_create(loop, &settings, &resolver, &problem), -EINVAL);
    assert_string_equal(problem.field, "local_data");
    assert_null(resolver);
    loop_destroy(&loop);
}

#define DNS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DNS_TEST(mail_exchangers_are_found),
        DNS_TEST(addresses_are_found),
        DNS_TEST(long_texts_are_joined),
        DNS_TEST(what_is_not_there_is_told_apart),
        DNS_TEST(names_that_cannot_be_do_not_exist),
        DNS_TEST(local_data_is_answered_by_ourselves),
        DNS_TEST(many_questions_at_once),
        DNS_TEST(cancelled_questions_are_not_answered),
        cmocka_unit_test(silence_times_out),
        cmocka_unit_test(wrong_settings_are_told),
    };
    return cmocka_run_group_tests(tests, start_knot, stop_knot);
}
