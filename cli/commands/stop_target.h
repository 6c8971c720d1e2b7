/* What the commands stop, start and freeze share: whom they name, and how stops are shown. */
#ifndef HIKYAKU_CLI_COMMANDS_STOP_TARGET_H
#define HIKYAKU_CLI_COMMANDS_STOP_TARGET_H

#include "cli/options.h"
#include "hikyaku/v1/api.pb-c.h"

#define STOP_TARGET_OPTIONS                                                             \
    {"all", NULL, "everything", .kind = OPTION_FLAG},                                   \
        {"tenant", "NAME", "mail of this tenant", .kind = OPTION_TEXT},                 \
        {"pool", "NAME", "mail of this pool", .kind = OPTION_TEXT},                     \
        {"site", "NAME", "mail to this site or recipient domain", .kind = OPTION_TEXT}, \
        {"ip", "ADDRESS", "mail from this sending IP", .kind = OPTION_TEXT},            \
        {"from-domain", "NAME", "mail with this From domain", .kind = OPTION_TEXT},     \
    {                                                                                   \
        "by", "NAME", "who asks; default: the user logged in", .kind = OPTION_TEXT      \
    }

#define STOP_TARGET_UNTIL_OPTIONS                                                         \
    {"until", "TIME", "ends by itself then; default: not before it is ended",             \
     .kind = OPTION_TEXT},                                                                \
        {"for", "LENGTH", "ends by itself after so long (90m)", .kind = OPTION_DURATION}, \
        {"reason", "TEXT", "why: others will ask", .kind = OPTION_TEXT},                  \
    {                                                                                     \
        "by", "NAME", "who asks; default: the user logged in", .kind = OPTION_TEXT        \
    }

/** Which one of --all, --tenant, ... was given. @param ret_target  borrowed
 *  @return false: none, or several; told */
bool stop_target_read(const struct options *options, Hikyaku__V1__StopKind *ret_kind,
                      char **ret_target);
/** Whoever is logged in here, unless --by says otherwise; borrowed. */
char *stop_target_author(const struct options *options);
/** --for or --until as a moment; 0: neither. @return false: told */
bool stop_target_read_until(const struct options *options, int64_t *ret_unix_ms);
void stop_target_print(Hikyaku__V1__OperatorStop *const *stops, size_t count);

#endif
