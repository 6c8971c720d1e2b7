/* Senders that a site refuses, whichever IP brings their mail: blame of a tenant or a From domain.
 * Each is left alone at that site for a while (common/policy/identity_pause.h), at all workers. */
#ifndef HIKYAKU_WORKER_PATHS_SENDERS_H
#define HIKYAKU_WORKER_PATHS_SENDERS_H

#include "common/base/text.h"
#include "common/policy/path_control.h"

/** At most so many are known; no new one beyond. */
#define SENDERS_MAX 1000
/** "<site> domain <From domain>", "<site> tenant <tenant>": with the final zero. */
#define SENDERS_NAME_BYTES 576

struct senders;

/** Whose message, and where. */
struct sender {
    struct text site;
    struct text tenant;
    struct text from_domain;
};

/** What an answer began. */
struct senders_pause {
    enum path_scope scope;
    uint64_t pause_ms; /* 0: nothing */
    char name[SENDERS_NAME_BYTES];
};

struct senders *senders_create(void);
/** Accepts NULL, nulls the pointer. */
void senders_destroy(struct senders **senders);

/** A server answered a message of it. @param ret_pause  out: tell all workers of it */
void senders_answered(struct senders *senders, const struct sender *sender,
                      const struct path_reply *reply, uint64_t now_ms,
                      struct senders_pause *ret_pause);
/** Is this the name of a sender at a site, not of a site? */
bool senders_is_name(const char *name);
/** Another worker told of one. */
void senders_hear(struct senders *senders, const char *name, uint64_t pause_ms, uint64_t now_ms);
/** May a message of it start? TENANT_LIMIT: its tenant, SITE_SUSPENDED: its From domain waits. */
struct path_answer senders_look(const struct senders *senders, const struct sender *sender,
                                uint64_t now_ms);
/** One does: senders_look() said so. */
void senders_start(struct senders *senders, const struct sender *sender, uint64_t now_ms);
/** Forget what is over. */
void senders_tick(struct senders *senders, uint64_t now_ms);

#endif
