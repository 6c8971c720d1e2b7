#include "common/store/store_sentinel.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define WORDS_MAX 8

/* A flat list of texts, as sentinels answer. */
static int read_words(const char *const words[WORDS_MAX], struct store_sentinel_place *ret_place)
{
    redisReply replies[WORDS_MAX];
    redisReply *elements[WORDS_MAX];
    size_t count = 0;
    for (; count < WORDS_MAX && words[count] != NULL; count++) {
        char *text = xalloc_string(words[count]);
        replies[count] = (redisReply){.type = REDIS_REPLY_STRING, .str = text, .len = strlen(text)};
        elements[count] = &replies[count];
    }
    redisReply list = {.type = REDIS_REPLY_ARRAY, .elements = count, .element = elements};
    int error = store_sentinel_read(&list, ret_place);
    while (count > 0) {
        free(replies[--count].str);
    }
    return error;
}

static void test_answers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        int error;
    } cases[] = {
        {{"ip", "10.0.0.7", "port", "6379", "config-epoch", "3"}, 0},
        {{"name", "x", "config-epoch", "3", "port", "6379", "ip", "10.0.0.7"}, 0},
        {{"ip", "10.0.0.7", "config-epoch", "3"}, -EPROTO},
        {{"port", "6379", "config-epoch", "3"}, -EPROTO},
        {{"ip", "", "port", "6379"}, -EPROTO},
        {{"ip", "10.0.0.7", "port", "65536"}, -EPROTO},
        {{"ip", "10.0.0.7", "port", "x"}, -EPROTO},
        {{"ip", "10.0.0.7", "port"}, -EPROTO},
        {{NULL}, -EPROTO},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_sentinel_place place = {.port = 9, .epoch = 9};
        assert_int_equal(read_words(cases[i].words, &place), cases[i].error);
        assert_int_equal(place.port, cases[i].error == 0 ? 6379 : 9);
        assert_int_equal(place.epoch, cases[i].error == 0 ? 3 : 9);
        assert_string_equal(place.host, cases[i].error == 0 ? "10.0.0.7" : "");
    }
    redisReply nil = {.type = REDIS_REPLY_NIL};
    struct store_sentinel_place place;
    assert_int_equal(store_sentinel_read(&nil, &place), -EPROTO);
    assert_int_equal(store_sentinel_read(NULL, &place), -EPROTO);
}

/* One that was cut off before the failover does not lead back; one that fell silent is forgotten.
 */
static void test_the_newest_failover_is_believed(void **state)
{
    (void)state;
    struct store_sentinel_place places[3] = {
        {"old", 1, 4, 10000}, {"new", 2, 5, 9000}, {"old", 1, 4, 10000}};
    assert_string_equal(store_sentinel_choose(places, 3, 10000)->host, "new");
    assert_string_equal(store_sentinel_choose(places, 3, 14000)->host, "new");
    assert_string_equal(store_sentinel_choose(places, 3, 14001)->host, "old");
    assert_null(store_sentinel_choose(places, 3, 20000));
    places[1].port = 0;
    assert_string_equal(store_sentinel_choose(places, 3, 10000)->host, "old");
    assert_null(store_sentinel_choose(places, 0, 10000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_are_read),
        cmocka_unit_test(test_the_newest_failover_is_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
