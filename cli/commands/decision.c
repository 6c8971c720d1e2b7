#include "cli/commands/decision.h"

#include "cli/enum_word.h"
#include "cli/message_string.h"
#include "cli/tell.h"

#include <stdio.h>

enum exit_code decision_read(const struct options *options, bool wants_none, const char *choices,
                             struct decision *ret_decision)
{
    ret_decision->campaign_id = message_string(options_positional(options, 0));
    ret_decision->reason = message_string(options_text(options, "reason"));
    ret_decision->all = options_flag(options, "all");
    if (recipient_indexes_read(options, ret_decision->indexes, &ret_decision->index_count) != 0) {
        return EXIT_CODE_USAGE;
    }
    bool has_indexes = ret_decision->index_count > 0;
    bool has_both = ret_decision->all && has_indexes;
    bool has_none = !ret_decision->all && !has_indexes;
    if (has_both || (has_none && !wants_none)) {
        tell("%s", choices);
        return EXIT_CODE_USAGE;
    }
    return EXIT_CODE_OK;
}

void decision_print(uint32_t resolved, const char *how, const char *as, const char *campaign_id,
                    Hikyaku__V1__CampaignState state)
{
    (void)printf("%u %s %s; %s is %s\n", resolved, how, as, campaign_id,
                 enum_word(&hikyaku__v1__campaign_state__descriptor, state));
}
