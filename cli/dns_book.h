/* DNS for rules that read a book of facts (common/preflight/dns_facts.h): runs them, asks for what
 * they want, and runs them again until they want nothing any more. */
#ifndef HIKYAKU_CLI_DNS_BOOK_H
#define HIKYAKU_CLI_DNS_BOOK_H

#include "common/base/problem.h"
#include "common/preflight/dns_facts.h"

/** Runs the rules once. @callback before each round of questions, and a last time */
typedef void dns_book_rules_fn(void *context, struct dns_facts *facts);

/**
 * @param resolver  as of dns_text_find()
 * @return 0, or -Exxx when the resolver cannot be made (its address)
 */
MUST_USE int dns_book_run(const char *resolver, struct dns_facts *facts, dns_book_rules_fn *rules,
                          void *context, struct problem *problem);

#endif
