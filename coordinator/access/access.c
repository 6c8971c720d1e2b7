#include "coordinator/access/access.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/security/key_file.h"
#include "coordinator/access/access_file.h"
#include "coordinator/access/access_key.h"
#include "coordinator/access/access_lockout.h"
#include "coordinator/access/access_tenant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#define LOOK_MS 1000
#define USED_LOOK_MS 600000
#define HOUR_MS INT64_C(3600000)
#define FILE_BYTES_MAX ((size_t)64 * 1024)
#define RETRY_MS 1000
/* Name of the principal that the key file stands for. */
#define FILE_PRINCIPAL "file"

/* Who waits for a reading that begins after he asked. */
struct waiter {
    access_fresh_fn *on_fresh;
    void *context;
    struct waiter *next;
};

struct access {
    struct access_settings settings;
    struct access_file file;
    struct access_book *book;
    struct access_lockout *lockout;
    struct access_watch *watch;
    struct loop_timer *timer;
    char *revision;         /* of what is in the book; NULL: nothing was read yet */
    bool is_looking;        /* an answer is awaited */
    bool looks_again;       /* that one may be too old */
    struct waiter *waiters; /* for the next reading */
    struct waiter *served;  /* by the one under way */
    uint64_t used_read_ms;  /* when `used` was last read; 0: never */
};

/* ------------------------------------------------------------------ reading */

static void on_used(void *context, int error, const struct store_access_used *used, size_t count)
{
    struct access *access = context;
    for (size_t i = 0; error == 0 && i < count; i++) {
        access_book_note_used(access->book, used[i].key_id, used[i].unix_ms);
    }
}

static void read_used(struct access *access)
{
    access->used_read_ms = loop_now_ms(access->settings.loop);
    store_access_read_used(access->settings.store, on_used, access);
}

static void fill(struct access *access, struct text revision,
                 const struct store_access_entry *entries, size_t count)
{
    size_t damaged = access_book_fill(access->book, entries, count);
    bool was_read = access->revision != NULL;
    free(access->revision);
    access->revision = text_to_string(revision);
    if (was_read || count > 0) {
        LOG(LOG_ACCESS_READ, NULL,
            log_number("principals", (int64_t)access_book_principal_count(access->book)),
            log_number("keys", (int64_t)access_book_key_count(access->book)),
            log_number("damaged", (int64_t)damaged));
    }
    read_used(access);
}

static void answer(struct waiter *waiters, int error)
{
    while (waiters != NULL) {
        struct waiter *waiter = waiters;
        waiters = waiter->next;
        waiter->on_fresh(waiter->context, error);
        free(waiter);
    }
}

static void end_look(struct access *access, int error)
{
    struct waiter *served = access->served;
    access->is_looking = false;
    access->served = NULL;
    answer(served, error);
    if (error == -ECANCELED) {
        served = access->waiters;
        access->waiters = NULL;
        answer(served, error);
    } else if (access->looks_again && !access->is_looking) {
        access_look(access);
    }
}

static void on_read(void *context, int error, struct text revision,
                    const struct store_access_entry *entries, size_t count)
{
    struct access *access = context;
    if (error == 0) {
        fill(access, revision, entries, count);
    } else if (error == -EPROTO) {
        /* Nobody can say whose keys these are: none is accepted. */
        fill(access, TEXT("damaged"), NULL, 0);
    }
    end_look(access, error);
}

static void on_revision(void *context, int error, struct text revision,
                        const struct store_access_entry *entries, size_t count)
{
    struct access *access = context;
    (void)entries;
    (void)count;
    if (error != 0) {
        end_look(access, error);
        return;
    }
    if (access->revision == NULL || !text_equal(text_of(access->revision), revision)) {
        store_access_read(access->settings.store, on_read, access);
        return;
    }
    end_look(access, 0);
}

void access_look(struct access *access)
{
    access->looks_again = access->is_looking;
    if (!access->is_looking && store_is_ready(access->settings.store)) {
        access->is_looking = true;
        access->served = access->waiters;
        access->waiters = NULL;
        store_access_look(access->settings.store, on_revision, access);
    }
}

void access_refresh(struct access *access, access_fresh_fn *on_fresh, void *context)
{
    if (!store_is_ready(access->settings.store)) {
        on_fresh(context, -EAGAIN);
        return;
    }
    struct waiter *waiter = xalloc_zero(1, sizeof *waiter);
    waiter->on_fresh = on_fresh;
    waiter->context = context;
    LL_APPEND(access->waiters, waiter);
    access_look(access);
}

static void on_timer(void *context)
{
    struct access *access = context;
    access_look(access);
    bool is_due = loop_now_ms(access->settings.loop) - access->used_read_ms >= USED_LOOK_MS;
    if (access->revision != NULL && is_due && store_is_ready(access->settings.store)) {
        read_used(access);
    }
}

