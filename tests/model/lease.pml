/* The lease of a sending IP: take, renew, release, and the gate in front of a completing write.
 * README.md names what stands for what, and what is asserted.
 *
 * Time is ticks of 1 s, counted only as ages (since the send of a renewal, of a read, ...), which
 * saturate; a node that takes no step for some ticks is a stopped one. All comparisons of time are
 * closed (<=, >=), so that whole ticks stand for all real times. */

#ifdef MUTANT_TAKE_7_READS
#define READS 7
#else
#define READS 8 /* LEASE_WATCH_READS */
#endif
#ifdef MUTANT_STOP_5
#define T_STOP 5
#else
#define T_STOP 4 /* LEASE_STOP_MS */
#endif
#define GAP 1 /* LEASE_WATCH_GAP_MS */
#define LAG 2    /* a dot may leave the machine so long after its gate: kernel, a short stop */
#define ISOLATED 4 /* min-replicas-max-lag 3 s, looked at once a second */
#ifdef MUTANT_DOWN_AFTER_1
#define DOWN_AFTER 1
#else
#define DOWN_AFTER 4 /* down-after-milliseconds: no promotion earlier */
#endif

/* Bounds of the search. */
#ifndef RENEWALS
#define RENEWALS 2
#endif
#ifndef TAKES
#define TAKES 1
#endif
#ifndef FAILOVERS
#define FAILOVERS 1
#endif
#ifndef RELEASES
#define RELEASES 1
#endif

#define NOT_GOOD (T_STOP + 1)
#define ME (n + 1)
#define OTHER (1 - n)

/* A call under way. */
#define NONE 0
#define SENT 1
#define DONE 2    /* applied, its answer is on the way */
#define DURABLE 3 /* take: and a replica has it */
#define REFUSED 4

typedef lease { byte holder; byte epoch; byte beat };
lease store;   /* at the primary that answers */
lease replica; /* what a failover would leave */
lease isolated; /* at a cut off primary that still answers node 0 */
bit is_cut;    /* the primary does not reach its replicas */
bit is_split;  /* ... and another was promoted */
byte cut_age;
byte server;   /* run_id */

typedef node {
    bit owns; byte epoch; byte good; /* age of the send of the last renewal that was answered */
    byte renewal; byte renewal_age;
    byte stray;                      /* a renewal nobody waits for any more, of this epoch */
    byte reads; byte since; lease seen; byte seen_server;
    byte take; lease expected; byte taken_epoch; byte gen;
    byte release;                    /* epoch of a release under way */
    bit dot; byte dot_age;           /* the gate was passed, the write has yet to leave */
#ifdef MUTANT_CACHED_CLOCK
    byte cached;                     /* `good` when the loop last looked at the clock */
#endif
};
node nodes[2];

/* Ghosts: takes are numbered as they happened, whatever the store remembers. */
byte takes; byte last_passed; byte renewals; byte failovers; byte releases;

#define N nodes[n]
#ifdef MUTANT_COUNT_ACROSS_SERVERS
#define SAME_SERVER(which) true
#else
#define SAME_SERVER(which) (N.seen_server == which)
#endif
#ifdef MUTANT_NO_COMPARE
#define ANY_BEAT true
#else
#define ANY_BEAT false
#endif
#ifdef MUTANT_NO_WAIT
#define TAKE_COUNTS DONE
#else
#define TAKE_COUNTS DURABLE
#endif
#ifdef MUTANT_VALID_FROM_ANSWER
#define VALID_AGE 0
#else
#define VALID_AGE N.renewal_age
#endif
#ifdef MUTANT_CACHED_CLOCK
#define GATE_AGE N.cached
#define look() N.cached = N.good
#else
#define GATE_AGE N.good
#define look() skip
#endif
#define MAY_READ (!N.owns && N.take == NONE && N.release == 0 && takes < TAKES && !N.dot && !AT_OLD)
#define AT_OLD (is_split && n == 0)

inline copy(to, from) { to.holder = from.holder; to.epoch = from.epoch; to.beat = from.beat }
inline older(age, most) { age = (age < most -> age + 1 : age) }

