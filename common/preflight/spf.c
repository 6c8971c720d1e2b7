#include "common/preflight/spf.h"

#include "common/preflight/spf_macro.h"
#include "common/preflight/spf_record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *spf_result_word(enum spf_result result)
{
    static const char *const words[] = {
        [SPF_UNKNOWN] = "unknown",     [SPF_NONE] = "none",           [SPF_NEUTRAL] = "neutral",
        [SPF_PASS] = "pass",           [SPF_FAIL] = "fail",           [SPF_SOFTFAIL] = "softfail",
        [SPF_TEMPERROR] = "temperror", [SPF_PERMERROR] = "permerror",
    };
    return words[result];
}

struct run {
    const struct spf_question *question;
    struct arena *arena; /* of records */
    struct spf_answer *answer;
};

/* What a term says of the address: it fits, it does not, or there is no result but this. */
enum match { MATCH_NO, MATCH_YES, MATCH_UNKNOWN, MATCH_TEMPERROR, MATCH_PERMERROR };

static enum spf_result check_host(struct run *run, struct text domain);

static void tell(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(struct run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(run->answer->why, sizeof run->answer->why, format, arguments);
    va_end(arguments);
}

/* ---------------------------------------------------------------- look-ups */

/* One more term asks DNS. */
static bool may_look(struct run *run)
{
    if (++run->answer->lookups > SPF_LOOKUPS_MAX) {
        tell(run, "more than %d terms that ask DNS", SPF_LOOKUPS_MAX);
        return false;
    }
    return true;
}

/* @return MATCH_YES: the fact is there and has records; MATCH_NO: it has none */
static enum match look(struct run *run, enum dns_facts_kind kind, struct text name,
                       const struct dns_fact **ret_fact)
{
    const struct dns_fact *fact = dns_facts_ask(run->question->facts, kind, name);
    if (fact == NULL) {
        return MATCH_UNKNOWN;
    }
    if (fact->status == DNS_FACTS_TEMPORARY) {
        tell(run, "DNS gives no answer about %.*s", TEXT_PRINT(name));
        return MATCH_TEMPERROR;
    }
    if (fact->status == DNS_FACTS_FOUND && fact->count > 0) {
        *ret_fact = fact;
        return MATCH_YES;
    }
    if (++run->answer->voids > SPF_VOIDS_MAX) {
        tell(run, "more than %d look-ups without an answer, the last one of %.*s", SPF_VOIDS_MAX,
             TEXT_PRINT(name));
        return MATCH_PERMERROR;
    }
    return MATCH_NO;
}

static bool is_inside(const struct dns_facts_address *ip, const struct dns_facts_address *network,
                      const struct spf_term *term)
{
    unsigned int bits = ip->is_v6 ? term->bits_v6 : term->bits_v4;
    if (ip->is_v6 != network->is_v6 || memcmp(ip->bytes, network->bytes, bits / 8) != 0) {
        return false;
    }
    unsigned int left = bits % 8;
    unsigned char mask = (unsigned char)(0xff00U >> left);
    return left == 0 || ((ip->bytes[bits / 8] ^ network->bytes[bits / 8]) & mask) == 0;
}

/* One of the host's addresses in the address' family. */
static enum match match_host(struct run *run, struct text host, const struct spf_term *term)
{
    const struct dns_facts_address *ip = &run->question->ip;
    const struct dns_fact *fact = NULL;
    enum match match = look(run, ip->is_v6 ? DNS_FACTS_AAAA : DNS_FACTS_A, host, &fact);
    if (match != MATCH_YES) {
        return match;
    }
    for (size_t i = 0; i < fact->count; i++) {
        if (is_inside(ip, &fact->addresses[i], term)) {
            return MATCH_YES;
        }
    }
    return MATCH_NO;
}

/* All are asked for before one is missed, so that they come together. */
static void want_hosts(struct run *run, const struct dns_fact *names, size_t count)
{
    enum dns_facts_kind kind = run->question->ip.is_v6 ? DNS_FACTS_AAAA : DNS_FACTS_A;
    for (size_t i = 0; i < count; i++) {
        (void)dns_facts_ask(run->question->facts, kind, names->texts[i]);
    }
}

/* ---------------------------------------------------------------- mechanisms */

static enum match match_mx(struct run *run, struct text domain, const struct spf_term *term)
{
    const struct dns_fact *fact = NULL;
    enum match match = look(run, DNS_FACTS_MX, domain, &fact);
    if (match != MATCH_YES) {
        return match;
    }
    if (fact->count > SPF_NAMES_MAX) {
        tell(run, "%.*s has more than %d MX records", TEXT_PRINT(domain), SPF_NAMES_MAX);
        return MATCH_PERMERROR;
    }
    want_hosts(run, fact, fact->count);
    match = MATCH_NO;
    for (size_t i = 0; i < fact->count && match == MATCH_NO; i++) {
        bool is_null = fact->texts[i].size == 0; /* RFC 7505 */
        match = is_null ? MATCH_NO : match_host(run, fact->texts[i], term);
    }
    return match;
}

static bool is_below(struct text name, struct text domain)
{
    bool ends = text_ends_with_nocase(name, domain);
    return ends && (name.size == domain.size || name.data[name.size - domain.size - 1] == '.');
}

/* Errors make it fit nothing: RFC 7208, 5.5. */
static enum match match_ptr(struct run *run, struct text domain, const struct spf_term *term)
{
    char name[DNS_FACTS_NAME_BYTES];
    const struct dns_fact *fact = NULL;
    dns_facts_reverse_name(&run->question->ip, name);
    enum match match = look(run, DNS_FACTS_PTR, text_of(name), &fact);
    if (match != MATCH_YES) {
        return match == MATCH_TEMPERROR ? MATCH_NO : match;
    }
    size_t count = fact->count < SPF_NAMES_MAX ? fact->count : SPF_NAMES_MAX;
    match = MATCH_NO;
    for (size_t i = 0; i < count && (match == MATCH_NO || match == MATCH_TEMPERROR); i++) {
        bool is_named = is_below(fact->texts[i], domain);
        match = is_named ? match_host(run, fact->texts[i], term) : match;
    }
    return match == MATCH_TEMPERROR ? MATCH_NO : match;
}

static enum match match_exists(struct run *run, struct text domain)
{
    const struct dns_fact *fact = NULL;
    return look(run, DNS_FACTS_A, domain, &fact);
}

/* RFC 7208, 5.2: the table of results. */
static enum match match_include(struct run *run, struct text domain)
{
    switch (check_host(run, domain)) {
    case SPF_PASS:
        return MATCH_YES;
    case SPF_UNKNOWN:
        return MATCH_UNKNOWN;
    case SPF_TEMPERROR:
        return MATCH_TEMPERROR;
    case SPF_NONE:
        tell(run, "include of %.*s, which has no SPF record", TEXT_PRINT(domain));
        return MATCH_PERMERROR;
    case SPF_PERMERROR:
        return MATCH_PERMERROR;
    case SPF_NEUTRAL:
    case SPF_FAIL:
    case SPF_SOFTFAIL:
    default:
        return MATCH_NO;
    }
}

/* In the run's arena. */
static struct text expand(struct run *run, struct text spec, struct text domain)
{
    const struct spf_question *question = run->question;
    if (spec.size == 0) {
        return domain;
    }
    OWNED(buffer_finish) struct buffer name = {0};
    const struct spf_macro_values values = {
        .local_part = question->sender_local.size > 0 ? question->sender_local : TEXT("postmaster"),
        .sender_domain =
            question->sender_domain.size > 0 ? question->sender_domain : question->domain,
        .domain = domain,
        .helo = question->helo,
        .ip = &question->ip};
    spf_macro_expand(spec, &values, &name);
    return arena_text(run->arena, buffer_text(&name));
}

static enum match match_term(struct run *run, const struct spf_term *term, struct text domain)
{
    if (term->mechanism == SPF_MECHANISM_ALL) {
        return MATCH_YES;
    }
    if (term->mechanism == SPF_MECHANISM_IP4 || term->mechanism == SPF_MECHANISM_IP6) {
        return is_inside(&run->question->ip, &term->network, term) ? MATCH_YES : MATCH_NO;
    }
    if (!may_look(run)) {
        return MATCH_PERMERROR;
    }
    struct text target = expand(run, term->domain, domain);
    switch (term->mechanism) {
    case SPF_MECHANISM_INCLUDE:
        return match_include(run, target);
    case SPF_MECHANISM_A:
        return match_host(run, target, term);
    case SPF_MECHANISM_MX:
        return match_mx(run, target, term);
    case SPF_MECHANISM_PTR:
        return match_ptr(run, target, term);
    case SPF_MECHANISM_EXISTS:
    case SPF_MECHANISM_ALL:
    case SPF_MECHANISM_IP4:
    case SPF_MECHANISM_IP6:
    default:
        return match_exists(run, target);
    }
}

/* ---------------------------------------------------------------- records */

static enum spf_result result_of(struct run *run, const struct spf_term *term, struct text domain)
{
    tell(run, "%.*s of %.*s", TEXT_PRINT(term->source), TEXT_PRINT(domain));
    switch (term->qualifier) {
    case '-':
        return SPF_FAIL;
    case '~':
        return SPF_SOFTFAIL;
    case '?':
        return SPF_NEUTRAL;
    default:
        return SPF_PASS;
    }
}

static enum spf_result redirect(struct run *run, struct text spec, struct text domain)
{
    if (!may_look(run)) {
        return SPF_PERMERROR;
    }
    struct text target = expand(run, spec, domain);
    enum spf_result result = check_host(run, target);
    if (result == SPF_NONE) { /* RFC 7208, 6.1 */
        tell(run, "redirect to %.*s, which has no SPF record", TEXT_PRINT(target));
        return SPF_PERMERROR;
    }
    return result;
}

static enum spf_result check_record(struct run *run, const struct spf_record *record,
                                    struct text domain)
{
    for (size_t i = 0; i < record->count; i++) {
        switch (match_term(run, &record->terms[i], domain)) {
        case MATCH_YES:
            return result_of(run, &record->terms[i], domain);
        case MATCH_UNKNOWN:
            return SPF_UNKNOWN;
        case MATCH_TEMPERROR:
            return SPF_TEMPERROR;
        case MATCH_PERMERROR:
            return SPF_PERMERROR;
        case MATCH_NO:
        default:
            break;
        }
    }
    if (record->redirect.size > 0) {
        return redirect(run, record->redirect, domain);
    }
    tell(run, "no term of %.*s fits", TEXT_PRINT(domain));
    return SPF_NEUTRAL;
}

/* @return how many; `ret_txt` is one of them */
static size_t records_of(const struct dns_fact *fact, struct text *ret_txt)
{
    size_t count = 0;
    for (size_t i = 0; i < fact->count; i++) {
        if (spf_record_is_spf(fact->texts[i])) {
            *ret_txt = fact->texts[i];
            count++;
        }
    }
    return count;
}

/* RFC 7208, 4.3: not a name of several labels has no record. */
static bool is_host(struct text domain)
{
    size_t dot = text_find(domain, '.');
    return dot > 0 && dot + 1 < domain.size;
}

/* Includes and redirects are at most SPF_LOOKUPS_MAX: so deep it goes. */
static enum spf_result check_host(struct run *run, struct text domain)
{
    struct text txt = {NULL, 0};
    struct spf_record record;
    struct problem problem;
    if (!is_host(domain)) {
        tell(run, "\"%.*s\" is no domain", TEXT_PRINT(domain));
        return SPF_NONE;
    }
    const struct dns_fact *fact = dns_facts_ask(run->question->facts, DNS_FACTS_TXT, domain);
    if (fact == NULL) {
        return SPF_UNKNOWN;
    }
    if (fact->status == DNS_FACTS_TEMPORARY) {
        tell(run, "DNS gives no answer about %.*s", TEXT_PRINT(domain));
        return SPF_TEMPERROR;
    }
    size_t count = records_of(fact, &txt);
    if (count == 0) {
        tell(run, "%.*s has no SPF record", TEXT_PRINT(domain));
        return SPF_NONE;
    }
    if (count > 1) {
        tell(run, "%.*s has %zu SPF records", TEXT_PRINT(domain), count);
        return SPF_PERMERROR;
    }
    if (spf_record_parse(txt, run->arena, &record, &problem) != 0) {
        tell(run, "%.*s: %s", TEXT_PRINT(domain), problem.message);
        return SPF_PERMERROR;
    }
    return check_record(run, &record, domain);
}

void spf_check(const struct spf_question *question, struct spf_answer *ret_answer)
{
    *ret_answer = (struct spf_answer){.result = SPF_UNKNOWN};
    struct arena *arena = arena_create(0);
    struct run run = {.question = question, .arena = arena, .answer = ret_answer};
    ret_answer->result = check_host(&run, question->domain);
    for (char *byte = ret_answer->why; *byte != '\0'; byte++) { /* zones may say anything */
        *byte = *byte >= 0x20 && *byte <= 0x7e ? *byte : '?';
    }
    arena_destroy(&arena);
}
