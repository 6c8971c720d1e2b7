/* One call on its way through a handler. It owns an arena: request, answer and whatever the handler
 * needs live in it until the call is answered. A handler answers exactly once, now or later. */
#ifndef HIKYAKU_COORDINATOR_API_API_CALL_H
#define HIKYAKU_COORDINATOR_API_API_CALL_H

#include "common/wire/wire_error.h"
#include "coordinator/api/api.h"

struct api_call;
struct api_dispatch_method;
struct api_quota;

/**
 * The call is over.
 * @param error  NULL: `body` is the packed response; else what was refused
 * @callback     once; both are valid during the call
 */
typedef void api_call_done_fn(void *context, const struct wire_error *error, struct text body);

/** Who calls, as it was when the call came. */
struct api_caller {
    const char *principal;
    const char *key_id; /* "": a key of the key file */
    const char *source; /* address, or "unix" */
    uint32_t scopes;    /* access_scope.h */
    bool sees_all;      /* principals, keys and audit entries of every tenant */
    /* What the key may send with; NULL: anything. NULL-terminated. */
    const char *const *from_domains;
    const char *const *pools;
    const Hikyaku__V1__StoredQuota *quota; /* of the key; NULL: none */
    const char *quota_of;                  /* what its count goes by; "": there is no key */
    /* What campaigns and messages must carry. */
    const Hikyaku__V1__StoredKeyLabel *const *labels;
    size_t label_count;
};

struct api_call {
    struct api *api;                          /* borrowed */
    struct arena *arena;                      /* owned */
    const char *name;                         /* "CampaignService/CreateCampaign"; in the arena */
    const ProtobufCMessage *request;          /* in the arena */
    struct problem_list *problems;            /* in the arena; NULL until api_call_problems() */
    struct text tenant;                       /* in the arena */
    struct api_caller caller;                 /* in the arena */
    const struct api_dispatch_method *method; /* in work */
    int fault;                      /* enum wire_code: why it cannot be handled; 0: it can */
    struct api_quota *quota;        /* what it was charged; NULL: nothing yet */
    struct text otp;                /* the one-time code shown; in the arena; empty: none */
    bool has_otp;                   /* it was good, and is taken */
    uint32_t retry_after_ms;        /* of a refusal; 0: what is usual */
    uint32_t wait_limit_ms;         /* the caller's own time-out; 0: none */
    const char *about;              /* for the audit log, beside what the request names */
    bool is_gone;                   /* the caller hung up: answer soon, nobody listens */
    loop_fn *on_gone;               /* set by a handler that waits; may be NULL */
    void *waiting;                  /* for on_gone */
    const struct wire_error *error; /* its result, in the arena; NULL: `body` */
    struct text body;
    char *packed;   /* what `body` points to */
    bool is_secret; /* it holds a secret: it is wiped once it was told */
    api_call_done_fn *on_done;
    void *context;
    struct api_call *prev; /* all calls of the api */
    struct api_call *next;
};

/** @param source  address of the caller, or "unix" */
struct api_call *api_call_begin(struct api *api, const struct access_caller *caller,
                                const char *source, api_call_done_fn *on_done, void *context);
/** Tell the result that the call has, and end it; by api_audit once it may be told. */
void api_call_settle(struct api_call *call);

/** Its tenant as it is configured now; borrowed until the loop goes on. */
const struct tenant *api_call_tenant(const struct api_call *call);
/** What its tenant fills in for callers; lives as long as the call. */
struct wire_effective_tenant api_call_defaults(struct api_call *call);
/** May the caller see principals, keys and audit entries of this tenant? */
bool api_call_sees(const struct api_call *call, const char *tenant);

/** Where problems are collected. */
struct problem_list *api_call_problems(struct api_call *call);
/** Note one problem: field, rule, sentence. */
void api_call_note(struct api_call *call, const char *field, const char *rule, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));

/** Answer; the call and its arena are gone. */
void api_call_answer(struct api_call *call, const ProtobufCMessage *response);
/** Refuse with the problems noted so far. */
void api_call_refuse(struct api_call *call, enum wire_code code);
/** Refuse with one problem. */
void api_call_refuse_with(struct api_call *call, enum wire_code code, const char *field,
                          const char *rule, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/**
 * Refuse because of a store's or catalog's error: -ENOENT no such campaign, -EAGAIN and
 * -ECONNRESET unavailable (repeat the call), -ENOSPC resource exhausted, -ENOKEY failed
 * precondition, others internal.
 */
void api_call_refuse_error(struct api_call *call, int error);
/** The same for one item of a call: code and problem. */
enum wire_code api_call_explain(int error, struct problem *ret_problem);

/** A NUL-terminated copy in the call's arena. */
char *api_call_string(struct api_call *call, struct text text);

#endif