/* lease.v1: renew, at one of the two primaries */
inline renew_at(at) {
    if
    :: at.holder == ME && at.epoch == N.epoch -> at.beat++; N.renewal = DONE
    :: else -> N.renewal = REFUSED
    fi
}

inline take_it() {
    store.holder = ME; store.epoch++; store.beat = 0;
    takes++; N.gen = takes; N.taken_epoch = store.epoch; N.take = DONE
}

/* lease.v1: take */
inline take_at_store() {
    if
    :: store.holder == ME -> /* its answer got lost */
        N.taken_epoch = store.epoch; N.take = DONE
    :: store.holder != ME && store.holder == 0 && N.expected.holder == 0 -> take_it()
    :: store.holder == OTHER + 1 && N.expected.holder == store.holder &&
       (N.expected.epoch == store.epoch && N.expected.beat == store.beat || ANY_BEAT) -> take_it()
    :: else -> N.take = REFUSED
    fi
}

inline stop_owning() {
    N.owns = 0; N.good = NOT_GOOD;
    if
    :: N.renewal == SENT && N.stray == 0 -> N.stray = N.epoch
    :: else
    fi;
    N.renewal = NONE; N.renewal_age = 0; N.epoch = 0
}

inline clear_watch() {
    N.reads = 0; N.since = 0; N.seen.holder = 0; N.seen.epoch = 0; N.seen.beat = 0;
    N.seen_server = 0
}

/* lease_watch_feed(): one more of the same, or the first of another */
inline feed() {
    if
    :: N.reads > 0 && N.seen.holder == store.holder && N.seen.epoch == store.epoch &&
       N.seen.beat == store.beat && SAME_SERVER(server) -> N.reads++
    :: else -> copy(N.seen, store); N.seen_server = server; N.reads = 1
    fi;
    N.since = 0
}

inline clear_take() {
    N.take = NONE; N.expected.holder = 0; N.expected.epoch = 0; N.expected.beat = 0
}

inline send_take(from) {
    N.expected.holder = from.holder; N.expected.epoch = from.epoch; N.expected.beat = from.beat;
    N.take = SENT
}

proctype owner(byte n) {
end:
    do
    /* ---- renew: store_keeper.c */
    :: d_step { N.owns && N.renewal == NONE && renewals < RENEWALS ->
        renewals++; N.renewal = SENT; N.renewal_age = 0; look() }
    :: d_step { N.renewal == SENT && !AT_OLD -> renew_at(store) }
    :: d_step { N.renewal == SENT && AT_OLD -> renew_at(isolated) }
    :: d_step { N.renewal == DONE ->
        /* valid from its send */
        N.good = (VALID_AGE < N.good -> VALID_AGE : N.good);
        N.renewal = NONE; N.renewal_age = 0; look() }
    :: d_step { N.renewal == REFUSED -> stop_owning() }
    :: d_step { (N.renewal == SENT || N.renewal == DONE || N.renewal == REFUSED) ->
        /* the connection broke; what was sent may be applied later */
        if
        :: N.renewal == SENT && N.stray == 0 -> N.stray = N.epoch
        :: else
        fi;
        N.renewal = NONE; N.renewal_age = 0 }
    :: d_step { N.stray != 0 ->
        if
        :: store.holder == ME && store.epoch == N.stray -> store.beat++
        :: else
        fi;
        N.stray = 0 }

    /* ---- the gate: outbox, may_complete */
    :: d_step { N.owns && !N.dot && GATE_AGE <= T_STOP ->
        N.dot = 1; N.dot_age = 0;
        assert(N.gen >= last_passed); last_passed = N.gen }
    :: d_step { N.dot -> N.dot = 0; N.dot_age = 0; assert(N.gen >= last_passed) }

    /* ---- another's lease: ip_leases.c, lease_watch.c */
    :: d_step { MAY_READ && store.holder == 0 -> clear_watch(); send_take(store) }
    :: d_step { MAY_READ && store.holder != 0 && (N.reads == 0 || N.since >= GAP) ->
        feed();
        if
        :: N.reads >= READS -> send_take(N.seen)
        :: else
        fi }
    :: d_step { N.reads > 0 && N.take == NONE -> clear_watch() } /* failed, or late */
    /* What was seen at another server matches nothing here: store_lease.c. */
    :: d_step { N.take == SENT && (N.expected.holder == 0 || SAME_SERVER(server)) ->
        take_at_store() }
    :: d_step { N.take == SENT && N.expected.holder != 0 && !SAME_SERVER(server) ->
        N.take = REFUSED }
    :: d_step { N.take == TAKE_COUNTS ->
        clear_watch(); clear_take(); N.owns = 1; N.epoch = N.taken_epoch; N.taken_epoch = 0; look() }
    :: d_step { (N.take == REFUSED || N.take == SENT || N.take == DONE) ->
        /* refused, or the answer is lost; a late take is compared as well */
        clear_watch(); clear_take(); N.taken_epoch = 0 }

    /* ---- release */
    :: d_step { N.owns && !N.dot && releases < RELEASES ->
        releases++; N.release = N.epoch; stop_owning() }
    :: d_step { N.release != 0 && !AT_OLD ->
        if
        :: store.holder == ME && store.epoch == N.release -> store.holder = 0; store.beat = 0
        :: else
        fi;
        N.release = 0 }
    :: d_step { N.release != 0 -> N.release = 0 } /* lost */
    od
}

