/* Is the holder of a lease dead? 8 reads in a row that show the same (session, epoch, beat) at the
 * same server, each answered within 1 s, at least 1 s apart. (A failover may forget a renewal that
 * its holder counts on: what was seen before it proves nothing behind it.) A late or failed read
 * starts the count again: a stalled Redis is nobody's death. Pure: time comes as an argument. */
#ifndef HIKYAKU_COMMON_STORE_LEASE_WATCH_H
#define HIKYAKU_COMMON_STORE_LEASE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define LEASE_WATCH_READS 8
#define LEASE_WATCH_GAP_MS 1000
#define LEASE_WATCH_ANSWER_MS 1000
/** T_stop: after the send of the last successful renewal. */
#define LEASE_STOP_MS 4000
#define LEASE_RENEW_MS 1000

/** A lease as it stands in the store. */
struct lease_beat {
    char session[33]; /* "": free */
    uint64_t epoch;
    uint64_t beat;
    bool is_taken;   /* a session that was taken over */
    uint64_t server; /* where it was read: of Redis' run_id */
};

struct lease_watch {
    struct lease_beat seen;
    unsigned int reads;
    uint64_t last_ms; /* boottime of the last counted read */
};

/** Forget what was seen. */
void lease_watch_reset(struct lease_watch *watch);
/**
 * A read was answered.
 * @param sent_ms      boottime when it was sent
 * @param answered_ms  boottime when its answer came
 * @return true when the holder is dead: take it with compare-and-set on `beat`
 */
bool lease_watch_feed(struct lease_watch *watch, const struct lease_beat *beat, uint64_t sent_ms,
                      uint64_t answered_ms);
/** The read failed. */
void lease_watch_fail(struct lease_watch *watch);

#endif
