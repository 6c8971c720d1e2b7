#include "common/net/resolver.h"
#include "common/base/clock.h"
#include "common/base/table.h"
#include "common/net/resolver_answer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <unbound.h>

#define TIMEOUT_DEFAULT_MS (10 * SECOND_MS)
#define TTL_MAX_S ((int)(DAY_MS / SECOND_MS))
#define CLASS_IN 1
#define NAME_LENGTH_MAX 253 /* without final dot */
#define LABEL_LENGTH_MAX 63

struct resolver {
    struct ub_ctx *unbound;
    struct loop *loop; /* borrowed */
    struct loop_watch *watch;
    uint64_t timeout_ms;
    uint64_t last_ticket;
    struct table *questions; /* ticket -> struct question */
    struct resolver_records records;
    bool is_answering;
};

struct question {
    struct resolver *resolver; /* borrowed */
    uint64_t ticket;
    enum resolver_kind kind;
    bool is_asked; /* the library has it, as `unbound_id` */
    int unbound_id;
    struct loop_timer *timer; /* the time limit; at once when it could not be asked */
    enum resolver_status status_of_timer;
    resolver_fn *on_answer;
    void *context;
};

/* ub_cancel's promise holds: no callback comes for what was cancelled. */
static void question_destroy(struct question *question)
{
    (void)table_remove(question->resolver->questions, TABLE_KEY(question->ticket));
    if (question->is_asked) {
        (void)ub_cancel(question->resolver->unbound, question->unbound_id);
    }
    loop_timer_destroy(&question->timer);
    free(question);
}

static void give(struct question *question, struct resolver_answer *answer)
{
    struct resolver *resolver = question->resolver;
    resolver_fn *on_answer = question->on_answer;
    void *context = question->context;
    resolver_answer_finish(&resolver->records, answer);
    question_destroy(question);
    resolver->is_answering = true;
    on_answer(context, answer);
    resolver->is_answering = false;
}

static void on_timer(void *context)
{
    struct question *question = context;
    struct resolver_answer answer = {.status = question->status_of_timer};
    resolver_answer_begin(&question->resolver->records, question->kind);
    give(question, &answer);
}

static enum resolver_status status_of(int error, const struct ub_result *result)
{
    if (error != 0 || result == NULL) {
        return RESOLVER_TEMPORARY;
    }
    if (result->bogus) {
        return RESOLVER_BOGUS;
    }
    if (result->havedata) {
        return RESOLVER_OK;
    }
    if (result->nxdomain) {
        return RESOLVER_NO_NAME;
    }
    return result->rcode == 0 ? RESOLVER_NO_DATA : RESOLVER_TEMPORARY;
}

static void on_result(void *context, int error, struct ub_result *result)
{
    struct question *question = context;
    question->is_asked = false; /* the library has forgotten its id */
    struct resolver_records *records = &question->resolver->records;
    struct resolver_answer answer = {.status = status_of(error, result)};
    resolver_answer_begin(records, question->kind);
    if (result != NULL) {
        answer.is_secure = result->secure != 0;
        int ttl_s = result->ttl < TTL_MAX_S ? result->ttl : TTL_MAX_S;
        answer.ttl_s = ttl_s > 0 ? (uint32_t)ttl_s : 0;
    }
    if (answer.status == RESOLVER_OK) {
        for (size_t i = 0; result->data[i] != NULL; i++) {
            resolver_answer_add(records, (struct text){result->data[i], (size_t)result->len[i]});
        }
    }
    give(question, &answer);
    ub_resolve_free(result);
}

static void on_readable(void *context, unsigned int events)
{
    (void)events;
    const struct resolver *resolver = context;
    (void)ub_process(resolver->unbound);
}

static int refuse(struct problem *problem, const char *field, const char *value, int error)
{
    problem_set(problem, field, "resolver", "the DNS library refuses \"%s\": %s", value,
                ub_strerror(error));
    return -EINVAL;
}

/* Room for a sender's many questions, and a short memory of servers that did not answer: with 15
 * minutes a forwarder that was down for a moment would stop all mail. */
static int set_options(struct ub_ctx *unbound, struct problem *problem)
{
    static const struct {
        const char *name;
        const char *value;
    } options[] = {
        {"outgoing-range:", "256"},  {"num-queries-per-thread:", "2048"},
        {"msg-cache-size:", "16m"},  {"rrset-cache-size:", "32m"},
        {"infra-host-ttl:", "30"},   {"infra-keep-probing:", "yes"},
        {"cache-max-ttl:", "86400"},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int error = ub_ctx_set_option(unbound, options[i].name, options[i].value);
        if (error != 0) {
            return refuse(problem, "", options[i].name, error);
        }
    }
    return 0;
}

static int set_forwarders(struct ub_ctx *unbound, const char *const *forwarders,
                          struct problem *problem)
{
    if (forwarders == NULL) {
        int error = ub_ctx_resolvconf(unbound, NULL);
        return error == 0 ? 0 : refuse(problem, "", "resolv.conf", error);
    }
    for (; *forwarders != NULL; forwarders++) {
        int error = ub_ctx_set_fwd(unbound, *forwarders);
        if (error != 0) {
            return refuse(problem, "forwarders", *forwarders, error);
        }
    }
    return 0;
}

