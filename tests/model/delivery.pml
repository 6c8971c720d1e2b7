/* One recipient from its acceptance to its outcome: claim, mark, completing write, reply, flush,
 * finish; reclaim, evidence, resolve. README.md names what stands for what, and what is asserted.
 *
 * Workers are 0 and 1, each one session. The gate of the lease is left out: what is asserted here
 * holds although a worker that was thought dead still sends. Calls of a worker go in order on its
 * connection; when that breaks, what was sent is lost, or applied later (`late`). */

#ifndef HOLD
#define HOLD 1
#endif
#ifndef REPLICATED
#define REPLICATED 0 /* an answer counts once a replica has what it tells */
#endif
#ifndef FAILOVERS
#define FAILOVERS 0 /* 1: the primary may die; its replica forgets a suffix */
#endif
#ifndef MISHAPS
#define MISHAPS 3 /* of all kinds below, in any order; all that the search is bounded by */
#endif

/* What was acknowledged may be forgotten: asserted is less, as docs/operations.md promises less. */
#define FORGETS (FAILOVERS && !REPLICATED)

#ifdef MUTANT_NO_MARK
#define NEEDS_MARK 0
#else
#define NEEDS_MARK HOLD
#endif
#if REPLICATED && !defined(MUTANT_NO_WAIT)
#define COUNTS DURABLE
#else
#define COUNTS DONE
#endif
#ifdef MUTANT_FENCE_BY_ORDER
#define HOLDS(its) (its >= store.epoch && store.session != 0)
#define NEXT_EPOCH (store.epoch + 1) /* no clock: a failover makes it repeat */
#else
#define HOLDS(its) (store.session == ME && store.epoch == its)
#define NEXT_EPOCH (epochs + 1) /* Redis' clock in us: no epoch comes twice */
#endif
#ifdef MUTANT_TRUST_SAME_ROW
#define HAS_FLUSHED(its) true
#else
#define HAS_FLUSHED(its) ((store.flushed >> its) & 1)
#endif
#ifdef MUTANT_COUNT_WHAT_IS_SENT
#define COUNT_REPEAT 1
#else
#define COUNT_REPEAT 0
#endif
#ifdef MUTANT_RECLAIM_UNTOLD
#define TELLS 0
#else
#define TELLS 1
#endif
#ifdef MUTANT_RECLAIM_FREES_MARKED
#define IN_DOUBT 0
#else
#define IN_DOUBT HOLD
#endif
#ifdef MUTANT_NO_EVIDENCE
#define KEEPS_EVIDENCE 0
#else
#define KEEPS_EVIDENCE 1
#endif
#ifdef MUTANT_FORGET_GIVEN
#define REMEMBERS 0
#else
#define REMEMBERS FAILOVERS
#endif
#ifdef MUTANT_ANY_ASK
#define IS_SAME_ASK true
#else
#define IS_SAME_ASK store.is_current
#endif
#ifdef MUTANT_NO_ORPHANS
#define FREES_ORPHANS 0
#else
#define FREES_ORPHANS 1
#endif

/* States of the row. */
#define UNTOUCHED 0 /* of a change: goes back as it came */
#define PENDING 1
#define DELIVERED 2
#define DEFERRED 3
#define BOUNCED 4
#define EXPIRED 5
#define UNCERTAIN 6
#define IS_OPEN(its) (its == PENDING || its == DEFERRED)

/* A call of a worker. */
#define NONE 0
#define SENT 1
#define DONE 2    /* applied, its answer on the way */
#define DURABLE 3 /* and a replica has it */
#define REFUSED 4
#define OVERTAKEN 5

typedef redis {
    byte session; byte epoch; byte flush; byte last; /* s, e, f, z of the batch */
    bit is_current; /* k of the batch names what its worker asks now */
    byte state; byte seq; bit marked; bit doubt; bit late; bit doubled; bit resolved;
    byte known;   /* v<position>:<epoch>: tries whose evidence was taken */
    byte flushed; /* w<epoch>: claims before this one that flushed */
    byte open; byte delivered; /* counters */
    byte taken;   /* session leases that were taken over */
};
redis store; redis replica;

