#include "worker/pipeline/dkim_check.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/mail/dkim_verifier.h"
#include "common/store/store_fleet.h"
#include "common/wire/wire_store.h"
#include "common/wire/wire_unpack.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 2
#define VERDICT_BYTES_MAX ((size_t)4096)

struct dkim_check {
    struct dkim_check_settings settings;
    size_t running;
};

/* One check; lives until its verdict. */
struct check_run {
    struct dkim_check *check;
    struct dkim_keys_domain *domain; /* borrowed */
    char *tenant;
    struct buffer message;
    struct dkim_verifier_key keys[KEYS_MAX];
    char names[KEYS_MAX][2 * DKIM_KEYS_NAME_BYTES];
    char *records[KEYS_MAX];
    size_t key_count;
    size_t asked; /* keys whose answer is there */
    struct dkim_verifier_result result;
    int error;
};

struct dkim_check *dkim_check_create(const struct dkim_check_settings *settings)
{
    struct dkim_check *check = xalloc_zero(1, sizeof *check);
    check->settings = *settings;
    return check;
}

void dkim_check_destroy(struct dkim_check **check)
{
    if (*check == NULL) {
        return;
    }
    assert((*check)->running == 0);
    free(*check);
    *check = NULL;
}

static void end_run(struct check_run *run, enum dkim_keys_state state)
{
    struct dkim_check *check = run->check;
    struct dkim_keys_domain *domain = run->domain;
    domain->state = state;
    domain->checked_ms = loop_now_ms(check->settings.loop);
    check->running--;
    free(run->tenant);
    free(run->records[0]);
    free(run->records[1]);
    buffer_finish(&run->message);
    free(run);
    check->settings.on_verdict(check->settings.context, domain);
}

/* ---------------------------------------------------------------- the verdict of others */

static bool was_good_lately(const struct check_run *run, struct text packed)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(VERDICT_BYTES_MAX * 4);
    Hikyaku__V1__StoredDkimVerdict *verdict = NULL;
    if (packed.size > VERDICT_BYTES_MAX ||
        wire_store_read_dkim_verdict(packed, arena, &verdict) != 0) {
        return false;
    }
    int64_t age_ms = clock_unix_ms() - verdict->checked_unix_ms;
    return verdict->good && age_ms >= 0 && age_ms < (int64_t)DAY_MS &&
           verdict->key_sha256.len == sizeof run->domain->key_sha256 &&
           memcmp(verdict->key_sha256.data, run->domain->key_sha256, 32) == 0;
}

static void on_stored_verdict(void *context, int error, struct text packed)
{
    struct check_run *run = context;
    run->domain->was_good_lately = error == 0 && was_good_lately(run, packed);
    end_run(run, DKIM_KEYS_NO_ANSWER);
}

static void put_verdict(struct check_run *run, bool is_good, char *reason)
{
    Hikyaku__V1__StoredDkimVerdict verdict = HIKYAKU__V1__STORED_DKIM_VERDICT__INIT;
    struct buffer packed = {0};
    verdict.good = is_good;
    verdict.reason = reason;
    verdict.checked_unix_ms = clock_unix_ms();
    verdict.key_sha256.data = run->domain->key_sha256;
    verdict.key_sha256.len = sizeof run->domain->key_sha256;
    wire_unpack_append(&verdict.base, &packed);
    store_fleet_put_dkim_verdict(run->check->settings.store, text_of(run->tenant),
                                 text_of(run->domain->domain), text_of(run->domain->selector),
                                 buffer_text(&packed), NULL, NULL);
    buffer_finish(&packed);
}

/* ---------------------------------------------------------------- verifying */

static void verify(void *context)
{
    struct check_run *run = context;
    struct dkim_verifier *verifier = NULL;
    run->error = dkim_verifier_create(&verifier, NULL);
    if (run->error == 0) {
        run->error =
            dkim_verifier_check(verifier, buffer_text(&run->message), run->keys, run->key_count,
                                (uint64_t)clock_unix_ms() / 1000, &run->result);
        dkim_verifier_destroy(&verifier);
    }
}