static int set_zones(struct ub_ctx *unbound, const struct resolver_settings *settings,
                     struct problem *problem)
{
    const char *const *zone = settings->open_zones;
    for (; zone != NULL && *zone != NULL; zone++) {
        int error = ub_ctx_zone_remove(unbound, *zone);
        if (error != 0) {
            return refuse(problem, "open_zones", *zone, error);
        }
    }
    const char *const *line = settings->local_data;
    for (; line != NULL && *line != NULL; line++) {
        int error = ub_ctx_data_add(unbound, *line);
        if (error != 0) {
            return refuse(problem, "local_data", *line, error);
        }
    }
    return 0;
}

/* A thread of our own process (1), not a fork; that and the options come before the zones, which
 * make the context final. */
static int set_up(struct ub_ctx *unbound, const struct resolver_settings *settings,
                  struct problem *problem)
{
    (void)ub_ctx_debugout(unbound, NULL); /* its complaints are no lines of our log */
    int result = set_options(unbound, problem);
    if (result == 0) {
        result = set_forwarders(unbound, settings->forwarders, problem);
    }
    if (result == 0) {
        int error = ub_ctx_async(unbound, 1);
        result = error == 0 ? 0 : refuse(problem, "", "thread", error);
    }
    return result == 0 ? set_zones(unbound, settings, problem) : result;
}

int resolver_create(struct loop *loop, const struct resolver_settings *settings,
                    struct resolver **ret_resolver, struct problem *problem)
{
    struct ub_ctx *unbound = ub_ctx_create();
    assert(unbound != NULL); /* out of memory or descriptors at start */
    int result = set_up(unbound, settings, problem);
    if (result != 0) {
        ub_ctx_delete(unbound);
        return result;
    }
    struct resolver *resolver = xalloc_zero(1, sizeof *resolver);
    resolver->unbound = unbound;
    resolver->loop = loop;
    resolver->timeout_ms = settings->timeout_ms != 0 ? settings->timeout_ms : TIMEOUT_DEFAULT_MS;
    resolver->questions = table_create();
    resolver->watch = loop_watch_create(loop, ub_fd(unbound), on_readable, resolver);
    loop_watch_set(resolver->watch, LOOP_READABLE);
    *ret_resolver = resolver;
    return 0;
}

void resolver_destroy(struct resolver **resolver)
{
    struct resolver *dying = *resolver;
    *resolver = NULL;
    if (dying == NULL) {
        return;
    }
    assert(!dying->is_answering);
    struct table_walk walk;
    struct question *question = NULL;
    while ((question = table_first(dying->questions, &walk)) != NULL) {
        question_destroy(question);
    }
    table_destroy(&dying->questions);
    loop_watch_destroy(&dying->watch);
    ub_ctx_delete(dying->unbound);
    buffer_finish(&dying->records.bytes);
    free(dying);
}

/* Labels of 1 to 63 bytes, one final dot allowed: RFC 1035, 2.3.4. */
static bool is_name(struct text name)
{
    if (name.size > 1 && name.data[name.size - 1] == '.') {
        name.size--;
    }
    struct text label;
    bool is_good =
        name.size > 0 && name.size <= NAME_LENGTH_MAX && text_find(name, '\0') == name.size;
    while (is_good && text_next_part(&name, '.', &label)) {
        is_good = label.size > 0 && label.size <= LABEL_LENGTH_MAX;
    }
    return is_good;
}

/* @return RESOLVER_OK when the library has the question, otherwise what to answer */
static enum resolver_status ask_unbound(struct question *question, struct text name)
{
    char string[RESOLVER_NAME_BYTES];
    if (!is_name(name)) {
        return RESOLVER_NO_NAME;
    }
    memcpy(string, name.data, name.size);
    string[name.size] = '\0';
    int error = ub_resolve_async(question->resolver->unbound, string, (int)question->kind, CLASS_IN,
                                 question, on_result, &question->unbound_id);
    return error == 0 ? RESOLVER_OK : RESOLVER_TEMPORARY;
}

static uint64_t ask(struct resolver *resolver, enum resolver_kind kind, struct text name,
                    resolver_fn *on_answer, void *context)
{
    struct question *question = xalloc_zero(1, sizeof *question);
    question->resolver = resolver;
    question->ticket = ++resolver->last_ticket;
    question->kind = kind;
    question->on_answer = on_answer;
    question->context = context;
    question->timer = loop_timer_create(resolver->loop, on_timer, question);
    (void)table_put(resolver->questions, TABLE_KEY(question->ticket), question);
    enum resolver_status status = ask_unbound(question, name);
    question->is_asked = status == RESOLVER_OK;
    question->status_of_timer = question->is_asked ? RESOLVER_TEMPORARY : status;
    loop_timer_start(question->timer, question->is_asked ? resolver->timeout_ms : 0, 0);
    return question->ticket;
}

uint64_t resolver_find_mx(struct resolver *resolver, struct text name, resolver_fn *on_answer,
                          void *context)
{
    return ask(resolver, RESOLVER_MX, name, on_answer, context);
}

uint64_t resolver_find_a(struct resolver *resolver, struct text name, resolver_fn *on_answer,
                         void *context)
{
    return ask(resolver, RESOLVER_A, name, on_answer, context);
}

uint64_t resolver_find_aaaa(struct resolver *resolver, struct text name, resolver_fn *on_answer,
                            void *context)
{
    return ask(resolver, RESOLVER_AAAA, name, on_answer, context);
}

uint64_t resolver_find_txt(struct resolver *resolver, struct text name, resolver_fn *on_answer,
                           void *context)
{
    return ask(resolver, RESOLVER_TXT, name, on_answer, context);
}

void resolver_cancel(struct resolver *resolver, uint64_t ticket)
{
    struct question *question = table_get(resolver->questions, TABLE_KEY(ticket));
    if (question != NULL) {
        question_destroy(question);
    }
}