/* Claim of a worker; place of its letter. */
#define ASKING 1
#define HELD 2
#define LOST 3
#define IDLE 0
#define QUEUED 1
#define ON_WIRE 2
#define DOT 3
#define SETTLED 4
/* Life. */
#define ALIVE 0
#define LEAVING 1
#define DEAD 2
/* What a late message is. */
#define LATE_CLAIM 1
#define LATE_MARK 2
#define LATE_FLUSH 3

typedef worker {
    byte life; byte claim; byte epoch; byte number; bit ends; /* the claim, with this flush */
    byte letter; byte fate; byte outcome; byte seq; bit doubt; bit is_reply; bit marked; bit listed;
    bit others;
    byte ask; byte mark; byte flush; /* calls */
    byte sent; byte sent_seq; bit sent_doubt; bit has_sent; /* the row in the flush under way */
    byte answer_epoch; byte answer_seq; bit answer_open; bit answer_doubt;
    byte evidence; byte tells; byte tells_seq; bit tells_doubt; byte give; /* waiting: epoch, row */
    byte kept; byte keeps; byte keeps_seq; bit keeps_doubt;               /* remembered */
    byte late; byte late_epoch; byte late_number; byte late_outcome; byte late_seq; bit late_doubt;
    bit late_ends; bit late_has;
};
worker workers[2];
#define W workers[w]
#define ME (w + 1)
#define MAY_FAIL (mishaps < MISHAPS)
#define IS_TAKEN ((store.taken >> w) & 1)
#define BIT(nth) (1 << nth)

/* Ghosts. */
byte epochs; byte completed; byte mishaps; byte resends;
bit ended; /* a worker was killed, or thought dead: one of the two must be left */
bit doubted; bit lags; bit failed; /* the replica has no more from here on; it was promoted */
byte asleep; /* claims by a session that was taken and has yet to learn it: once a second, at most */

/* ---- counters: from each old and new row */
inline turn_into(new) {
    store.open = store.open + IS_OPEN(new) - IS_OPEN(store.state);
    store.delivered = store.delivered + (new == DELIVERED) - (store.state == DELIVERED);
    store.state = new
}

/* ---- claim.v1 */
inline claim_at_store() {
    if
    :: store.session == ME && IS_SAME_ASK -> W.ask = DONE /* its answer got lost */
    :: store.session == 0 ->
        if
        :: store.flush > 0 -> store.flushed = store.flushed | BIT(store.epoch)
        :: else
        fi;
        store.epoch = NEXT_EPOCH; epochs = (store.epoch > epochs -> store.epoch : epochs);
        assert(epochs < 8);
        store.session = ME; store.is_current = 1; store.flush = 0; store.last = 0; W.ask = DONE
    :: else -> W.ask = REFUSED
    fi;
    if
    :: W.ask == DONE ->
        W.answer_epoch = store.epoch; W.answer_open = IS_OPEN(store.state);
        W.answer_doubt = store.doubt; W.answer_seq = store.seq
    :: else
    fi
}

/* ---- mark.v1 */
inline mark_at_store() {
    if
    :: !HOLDS(W.epoch) -> W.mark = REFUSED
    :: HOLDS(W.epoch) && IS_OPEN(store.state) -> store.marked = 1; W.mark = DONE
    :: HOLDS(W.epoch) && !IS_OPEN(store.state) && store.late -> W.mark = OVERTAKEN
    :: else -> assert(W.letter == SETTLED || W.letter == IDLE || W.claim == LOST); W.mark = DONE
    fi
}

/* ---- verdict.lua, doubt.lua */
inline tell_double() {
    store.late = 1; store.doubt = 1; store.doubled = 1; store.marked = 0; store.seq++
}

