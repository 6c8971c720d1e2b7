/* How one connection to a coordinator stands: what each event makes of it. Pure. */
#ifndef HIKYAKU_WORKER_CLAIM_LINK_STATE_H
#define HIKYAKU_WORKER_CLAIM_LINK_STATE_H

#include "hikyaku/v1/fleet.pb-c.h"

#include <stdbool.h>

/* An address that its name did not show in so many answers is still kept; one more, and it goes. */
#define LINK_STATE_MISSES_MAX 3

struct link_state {
    bool is_connected;
    bool is_welcome;
    bool is_refused; /* said once */
    unsigned int misses;
};

enum link_change {
    LINK_SAME,
    LINK_WELCOMED,
    LINK_REFUSED,   /* for the first time since it was welcome */
    LINK_FORGOTTEN, /* it was welcome: the coordinator does not know this worker any more */
};

/** The connection stands or is lost: nobody is welcome before a new Hello. */
void link_state_on_connection(struct link_state *state, bool is_connected);
/** A message has come. */
enum link_change link_state_on_message(struct link_state *state,
                                       Hikyaku__V1__FleetMessage__BodyCase body_case);
/** Connected and not welcome: say Hello (again). */
bool link_state_wants_hello(const struct link_state *state);

/** An answer for its name came; link_state_on_seen() follows if the address is in it. */
void link_state_on_answer(struct link_state *state);
void link_state_on_seen(struct link_state *state);
/** Its name has not shown it for too long. */
bool link_state_is_gone(const struct link_state *state);

#endif