struct access *access_create(const struct access_settings *settings)
{
    struct access *access = xalloc_zero(1, sizeof *access);
    access->settings = *settings;
    access->book = access_book_create();
    access->lockout = access_lockout_create();
    access->watch = access_watch_create(settings->store, settings->on_alarm, settings->context);
    access->timer = loop_timer_create(settings->loop, on_timer, access);
    loop_timer_start(access->timer, 0, LOOK_MS);
    return access;
}

void access_destroy(struct access **access)
{
    if (*access == NULL) {
        return;
    }
    loop_timer_destroy(&(*access)->timer);
    access_book_destroy(&(*access)->book);
    access_lockout_destroy(&(*access)->lockout);
    access_watch_destroy(&(*access)->watch);
    free((*access)->revision);
    free(*access);
    *access = NULL;
}

int access_read_file(struct access *access, const char *path, struct problem *problem)
{
    struct key_file_secret secret = {NULL, 0};
    int error = key_file_read(path, FILE_BYTES_MAX, &secret, problem);
    if (error == 0) {
        error = access_file_parse((struct text){(const char *)secret.data, secret.size},
                                  &access->file, problem);
        if (error != 0) {
            problem_prefix(problem, path);
        }
    }
    key_file_wipe(&secret);
    return error;
}

/* ------------------------------------------------------------------ admitting */

static const struct {
    const char *word;
    const char *text;
} verdicts[ACCESS_VERDICT_LIMIT] = {
    [ACCESS_ADMITTED] = {"admitted", "admitted"},
    [ACCESS_NO_KEY] = {"bearer_key", "Authorization: Bearer <key> is missing"},
    [ACCESS_UNKNOWN_KEY] = {"bearer_key", "this key is not known"},
    [ACCESS_LOCKED] = {"locked", "too many wrong keys came from here: wait"},
    [ACCESS_NOT_READ] = {"store", "the keys are not read yet: repeat the call"},
    [ACCESS_WRONG_NETWORK] = {"network", "this key is not accepted from this address"},
    [ACCESS_EXPIRED] = {"expired", "this key has expired"},
    [ACCESS_REVOKED] = {"revoked", "this key was revoked"},
    [ACCESS_UNUSED] = {"unused", "this key was not used for 90 days: have it rotated"},
    [ACCESS_DISABLED] = {"disabled", "the principal of this key is disabled"},
    [ACCESS_NO_TENANT] = {"tenant", "the tenant of this key is disabled, or is no more"},
};

const char *access_verdict_word(enum access_verdict verdict)
{
    return verdicts[verdict].word;
}

const char *access_verdict_text(enum access_verdict verdict)
{
    return verdicts[verdict].text;
}

static enum access_verdict verdict_of(enum access_key_state state)
{
    static const enum access_verdict by_state[] = {[ACCESS_KEY_ACTIVE] = ACCESS_ADMITTED,
                                                   [ACCESS_KEY_EXPIRED] = ACCESS_EXPIRED,
                                                   [ACCESS_KEY_REVOKED] = ACCESS_REVOKED,
                                                   [ACCESS_KEY_UNUSED] = ACCESS_UNUSED,
                                                   [ACCESS_KEY_DISABLED] = ACCESS_DISABLED};
    return by_state[state];
}

/* The hour is enough, and one write of each. */
static void note_used(struct access *access, const struct access_key *key, int64_t now_unix_ms)
{
    if (now_unix_ms - key->used_unix_ms >= HOUR_MS) {
        struct text key_id = text_of(key->stored->id);
        access_book_note_used(access->book, key_id, now_unix_ms);
        store_access_note_used(access->settings.store, key_id, now_unix_ms);
    }
}

static enum access_verdict admit_key(struct access *access, const struct access_key *key,
                                     const char *source, struct access_caller *ret_caller)
{
    int64_t now_unix_ms = store_now_unix_ms(access->settings.store);
    struct stream_address address;
    bool is_unix = stream_address_parse(text_of(source), 0, &address) != 0;
    enum access_verdict verdict = verdict_of(access_book_state(key, now_unix_ms));
    if (verdict == ACCESS_ADMITTED && !access_book_comes_from(key, is_unix ? NULL : &address)) {
        verdict = ACCESS_WRONG_NETWORK;
    }
    const struct tenants *tenants = access->settings.tenants;
    if (verdict == ACCESS_ADMITTED &&
        !access_tenant_is_there(tenants, key->principal->stored->tenant)) {
        verdict = ACCESS_NO_TENANT;
    }
    if (verdict == ACCESS_ADMITTED) {
        const char *tenant = key->principal->stored->tenant;
        *ret_caller = (struct access_caller){.tenant = tenant,
                                             .principal = key->principal->stored->name,
                                             .key = key,
                                             .scopes = access_book_scopes(key, now_unix_ms) &
                                                       access_tenant_scopes(tenants, tenant),
                                             .sees_all = access_tenant_sees_all(tenants, tenant)};
        access_watch_on_call(access->watch, key, source);
        note_used(access, key, now_unix_ms);
    }
    return verdict;
}