inline make_evident(new, its_doubt) {
    turn_into(new); store.late = 1; store.doubt = store.doubt | its_doubt; store.marked = 0;
    store.resolved = 0; store.seq++
}

/* ---- flush.v1; `result` is where the answer goes */
inline flush_at_store(result, its_epoch, its_number, new, its_seq, its_doubt, its_end, changes) {
    if
    :: store.session == 0 && store.last == ME && store.epoch == its_epoch &&
       store.flush == its_number ->
        store.delivered = store.delivered + COUNT_REPEAT; result = DONE
    :: !(store.session == 0 && store.last == ME && store.epoch == its_epoch &&
       store.flush == its_number) && !HOLDS(its_epoch) -> result = REFUSED
    :: HOLDS(its_epoch) && store.flush == its_number ->
        store.delivered = store.delivered + COUNT_REPEAT; result = DONE
    :: HOLDS(its_epoch) && store.flush != its_number && store.flush + 1 != its_number ->
        result = REFUSED
    :: HOLDS(its_epoch) && store.flush + 1 == its_number ->
        if
        :: !changes
        :: changes && IS_OPEN(store.state) ->
            store.doubt = its_doubt; store.marked = 0; store.seq = its_seq;
            if
            :: new != UNTOUCHED -> turn_into(new)
            :: else
            fi
        :: changes && !IS_OPEN(store.state) && store.late ->
            if
            :: new == DELIVERED && store.state == DELIVERED -> tell_double();
                store.known = store.known | BIT(its_epoch)
            :: new == DELIVERED && store.state != DELIVERED -> make_evident(DELIVERED, its_doubt);
                store.known = store.known | BIT(its_epoch)
            :: else
            fi
        :: else -> assert(false) /* "bad": repeated for ever */
        fi;
        store.flush = its_number;
        if
        :: its_end -> store.session = 0; store.is_current = 0; store.last = ME
        :: else
        fi;
        result = DONE
    fi
}

/* ---- evidence.v1 */
inline evidence_at_store() {
    if
    :: (store.known >> W.evidence) & 1
    :: else ->
        if
        :: store.resolved || (store.state != DELIVERED && store.state != BOUNCED) ->
            make_evident(W.tells, W.tells_doubt); store.known = store.known | BIT(W.evidence)
        :: !store.resolved && store.state == DELIVERED && W.tells == DELIVERED &&
           store.epoch != W.evidence && !(store.seq == W.tells_seq && store.doubt == W.tells_doubt &&
           !store.late && !store.marked && HAS_FLUSHED(W.evidence)) ->
            store.known = store.known | BIT(store.epoch) | BIT(W.evidence); tell_double()
        :: else
        fi
    fi;
    W.give = DONE
}

/* ---- reclaim.v1 */
inline reclaim_at_store() {
    if
    :: IN_DOUBT && IS_OPEN(store.state) && store.marked -> turn_into(UNCERTAIN); store.seq++
    :: !HOLD && IS_OPEN(store.state) -> store.doubt = store.doubt | TELLS
    :: else
    fi;
    store.session = 0; store.is_current = 0
}

/* ---- the worker */
inline forget_letter() {
    W.letter = IDLE; W.fate = 0; W.outcome = 0; W.seq = 0; W.doubt = 0; W.is_reply = 0; W.marked = 0;
    W.listed = 0
}

inline end_claim() {
    forget_letter(); W.claim = NONE; W.epoch = 0; W.number = 0; W.ends = 0; W.others = 0
}

inline pack() {
    W.has_sent = (W.letter == SETTLED); W.sent = W.outcome; W.sent_seq = W.seq; W.sent_doubt = W.doubt
}

inline unpack() {
    W.flush = NONE; W.has_sent = 0; W.sent = 0; W.sent_seq = 0; W.sent_doubt = 0
}

inline forget_answer() {
    W.ask = NONE; W.answer_epoch = 0; W.answer_open = 0; W.answer_doubt = 0; W.answer_seq = 0
}

