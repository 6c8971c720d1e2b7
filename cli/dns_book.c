#include "cli/dns_book.h"

#include "common/net/loop.h"
#include "common/net/resolver.h"

#include <arpa/inet.h>
#include <string.h>

/* Chains of includes are no longer than SPF's own limit. */
#define ROUNDS_MAX 64

struct book {
    struct loop *loop;
    struct resolver *resolver;
    struct dns_facts *facts;
    size_t left; /* questions without answer */
};

struct question {
    struct book *book;
    struct dns_facts_wanted wanted;
};

static enum dns_facts_status status_of(const struct resolver_answer *answer)
{
    switch (answer->status) {
    case RESOLVER_OK:
        return answer->count > 0 ? DNS_FACTS_FOUND : DNS_FACTS_NO_DATA;
    case RESOLVER_NO_NAME:
        return DNS_FACTS_NO_NAME;
    case RESOLVER_NO_DATA:
        return DNS_FACTS_NO_DATA;
    case RESOLVER_TEMPORARY:
    case RESOLVER_BOGUS:
        break;
    }
    return DNS_FACTS_TEMPORARY;
}

static void put_addresses(struct question *question, const struct resolver_answer *answer,
                          struct dns_fact *fact)
{
    struct dns_facts_address addresses[RESOLVER_RECORDS_MAX] = {0};
    fact->addresses = addresses;
    for (size_t i = 0; i < answer->count && i < RESOLVER_RECORDS_MAX; i++) {
        const struct stream_address *from = &answer->addresses[i];
        struct dns_facts_address *to = &addresses[fact->count++];
        to->is_v6 = from->is_v6;
        memcpy(to->bytes, from->bytes, from->is_v6 ? 16 : 4);
    }
    dns_facts_put(question->book->facts, fact);
    fact->addresses = NULL;
}

static void put_texts(struct question *question, const struct resolver_answer *answer,
                      struct dns_fact *fact)
{
    struct text texts[RESOLVER_RECORDS_MAX];
    fact->texts = texts;
    for (size_t i = 0; i < answer->count && i < RESOLVER_RECORDS_MAX; i++) {
        texts[fact->count++] =
            question->wanted.kind == DNS_FACTS_TXT ? answer->texts[i] : text_of(answer->mx[i].host);
    }
    dns_facts_put(question->book->facts, fact);
    fact->texts = NULL;
}

static void on_answer(void *context, const struct resolver_answer *answer)
{
    struct question *question = context;
    struct dns_fact fact = {
        .kind = question->wanted.kind, .name = question->wanted.name, .status = status_of(answer)};
    if (fact.status != DNS_FACTS_FOUND) {
        dns_facts_put(question->book->facts, &fact);
    } else if (fact.kind == DNS_FACTS_A || fact.kind == DNS_FACTS_AAAA) {
        put_addresses(question, answer, &fact);
    } else {
        put_texts(question, answer, &fact);
    }
    if (--question->book->left == 0) {
        loop_stop(question->book->loop);
    }
}

static void ask(struct book *book, struct question *question)
{
    struct text name = question->wanted.name;
    book->left++;
    switch (question->wanted.kind) {
    case DNS_FACTS_A:
        (void)resolver_find_a(book->resolver, name, on_answer, question);
        break;
    case DNS_FACTS_AAAA:
        (void)resolver_find_aaaa(book->resolver, name, on_answer, question);
        break;
    case DNS_FACTS_MX:
        (void)resolver_find_mx(book->resolver, name, on_answer, question);
        break;
    case DNS_FACTS_TXT:
        (void)resolver_find_txt(book->resolver, name, on_answer, question);
        break;
    case DNS_FACTS_PTR: { /* the mechanism "ptr" is not to be used, and is not looked up */
        const struct dns_fact fact = {
            .kind = DNS_FACTS_PTR, .name = name, .status = DNS_FACTS_TEMPORARY};
        dns_facts_put(book->facts, &fact);
        book->left--;
        break;
    }
    }
}

/* @return whether anything was wanted */
static bool ask_all(struct book *book, struct arena *arena)
{
    struct dns_facts_wanted wanted;
    bool has_asked = false;
    while (dns_facts_take_wanted(book->facts, &wanted)) {
        struct question *question = arena_zero(arena, 1, sizeof *question);
        *question = (struct question){book, wanted};
        ask(book, question);
        has_asked = true;
    }
    if (book->left > 0) {
        loop_run(book->loop);
    }
    return has_asked;
}

int dns_book_run(const char *resolver, struct dns_facts *facts, dns_book_rules_fn *rules,
                 void *context, struct problem *problem)
{
    const char *const forwarders[] = {resolver, NULL};
    static const char *const open_zones[] = {"test.", NULL};
    const struct resolver_settings settings = {
        .forwarders = resolver == NULL ? NULL : forwarders,
        .open_zones = resolver == NULL ? NULL : open_zones,
    };
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct book book = {.loop = loop_create(), .facts = facts};
    int error = resolver_create(book.loop, &settings, &book.resolver, problem);
    bool is_open = error == 0;
    for (unsigned int round = 0; is_open && round < ROUNDS_MAX; round++) {
        rules(context, facts);
        is_open = ask_all(&book, arena);
    }
    resolver_destroy(&book.resolver);
    loop_destroy(&book.loop);
    return error;
}