/* What is right is decided by digests alone, known or not, in constant time. */
static enum access_verdict look_up(struct access *access, struct text shown, struct text key_id,
                                   const char *source, struct access_caller *ret_caller)
{
    if (key_id.size == 0) {
        if (!access_file_has(&access->file, shown)) {
            return ACCESS_UNKNOWN_KEY;
        }
        *ret_caller =
            (struct access_caller){.tenant = tenants_first(access->settings.tenants)->name,
                                   .principal = FILE_PRINCIPAL,
                                   .scopes = ACCESS_ALL,
                                   .sees_all = true};
        return ACCESS_ADMITTED;
    }
    if (!access_is_read(access)) {
        return ACCESS_NOT_READ;
    }
    const struct access_key *key = access_book_key(access->book, key_id);
    struct text digest = key == NULL ? TEXT("")
                                     : (struct text){(const char *)key->stored->digest.data,
                                                     key->stored->digest.len};
    if (!access_key_fits(shown, digest) || key == NULL) {
        return ACCESS_UNKNOWN_KEY;
    }
    return admit_key(access, key, source, ret_caller);
}

/* Each refusal is counted and, but for those that wait anyway, told. */
static void tell_refused(struct access *access, enum access_verdict verdict,
                         const struct access_showing *showing, struct text key_id, const char *name)
{
    if (verdict == ACCESS_UNKNOWN_KEY) {
        unsigned int failures =
            access_lockout_fail(access->lockout, text_of(name), loop_now_ms(access->settings.loop));
        LOG(LOG_ACCESS_WRONG_KEY, NULL, log_string("source", showing->source),
            log_text("key", key_id), log_number("failures", failures));
    } else if (verdict > ACCESS_NOT_READ) {
        LOG(LOG_ACCESS_REFUSED, NULL, log_string("source", showing->source),
            log_text("key", key_id), log_string("reason", verdicts[verdict].word));
    }
    metrics_add(metrics_counter("hikyaku_api_keys_refused_total", "Calls whose key was refused.",
                                "reason", text_of(verdicts[verdict].word)),
                1);
}

enum access_verdict access_admit(struct access *access, const struct access_showing *showing,
                                 struct access_caller *ret_caller, uint64_t *ret_wait_ms)
{
    struct text shown = access_key_bearer(showing->authorization);
    struct text key_id = TEXT("");
    char name[STREAM_ADDRESS_LENGTH + ACCESS_KEY_ID_LENGTH + 2];
    *ret_wait_ms = 0;
    if (shown.size == 0) {
        tell_refused(access, ACCESS_NO_KEY, showing, key_id, "");
        return ACCESS_NO_KEY;
    }
    bool has_form = access_key_parse(shown, &key_id) == 0;
    /* A wrong key of one caller must not keep out another one behind the same address. */
    bool is_known = has_form && access_book_key(access->book, key_id) != NULL;
    struct text known_id = is_known ? key_id : TEXT("");
    (void)snprintf(name, sizeof name, "%s %.*s", showing->source, TEXT_PRINT(known_id));
    *ret_wait_ms =
        access_lockout_wait_ms(access->lockout, text_of(name), loop_now_ms(access->settings.loop));
    enum access_verdict verdict = *ret_wait_ms > 0
                                      ? ACCESS_LOCKED
                                      : look_up(access, shown, key_id, showing->source, ret_caller);
    if (verdict == ACCESS_ADMITTED) {
        access_lockout_forgive(access->lockout, text_of(name));
        return verdict;
    }
    *ret_wait_ms = verdict == ACCESS_NOT_READ ? RETRY_MS : *ret_wait_ms;
    tell_refused(access, verdict, showing, known_id, name);
    if (is_known) {
        access_watch_on_refusal(access->watch, access_book_key(access->book, key_id),
                                showing->source);
    }
    return verdict;
}

void access_note_refused(struct access *access, const char *key_id, const char *source)
{
    const struct access_key *key = access_book_key(access->book, text_of(key_id));
    if (key != NULL) {
        access_watch_on_refusal(access->watch, key, source);
    }
}

void access_note_reveal(struct access *access, const char *key_id, const char *source)
{
    const struct access_key *key = access_book_key(access->book, text_of(key_id));
    if (key != NULL) {
        access_watch_on_reveal(access->watch, key, source);
    }
}

struct store *access_store(const struct access *access)
{
    return access->settings.store;
}

const struct key_directory *access_keys(const struct access *access)
{
    return access->settings.keys;
}

bool access_is_read(const struct access *access)
{
    return access->revision != NULL;
}

const struct access_book *access_book_of(const struct access *access)
{
    return access->book;
}