inline forget_evidence() {
    W.evidence = 0; W.tells = 0; W.tells_seq = 0; W.tells_doubt = 0; W.give = NONE
}

inline forget_kept() {
    W.kept = 0; W.keeps = 0; W.keeps_seq = 0; W.keeps_doubt = 0
}

/* Each claim is asked for under a number of its own; what an older one got is not its answer. */
inline ask_anew() {
    store.is_current = store.is_current && store.session != ME;
    replica.is_current = replica.is_current && replica.session != ME;
    W.late_ends = W.late_ends && W.late != LATE_CLAIM
}

inline ask_mark() {
    if
    :: W.mark == NONE -> W.mark = SENT
    :: else -> W.listed = 1
    fi
}

inline settle(new, its_doubt, its_reply) {
    W.letter = SETTLED; W.outcome = new; W.doubt = W.doubt | its_doubt; W.is_reply = its_reply;
    W.seq = W.seq + (new == UNTOUCHED -> 0 : 1); W.fate = 0; W.listed = 0
}

/* What was settled of a lost claim is evidence, where a server said it. */
inline give_evidence() {
    if
    :: W.letter == SETTLED && W.is_reply && KEEPS_EVIDENCE ->
        W.evidence = W.epoch; W.tells = W.outcome; W.tells_seq = W.seq; W.tells_doubt = W.doubt
    :: else
    fi;
    if
    :: W.letter != DOT -> forget_letter()
    :: else
    fi
}

inline lose_claim() {
    W.claim = LOST; W.listed = 0; give_evidence()
}

inline send_late(kind) {
    W.late = kind; W.late_epoch = W.epoch
}

/* The connection to Redis broke: each call fails; one that was sent may be applied later. */
inline break_calls(may_be_late) {
    if
    :: may_be_late && W.late == 0 && W.ask == SENT -> send_late(LATE_CLAIM); W.late_ends = 1
    :: may_be_late && W.late == 0 && W.mark == SENT -> send_late(LATE_MARK)
    :: may_be_late && W.late == 0 && W.flush == SENT -> send_late(LATE_FLUSH);
        W.late_number = W.number; W.late_outcome = W.sent; W.late_seq = W.sent_seq;
        W.late_doubt = W.sent_doubt; W.late_ends = W.ends; W.late_has = W.has_sent
    :: true
    fi;
    if
    :: W.ask != NONE -> forget_answer(); W.ask = SENT /* asked again */
    :: else
    fi;
    if
    :: W.mark != NONE -> W.mark = NONE;
        if
        :: W.letter == ON_WIRE && W.claim == HELD -> W.listed = 0; W.mark = SENT
        :: else
        fi
    :: else
    fi;
    if
    :: W.flush != NONE && W.claim == HELD -> W.flush = SENT
    :: W.flush != NONE && W.claim != HELD -> unpack()
    :: else
    fi;
    if
    :: W.give != NONE -> W.give = NONE
    :: else
    fi
}

inline die() {
    W.ask = NONE; W.mark = NONE; unpack(); end_claim(); forget_answer(); forget_evidence();
    forget_kept(); W.life = DEAD
}

inline clear_late() {
    W.late = 0; W.late_epoch = 0; W.late_number = 0; W.late_outcome = 0; W.late_seq = 0;
    W.late_doubt = 0; W.late_ends = 0; W.late_has = 0
}