inline lose_calls(i) {
    if
    :: nodes[i].renewal == SENT -> nodes[i].renewal = NONE; nodes[i].renewal_age = 0
    :: else
    fi;
    nodes[i].stray = 0;
    if
    :: nodes[i].take == SENT || nodes[i].take == DONE -> nodes[i].take = REFUSED
    :: else
    fi;
    nodes[i].release = 0
}

inline age(i) {
    older(nodes[i].good, NOT_GOOD);
    if
    :: nodes[i].renewal != NONE -> older(nodes[i].renewal_age, NOT_GOOD)
    :: else
    fi;
    if
    :: nodes[i].reads > 0 -> older(nodes[i].since, GAP)
    :: else
    fi;
    if
    :: nodes[i].dot -> nodes[i].dot_age++
    :: else
    fi
}

inline make_durable(i) {
    if
    :: nodes[i].take == DONE -> nodes[i].take = DURABLE
    :: else
    fi
}

#define MAY_WAIT(i) (!nodes[i].dot || nodes[i].dot_age < LAG)

active proctype world() {
    atomic {
        store.holder = 1; store.epoch = 1; copy(replica, store);
        nodes[0].owns = 1; nodes[0].epoch = 1; nodes[0].good = NOT_GOOD;
        nodes[1].good = NOT_GOOD;
#ifdef MUTANT_CACHED_CLOCK
        nodes[0].cached = NOT_GOOD; nodes[1].cached = NOT_GOOD;
#endif
        run owner(0); run owner(1)
    }
end:
    do
    :: d_step { MAY_WAIT(0) && MAY_WAIT(1) -> age(0); age(1);
        if
        :: is_cut -> older(cut_age, ISOLATED + 1);
            if
            :: is_split && cut_age > ISOLATED -> /* too few replicas: it writes nothing more */
                is_cut = 0; is_split = 0; cut_age = 0;
                isolated.holder = 0; isolated.epoch = 0; isolated.beat = 0
            :: else
            fi
        :: else
        fi }
    :: d_step { !is_cut -> copy(replica, store); make_durable(0); make_durable(1) }
#ifdef WITNESS
    :: d_step { last_passed > 0 -> assert(false) } /* a takeover goes through */
#endif
    /* The primary dies; what its replica had not is forgotten. */
    :: d_step { failovers < FAILOVERS && !is_split ->
        failovers++; copy(store, replica); server++; is_cut = 0; cut_age = 0;
        lose_calls(0); lose_calls(1) }
#ifdef SPLIT
    /* It is cut off instead, with node 0 on its side. */
    :: d_step { failovers < FAILOVERS && !is_cut -> is_cut = 1; cut_age = 0 }
    :: d_step { is_cut && !is_split && failovers < FAILOVERS && cut_age >= DOWN_AFTER &&
                cut_age <= ISOLATED ->
        failovers++; copy(isolated, store); copy(store, replica); server++; is_split = 1;
        lose_calls(1) }
    :: d_step { is_cut && !is_split && cut_age > ISOLATED -> is_cut = 0; cut_age = 0 }
#endif
    od
}
