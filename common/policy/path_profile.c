#include "common/policy/path_profile.h"

#include "common/mail/enhanced_code.h"

static bool fits_enhanced(uint32_t wanted, uint32_t enhanced)
{
    return wanted == 0 ||
           (enhanced != 0 && ENHANCED_CODE_SUBJECT(wanted) == ENHANCED_CODE_SUBJECT(enhanced) &&
            ENHANCED_CODE_DETAIL(wanted) == ENHANCED_CODE_DETAIL(enhanced));
}

static bool fits(const struct path_reaction *reaction, const struct path_reply *reply)
{
    return (reaction->reply_class == REPLY_CLASS_NONE ||
            reaction->reply_class == reply->reply_class) &&
           (reaction->blame == REPLY_BLAME_NONE || reaction->blame == reply->blame) &&
           (reaction->digit == 0 || reaction->digit == reply->smtp / 100) &&
           (reaction->smtp == 0 || reaction->smtp == reply->smtp) &&
           (!reaction->is_opening || reply->stage < REPLY_STAGE_MAIL) &&
           fits_enhanced(reaction->enhanced, reply->enhanced);
}

size_t path_profile_reaction(const struct path_profile *profile, const struct path_reply *reply)
{
    size_t i = 0;
    while (i < profile->reaction_count && !fits(&profile->reactions[i], reply)) {
        i++;
    }
    return i;
}

const char *path_profile_action_name(enum path_action action)
{
    static const char *const names[] = {
#define X(identifier, name) [PATH_ACTION_##identifier] = (name),
        PATH_PROFILE_ACTIONS(X)
#undef X
    };
    return names[action];
}
