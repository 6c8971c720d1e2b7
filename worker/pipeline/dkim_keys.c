#include "worker/pipeline/dkim_keys.h"

#include "common/security/digest.h"
#include "common/security/key_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DOMAINS_MAX 10000
#define SUFFIX ".pem"

struct dkim_keys {
    struct dkim_keys_domain *domains; /* in the order of their names */
    size_t count;
};

/* The keys chosen for one domain while it is read. */
struct chosen {
    struct dkim_key *rsa;
    struct dkim_key *ed25519;
};

static int read_key(const char *path, struct dkim_key **ret_key, struct problem *problem)
{
    struct key_file_secret secret = {0};
    int error = key_file_read(path, DKIM_KEY_PEM_MAX_BYTES, &secret, problem);
    if (error != 0) {
        return error;
    }
    error = dkim_key_parse((struct text){(const char *)secret.data, secret.size}, ret_key, problem);
    key_file_wipe(&secret);
    if (error != 0) {
        problem_set(problem, path, "dkim_key", "holds no private key that can be used");
    }
    return error;
}

static int filter_name(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static const struct dkim_keys_choice *find_choice(const struct dkim_keys_settings *settings,
                                                  const char *domain)
{
    for (size_t i = 0; i < settings->choice_count; i++) {
        if (strcasecmp(settings->choices[i].domain, domain) == 0) {
            return &settings->choices[i];
        }
    }
    return NULL;
}

/* Chosen selectors by name, else the newest-named: files come in ascending order, the last wins. */
static bool is_wanted(const struct dkim_keys_choice *choice, enum dkim_key_kind kind,
                      const char *selector)
{
    if (choice == NULL) {
        return true;
    }
    const char *wanted = kind == DKIM_KEY_KIND_RSA ? choice->selector : choice->ed25519_selector;
    return wanted != NULL && strcmp(wanted, selector) == 0;
}

static int take_file(const struct dkim_keys_settings *settings, struct dkim_keys_domain *domain,
                     struct chosen *chosen, const char *name, struct problem *problem)
{
    char path[1024];
    char selector[DKIM_KEYS_NAME_BYTES];
    size_t size = strlen(name);
    if (size <= sizeof SUFFIX - 1 || size >= sizeof selector ||
        strcmp(name + size - (sizeof SUFFIX - 1), SUFFIX) != 0) {
        return 0;
    }
    (void)snprintf(selector, sizeof selector, "%.*s", (int)(size - (sizeof SUFFIX - 1)), name);
    (void)snprintf(path, sizeof path, "%s/%s/%s", settings->directory, domain->domain, name);
    struct dkim_key *key = NULL;
    int error = read_key(path, &key, problem);
    if (error != 0) {
        return error;
    }
    enum dkim_key_kind kind = dkim_key_kind(key);
    bool is_rsa = kind == DKIM_KEY_KIND_RSA;
    if (!is_wanted(find_choice(settings, domain->domain), kind, selector) ||
        (!is_rsa && !settings->is_double)) {
        dkim_key_destroy(&key);
        return 0;
    }
    struct dkim_key **place = is_rsa ? &chosen->rsa : &chosen->ed25519;
    dkim_key_destroy(place);
    *place = key;
    memcpy(is_rsa ? domain->selector : domain->ed25519_selector, selector, sizeof selector);
    return 0;
}

static int make_signer(const struct dkim_keys_settings *settings, struct dkim_keys_domain *domain,
                       const struct chosen *chosen, struct problem *problem)
{
    if (chosen->rsa == NULL) {
        problem_set(problem, domain->domain, "dkim_key", "%s/%s has no RSA key of that selector",
                    settings->directory, domain->domain);
        return -EINVAL;
    }
    struct buffer records = {0};
    dkim_key_append_record(chosen->rsa, &records);
    if (chosen->ed25519 != NULL) {
        dkim_key_append_record(chosen->ed25519, &records);
    }
    digest_sha256(buffer_text(&records), domain->key_sha256);
    buffer_finish(&records);
    struct dkim_signer_settings signer = {
        .domain = text_of(domain->domain),
        .rsa = {chosen->rsa, text_of(domain->selector)},
        .ed25519 = {chosen->ed25519, text_of(domain->ed25519_selector)},
        .body_form = settings->body_form,
    };
    return dkim_signer_create(&signer, &domain->signer, problem);
}

static int scan(const char *path, struct dirent ***ret_entries, int *ret_count,
                struct problem *problem)
{
    *ret_count = scandir(path, ret_entries, filter_name, alphasort);
    if (*ret_count < 0) {
        int error = errno;
        problem_set(problem, path, "dkim_directory", "cannot be read: error %d", error);
        return -error;
    }
    return 0;
}

static void free_entries(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
}

static int load_domain(const struct dkim_keys_settings *settings, struct dkim_keys_domain *domain,
                       struct problem *problem)
{
    char path[1024];
    struct dirent **entries = NULL;
    int count = 0;
    struct chosen chosen = {0};
    (void)snprintf(path, sizeof path, "%s/%s", settings->directory, domain->domain);
    int error = scan(path, &entries, &count, problem);
    if (error == -ENOTDIR) {
        return 0; /* a file beside the folders: not ours */
    }
    for (int i = 0; error == 0 && i < count; i++) {
        error = take_file(settings, domain, &chosen, entries[i]->d_name, problem);
    }
    free_entries(entries, count > 0 ? count : 0);
    if (error == 0) {
        error = make_signer(settings, domain, &chosen, problem);
    }
    dkim_key_destroy(&chosen.rsa);
    dkim_key_destroy(&chosen.ed25519);
    return error;
}

int dkim_keys_load(const struct dkim_keys_settings *settings, struct dkim_keys **ret_keys,
                   struct problem *problem)
{
    struct dirent **entries = NULL;
    int count = 0;
    int error = scan(settings->directory, &entries, &count, problem);
    if (error != 0) {
        return error;
    }
    struct dkim_keys *keys = xalloc_zero(1, sizeof *keys);
    keys->domains = xalloc_zero((size_t)count + 1, sizeof *keys->domains);
    for (int i = 0; error == 0 && i < count && i < DOMAINS_MAX; i++) {
        struct dkim_keys_domain *domain = &keys->domains[keys->count];
        (void)snprintf(domain->domain, sizeof domain->domain, "%s", entries[i]->d_name);
        error = load_domain(settings, domain, problem);
        keys->count += domain->signer != NULL;
    }
    free_entries(entries, count);
    if (error != 0) {
        dkim_keys_destroy(&keys);
        return error;
    }
    *ret_keys = keys;
    return 0;
}

void dkim_keys_destroy(struct dkim_keys **keys)
{
    if (*keys == NULL) {
        return;
    }
    for (size_t i = 0; i < (*keys)->count; i++) {
        dkim_signer_destroy(&(*keys)->domains[i].signer);
    }
    free((*keys)->domains);
    free(*keys);
    *keys = NULL;
}

struct dkim_keys_domain *dkim_keys_find(struct dkim_keys *keys, struct text domain)
{
    for (size_t low = 0, high = keys->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        int order = text_compare(domain, text_of(keys->domains[middle].domain));
        if (order == 0) {
            return &keys->domains[middle];
        }
        *(order < 0 ? &high : &low) = order < 0 ? middle : middle + 1;
    }
    return NULL;
}

size_t dkim_keys_count(const struct dkim_keys *keys)
{
    return keys->count;
}
