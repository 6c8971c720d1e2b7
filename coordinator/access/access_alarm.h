/* What is unusual about a key. Pure: time is an argument. Each kind is told once an hour for a key.
 * What is usual is learnt by each coordinator, but for networks (access_watch). Bounded: of too
 * many keys all is learnt anew. */
#ifndef HIKYAKU_COORDINATOR_ACCESS_ACCESS_ALARM_H
#define HIKYAKU_COORDINATOR_ACCESS_ACCESS_ALARM_H

#include "common/base/text.h"
#include "common/net/stream.h"

/** A key that was silent for so long. */
#define ACCESS_ALARM_SILENT_MS (INT64_C(30) * 24 * 3600 * 1000)
/** Refusals, and calls, are counted for so long. */
#define ACCESS_ALARM_SPAN_MS (INT64_C(10) * 60 * 1000)
#define ACCESS_ALARM_REFUSALS 20
/** A burst: so many calls in a span, and ten times what is usual; known after an hour. */
#define ACCESS_ALARM_BURST 600
#define ACCESS_ALARM_BURST_TIMES 10
#define ACCESS_ALARM_SPANS_KNOWN 6
/** Calls that show recipients or what they read, in an hour. */
#define ACCESS_ALARM_REVEALS 100
#define ACCESS_ALARM_QUIET_MS (INT64_C(3600) * 1000)
#define ACCESS_ALARM_KEYS_MAX 2048

enum access_alarm {
    ACCESS_ALARM_NONE,
    ACCESS_ALARM_NETWORK, /* first use from there */
    ACCESS_ALARM_SILENCE, /* first use after a long time */
    ACCESS_ALARM_MANY_REFUSALS,
    ACCESS_ALARM_MANY_CALLS,
    ACCESS_ALARM_MANY_REVEALS,
    ACCESS_ALARM_LIMIT
};

/** "new_network" */
const char *access_alarm_word(enum access_alarm alarm);

struct access_alarms;

struct access_alarms *access_alarm_create(void);
/** Accepts NULL, nulls the pointer. */
void access_alarm_destroy(struct access_alarms **alarms);

/** A call. @param used_unix_ms  of the last one before; 0: none. @return NONE, SILENCE, MANY_CALLS
 */
enum access_alarm access_alarm_on_call(struct access_alarms *alarms, struct text key_id,
                                       int64_t used_unix_ms, int64_t now_unix_ms);
/** @return NONE, MANY_REFUSALS */
enum access_alarm access_alarm_on_refusal(struct access_alarms *alarms, struct text key_id,
                                          int64_t now_unix_ms);
/** @return NONE, MANY_REVEALS */
enum access_alarm access_alarm_on_reveal(struct access_alarms *alarms, struct text key_id,
                                         int64_t now_unix_ms);

#define ACCESS_ALARM_NETWORK_BYTES 64
/** The network of an address: /24, /48; "unix". @param ret_network  out: text */
void access_alarm_network(const char *source, char ret_network[ACCESS_ALARM_NETWORK_BYTES]);

#endif
