/* sender check: may these addresses send in the name of a domain, as receivers look at it? */
#include "cli/commands/commands.h"
#include "cli/dns_book.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "cli/json_text.h"
#include "common/net/stream.h"
#include "common/preflight/dmarc.h"
#include "common/preflight/spf.h"

#include <stdio.h>
#include <string.h>

#define IPS_MAX 64
#define DETAIL_BYTES 256

/* What is asked, and the answers of the last run of the rules. */
struct sender {
    const char *from;
    const char *return_path;
    const char *ehlo; /* NULL: not asked */
    const char *ip_texts[IPS_MAX];
    struct dns_facts_address ips[IPS_MAX];
    size_t ip_count;
    struct spf_answer mail_from[IPS_MAX];
    struct spf_answer from_domain[IPS_MAX];
    struct spf_answer helo[IPS_MAX];
    struct dmarc_walk from_walk;
    struct dmarc_walk return_walk;
};

static void check_spf(struct sender *sender, struct dns_facts *facts, const char *domain, size_t i,
                      struct spf_answer *ret_answer)
{
    const struct spf_question question = {
        .facts = facts,
        .ip = sender->ips[i],
        .domain = text_of(domain),
        .helo = text_of(sender->ehlo == NULL ? domain : sender->ehlo)};
    spf_check(&question, ret_answer);
}

static void run_rules(void *context, struct dns_facts *facts)
{
    struct sender *sender = context;
    for (size_t i = 0; i < sender->ip_count; i++) {
        check_spf(sender, facts, sender->return_path, i, &sender->mail_from[i]);
        check_spf(sender, facts, sender->from, i, &sender->from_domain[i]);
        if (sender->ehlo != NULL) {
            check_spf(sender, facts, sender->ehlo, i, &sender->helo[i]);
        }
    }
    dmarc_discover(facts, text_of(sender->from), &sender->from_walk);
    dmarc_discover(facts, text_of(sender->return_path), &sender->return_walk);
}

/* ------------------------------------------------------------- telling */

/* Where results go: a table, or JSON. */
struct report {
    struct table_print *table; /* NULL: JSON */
    struct buffer json;
    bool is_good;
};

struct finding {
    bool is_good;
    const char *rule;
    const char *what;
    const char *whom;
    const char *result;
    const char *why;
};

static void add(struct report *report, const struct finding *finding)
{
    const char *const members[][2] = {{"rule", finding->rule},
                                      {"what", finding->what},
                                      {"whom", finding->whom},
                                      {"result", finding->result},
                                      {"why", finding->why}};
    size_t count = sizeof members / sizeof members[0];
    report->is_good = report->is_good && finding->is_good;
    if (report->table != NULL) {
        table_print_cell(report->table, text_of(finding->is_good ? "ok" : "FAIL"));
        for (size_t i = 0; i < count; i++) {
            table_print_cell(report->table, text_of(members[i][1]));
        }
        return;
    }
    buffer_append_string(&report->json, report->json.size == 0 ? "[" : ",\n ");
    buffer_append_string(&report->json, finding->is_good ? "{\"ok\":true" : "{\"ok\":false");
    for (size_t i = 0; i < count; i++) {
        buffer_printf(&report->json, ",\"%s\":", members[i][0]);
        json_text_append(&report->json, text_of(members[i][1]));
    }
    buffer_append_byte(&report->json, '}');
}

static void add_spf(struct report *report, const struct sender *sender, size_t i, const char *rule,
                    const char *what, const struct spf_answer *answer)
{
    add(report, &(struct finding){answer->result == SPF_PASS, rule, what, sender->ip_texts[i],
                                  spf_result_word(answer->result), answer->why});
}

static void add_dmarc(struct report *report, const struct sender *sender)
{
    const struct dmarc_walk *walk = &sender->from_walk;
    char why[DETAIL_BYTES + 2 * DNS_FACTS_NAME_BYTES];
    if (walk->status != DMARC_WALK_DONE) {
        add(report, &(struct finding){false, "P5", "DMARC record", sender->from, "temperror",
                                      "DNS does not answer"});
        return;
    }
    if (!walk->has_record) {
        add(report,
            &(struct finding){false, "P5", "DMARC record", sender->from, "none",
                              "publish one: _dmarc TXT \"v=DMARC1; p=none; rua=mailto:...\""});
        return;
    }
    (void)snprintf(why, sizeof why, "record of %s%s", walk->record_domain,
                   walk->record.has_removed_tags ? "; pct, rf and ri mean nothing any more (P7)"
                                                 : "");
    add(report, &(struct finding){true, "P5", "DMARC record", sender->from,
                                  dmarc_policy_word(walk->policy), why});
    bool is_aligned = dmarc_is_aligned(walk, text_of(sender->from), &sender->return_walk,
                                       text_of(sender->return_path), walk->record.is_spf_strict);
    (void)snprintf(why, sizeof why, "%s; organisations %s and %s",
                   walk->record.is_spf_strict ? "strict" : "relaxed", walk->organisation,
                   sender->return_walk.organisation);
    add(report, &(struct finding){is_aligned, "P6", "return path aligned", sender->return_path,
                                  is_aligned ? "aligned" : "not aligned", why});
}