proctype run_worker(byte w) {
    byte ignored;
end:
    do
    /* ---- offered, claimed: claims.c */
    :: d_step { W.life == ALIVE && W.claim == NONE && W.evidence == 0 && store.session == 0 &&
                (IS_OPEN(store.state) || MAY_FAIL) && (!IS_TAKEN || asleep == 0) &&
                (w == 0 || epochs > 0 || ended) ->
        mishaps = mishaps + !IS_OPEN(store.state); /* for the sake of other rows */
        asleep = asleep + IS_TAKEN; W.claim = ASKING; W.ask = SENT; ask_anew() }
    :: d_step { W.ask == SENT -> claim_at_store() }
    :: d_step { W.ask == REFUSED -> forget_answer(); W.claim = NONE }
    :: d_step { W.ask == COUNTS ->
        W.claim = HELD; W.epoch = W.answer_epoch; W.seq = W.answer_seq; W.doubt = W.answer_doubt;
        W.letter = (W.answer_open -> QUEUED : IDLE); forget_answer() }

    /* ---- on the wire: connection.c */
    :: d_step { W.claim == HELD && W.letter == QUEUED ->
        W.letter = ON_WIRE;
        if
        :: NEEDS_MARK && !W.marked -> ask_mark()
        :: else
        fi }
    :: d_step { W.mark == SENT -> mark_at_store() }
    :: d_step { W.mark == REFUSED && W.evidence == 0 -> W.mark = NONE;
        if
        :: W.claim == HELD -> lose_claim()
        :: else
        fi }
    :: d_step { W.mark == OVERTAKEN -> W.mark = NONE;
        if
        :: W.letter == ON_WIRE && W.claim == HELD -> settle(UNTOUCHED, 0, 0)
        :: else
        fi }
    :: d_step { W.mark == COUNTS -> W.mark = NONE;
        if
        :: W.letter == ON_WIRE && W.claim == HELD && !W.listed -> W.marked = 1
        :: W.letter == ON_WIRE && W.claim == HELD && W.listed -> W.listed = 0; W.mark = SENT
        :: else
        fi }
    /* No answer in time, or recalled: reset; the next connection, or back untouched. */
    :: d_step { W.claim == HELD && W.letter == ON_WIRE && MAY_FAIL -> mishaps++;
        W.letter = QUEUED; W.listed = 0 }
    :: d_step { W.claim == HELD && (W.letter == ON_WIRE || W.letter == QUEUED) &&
                MAY_FAIL -> mishaps++; settle(UNTOUCHED, 0, 0) }

    /* ---- the completing write. The server decides at once what nobody knows yet. */
    :: d_step { W.claim == HELD && W.letter == ON_WIRE && (!NEEDS_MARK || W.marked) ->
        W.letter = DOT; W.fate = DELIVERED; completed++;
        assert(!HOLD || FORGETS || completed <= 1 + resends) }
    :: d_step { W.claim == HELD && W.letter == ON_WIRE && (!NEEDS_MARK || W.marked) ->
        W.letter = DOT; W.fate = BOUNCED }
    :: d_step { W.claim == HELD && W.letter == ON_WIRE && (!NEEDS_MARK || W.marked) &&
                MAY_FAIL -> mishaps++; W.letter = DOT; W.fate = DEFERRED }
    :: d_step { W.letter == DOT && W.fate != 0 && W.evidence == 0 ->
        settle(W.fate, 0, W.outcome == DELIVERED || W.outcome == BOUNCED);
        if
        :: W.claim == LOST -> give_evidence()
        :: else
        fi }
    :: d_step { W.letter == DOT && MAY_FAIL -> mishaps++; doubted = 1;
        settle((HOLD -> UNCERTAIN : DEFERRED), 1, 0);
        if
        :: W.claim == LOST -> give_evidence()
        :: else
        fi }

    /* ---- flushed, finished: report_claim.c */
    :: d_step { W.claim == HELD && W.flush == NONE && W.letter != SETTLED && W.letter != IDLE &&
                MAY_FAIL -> mishaps++; W.others = 1; W.number++; W.ends = 0; W.flush = SENT }
    :: d_step { W.claim == HELD && W.flush == NONE && (W.letter == SETTLED || W.letter == IDLE) &&
                !W.ends -> W.number++; W.ends = 1; W.flush = SENT; pack() }
    :: d_step { W.claim == HELD && W.flush == NONE && W.letter == SETTLED && MAY_FAIL ->
        mishaps++; W.number++; W.ends = 0; W.flush = SENT; pack() }
    /* In order behind a mark on the same connection. */
    :: d_step { W.flush == SENT && W.mark != SENT ->
        flush_at_store(W.flush, W.epoch, W.number, W.sent, W.sent_seq, W.sent_doubt, W.ends,
            W.has_sent) }
    :: d_step { W.flush == REFUSED && W.evidence == 0 -> unpack();
        if
        :: W.claim == HELD -> lose_claim()
        :: else
        fi }
    :: d_step { W.flush == COUNTS && W.claim == LOST -> unpack() }
    :: d_step { W.flush == COUNTS && W.claim == HELD && W.others -> unpack(); W.others = 0 }
    :: d_step { W.flush == COUNTS && W.claim == HELD && !W.others && (!W.ends || W.mark == NONE) ->
        unpack();
        if
        :: W.letter == SETTLED && W.is_reply && KEEPS_EVIDENCE && FAILOVERS ->
            W.kept = W.epoch; W.keeps = W.outcome; W.keeps_seq = W.seq; W.keeps_doubt = W.doubt
        :: else
        fi;
        forget_letter();
        if
        :: W.ends -> end_claim()
        :: else
        fi }
    :: d_step { W.claim == LOST && W.letter != DOT && W.mark == NONE && W.flush == NONE ->
        end_claim() }

    /* ---- evidence.c */
    :: d_step { W.evidence != 0 && W.give == NONE -> W.give = SENT }
    :: d_step { W.give == SENT -> evidence_at_store() }
    :: d_step { W.give == COUNTS ->
        if
        :: REMEMBERS -> W.kept = W.evidence; W.keeps = W.tells; W.keeps_seq = W.tells_seq;
            W.keeps_doubt = W.tells_doubt
        :: else
        fi;
        forget_evidence() }

    /* ---- what befalls it */
    :: d_step { W.life == ALIVE && IS_TAKEN && W.evidence == 0 -> W.life = LEAVING;
        if
        :: W.claim == HELD -> lose_claim()
        :: W.claim == ASKING -> W.claim = NONE; forget_answer()
        :: else
        fi }
    :: atomic { W.life != DEAD && MAY_FAIL &&
        (W.ask != NONE || W.mark != NONE || W.flush != NONE || W.give != NONE) ->
        mishaps++; break_calls(true) }
    :: atomic { W.life == ALIVE && MAY_FAIL && !ended -> mishaps++; ended = 1; break_calls(true); die() }

    /* ---- late messages */
    :: d_step { W.late == LATE_CLAIM ->
        if
        :: store.session == 0 ->
            if
            :: store.flush > 0 -> store.flushed = store.flushed | BIT(store.epoch)
            :: else
            fi;
            store.epoch = NEXT_EPOCH; epochs = (store.epoch > epochs -> store.epoch : epochs);
            store.session = ME; store.is_current = W.late_ends; store.flush = 0; store.last = 0
        :: else
        fi;
        clear_late() }
    :: d_step { W.late == LATE_MARK ->
        if
        :: HOLDS(W.late_epoch) && IS_OPEN(store.state) -> store.marked = 1
        :: else
        fi;
        clear_late() }
    :: d_step { W.late == LATE_FLUSH ->
        flush_at_store(ignored, W.late_epoch, W.late_number, W.late_outcome, W.late_seq,
            W.late_doubt, W.late_ends, W.late_has);
        ignored = 0; clear_late() }
    od
}

