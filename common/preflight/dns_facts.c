#include "common/preflight/dns_facts.h"

#include "common/base/table.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_BYTES_MAX 63
#define NAME_LENGTH_MAX (DNS_FACTS_NAME_BYTES - 3) /* RFC 1035, 2.3.4 */

struct dns_facts {
    struct arena *arena; /* owned */
    struct table *table; /* kind byte and name -> struct dns_fact or &unknown */
    struct dns_facts_wanted *wanted;
    size_t wanted_count;
    size_t wanted_taken;
};

/* Stands for what was asked for and has no answer yet; not const, for tables hold plain pointers.
 */
static struct dns_fact unknown;
static const struct dns_fact no_name = {.status = DNS_FACTS_NO_NAME};
static const struct dns_fact too_many = {.status = DNS_FACTS_TEMPORARY};

struct dns_facts *dns_facts_create(void)
{
    struct dns_facts *facts = xalloc_zero(1, sizeof *facts);
    facts->arena = arena_create(0);
    facts->table = table_create();
    facts->wanted = arena_zero(facts->arena, DNS_FACTS_MAX, sizeof *facts->wanted);
    return facts;
}

void dns_facts_destroy(struct dns_facts **facts)
{
    struct dns_facts *dying = *facts;
    *facts = NULL;
    if (dying == NULL) {
        return;
    }
    table_destroy(&dying->table);
    arena_destroy(&dying->arena);
    free(dying);
}

static bool is_name(struct text name)
{
    struct text label;
    bool is_good =
        name.size > 0 && name.size <= NAME_LENGTH_MAX && text_find(name, '\0') == name.size;
    while (is_good && text_next_part(&name, '.', &label)) {
        is_good = label.size > 0 && label.size <= LABEL_BYTES_MAX;
    }
    return is_good;
}

/* @return the key's size; 0: no name of DNS */
static size_t key_of(enum dns_facts_kind kind, struct text name, char ret_key[DNS_FACTS_NAME_BYTES])
{
    if (name.size > 1 && name.data[name.size - 1] == '.') {
        name.size--;
    }
    if (!is_name(name)) {
        return 0;
    }
    ret_key[0] = (char)('a' + (int)kind);
    memcpy(ret_key + 1, name.data, name.size);
    text_lower_ascii(ret_key + 1, name.size);
    return name.size + 1;
}

static void want(struct dns_facts *facts, enum dns_facts_kind kind, struct text key)
{
    struct text name = arena_text(facts->arena, text_skip(key, 1));
    facts->wanted[facts->wanted_count++] = (struct dns_facts_wanted){kind, name};
    (void)table_put(facts->table, key, &unknown);
}

const struct dns_fact *dns_facts_ask(struct dns_facts *facts, enum dns_facts_kind kind,
                                     struct text name)
{
    char bytes[DNS_FACTS_NAME_BYTES];
    struct text key = {bytes, key_of(kind, name, bytes)};
    if (key.size == 0) {
        return &no_name;
    }
    const struct dns_fact *known = table_get(facts->table, key);
    if (known != NULL) {
        return known == &unknown ? NULL : known;
    }
    if (facts->wanted_count == DNS_FACTS_MAX) {
        return &too_many;
    }
    want(facts, kind, key);
    return NULL;
}

void dns_facts_put(struct dns_facts *facts, const struct dns_fact *fact)
{
    char bytes[DNS_FACTS_NAME_BYTES];
    struct text key = {bytes, key_of(fact->kind, fact->name, bytes)};
    const struct dns_fact *known = key.size == 0 ? &no_name : table_get(facts->table, key);
    if (known != NULL && known != &unknown) {
        return;
    }
    struct dns_fact *copy = arena_zero(facts->arena, 1, sizeof *copy);
    *copy = *fact;
    copy->name = arena_text(facts->arena, text_skip(key, 1));
    if (fact->addresses != NULL) {
        copy->addresses =
            arena_copy(facts->arena, fact->addresses, fact->count * sizeof *fact->addresses);
    }
    if (fact->texts != NULL) {
        struct text *texts = arena_zero(facts->arena, fact->count, sizeof *texts);
        for (size_t i = 0; i < fact->count; i++) {
            texts[i] = arena_text(facts->arena, fact->texts[i]);
        }
        copy->texts = texts;
    }
    (void)table_put(facts->table, key, copy);
}

bool dns_facts_take_wanted(struct dns_facts *facts, struct dns_facts_wanted *ret_wanted)
{
    if (facts->wanted_taken == facts->wanted_count) {
        return false;
    }
    *ret_wanted = facts->wanted[facts->wanted_taken++];
    return true;
}

void dns_facts_reverse_name(const struct dns_facts_address *address,
                            char ret_name[DNS_FACTS_NAME_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = address->bytes;
    if (!address->is_v6) {
        (void)snprintf(ret_name, DNS_FACTS_NAME_BYTES, "%u.%u.%u.%u.in-addr.arpa", bytes[3],
                       bytes[2], bytes[1], bytes[0]);
        return;
    }
    size_t filled = 0;
    for (size_t i = 16; i > 0; i--) {
        ret_name[filled++] = digits[bytes[i - 1] & 15];
        ret_name[filled++] = '.';
        ret_name[filled++] = digits[bytes[i - 1] >> 4];
        ret_name[filled++] = '.';
    }
    memcpy(ret_name + filled, "ip6.arpa", sizeof "ip6.arpa");
}

bool dns_facts_same_address(const struct dns_facts_address *a, const struct dns_facts_address *b)
{
    return a->is_v6 == b->is_v6 && memcmp(a->bytes, b->bytes, a->is_v6 ? 16 : 4) == 0;
}

void dns_facts_address_text(const struct dns_facts_address *address, char ret_text[46])
{
    const char *text = inet_ntop(address->is_v6 ? AF_INET6 : AF_INET, address->bytes, ret_text, 46);
    assert(text != NULL);
}
