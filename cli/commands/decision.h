/* Decisions of an operator about recipients of a campaign: the words that name them, and how what
 * was decided is shown. */
#ifndef HIKYAKU_CLI_COMMANDS_DECISION_H
#define HIKYAKU_CLI_COMMANDS_DECISION_H

#include "cli/command.h"
#include "cli/recipient_indexes.h"
#include "hikyaku/v1/api.pb-c.h"

/** The words of each such command: fields of struct command. */
#define DECISION_WORDS \
    .words = "CAMPAIGN [INDEX...]", .minimum_words = 1, .maximum_words = 1 + RECIPIENT_INDEXES_MAX

/** Whom a decision is about, and why. Texts are borrowed of the options. */
struct decision {
    char *campaign_id;
    char *reason; /* of --reason; "" without */
    bool all;     /* --all */
    size_t index_count;
    uint32_t indexes[RECIPIENT_INDEXES_MAX];
};

/**
 * Read campaign, indexes, --all and --reason: either indexes or --all.
 *
 * @param wants_none  neither is right as well: the command has another object
 * @param choices     told when both were given, or neither
 * @return EXIT_CODE_OK or EXIT_CODE_USAGE; told
 */
enum exit_code decision_read(const struct options *options, bool wants_none, const char *choices,
                             struct decision *ret_decision);

/**
 * Print what was decided: "3 resolved as BOUNCED; CAMPAIGN is RUNNING".
 *
 * @param how  the words between number and decision: "resolved as"
 * @param as   the decision as a word
 */
void decision_print(uint32_t resolved, const char *how, const char *as, const char *campaign_id,
                    Hikyaku__V1__CampaignState state);

#endif