#define LACKS(i) (workers[i].life != DEAD && workers[i].claim == NONE && workers[i].late == 0 && \
    workers[i].evidence == 0) /* it gives what it knows first: claim_return.c */

inline fail_over() {
    break_calls(false); clear_late();
    if
    :: W.life != DEAD && W.kept != 0 && W.evidence == 0 ->
        W.evidence = W.kept; W.tells = W.keeps; W.tells_seq = W.keeps_seq;
        W.tells_doubt = W.keeps_doubt; forget_kept()
    :: else
    fi
}

inline make_durable(call) {
    call = (call == DONE -> COUNTS : call)
}

inline copy(to, from) {
    to.session = from.session; to.epoch = from.epoch; to.is_current = from.is_current; to.flush = from.flush; to.last = from.last;
    to.state = from.state; to.seq = from.seq; to.marked = from.marked; to.doubt = from.doubt;
    to.late = from.late; to.doubled = from.doubled; to.resolved = from.resolved;
    to.known = from.known; to.flushed = from.flushed; to.open = from.open;
    to.delivered = from.delivered; to.taken = from.taken
}

inline replicate(i) {
    make_durable(workers[i].ask); make_durable(workers[i].mark); make_durable(workers[i].flush);
    make_durable(workers[i].give)
}

#define IS_AWAITED(i) (workers[i].ask == DONE || workers[i].mark == DONE || \
    workers[i].flush == DONE || workers[i].give == DONE)