static void add_all(struct report *report, const struct sender *sender)
{
    for (size_t i = 0; i < sender->ip_count; i++) {
        add_spf(report, sender, i, "P3", "SPF of return path", &sender->mail_from[i]);
        if (strcmp(sender->from, sender->return_path) != 0) {
            add_spf(report, sender, i, "J2", "SPF of From domain", &sender->from_domain[i]);
        }
        if (sender->ehlo != NULL) {
            add_spf(report, sender, i, "P3", "SPF of EHLO name", &sender->helo[i]);
        }
    }
    add_dmarc(report, sender);
}

static enum exit_code tell_all(const struct options *options, const struct sender *sender)
{
    OWNED(buffer_finish) struct buffer out = {0};
    struct report report = {.is_good = true};
    if (!options_flag(options, "json")) {
        report.table = table_print_create(",RULE,CHECK,OF,RESULT,WHY");
    }
    add_all(&report, sender);
    if (report.table != NULL) {
        table_print_append(report.table, &out);
        table_print_destroy(&report.table);
    } else {
        buffer_append_text(&out, buffer_text(&report.json));
        buffer_append_string(&out, "]\n");
    }
    buffer_finish(&report.json);
    tell_out(&out);
    return report.is_good ? EXIT_CODE_OK : EXIT_CODE_REFUSED;
}

/* ------------------------------------------------------------- asking */

static bool read_ips(const struct options *options, struct sender *sender)
{
    const char *text;
    while ((text = options_item(options, "ip", sender->ip_count)) != NULL) {
        struct stream_address address;
        if (sender->ip_count == IPS_MAX) {
            tell("--ip: at most %d", IPS_MAX);
            return false;
        }
        if (stream_address_parse(text_of(text), 0, &address) != 0) {
            tell("--ip: %s is no address", text);
            return false;
        }
        struct dns_facts_address *ip = &sender->ips[sender->ip_count];
        memcpy(ip->bytes, address.bytes, sizeof ip->bytes);
        ip->is_v6 = address.is_v6;
        sender->ip_texts[sender->ip_count++] = text;
    }
    if (sender->ip_count == 0) {
        tell("--ip: give at least one sending address");
        return false;
    }
    return true;
}

static enum exit_code run(const struct options *options)
{
    struct sender sender = {.from = options_positional(options, 0),
                            .return_path = options_text(options, "return-path"),
                            .ehlo = options_text(options, "ehlo")};
    struct problem problem = {.message = ""};
    if (!read_ips(options, &sender)) {
        return EXIT_CODE_USAGE;
    }
    if (sender.return_path == NULL) {
        sender.return_path = sender.from;
    }
    struct dns_facts *facts = dns_facts_create();
    int error =
        dns_book_run(options_text(options, "resolver"), facts, run_rules, &sender, &problem);
    dns_facts_destroy(&facts);
    if (error != 0) {
        tell("--resolver: %s", problem.message);
        return EXIT_CODE_USAGE;
    }
    return tell_all(options, &sender);
}

static const struct option_spec option_table[] = {
    {"ip", "ADDRESS", "a sending address; may be given up to 64 times", .kind = OPTION_LIST},
    {"return-path", "DOMAIN", "domain of the return path (the From domain)", .kind = OPTION_TEXT},
    {"ehlo", "NAME", "also the name that the addresses greet with", .kind = OPTION_TEXT},
    {"resolver", "ADDRESS[@PORT]", "ask this DNS server instead of the system's",
     .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command sender_check_command = {
    .name = "sender check",
    .words = "FROM_DOMAIN",
    .summary = "may these addresses send in the name of a domain: SPF and DMARC",
    .help =
        "Looks at DNS as receivers do: SPF (RFC 7208, with its limits) of each address for the\n"
        "return path and, as Japanese carriers look at it, for the From domain; the DMARC\n"
        "record that applies, found by walking up the tree, and whether the return path is\n"
        "aligned. Exit code 1 when one of them fails.\n"
        "\n"
        "  hikyaku sender check shop.example.jp --return-path bounce.shop.example.jp \\\n"
        "      --ip 203.0.113.7 --ip 203.0.113.8 --ehlo m7.shop.example.jp",
    .options = option_table,
    .minimum_words = 1,
    .maximum_words = 1,
    .is_offline = true,
    .run = run,
};
