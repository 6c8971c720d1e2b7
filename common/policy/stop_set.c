#include "common/policy/stop_set.h"

#include "common/base/arena.h"
#include "common/base/table.h"

#include <stdlib.h>
#include <string.h>

#define KEY_BYTES (STOP_SET_TARGET_BYTES_MAX + 1)

/* One of those with the same kind and target. */
struct entry {
    struct stop stop; /* first: a stop of the list is its entry */
    struct entry *next;
};

struct stop_set {
    struct arena *arena;  /* holds the stops and their texts */
    struct table *by_key; /* kind and target -> first entry */
    struct entry *list[STOP_SET_MAX];
    size_t count;
};

static const struct stop strange = {
    .kind = STOP_ALL,
    .target = "",
    .reason = "a stop of this cluster cannot be read by this version: nothing is sent",
    .author = "",
};

struct stop_set *stop_set_create(void)
{
    struct stop_set *set = xalloc_zero(1, sizeof *set);
    set->arena = arena_create(0);
    set->by_key = table_create();
    return set;
}

void stop_set_destroy(struct stop_set **set)
{
    if (*set == NULL) {
        return;
    }
    table_destroy(&(*set)->by_key);
    arena_destroy(&(*set)->arena);
    free(*set);
    *set = NULL;
}

void stop_set_clear(struct stop_set *set)
{
    table_destroy(&set->by_key);
    set->by_key = table_create();
    arena_reset(set->arena);
    set->count = 0;
}

/* Kind and target in one, letters folded: names of domains and pools differ in more than case. */
static struct text key_of(enum stop_kind kind, struct text target, char out[KEY_BYTES])
{
    size_t size = target.size < KEY_BYTES - 1 ? target.size : KEY_BYTES - 1;
    out[0] = (char)('0' + (int)kind);
    if (size > 0) {
        memcpy(out + 1, target.data, size);
        text_lower_ascii(out + 1, size);
    }
    return (struct text){out, size + 1};
}

static struct stop copy_of(struct stop_set *set, const struct stop *stop)
{
    struct stop copy = *stop;
    copy.target = arena_printf(set->arena, "%s", stop->target);
    copy.reason = arena_printf(set->arena, "%s", stop->reason);
    copy.author = arena_printf(set->arena, "%s", stop->author);
    return copy;
}

static bool is_known(const struct stop *stop)
{
    return stop->kind >= STOP_ALL && stop->kind < STOP_KIND_LIMIT &&
           strlen(stop->target) <= STOP_SET_TARGET_BYTES_MAX &&
           (stop->kind == STOP_ALL) == (stop->target[0] == '\0');
}

static struct entry *find_same(struct entry *first, int64_t from_unix_ms)
{
    while (first != NULL && first->stop.from_unix_ms != from_unix_ms) {
        first = first->next;
    }
    return first;
}

/* There is no room: the last one and all of its kind and target become a stop of everything. */
static struct entry *give_up_last(struct stop_set *set)
{
    char bytes[KEY_BYTES];
    struct entry *last = set->list[STOP_SET_MAX - 1];
    (void)table_remove(set->by_key, key_of(last->stop.kind, text_of(last->stop.target), bytes));
    last->next = NULL;
    return last;
}

void stop_set_add(struct stop_set *set, const struct stop *stop)
{
    char bytes[KEY_BYTES];
    const struct stop *added = is_known(stop) ? stop : &strange;
    struct text key = key_of(added->kind, text_of(added->target), bytes);
    struct entry *first = table_get(set->by_key, key);
    struct entry *entry = find_same(first, added->from_unix_ms);
    if (entry == NULL && set->count == STOP_SET_MAX) {
        entry = give_up_last(set);
        added = &strange;
        key = key_of(added->kind, text_of(added->target), bytes);
        (void)table_put(set->by_key, key, entry);
    } else if (entry == NULL) {
        entry = arena_zero(set->arena, 1, sizeof *entry);
        entry->next = first;
        set->list[set->count++] = entry;
        (void)table_put(set->by_key, key, entry);
    }
    entry->stop = copy_of(set, added);
}

bool stop_set_is_over(const struct stop *stop, const struct stop_time *time)
{
    return stop->until_unix_ms != 0 && !time->is_doubted &&
           time->now_unix_ms >= stop->until_unix_ms;
}

bool stop_set_holds(const struct stop *stop, const struct stop_time *time)
{
    return time->now_unix_ms >= stop->from_unix_ms && !stop_set_is_over(stop, time);
}

static const struct stop *find_one(const struct stop_set *set, enum stop_kind kind,
                                   struct text target, const struct stop_time *time)
{
    char bytes[KEY_BYTES];
    if ((target.size == 0 && kind != STOP_ALL) || target.size > STOP_SET_TARGET_BYTES_MAX) {
        return NULL;
    }
    const struct entry *entry = table_get(set->by_key, key_of(kind, target, bytes));
    while (entry != NULL && !stop_set_holds(&entry->stop, time)) {
        entry = entry->next;
    }
    return entry == NULL ? NULL : &entry->stop;
}

const struct stop *stop_set_find(const struct stop_set *set, const struct stop_question *question,
                                 const struct stop_time *time)
{
    const struct {
        enum stop_kind kind;
        struct text target;
    } asked[] = {
        {STOP_ALL, TEXT("")},        {STOP_TENANT, question->tenant},
        {STOP_POOL, question->pool}, {STOP_FROM_DOMAIN, question->from_domain},
        {STOP_SITE, question->site}, {STOP_SITE, question->domain},
        {STOP_IP, question->ip},
    };
    const struct stop *found = NULL;
    for (size_t i = 0; set->count > 0 && found == NULL && i < sizeof asked / sizeof asked[0]; i++) {
        found = find_one(set, asked[i].kind, asked[i].target, time);
    }
    return found;
}

size_t stop_set_count(const struct stop_set *set)
{
    return set->count;
}

const struct stop *stop_set_at(const struct stop_set *set, size_t place)
{
    return &set->list[place]->stop;
}

const char *stop_set_kind_name(enum stop_kind kind)
{
    static const char *const names[STOP_KIND_LIMIT] = {
        [STOP_ALL] = "all",   [STOP_TENANT] = "tenant", [STOP_POOL] = "pool",
        [STOP_SITE] = "site", [STOP_IP] = "ip",         [STOP_FROM_DOMAIN] = "from-domain",
    };
    return kind > 0 && kind < STOP_KIND_LIMIT ? names[kind] : "?";
}
