#include "coordinator/access/access_alarm.h"

#include "common/base/table.h"
#include "common/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>

/* So many in the span that began then. */
struct count {
    int64_t began_unix_ms;
    uint64_t number;
};

struct usage {
    struct count calls;
    struct count refusals;
    struct count reveals;
    uint64_t usual;     /* calls in a span, on the average */
    unsigned int spans; /* that it is the average of, at most a few more than needed */
    int64_t told_unix_ms[ACCESS_ALARM_LIMIT];
};

struct access_alarms {
    struct table *keys;
};

static const char *const words[ACCESS_ALARM_LIMIT] = {
    [ACCESS_ALARM_NONE] = "none",
    [ACCESS_ALARM_NETWORK] = "new_network",
    [ACCESS_ALARM_SILENCE] = "after_silence",
    [ACCESS_ALARM_MANY_REFUSALS] = "many_refusals",
    [ACCESS_ALARM_MANY_CALLS] = "burst",
    [ACCESS_ALARM_MANY_REVEALS] = "many_reveals",
};

const char *access_alarm_word(enum access_alarm alarm)
{
    return words[alarm];
}

struct access_alarms *access_alarm_create(void)
{
    struct access_alarms *alarms = xalloc_zero(1, sizeof *alarms);
    alarms->keys = table_create();
    return alarms;
}

static void forget_all(struct access_alarms *alarms)
{
    struct table_walk walk;
    for (void *usage = table_first(alarms->keys, &walk); usage != NULL; usage = table_next(&walk)) {
        free(usage);
    }
    table_destroy(&alarms->keys);
}

void access_alarm_destroy(struct access_alarms **alarms)
{
    if (*alarms != NULL) {
        forget_all(*alarms);
        free(*alarms);
        *alarms = NULL;
    }
}

static struct usage *obtain(struct access_alarms *alarms, struct text key_id)
{
    struct usage *usage = table_get(alarms->keys, key_id);
    if (usage == NULL) {
        if (table_count(alarms->keys) >= ACCESS_ALARM_KEYS_MAX) {
            forget_all(alarms);
            alarms->keys = table_create();
        }
        usage = xalloc_zero(1, sizeof *usage);
        (void)table_put(alarms->keys, key_id, usage);
    }
    return usage;
}

/* @return how many it are in this span */
static uint64_t add(struct count *count, int64_t span_ms, int64_t now_unix_ms)
{
    if (now_unix_ms - count->began_unix_ms >= span_ms) {
        *count = (struct count){.began_unix_ms = now_unix_ms};
    }
    return ++count->number;
}

static enum access_alarm tell(struct usage *usage, enum access_alarm alarm, bool is_unusual,
                              int64_t now_unix_ms)
{
    int64_t *told = &usage->told_unix_ms[alarm];
    if (!is_unusual || (*told != 0 && now_unix_ms - *told < ACCESS_ALARM_QUIET_MS)) {
        return ACCESS_ALARM_NONE;
    }
    *told = now_unix_ms;
    return alarm;
}

/* A span that is over tells what is usual; quiet ones between are not made up for. */
static void learn(struct usage *usage, int64_t now_unix_ms)
{
    const struct count *calls = &usage->calls;
    if (calls->number == 0 || now_unix_ms - calls->began_unix_ms < ACCESS_ALARM_SPAN_MS) {
        return;
    }
    usage->spans += usage->spans < ACCESS_ALARM_SPANS_KNOWN ? 1 : 0;
    usage->usual = (usage->usual * (usage->spans - 1) + calls->number) / usage->spans;
}

enum access_alarm access_alarm_on_call(struct access_alarms *alarms, struct text key_id,
                                       int64_t used_unix_ms, int64_t now_unix_ms)
{
    struct usage *usage = obtain(alarms, key_id);
    learn(usage, now_unix_ms);
    uint64_t number = add(&usage->calls, ACCESS_ALARM_SPAN_MS, now_unix_ms);
    bool was_silent = used_unix_ms != 0 && now_unix_ms - used_unix_ms > ACCESS_ALARM_SILENT_MS;
    enum access_alarm alarm = tell(usage, ACCESS_ALARM_SILENCE, was_silent, now_unix_ms);
    bool is_burst = usage->spans >= ACCESS_ALARM_SPANS_KNOWN && number >= ACCESS_ALARM_BURST &&
                    number > usage->usual * ACCESS_ALARM_BURST_TIMES;
    return alarm != ACCESS_ALARM_NONE ? alarm
                                      : tell(usage, ACCESS_ALARM_MANY_CALLS, is_burst, now_unix_ms);
}

enum access_alarm access_alarm_on_refusal(struct access_alarms *alarms, struct text key_id,
                                          int64_t now_unix_ms)
{
    struct usage *usage = obtain(alarms, key_id);
    uint64_t number = add(&usage->refusals, ACCESS_ALARM_SPAN_MS, now_unix_ms);
    return tell(usage, ACCESS_ALARM_MANY_REFUSALS, number >= ACCESS_ALARM_REFUSALS, now_unix_ms);
}

enum access_alarm access_alarm_on_reveal(struct access_alarms *alarms, struct text key_id,
                                         int64_t now_unix_ms)
{
    struct usage *usage = obtain(alarms, key_id);
    uint64_t number = add(&usage->reveals, ACCESS_ALARM_QUIET_MS, now_unix_ms);
    return tell(usage, ACCESS_ALARM_MANY_REVEALS, number >= ACCESS_ALARM_REVEALS, now_unix_ms);
}

void access_alarm_network(const char *source, char ret_network[ACCESS_ALARM_NETWORK_BYTES])
{
    struct stream_address address;
    if (stream_address_parse(text_of(source), 0, &address) != 0) {
        (void)snprintf(ret_network, ACCESS_ALARM_NETWORK_BYTES, "%s", source);
        return;
    }
    char text[STREAM_ADDRESS_LENGTH];
    stream_address_format(&address, text);
    struct text rest = text_of(text);
    bool is_v6 = text_find(rest, ':') < rest.size;
    size_t kept = 0; /* of an IPv6 address three groups, of an IPv4 one three numbers */
    for (int parts = 0; parts < 3 && kept < rest.size; parts++) {
        struct text behind = text_skip(rest, kept);
        kept += text_find(behind, is_v6 ? ':' : '.') + 1;
    }
    kept = kept > rest.size ? rest.size : kept;
    (void)snprintf(ret_network, ACCESS_ALARM_NETWORK_BYTES, "%.*s%s", (int)kept, rest.data,
                   is_v6 ? ":/48" : "0/24");
}