static const char *reason_of(const struct check_run *run)
{
    for (size_t i = 0; i < run->result.count; i++) {
        if (run->result.signatures[i].verdict != DKIM_VERIFIER_PASS) {
            return run->result.signatures[i].reason;
        }
    }
    return "no signature of the domain";
}

static void on_verified(void *context)
{
    struct check_run *run = context;
    bool is_good =
        run->error == 0 && dkim_verifier_is_all_pass(&run->result, text_of(run->domain->domain));
    char reason[sizeof run->result.signatures[0].reason] = "ok";
    if (!is_good) {
        (void)snprintf(reason, sizeof reason, "%s",
                       run->error != 0 ? "the message cannot be verified" : reason_of(run));
    }
    LOG(is_good ? LOG_DKIM_GOOD : LOG_DKIM_BAD, NULL, log_string("domain", run->domain->domain),
        log_string("selector", run->domain->selector), log_string("reason", reason));
    put_verdict(run, is_good, reason);
    end_run(run, is_good ? DKIM_KEYS_GOOD : DKIM_KEYS_BAD);
}

static void on_keys(struct check_run *run)
{
    for (size_t i = 0; i < run->key_count; i++) {
        if (run->keys[i].answer == DKIM_VERIFIER_FAILED) {
            LOG(LOG_DKIM_NO_ANSWER, NULL, log_string("domain", run->domain->domain),
                log_string("name", run->names[i]));
            store_fleet_dkim_verdict(run->check->settings.store, text_of(run->tenant),
                                     text_of(run->domain->domain), text_of(run->domain->selector),
                                     on_stored_verdict, run);
            return;
        }
    }
    loop_run_in_pool(run->check->settings.loop, verify, on_verified, run);
}

static void ask_next(struct check_run *run);

static void on_txt(void *context, const struct resolver_answer *answer)
{
    struct check_run *run = context;
    struct dkim_verifier_key *key = &run->keys[run->asked];
    key->answer = DKIM_VERIFIER_FAILED;
    if (answer->status == RESOLVER_NO_NAME || answer->status == RESOLVER_NO_DATA) {
        key->answer = DKIM_VERIFIER_NOT_FOUND;
    } else if (answer->status == RESOLVER_OK && answer->count > 0) {
        key->answer = DKIM_VERIFIER_FOUND;
        run->records[run->asked] = text_to_string(answer->texts[0]);
        key->record = (struct text){run->records[run->asked], answer->texts[0].size};
    }
    run->asked++;
    if (run->asked < run->key_count) {
        ask_next(run);
    } else {
        on_keys(run);
    }
}

static void ask_next(struct check_run *run)
{
    (void)resolver_find_txt(run->check->settings.resolver, run->keys[run->asked].name, on_txt, run);
}

static void add_key(struct check_run *run, const char *selector)
{
    char *name = run->names[run->key_count];
    if (selector[0] == '\0') {
        return;
    }
    (void)snprintf(name, sizeof run->names[0], "%s._domainkey.%s", selector, run->domain->domain);
    run->keys[run->key_count++].name = text_of(name);
}

bool dkim_check_is_due(const struct dkim_check *check, const struct dkim_keys_domain *domain)
{
    uint64_t age_ms = loop_now_ms(check->settings.loop) - domain->checked_ms;
    switch (domain->state) {
    case DKIM_KEYS_UNCHECKED:
        return true;
    case DKIM_KEYS_CHECKING:
        return false;
    case DKIM_KEYS_GOOD:
        return age_ms >= DKIM_CHECK_GOOD_MS;
    case DKIM_KEYS_BAD:
    case DKIM_KEYS_NO_ANSWER:
        return age_ms >= DKIM_CHECK_RETRY_MS;
    }
    return false;
}

void dkim_check_start(struct dkim_check *check, struct dkim_keys_domain *domain, struct text tenant,
                      struct text message)
{
    struct check_run *run = xalloc_zero(1, sizeof *run);
    run->check = check;
    run->domain = domain;
    run->tenant = text_to_string(tenant);
    buffer_append_text(&run->message, message);
    domain->state = DKIM_KEYS_CHECKING;
    check->running++;
    add_key(run, domain->selector);
    add_key(run, domain->ed25519_selector);
    ask_next(run);
}

size_t dkim_check_running(const struct dkim_check *check)
{
    return check->running;
}