active proctype world() {
    byte w;
    atomic {
        store.state = PENDING; store.open = 1; copy(replica, store);
        run run_worker(0); run run_worker(1)
    }
    do
    /* I2: at each step counters equal the rows. */
    :: d_step { store.open != IS_OPEN(store.state) || store.delivered != (store.state == DELIVERED) ->
        assert(false) }
    /* The coordinators. A session is taken when it is dead, or by mistake. */
    :: d_step { workers[0].life == DEAD && !(store.taken & 1) -> store.taken = store.taken | 1 }
    :: d_step { workers[1].life == DEAD && !(store.taken & 2) -> store.taken = store.taken | 2 }
    :: d_step { MAY_FAIL && !ended && workers[0].life == ALIVE ->
        mishaps++; ended = 1; store.taken = store.taken | 1 }
    :: d_step { MAY_FAIL && !ended && workers[1].life == ALIVE ->
        mishaps++; ended = 1; store.taken = store.taken | 2 }
    :: d_step { store.session != 0 && (store.taken >> (store.session - 1)) & 1 ->
        reclaim_at_store() }
    /* A claim of which its living worker knows nothing. */
    :: d_step { FREES_ORPHANS && store.session != 0 &&
                !((store.taken >> (store.session - 1)) & 1) && LACKS(store.session - 1) ->
        reclaim_at_store() }
    /* A person, or the campaign's rule. */
    :: d_step { store.state == UNCERTAIN && MAY_FAIL ->
        mishaps++; resends++; turn_into(DEFERRED); store.doubt = 1; store.marked = 0; store.seq++ }
    :: d_step { store.session == 0 && IS_OPEN(store.state) && MAY_FAIL ->
        mishaps++; turn_into(EXPIRED); store.seq++ }
#if REPLICATED
    :: d_step { (IS_AWAITED(0) || IS_AWAITED(1)) -> copy(replica, store); replicate(0); replicate(1) }
#endif
#if FAILOVERS
    :: d_step { !REPLICATED && !lags && !failed && MAY_FAIL -> lags = 1; copy(replica, store) }
    :: atomic { (lags || REPLICATED) && !failed && MAY_FAIL ->
        mishaps++; failed = 1; lags = 0; copy(store, replica); fail_over(); w = 1; fail_over(); w = 0 }
#endif
    :: timeout ->
#ifdef WITNESS
        /* Each kind of end is reached. */
        assert(store.state != WITNESS);
#endif
        /* Nothing more can happen: every accepted row has reached its outcome. */
        assert(store.session == 0 && !IS_OPEN(store.state));
        /* no double is untold (unless Redis forgot what no reply had
         * settled, or who knew it is dead), */
        assert(completed < 2 || store.doubt || store.doubled || (FORGETS && (ended || doubted)));
        /* and nothing is guessed. */
        assert(completed > 0 || store.state != DELIVERED || store.resolved);
        assert(completed == 0 || store.state == DELIVERED || store.state == UNCERTAIN ||
               store.doubt || FORGETS);
        break
    od;
end:
    skip
}
