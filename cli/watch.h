/* Look at a campaign until it is over. */
#ifndef HIKYAKU_CLI_WATCH_H
#define HIKYAKU_CLI_WATCH_H

#include "cli/connect.h"

/**
 * On a terminal a screen that is redrawn, with keys (p pause, r resume, c cancel, q leave); else a
 * line a second. Ends with the table of outcomes.
 *
 * @param is_quiet     print nothing (with --json)
 * @param ret_result   out: the last GetCampaignResponse; to be ended by api_client_finish()
 * @return EXIT_CODE_OK (COMPLETED, or left by key), EXIT_CODE_REFUSED (CANCELLED, REJECTED, or the
 *         call was refused), EXIT_CODE_UNREACHABLE
 */
enum exit_code watch_run(const struct connection *connection, const struct options *options,
                         const char *campaign_id, bool is_quiet, struct api_result *ret_result);

/** GetCampaign once. @param ret_result  as above */
enum exit_code watch_get(const struct connection *connection, const struct options *options,
                         const char *campaign_id, bool with_settings,
                         struct api_result *ret_result);

#endif
