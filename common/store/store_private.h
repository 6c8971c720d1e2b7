/* What the files of this folder share: the store's links and the common parts of calls. */
#ifndef HIKYAKU_COMMON_STORE_STORE_PRIVATE_H
#define HIKYAKU_COMMON_STORE_STORE_PRIVATE_H

#include "common/store/store.h"
#include "common/store/store_command.h"
#include "common/store/store_fleet.h"
#include "common/store/store_link.h"
#include "common/store/store_scripts.h"

enum store_link_kind {
    STORE_LINK_WRITE,  /* durable writes */
    STORE_LINK_READ,   /* reads and hints */
    STORE_LINK_LEASE,  /* leases, nothing else: renewals wait for nobody */
    STORE_LINK_NOTICE, /* blocks in XREAD; only once somebody listens */
    STORE_LINK_COUNT
};

/** The command that is being made; one at a time. */
struct store_command *store_command_of(struct store *store);
const char *store_prefix(const struct store *store);
const char *store_session_id(const struct store *store);
/** Redis' run_id as the write link knows it: scripts that add events compare it. */
const char *store_run_id(const struct store *store);
/** Which Redis a link is connected to: a number of its run_id. */
uint64_t store_server(const struct store *store, enum store_link_kind kind);
struct loop *store_loop(const struct store *store);

/** Who listens to notices, and how far it has heard. */
struct store_notices {
    store_fleet_notice_fn *on_notice;
    void *context;
    char last[48]; /* id of the last entry; "": from now on */
    uint64_t block_ms;
};
struct store_notices *store_notices_of(struct store *store);

/** Begin EVALSHA of a script. */
struct store_command *store_begin(struct store *store, enum store_script_name script, size_t keys);
/** The same of a script that only reads: users who may not write the keys may call it. */
struct store_command *store_begin_reading(struct store *store, enum store_script_name script,
                                          size_t keys);
/** Send what store_begin() or store_command_begin() began. */
void store_send(struct store *store, enum store_link_kind kind, store_link_reply_fn *on_reply,
                void *call);
/** Where a command goes whose answer must be durable: with `replicated` to the link that waits. */
enum store_link_kind store_durable_kind(const struct store *store, enum store_link_kind otherwise);
bool store_link_kind_is_ready(const struct store *store, enum store_link_kind kind);

/** Who wants to know of a link that got ready: the keeper (LEASE), the listener (NOTICE). */
typedef void store_ready_fn(void *context);
void store_on_link_ready(struct store *store, enum store_link_kind kind, store_ready_fn *on_ready,
                         void *context);

/** A call under way: who is to be answered. Freed by the one that answers. */
struct store_call {
    struct store *store;
    void (*on_answer)(void); /* cast back to its own type */
    void *context;
    unsigned char campaign[16];
    uint32_t number;
};
struct store_call *store_call_create(struct store *store, void (*on_answer)(void), void *context);
#define STORE_ANSWER(function) ((void (*)(void))(function))

/* Keys of the campaign that a script works on. */
void store_add_campaign_key(struct store *store, const unsigned char campaign[16],
                            const char *name);
void store_add_batch_key(struct store *store, const unsigned char campaign[16], uint32_t batch,
                         char part);
/** header, events, generation, active: the first four keys of a transition. */
void store_add_transition_keys(struct store *store, const unsigned char campaign[16],
                               struct text tenant);
#define STORE_TRANSITION_KEYS 4

struct store_batch_name;
struct store_row_change;
/** Begin a script on a batch: header, events, generation, active, h, r, b, due, claimed, doubt.
 * Those that write no event leave `tenant` empty. */
struct store_command *store_batch_begin(struct store *store, enum store_script_name script,
                                        const struct store_batch_name *name, struct text tenant);
/** The same with one key more: the partition's index of what is in quarantine. */
struct store_command *store_batch_begin_quarantine(struct store *store,
                                                   enum store_script_name script,
                                                   const struct store_batch_name *name,
                                                   struct text tenant);
/** The campaign's own entry of that index, as an argument. */
void store_quarantine_add_campaign(struct store_command *command, const unsigned char campaign[16]);
/** run id, id, batch, member: how the arguments of scripts with events begin. */
void store_batch_add_identity(struct store *store, struct store_command *command,
                              const struct store_batch_name *name);
/** u16 position and row of each. */
void store_batch_add_changes(struct store_command *command, const struct store_row_change *changes,
                             size_t count);
/** The answer of a script that changed rows, for a store_batch_changed_fn. */
void store_batch_on_changed(void *call, int error, const redisReply *reply);

#endif
